//! The names of faults, and what to do about each: the same as those of the SDK.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal $hint:literal,)*) => {
        /// The kind of a fault. Its text, as `docs/errors.md` has it, stays the same from version to version.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $variant,)*
            /// A number of the server's own, written `server-` and the number.
            Server(u32),
        }

        impl Code {
            /// All that have a name of their own.
            pub const NAMED: &[Self] = &[$(Self::$variant,)*];

            fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => Some($name),)*
                    Self::Server(_) => None,
                }
            }

            /// What to do about it, in one sentence.
            pub fn hint(self) -> &'static str {
                match self {
                    $(Self::$variant => $hint,)*
                    Self::Server(_) => "The server has a reason of its own: see its message.",
                }
            }
        }
    };
}

codes! {
    /// No connection came about.
    Unreachable = "unreachable" "Check the network and the address.",
    /// A connection that was open is gone.
    ConnectionLost = "connection-lost" "It comes back by itself.",
    /// The server's certificate is not trusted, or there is no TLS.
    Tls = "tls" "The server needs a full certificate chain and TLS 1.2.",
    /// The platform may not talk to this server.
    Domain = "domain" "Allow the server's domain.",
    /// The server's name cannot be resolved.
    Dns = "dns" "Check the host's spelling and its DNS records.",
    /// The device has no network.
    Offline = "offline" "Nothing to do: it connects when the network is back.",
    /// Nothing was answered in time.
    Timeout = "timeout" "The network is slow, or a firewall drops the packets.",
    /// The system cut the connection.
    Interrupted = "interrupted" "Nothing to do: it comes back.",
    /// The server did not confirm the sub-protocol.
    SubProtocol = "sub-protocol" "Check the path: this server speaks another protocol.",
    /// Something answered, but no WebSocket server.
    NoWebSocket = "no-websocket" "No WebSocket is answered there: check path and proxy.",
    /// A WebSocket server answered, in another protocol.
    NotCentrifuge = "not-centrifuge" "Another kind of server is there: check address and path.",
    /// The address is none.
    BadAddress = "bad-address" "Give an address that begins with ws:// or wss://.",
    /// The platform allows no further socket now.
    TooManySockets = "too-many-sockets" "Close other sockets.",
    /// The other side fell silent.
    NoAnswer = "no-answer" "Try again.",
    /// The app has no token; the client stays offline.
    NoToken = "no-token" "Give a token, and start again.",
    /// The app failed to find a token; it is asked again.
    TokenFailed = "token-failed" "Check where tokens come from.",
    /// The app took more than 8 s to find a token; it is asked again.
    TokenSlow = "token-slow" "Check where tokens come from.",
    /// The server says that the token is too old.
    TokenExpired = "token-expired" "Get a new token.",
    /// The server does not accept the token at all; the client stays offline.
    TokenRefused = "token-refused" "Get another token, and compare the server's secret with the backend's.",
    /// The server knows nobody without a token.
    Unauthorized = "unauthorized" "Give a token.",
    /// The server does not allow it.
    PermissionDenied = "permission-denied" "The user may not do this.",
    /// The server has no such namespace.
    UnknownChannel = "unknown-channel" "The server has no such namespace.",
    /// Nobody takes calls of this name.
    UnknownMethod = "unknown-method" "The backend has no such method.",
    /// The connection hears the channel already.
    AlreadySubscribed = "already-subscribed" "Subscribe once.",
    /// A limit of the server is reached.
    LimitExceeded = "limit-exceeded" "Ask for less, or raise the server's limit.",
    /// The server has this switched off.
    NotAvailable = "not-available" "Enable this on the server.",
    /// The server did not understand it.
    BadRequest = "bad-request" "Check names and data.",
    /// The server has enough for now.
    TooManyRequests = "too-many-requests" "Try again later.",
    /// The server failed.
    ServerTrouble = "server-trouble" "It may have happened. Look before you try again.",
    /// What was missed cannot be had any more.
    PositionLost = "position-lost" "Subscribe without a position.",
    /// The server takes no more connections, of this user or at all.
    ConnectionLimit = "connection-limit" "Close other connections, or raise the server's limit.",
    /// The command waited for a connection until its time was over, and was not sent.
    Expired = "expired" "It was not sent. Try again.",
    /// The command was sent, and no answer came in time.
    UnknownOutcome = "unknown-outcome" "It may have happened. Look before you try again.",
    /// Too many commands are waiting.
    OutboxFull = "outbox-full" "Wait until some of it is done.",
    /// Longer than a message may be.
    TooLarge = "too-large" "Send less at once.",
    /// The data is no JSON.
    NotJson = "not-json" "Give data that is JSON.",
    /// The answer is in another form than the app expects.
    BadAnswer = "bad-answer" "Compare what the backend answers with what the app expects.",
    /// The app closed the client.
    Stopped = "stopped" "Start again first.",
}

