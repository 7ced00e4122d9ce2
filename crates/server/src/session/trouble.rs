//! What keeps a command from being done.

use suona_protocol::{Disconnect, DisconnectCode, ErrorCode, ErrorReply, Outcome};

use super::{Action, Session, queue::TooMany, reply};

/// What became of one input: refused commands are answered, the rest may end the connection.
pub(super) enum Trouble {
    Refused(ErrorReply),
    Disconnect(Disconnect),
}

impl From<ErrorCode> for Trouble {
    fn from(code: ErrorCode) -> Self {
        Self::Refused(code.into())
    }
}

impl From<DisconnectCode> for Trouble {
    fn from(code: DisconnectCode) -> Self {
        Self::Disconnect(code.into())
    }
}

impl From<TooMany> for Trouble {
    fn from(_: TooMany) -> Self {
        DisconnectCode::TooManyRequests.into()
    }
}

impl Session {
    /// Tells the client of trouble, if there was any.
    pub(super) fn tell(&mut self, id: u32, outcome: Result<(), Trouble>, actions: &mut Vec<Action>) {
        match outcome {
            Ok(()) => {}
            Err(Trouble::Refused(error)) => reply(id, Outcome::Error(error), actions),
            Err(Trouble::Disconnect(why)) => self.close(why, actions),
        }
    }
}
