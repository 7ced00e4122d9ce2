//! What a link is told, and what it wants done.

use std::{fmt, time::Duration};

use bytes::Bytes;

use crate::{Code, Fault};

/// One message of a WebSocket.
#[derive(Clone, PartialEq, Eq)]
pub enum Frame {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

impl fmt::Debug for Frame {
    /// Its length alone: some hold a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Binary(bytes) => write!(f, "Binary({} bytes)", bytes.len()),
        }
    }
}

/// What the link is told. `generation` names a socket: what comes from any but the current one is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Dial; while waiting, at once.
    Start,
    /// End the connection. The link stays offline until the next `Start`.
    Stop {
        /// Why, in at most 41 UTF-16 units: it is told to the peer.
        reason: String,
        /// The close code; 1000 if none is given.
        code: Option<u16>,
    },
    /// The socket is open.
    Opened {
        /// Which.
        generation: u64,
    },
    /// The socket received a message.
    Received {
        /// Which.
        generation: u64,
        /// What.
        frame: Frame,
    },
    /// The socket gave a sign of life that is no message, such as the answer to a WebSocket ping.
    Alive {
        /// Which.
        generation: u64,
    },
    /// The socket is gone, or never came about.
    Lost {
        /// Which.
        generation: u64,
        /// Why.
        loss: Loss,
        /// The layer above knows from the loss that dialling again is of no use.
        is_final: bool,
    },
    /// The app goes to the background.
    Hidden,
    /// The app is back.
    Shown,
    /// The network changed, or may have.
    Network {
        /// Whether there is one now, if that is known.
        online: Option<bool>,
    },
    /// It is [`deadline`](super::Link::deadline), or later.
    Woke,
    /// From the layer above: the peer took us. From now on the connection can count as held.
    Settled {
        /// The longest that the peer is silent while all is well. With it, the peer can be probed.
        silence: Option<Duration>,
    },
    /// From the layer above: give this connection up and dial again.
    Drop {
        /// Why.
        reason: String,
        /// How long the peer asked us to stay away; jitter is added.
        wait: Duration,
    },
}

/// Why a socket is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// The close code, if there was one. Those of phones are hints: many report 1000 for a line that was cut.
    pub code: Option<u16>,
    /// In words; may be empty.
    pub reason: String,
    /// What kind of fault it was, from a platform that knows. Otherwise the words are asked.
    pub kind: Option<Code>,
    /// The platform allows no further socket now.
    pub full: bool,
}

/// What the link wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Open a socket.
    Dial {
        /// Its name from now on.
        generation: u64,
    },
    /// Close a socket, open or not yet. `Lost` may follow late, or never.
    Close {
        /// Which.
        generation: u64,
        /// The close code.
        code: u16,
        /// Why, short enough for a close frame.
        reason: String,
    },
    /// To the layer above: a message of the current socket.
    Heard(Frame),
    /// To the layer above: send something that the peer answers at once.
    Probe,
    /// The link does something else now.
    Changed(Change),
}

/// What the link does now, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What.
    pub state: State,
    /// Why, in English, for people.
    pub reason: String,
    /// The loss that led here.
    pub loss: Option<Loss>,
    /// Why the connection was given up from here.
    pub fault: Option<Fault>,
}

/// What a link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing: it was not started, was stopped, or has given up.
    Offline,
    /// The app is in the background; the link dials when it is shown.
    Hidden,
    /// It waits to dial.
    Waiting {
        /// Until this time of [`Moment::now`](crate::Moment::now).
        until: Duration,
    },
    /// It dials.
    Opening,
    /// It has a connection.
    Online,
}

impl State {
    /// In one word, as transcripts have it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Hidden => "hidden",
            Self::Waiting { .. } => "waiting",
            Self::Opening => "opening",
            Self::Online => "online",
        }
    }
}
