//! What can go wrong, under names that stay.

mod code;

pub use code::Code;

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} ({code})", if message.is_empty() { code.hint() } else { message.as_str() })]
pub struct Fault {
    /// Which of the known kinds it is.
    pub code: Code,
    /// What happened, in the words of the server or the system; empty if the code says all.
    pub message: String,
    /// The server says that the same may succeed a little later.
    pub temporary: bool,
}

impl Fault {
    pub(crate) fn new(code: Code, message: &str) -> Self {
        Self { code, message: message.to_owned(), temporary: false }
    }

    /// What a server said, under its number.
    pub(crate) fn of_server(number: u32, message: &str) -> Self {
        Self::new(Code::of_server(number), message)
    }

    /// What a peer is told of it.
    pub(crate) fn words(&self) -> String {
        if self.message.is_empty() { self.code.to_string() } else { self.message.clone() }
    }

    /// What to do about it, in one sentence.
    pub fn hint(&self) -> &'static str {
        self.code.hint()
    }

    /// Whether the same may work a little later, and nothing has happened yet: to ask again does no harm. It never says so
    /// of [`Code::ServerTrouble`], of which nobody knows whether the backend has acted: to call again is another command
    /// with another key. Whoever wants nothing but to read may call again all the same.
    pub fn may_retry(&self) -> bool {
        (self.temporary && self.code != Code::ServerTrouble) || self.code.passes()
    }
}

impl From<Code> for Fault {
    /// A fault whose name says enough.
    fn from(code: Code) -> Self {
        Self::new(code, "")
    }
}

impl From<suona_protocol::ErrorReply> for Fault {
    fn from(error: suona_protocol::ErrorReply) -> Self {
        Self { temporary: error.temporary, ..Self::of_server(error.code, &error.message) }
    }
}
