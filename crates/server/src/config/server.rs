//! The sections about the process as a whole: where it listens, what it logs, how it stops.

use std::{path::PathBuf, time::Duration};

use super::{check::Check, schema::section, secret::Secret, value::choice};
use crate::hub::Compression;

section! {
    /// Where HTTP and WebSocket connections are accepted.
    pub struct HttpServer {
        /// The address to listen on; all of them if empty.
        address: String = String::new(),
        /// The port to listen on.
        port: u16 = 8000,
        /// The address of the internal port; the same as `address` if empty.
        internal_address: String = String::new(),
        /// Another port for the API, health and metrics, closed to the outside; none if empty.
        internal_port: Option<u16> = None,
        /// TLS for what clients and backends connect to.
        tls: Tls = Tls::default(),
    }
}

section! {
    /// A certificate and its key.
    pub struct Tls {
        /// Whether connections are encrypted here, and not by a proxy in front.
        enabled: bool = false,
        /// The certificate chain: the path of a PEM file, reloaded when it changes.
        cert_pem: PathBuf = PathBuf::new(),
        /// The private key: the path of a PEM file, reloaded when it changes.
        key_pem: PathBuf = PathBuf::new(),
    }
}

section! {
    /// What is logged.
    pub struct Log {
        /// From which level on: none, trace, debug, info, warn, error or fatal.
        level: LogLevel = LogLevel::Info,
    }
}

choice! {
    /// How much is logged.
    pub enum LogLevel {
        /// What is worth knowing in normal operation.
        Info = "info",
        /// Nothing.
        None = "none",
        /// Everything, each frame included.
        Trace = "trace",
        /// What helps to find a mistake.
        Debug = "debug",
        /// What may become a problem.
        Warn = "warn",
        /// What went wrong.
        Error = "error",
        /// Only what ends the process.
        Fatal = "fatal",
    }
}

section! {
    /// The HTTP API for backends.
    pub struct HttpApi {
        /// Whether there is none.
        disabled: bool = false,
        /// The key that backends send in `X-API-Key`; without one every request is refused.
        key: Secret = Secret::default(),
        /// Whether requests need no key; for trying things out only.
        insecure: bool = false,
        /// What its paths begin with.
        handler_prefix: String = "/api".to_owned(),
        /// How an error is told: in the body with status 200, or by a status too ("transport").
        error_mode: ErrorMode = ErrorMode::Envelope,
    }
}

choice! {
    /// How a caller of the HTTP API hears of an error.
    pub enum ErrorMode {
        /// `{"error":…}` with status 200.
        Envelope = "",
        /// The error object alone, with a status that callers and proxies in between count as a failure.
        Transport = "transport",
    }
}

section! {
    /// The door of managed clients.
    pub struct WebSocket {
        /// Whether there is none.
        disabled: bool = false,
        /// The path that clients connect to.
        handler_prefix: String = "/connection/websocket".to_owned(),
        /// The longest message taken from a client, in bytes.
        message_size_limit: usize = 65_536,
        /// Whether messages are compressed for clients that can read it. It saves traffic and costs processor time.
        compression: bool = false,
        /// From 1, fast, to 9, thorough.
        compression_level: usize = 1,
        /// Shorter messages are not compressed, in bytes; below some 500 it hardly helps.
        compression_min_size: usize = 0,
    }
}

section! {
    /// Whether the process lives, for probes.
    pub struct Health {
        /// Whether `/health` answers; it does unless told otherwise, since cloud platforms ask.
        enabled: bool = true,
        /// Its path.
        handler_prefix: String = "/health".to_owned(),
    }
}

section! {
    /// Counters for Prometheus.
    pub struct Prometheus {
        /// Whether `/metrics` answers.
        enabled: bool = false,
        /// Its path.
        handler_prefix: String = "/metrics".to_owned(),
    }
}

section! {
    /// How the process stops.
    pub struct Shutdown {
        /// How long clients may take to be sent away; their closes are spread over it.
        timeout: Duration = Duration::from_secs(30),
        /// How long connections are still accepted after `/ready` says no, for load balancers to notice.
        ready_delay: Duration = Duration::ZERO,
    }
}

section! {
    /// This process among others.
    pub struct NodeInfo {
        /// Its name in the answer to `info`.
        name: String = String::new(),
    }
}

impl HttpServer {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        let at = "http_server";
        if self.tls.enabled
            && (self.tls.cert_pem.as_os_str().is_empty() || self.tls.key_pem.as_os_str().is_empty())
        {
            let message = "needs cert_pem and key_pem, the paths of the certificate and of its key";
            check.wrong("http_server.tls", &["enabled", "cert_pem", "key_pem"], message);
        }
        if self.internal_port == Some(self.port) && self.port != 0 {
            check.wrong(at, &["internal_port", "port"], "is the same as port; choose another, or remove it");
        }
        if !self.internal_address.is_empty() && self.internal_port.is_none() {
            check.wrong(at, &["internal_address", "internal_port"], "needs internal_port to have an effect");
        }
    }
}

impl WebSocket {
    /// How messages are compressed, if they are.
    pub fn compression(&self) -> Compression {
        let level = u32::try_from(self.compression_level).unwrap_or(1);
        Compression { level, min_size: self.compression_min_size }
    }

    pub(super) fn check(&self, check: &mut Check<'_>) {
        if self.message_size_limit == 0 {
            let message = "must be at least 1; the default is 65536";
            check.wrong("websocket", &["message_size_limit"], message);
        }
        if !(1..=9).contains(&self.compression_level) {
            check.wrong("websocket", &["compression_level"], "must be from 1 to 9; the default is 1");
        }
    }
}
