//! Why `tail` cannot go on, in sentences that name the fix.

use std::{error::Error, io};

use suona_protocol::{Disconnect, DisconnectCode, ErrorCode};
use tokio_tungstenite::tungstenite::{Error as SocketError, http::Uri};

use super::wire::Refusal;

/// Something went wrong.
#[derive(Debug, thiserror::Error)]
pub(super) enum TailTrouble {
    #[error("the token file {path} cannot be read: {error}")]
    TokenFile { path: String, error: io::Error },
    #[error("no gateway answers at {url}: {reason}; start one, or name another with --url")]
    NoAnswer { url: String, reason: String },
    #[error("what answers at {url} opens no WebSocket (HTTP status {status}); name another with --url")]
    NoSocket { url: String, status: u16 },
    #[error("what answers does not speak this protocol; name another path with --url")]
    NoProtocol,
    #[error("the gateway closed the connection: {reason} ({code}){}", fix_of_close(*.code))]
    Closed { code: u32, reason: String, may_return: bool },
    #[error("the connection was lost: {0}")]
    Cut(String),
    #[error("the connection was lost: nothing came any more, not even a ping")]
    Silent,
    #[error("{}refused: {message} ({code}){}", of(.channel), fix_of_error(*.code))]
    Refused { channel: String, code: u32, message: String, temporary: bool },
    #[error("{0}: the gateway ended the subscription")]
    Unsubscribed(String),
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl TailTrouble {
    /// Nobody is there.
    pub(super) fn unreachable(url: &Uri, reason: &dyn ToString) -> Self {
        Self::NoAnswer { url: url.to_string(), reason: reason.to_string() }
    }

    /// Nobody is there, or somebody else.
    pub(super) fn undialled(url: &Uri, error: SocketError) -> Self {
        match error {
            SocketError::Http(answer) => {
                Self::NoSocket { url: url.to_string(), status: answer.status().as_u16() }
            }
            error => {
                let mut cause: &dyn Error = &error;
                while let Some(deeper) = cause.source() {
                    cause = deeper;
                }
                Self::unreachable(url, &cause)
            }
        }
    }

    /// The connection broke.
    pub(super) fn cut(reason: &dyn ToString) -> Self {
        Self::Cut(reason.to_string())
    }

    /// The gateway said goodbye.
    pub(super) fn closed(code: u32, reason: &str) -> Self {
        let may_return = Disconnect::custom(code, reason).may_return();
        Self::Closed { code, reason: reason.escape_debug().to_string(), may_return }
    }

    /// A command was refused.
    pub(super) fn refused(Refusal { code, message, temporary }: Refusal) -> Self {
        let message = message.escape_debug().to_string();
        Self::Refused { channel: String::new(), code, message, temporary }
    }

    /// The same, of this channel.
    pub(super) fn about(self, name: &str) -> Self {
        match self {
            Self::Refused { code, message, temporary, .. } => {
                Self::Refused { channel: name.to_owned(), code, message, temporary }
            }
            other => other,
        }
    }

    /// Whether trying again makes no sense. Who has never been let in sits in front of the screen, and is told.
    pub(super) fn is_final(&self, was_there: bool) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::NoSocket { .. } | Self::NoProtocol => !was_there,
            Self::Cut(_) | Self::Silent => false,
            Self::Closed { may_return, .. } => !may_return,
            Self::Refused { temporary, .. } => !temporary,
            Self::TokenFile { .. } | Self::Unsubscribed(_) | Self::Output(_) => true,
        }
    }
}

fn of(channel: &str) -> String {
    if channel.is_empty() { String::new() } else { format!("{channel}: ") }
}

fn fix_of_close(code: u32) -> &'static str {
    let is = |other: DisconnectCode| code == other.code();
    if is(DisconnectCode::InvalidToken) {
        "; make a good token with `suona token`, and give it with --token, --token-file or SUONA_TOKEN"
    } else if is(DisconnectCode::BadRequest) {
        "; the gateway wants a token: give one with --token, --token-file or SUONA_TOKEN"
    } else if is(DisconnectCode::ConnectionLimit) {
        "; raise client.connection_limit or client.user_connection_limit"
    } else if is(DisconnectCode::ChannelLimit) {
        "; name fewer channels, or raise client.channel_limit"
    } else {
        ""
    }
}

fn fix_of_error(code: u32) -> &'static str {
    let is = |other: ErrorCode| code == other.code();
    if is(ErrorCode::UnknownChannel) {
        "; the configuration has no such namespace"
    } else if is(ErrorCode::PermissionDenied) {
        "; its namespace needs allow_subscribe_for_client, or for clients without a token \
         allow_subscribe_for_anonymous"
    } else if is(ErrorCode::TokenExpired) {
        "; make a new token with `suona token`"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: u32) -> TailTrouble {
        TailTrouble::refused(Refusal { code, message: "no".to_owned(), temporary: code == 100 })
    }

    #[test]
    fn who_is_sent_away_for_good_does_not_come_back() {
        assert!(!TailTrouble::closed(3001, "shutdown").is_final(true));
        assert!(TailTrouble::closed(3500, "invalid token").is_final(true));
        assert!(refused(103).is_final(true) && !refused(100).is_final(true));
        let nobody = TailTrouble::NoProtocol;
        assert!(nobody.is_final(false) && !nobody.is_final(true));
    }

    #[test]
    fn a_sentence_names_the_fix_and_says_nothing_to_the_terminal() {
        assert!(TailTrouble::closed(3500, "invalid token").to_string().contains("`suona token`"));
        let told = refused(103).about("news").to_string();
        assert!(told.starts_with("news: refused: no (103); its namespace needs "), "{told}");
        assert!(!TailTrouble::closed(4000, "\x1b[2J").to_string().contains('\x1b'));
    }
}