impl Code {
    /// The name of a server's error or close code, as far as servers of this protocol agree.
    pub fn of_server(number: u32) -> Self {
        match number {
            100 => Self::ServerTrouble,
            101 => Self::Unauthorized,
            102 => Self::UnknownChannel,
            103 | 3507 => Self::PermissionDenied,
            104 => Self::UnknownMethod,
            105 => Self::AlreadySubscribed,
            106 => Self::LimitExceeded,
            107 => Self::BadRequest,
            108 => Self::NotAvailable,
            109 | 110 => Self::TokenExpired,
            111 => Self::TooManyRequests,
            112 => Self::PositionLost,
            1009 => Self::TooLarge,
            3500 => Self::TokenRefused,
            3504 => Self::ConnectionLimit,
            other => Self::Server(other),
        }
    }

    /// What a loss was, by the words that a platform has for it: the first that matches counts.
    pub(crate) fn of_loss(words: &str, was_open: bool) -> Self {
        const DIALS: &[(&[&str], Code)] = &[
            (&["sec-websocket-protocol", "subprotocol", "sub-protocol"], Code::SubProtocol),
            (
                &["timeout", "time-out", "time out", "timed out", "timed-out", "timer expired", "超时"],
                Code::Timeout,
            ),
            (&["domain list", "domain not", "illegal domain", "合法域名"], Code::Domain),
            (&["tls", "ssl", "certificate", "unable_to_verify", "eproto", "证书"], Code::Tls),
            (
                &[
                    "http status",
                    "server response",
                    "response header",
                    "upgrade",
                    "parse error",
                    "socket hang up",
                    "stream end",
                ],
                Code::NoWebSocket,
            ),
            (
                &["invalid url", "url empty", "url is empty", "url is invalid", "syntaxerror"],
                Code::BadAddress,
            ),
            (&["enotfound", "eai_again", "name.not.resolved", "resolve", "unknownhost"], Code::Dns),
            (
                &[
                    "enetunreach",
                    "enetdown",
                    "internet.disconnected",
                    "network is down",
                    "network is unreachable",
                ],
                Code::Offline,
            ),
        ];
        let words = words.to_lowercase();
        let says = |marks: &[&str]| marks.iter().any(|mark| words.contains(mark));
        if words.contains("interrupt") {
            Self::Interrupted
        } else if was_open {
            Self::ConnectionLost
        } else {
            DIALS.iter().find(|(marks, _)| says(marks)).map_or(Self::Unreachable, |(_, code)| *code)
        }
    }

    /// Whether it passes by itself, and nothing has happened for its sake.
    pub(super) fn passes(self) -> bool {
        matches!(self, Self::Expired | Self::OutboxFull | Self::TooManyRequests)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name(), self) {
            (Some(name), _) => f.write_str(name),
            (None, Self::Server(number)) => write!(f, "server-{number}"),
            (None, _) => unreachable!("all others have a name"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_documented() {
        let documented = include_str!("../../../../docs/errors.md");
        for code in Code::NAMED.iter().filter(|code| **code != Code::BadAnswer) {
            assert!(documented.contains(&format!("`{code}`")), "{code}");
        }
    }

    #[test]
    fn a_number_that_nobody_knows_is_its_own_name() {
        assert_eq!(Code::of_server(409).to_string(), "server-409");
        assert_eq!(Code::of_server(3503).to_string(), "server-3503");
        assert_eq!(Code::of_server(100), Code::ServerTrouble);
    }

    #[test]
    fn the_words_of_a_loss_give_it_away() {
        assert_eq!(Code::of_loss("TLS failed: invalid peer certificate", false), Code::Tls);
        assert_eq!(Code::of_loss("HTTP status 404 instead of a WebSocket", false), Code::NoWebSocket);
        assert_eq!(Code::of_loss("connection refused", false), Code::Unreachable);
        assert_eq!(Code::of_loss("HTTP status", true), Code::ConnectionLost);
        assert_eq!(Code::of_loss("Interrupted", true), Code::Interrupted);
    }
}
