//! Why a client cannot go on, in sentences that name the fix.

use std::io;

use suona_client::{BuildError, Code, Fault};

/// Something went wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientTrouble {
    #[error("the token file {path} cannot be read: {error}")]
    TokenFile { path: String, error: io::Error },
    #[error(transparent)]
    Unbuilt(#[from] BuildError),
    #[error("no gateway answers at {url}: {reason}; start one, or name another with --url")]
    NoAnswer { url: String, reason: String },
    #[error("what answers at {url} opens no WebSocket: {reason}; name another with --url")]
    NoSocket { url: String, reason: String },
    #[error("what answers does not speak this protocol; name another path with --url")]
    NoProtocol,
    #[error("the gateway sent us away: {}{}", shown(.0), fix_of_connection(.0.code))]
    SentAway(Fault),
    #[error("{channel}: refused: {}{}", shown(.fault), fix_of_refusal(.fault.code, "subscribe"))]
    Refused { channel: String, fault: Fault },
    #[error("not published: {}{}", shown(.0), fix_of_refusal(.0.code, "publish"))]
    NotPublished(Fault),
    #[error("the client has ended")]
    Ended,
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl ClientTrouble {
    /// The first connection did not come about.
    pub(crate) fn connecting(url: &str, fault: Fault) -> Self {
        let (url, reason) = (url.to_owned(), fault.message.escape_debug().to_string());
        match fault.code {
            Code::NotCentrifuge => Self::NoProtocol,
            Code::NoWebSocket => Self::NoSocket { url, reason },
            Code::Unreachable
            | Code::ConnectionLost
            | Code::NoAnswer
            | Code::Tls
            | Code::Dns
            | Code::Offline
            | Code::Timeout => Self::NoAnswer { url, reason },
            _ => Self::SentAway(fault),
        }
    }

    /// A channel cannot be heard, or be looked into.
    pub(crate) fn refused(channel: &str, fault: Fault) -> Self {
        Self::Refused { channel: channel.to_owned(), fault }
    }
}

/// What a server said, without anything that moves a terminal's cursor.
fn shown(fault: &Fault) -> String {
    fault.to_string().escape_debug().to_string()
}

fn fix_of_connection(code: Code) -> &'static str {
    match code {
        Code::TokenRefused | Code::TokenExpired => {
            "; make a good token with `suona token`, and give it with --token, --token-file or SUONA_TOKEN"
        }
        Code::Unauthorized | Code::Server(3501) => {
            "; the gateway wants a token: give one with --token, --token-file or SUONA_TOKEN"
        }
        Code::ConnectionLimit => "; raise client.connection_limit or client.user_connection_limit",
        Code::Server(3505) => "; name fewer channels, or raise client.channel_limit",
        _ => "",
    }
}

/// `deed` is the word for it in the options of a namespace.
fn fix_of_refusal(code: Code, deed: &str) -> String {
    match code {
        Code::UnknownChannel => "; the configuration has no such namespace".to_owned(),
        Code::PermissionDenied => format!(
            "; its namespace needs allow_{deed}_for_client, or for clients without a token \
             allow_{deed}_for_anonymous"
        ),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(code: Code, message: &str) -> Fault {
        Fault { code, message: message.to_owned(), temporary: false }
    }

    #[test]
    fn a_sentence_names_the_fix_and_says_nothing_to_the_terminal() {
        let refused = fault(Code::TokenRefused, "invalid token");
        assert!(ClientTrouble::connecting("ws://h/", refused).to_string().contains("`suona token`"));
        let told = ClientTrouble::refused("news", fault(Code::PermissionDenied, "no")).to_string();
        assert!(told.starts_with("news: refused: no (permission-denied); its namespace needs "), "{told}");
        let nasty = ClientTrouble::connecting("ws://h/", fault(Code::Server(4500), "\x1b[2J"));
        assert!(!nasty.to_string().contains('\x1b'));
    }
}
