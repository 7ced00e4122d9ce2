//! Every code that the wire knows, in one table each.

use std::borrow::Cow;

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $code:literal $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $code, "` ", $text, ".")] $(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// All of them, in the order of their codes.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The number on the wire.
            pub const fn code(self) -> u32 {
                match self { $(Self::$variant => $code,)* }
            }

            const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

codes! {
    /// Why a command was refused. The connection lives on.
    ErrorCode {
        Internal = 100 "internal server error",
        Unauthorized = 101 "unauthorized",
        UnknownChannel = 102 "unknown channel",
        PermissionDenied = 103 "permission denied",
        MethodNotFound = 104 "method not found",
        AlreadySubscribed = 105 "already subscribed",
        LimitExceeded = 106 "limit exceeded",
        BadRequest = 107 "bad request",
        NotAvailable = 108 "not available",
        TokenExpired = 109 "token expired",
        Expired = 110 "expired",
        TooManyRequests = 111 "too many requests",
        UnrecoverablePosition = 112 "unrecoverable position",
    }
}

impl ErrorCode {
    /// The phrase that goes with the number.
    pub const fn message(self) -> &'static str {
        self.text()
    }

    /// Whether the same command may succeed a little later.
    pub const fn is_temporary(self) -> bool {
        matches!(self, Self::Internal | Self::TooManyRequests)
    }
}

codes! {
    /// Why the gateway ends a connection, as far as the protocol names it.
    DisconnectCode {
        Shutdown = 3001 "shutdown",
        InternalError = 3004 "internal server error",
        ConnectionExpired = 3005 "connection expired",
        SubscriptionExpired = 3006 "subscription expired",
        Slow = 3008 "slow",
        WriteError = 3009 "write error",
        InsufficientState = 3010 "insufficient state",
        ForceReconnect = 3011 "force reconnect",
        NoPong = 3012 "no pong",
        TooManyRequests = 3013 "too many requests",
        InvalidToken = 3500 "invalid token",
        BadRequest = 3501 "bad request",
        Stale = 3502 "stale",
        ForceDisconnect = 3503 "force disconnect",
        ConnectionLimit = 3504 "connection limit",
        ChannelLimit = 3505 "channel limit",
        InappropriateProtocol = 3506 "inappropriate protocol",
        PermissionDenied = 3507 "permission denied",
        NotAvailable = 3508 "not available",
    }
}

/// Why the gateway ends a connection: a code and a reason of plain words.
///
/// The reason is never empty and never looks like JSON: clients try to read it as an object, and the JS client
/// looks at the code only where there is a reason. At most 123 bytes, the room of a WebSocket close frame.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Disconnect {
    code: u32,
    reason: Cow<'static, str>,
}

impl Disconnect {
    /// A disconnect that the application words itself.
    ///
    /// A reason that is empty or reads as JSON is replaced by `disconnect`, a longer one is cut.
    pub fn custom(code: u32, reason: &str) -> Self {
        let mut end = reason.len().min(123);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        let reason = reason[..end].trim();
        let json = serde_json::from_str::<serde::de::IgnoredAny>(reason).is_ok();
        let reason = if reason.is_empty() || json { "disconnect".into() } else { reason.to_owned().into() };
        Self { code, reason }
    }

    /// The number on the wire.
    pub fn code(&self) -> u32 {
        self.code
    }

    /// The phrase that goes with it.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Whether the client may come back: codes 3500–3999 and 4500–4999 are final.
    pub fn may_return(&self) -> bool {
        !matches!(self.code, 3500..=3999 | 4500..=4999)
    }
}

impl From<DisconnectCode> for Disconnect {
    fn from(code: DisconnectCode) -> Self {
        Self { code: code.code(), reason: code.text().into() }
    }
}

codes! {
    /// Why the gateway ended a subscription.
    UnsubscribeCode {
        Server = 2000 "server unsubscribe",
        InsufficientState = 2500 "insufficient state",
        Expired = 2501 "subscription expired",
    }
}

impl UnsubscribeCode {
    /// The phrase that goes with the number.
    pub const fn reason(self) -> &'static str {
        self.text()
    }

    /// Whether the client subscribes again by itself: codes from 2500 on.
    pub const fn may_return(self) -> bool {
        self.code() >= 2500
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_their_ranges() {
        let errors: Vec<_> = ErrorCode::ALL.iter().map(|c| c.code()).collect();
        let disconnects: Vec<_> = DisconnectCode::ALL.iter().map(|c| c.code()).collect();
        let unsubscribes: Vec<_> = UnsubscribeCode::ALL.iter().map(|c| c.code()).collect();
        assert!(errors.is_sorted_by(|a, b| a < b) && errors.iter().all(|c| (100..400).contains(c)));
        assert!(
            disconnects.is_sorted_by(|a, b| a < b) && disconnects.iter().all(|c| (3000..4000).contains(c))
        );
        assert!(
            unsubscribes.is_sorted_by(|a, b| a < b) && unsubscribes.iter().all(|c| (2000..3000).contains(c))
        );
    }

    #[test]
    fn only_codes_below_3500_invite_back() {
        for code in DisconnectCode::ALL {
            assert_eq!(Disconnect::from(*code).may_return(), code.code() < 3500, "{code:?}");
        }
        assert!(Disconnect::custom(4000, "later").may_return());
        assert!(!Disconnect::custom(4500, "never").may_return());
    }

    #[test]
    fn a_reason_fits_a_close_frame_and_is_never_json() {
        assert_eq!(Disconnect::custom(4500, "").reason(), "disconnect");
        assert_eq!(Disconnect::custom(4500, "true").reason(), "disconnect");
        assert_eq!(Disconnect::custom(4500, r#"{"reconnect":false}"#).reason(), "disconnect");
        assert_eq!(Disconnect::custom(4500, "kicked by Ann").reason(), "kicked by Ann");
        let long = Disconnect::custom(4500, &"号".repeat(60));
        assert_eq!(long.reason(), "号".repeat(41));
    }
}
