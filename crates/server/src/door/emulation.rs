//! Clients that listen on an HTTP response and speak by requests: what binds the two together.

use std::{fmt, sync::Arc};

use suona_protocol::ConnectResult;

use crate::hub::{Envelope, ShardId};

/// How the client of an HTTP stream speaks.
#[derive(Clone, Debug)]
pub struct Emulation {
    /// What it listens on.
    pub stream: Stream,
    /// What it proves by that it is the one who listens.
    pub session: SessionKey,
    /// The id of this gateway, which the client repeats.
    pub node: Arc<str>,
}

/// What a client listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// A response that never ends, a message after the other.
    Http,
    /// Server-sent events.
    Events,
}

/// Names one HTTP stream of this node, to its client alone: whoever knows it may speak for it.
///
/// It is looked up in a hash map whose hasher nobody outside can foresee, so that the time that this takes
/// tells nothing of other keys.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionKey {
    /// The shard that owns the stream.
    pub shard: ShardId,
    /// Drawn for this stream alone.
    secret: u128,
}

impl Stream {
    /// As the backend is told.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http_stream",
            Self::Events => "sse",
        }
    }

    /// What surrounds a JSON message.
    pub(super) fn envelope(self) -> Envelope {
        match self {
            Self::Http => Envelope::Line,
            Self::Events => Envelope::Event,
        }
    }
}

impl Emulation {
    /// Adds what the client must know to speak.
    pub(super) fn introduce(&self, result: &ConnectResult) -> ConnectResult {
        let session = self.session.to_text().into();
        ConnectResult { session, node: self.node.clone(), ..result.clone() }
    }
}

impl SessionKey {
    /// A new key, of the randomness that secrets are made of.
    pub fn draw(shard: ShardId) -> Self {
        Self { shard, secret: rand::random() }
    }

    /// Reads what a client was told.
    pub fn parse(text: &str) -> Option<Self> {
        let (shard, secret) = text.split_at_checked(2).filter(|_| text.len() == 34)?;
        let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let shard = Some(shard).filter(|shard| is_hex(shard))?;
        let secret = Some(secret).filter(|secret| is_hex(secret))?;
        Some(Self {
            shard: ShardId(u8::from_str_radix(shard, 16).ok()?),
            secret: u128::from_str_radix(secret, 16).ok()?,
        })
    }

    /// What the client is told, which [`parse`](Self::parse) reads.
    pub(crate) fn to_text(self) -> String {
        format!("{:02x}{:032x}", self.shard.0, self.secret)
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written_and_shown_to_nobody() {
        let key = SessionKey::draw(ShardId(3));
        let text = key.to_text();
        assert_eq!(SessionKey::parse(&text), Some(key));
        assert_ne!(SessionKey::draw(ShardId(3)), key);
        assert!(!format!("{key:?}").contains(&text[2..]));
    }

    #[test]
    fn what_is_no_key_is_none() {
        let digits = "0".repeat(34);
        assert!(SessionKey::parse(&digits).is_some());
        for text in [
            "",
            "03",
            &digits[1..],
            &format!("{digits}0"),
            &digits.replacen('0', "+", 1),
            "号".repeat(11).as_str(),
        ] {
            assert_eq!(SessionKey::parse(text), None, "{text}");
        }
        assert_eq!(SessionKey::parse(&format!("00+{}", &digits[3..])), None);
    }
}
