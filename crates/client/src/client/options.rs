//! How a client behaves, beside what its link does.

use std::time::Duration;

use suona_protocol::{Payload, Token};

use crate::link;

/// How a client behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Names this client to the server across its connections: 128 random bits. Whoever knows it can take the client
    /// over, so it is a secret.
    pub session: Token,
    /// The token to connect with, if it is known and the app is not to be asked.
    pub token: Option<Token>,
    /// Tokens are asked of the app.
    pub asks_token: bool,
    /// Goes to the backend with `connect`. JSON, unless Protobuf is spoken.
    pub data: Option<Payload>,
    /// How long a command may take, from being given to its answer. Default 60 s, at most 240 s.
    pub ttl: Duration,
    /// How many commands may wait or be under way. Default 256.
    pub outbox_commands: usize,
    /// How many bytes of them. Default 1 MiB.
    pub outbox_bytes: usize,
    /// The longest message that the server takes. Default 65,536 bytes.
    pub message_limit: usize,
    /// What is spoken. Default JSON.
    pub language: Language,
    /// How the connection behaves.
    pub link: link::Options,
}

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// JSON, in text frames. Payloads are JSON.
    #[default]
    Json,
    /// Protobuf, in binary frames. Payloads are bytes.
    Protobuf,
}

impl Options {
    /// The defaults for a client of this session, which has no token.
    pub fn new(session: impl Into<Token>) -> Self {
        Self {
            session: session.into(),
            token: None,
            asks_token: false,
            data: None,
            ttl: Duration::from_secs(60),
            outbox_commands: 256,
            outbox_bytes: 1 << 20,
            message_limit: 65_536,
            language: Language::Json,
            link: link::Options::default(),
        }
    }
}
