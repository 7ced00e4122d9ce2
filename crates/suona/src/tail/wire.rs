//! The replies and pushes of the managed door, as far as `tail` looks into them.

use serde::Deserialize;
use serde_json::value::RawValue;

/// One message of the gateway; without anything in it, it is a ping.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    pub(super) id: u64,
    pub(super) error: Option<Refusal>,
    pub(super) push: Option<Push>,
    pub(super) connect: Option<Connected>,
    subscribe: Option<Subscription>,
    history: Option<History>,
}

/// Why a command was refused.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Refusal {
    pub(super) code: u32,
    pub(super) message: String,
    pub(super) temporary: bool,
}

/// We are let in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Connected {
    /// Seconds between two pings; 0 for none.
    pub(super) ping: u64,
    /// Whether pings want an answer.
    pub(super) pong: bool,
}

/// We hear a channel.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Subscription {
    pub(super) recoverable: bool,
    pub(super) epoch: String,
    pub(super) offset: u64,
    pub(super) was_recovering: bool,
    pub(super) recovered: bool,
    pub(super) publications: Vec<Publication>,
}

/// What a channel's stream holds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct History {
    pub(super) publications: Vec<Publication>,
    pub(super) epoch: String,
    pub(super) offset: u64,
}

/// A publication as it came, and what we need of it.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Box<RawValue>")]
pub(super) struct Publication {
    pub(super) raw: Box<RawValue>,
    /// 0 if the channel keeps no history.
    pub(super) offset: u64,
    pub(super) data: Box<RawValue>,
}

impl TryFrom<Box<RawValue>> for Publication {
    type Error = serde_json::Error;

    fn try_from(raw: Box<RawValue>) -> Result<Self, Self::Error> {
        #[derive(Deserialize)]
        struct Fields {
            #[serde(default)]
            offset: u64,
            data: Box<RawValue>,
        }
        let Fields { offset, data } = serde_json::from_str(raw.get())?;
        Ok(Self { raw, offset, data })
    }
}

/// What somebody tells us unasked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Push {
    pub(super) channel: String,
    #[serde(rename = "pub")]
    pub(super) publication: Option<Publication>,
    pub(super) join: Option<Box<RawValue>>,
    pub(super) leave: Option<Box<RawValue>>,
    pub(super) unsubscribe: Option<Ended>,
    pub(super) disconnect: Option<Ended>,
}

/// The end of a subscription or of the connection.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Ended {
    pub(super) code: u32,
    pub(super) reason: String,
}

/// What a command is answered with.
pub(super) trait Answer: Sized {
    /// Takes it out of the reply, if it is there.
    fn take(message: Message) -> Option<Self>;
}

impl Answer for Connected {
    fn take(message: Message) -> Option<Self> {
        message.connect
    }
}

impl Answer for Subscription {
    fn take(message: Message) -> Option<Self> {
        message.subscribe
    }
}

impl Answer for History {
    fn take(message: Message) -> Option<Self> {
        message.history
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publication_is_kept_as_it_came() {
        let text = r#"{"push":{"channel":"news","pub":{"data":{"a": 1.0},"offset":7,"tags":{"t":"1"}}}}"#;
        let message: Message = serde_json::from_str(text).unwrap();
        let push = message.push.unwrap();
        let publication = push.publication.unwrap();
        assert_eq!((push.channel.as_str(), publication.offset), ("news", 7));
        assert_eq!(publication.data.get(), r#"{"a": 1.0}"#);
        assert_eq!(publication.raw.get(), r#"{"data":{"a": 1.0},"offset":7,"tags":{"t":"1"}}"#);
    }

    #[test]
    fn a_ping_is_an_empty_message() {
        let message: Message = serde_json::from_str("{}").unwrap();
        assert!(message.id == 0 && message.push.is_none());
    }
}
