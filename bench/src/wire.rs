//! What clients speak: one file for each kind of server. The crowd knows connections and counts, no codec.

mod floor;
mod json;
mod plain;
mod protobuf;
mod pusher;
mod socket_io;

use jsonwebtoken::{EncodingKey, Header, get_current_timestamp};
use serde_json::json;
use suona_protocol::ws::Opcode;

use crate::Trouble;

pub use floor::Floor;
pub use json::Json;
pub use plain::Plain;
pub use protobuf::Protobuf;
pub use pusher::Pusher;
pub use socket_io::SocketIo;

/// How one kind of client speaks, on a WebSocket.
pub trait Wire: Send + Sync {
    /// Where the WebSocket is opened, query included.
    fn path(&self, entrant: &Entrant) -> String;

    /// The sub-protocol that is asked for.
    fn subprotocol(&self) -> Option<&'static str> {
        None
    }

    /// How messages go in both directions.
    fn opcode(&self) -> Opcode {
        Opcode::Text
    }

    /// What a client on its way in does after so many steps.
    fn enter(&self, step: u32, entrant: &Entrant) -> Result<Step, Trouble>;

    /// Tells what a message says, thing by thing.
    fn read(&self, message: &[u8], tell: &mut dyn FnMut(Said<'_>)) -> Result<(), Unread>;

    /// The answer to [`Said::Ping`].
    fn pong(&self) -> &'static [u8];

    /// Whether a client that comes back gets what it missed.
    fn recovers(&self) -> bool;

    /// Whether one client may hear several channels.
    fn hears_several(&self) -> bool {
        true
    }

    /// Publishes; to be answered. `None` if clients cannot.
    fn publish(&self, id: u32, channel: &str, data: &str) -> Option<Vec<u8>>;

    /// A request, to be answered. `None` if there are none.
    fn call(&self, id: u32) -> Option<Vec<u8>>;

    /// Leaves all channels of a client that stays connected; each is answered. `None` if clients cannot.
    fn unsubscribe(&self, _: &Entrant) -> Option<Vec<u8>> {
        None
    }
}

/// A client on its way in.
#[derive(Clone, Debug)]
pub struct Entrant {
    /// Its number.
    pub client: usize,
    /// What it wants to hear.
    pub channels: Vec<Wanted>,
}

/// A channel that a client wants to hear.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The channel.
    pub name: String,
    /// What the client heard last, if it was there before.
    pub since: Option<Since>,
}

/// Commands of one message on the way in; gateways bound what waits for a client.
const AT_ONCE: usize = 50;

/// The id of the command about an entrant's first channel; the others follow.
const FIRST: usize = 2;

impl Entrant {
    /// The channels of one message of many, and the id of the first command.
    fn part(&self, number: u32) -> Option<(usize, &[Wanted])> {
        let number = number as usize;
        Some((number * AT_ONCE + FIRST, self.channels.chunks(AT_ONCE).nth(number)?))
    }

    /// The names of all its channels.
    fn names(&self) -> Vec<&str> {
        self.channels.iter().map(|wanted| &*wanted.name).collect()
    }

    /// The offset that it heard last in its first channel, for those who tell one for all.
    fn offset(&self) -> Option<u64> {
        Some(self.channels.first()?.since.as_ref()?.offset)
    }
}

/// What a client heard before it was cut off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// The life of the stream, where there is such a thing.
    pub epoch: String,
    /// The position in the stream.
    pub offset: u64,
}

/// One step on the way in.
#[derive(Debug)]
pub enum Step {
    /// To be said; so many answers must come before the next step.
    Say(Vec<u8>, usize),
    /// Nothing; the server speaks first.
    Wait,
    /// It is in.
    Done,
}

/// One thing that a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<'m> {
    /// A publication, from its stamp on.
    Publication(&'m [u8]),
    /// Where the stream of a channel stands, told to whoever joins it.
    Position {
        /// Which of the client's channels it is.
        place: usize,
        /// The life of the stream.
        epoch: &'m str,
        /// The offset.
        offset: u64,
    },
    /// The answer to whatever was asked.
    Answer,
    /// The server asks whether the client lives.
    Ping,
}

/// A message that the wire does not foresee, or one that refuses what was asked.
#[derive(Debug, thiserror::Error)]
#[error("it says: {0}")]
pub struct Unread(pub String);

impl Unread {
    fn message(message: &[u8]) -> Self {
        Self(String::from_utf8_lossy(&message[..message.len().min(200)]).into_owned())
    }
}

/// For how long tokens are good, in seconds: longer than any measurement.
const TOKEN_TTL: u64 = 24 * 3600;

/// A connection token (HS256) of a client.
fn token(secret: &str, client: usize) -> Result<String, Trouble> {
    let claims = json!({ "sub": format!("user-{client}"), "exp": get_current_timestamp() + TOKEN_TTL });
    let key = EncodingKey::from_secret(secret.as_bytes());
    Ok(jsonwebtoken::encode(&Header::default(), &claims, &key)?)
}

/// What stands behind the first `mark` in `text`.
fn behind<'t>(text: &'t [u8], mark: &[u8]) -> Option<&'t [u8]> {
    Some(&text[memchr::memmem::find(text, mark)? + mark.len()..])
}

#[cfg(test)]
mod tests;
