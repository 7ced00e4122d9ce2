//! The sections about clients that cannot open a WebSocket.

use super::{check::Check, schema::section};

section! {
    /// The door of managed clients over HTTP streaming, for networks that let no WebSocket through.
    pub struct HttpStream {
        /// Whether there is one.
        enabled: bool = false,
        /// The path that clients connect to.
        handler_prefix: String = "/connection/http_stream".to_owned(),
        /// The longest body of the request that opens a stream, in bytes.
        max_request_body_size: usize = 65_536,
    }
}

section! {
    /// The door of managed clients over server-sent events. JSON only.
    pub struct Sse {
        /// Whether there is one.
        enabled: bool = false,
        /// The path that clients connect to.
        handler_prefix: String = "/connection/sse".to_owned(),
        /// The longest body of a POST that opens a stream, in bytes.
        max_request_body_size: usize = 65_536,
    }
}

section! {
    /// Where clients of both send their commands; it is there if one of them is enabled.
    pub struct Emulation {
        /// The path.
        handler_prefix: String = "/emulation".to_owned(),
        /// The longest body, in bytes.
        max_request_body_size: usize = 65_536,
    }
}

impl HttpStream {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        check_size(self.max_request_body_size, "http_stream", check);
    }
}

impl Sse {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        check_size(self.max_request_body_size, "sse", check);
    }
}

impl Emulation {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        check_size(self.max_request_body_size, "emulation", check);
    }
}

fn check_size(size: usize, at: &str, check: &mut Check<'_>) {
    if size == 0 {
        check.wrong(at, &["max_request_body_size"], "must be at least 1; the default is 65536");
    }
}
