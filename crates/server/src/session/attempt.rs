//! A command that must not be carried out twice: by what a repeat of it is recognised.

use std::fmt::Write;

use suona_protocol::{ErrorCode, Payload};

use super::{Session, Trouble};
use crate::broker::MAX_KEY_LEN;

/// A command with an idempotency key. Whoever is the same actor, does the same act to the same target with the
/// same key, repeats it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Who does it.
    pub actor: Box<str>,
    /// Whether nobody knows who that is: it may be someone else on each connection.
    pub is_anonymous: bool,
    /// What it does.
    pub act: Act,
    /// The method or the channel.
    pub target: Box<str>,
    /// What the client calls this very command.
    pub key: Box<str>,
    /// A repeat has the same one.
    pub payload: Option<Payload>,
    /// Whether the client reads what is no JSON. So does one that repeats it, or it could not read the answer.
    pub reads_binary: bool,
}

/// What is not done twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// The backend answers a request.
    Rpc,
    /// The backend decides about a publication.
    Decide,
    /// A publication goes out.
    Publish,
}

impl Attempt {
    /// The key by which the broker tells this publication from others of its channel. Two actors' keys never
    /// meet, since the length says where the actor ends, nor do they meet the backend's own, which are sane
    /// enough not to begin with a zero.
    pub fn broker_key(&self) -> String {
        let mut key = String::with_capacity(8 + self.actor.len() + self.key.len());
        write!(key, "\0{}:{}{}", self.actor.len(), self.actor, self.key).expect("a String takes all");
        key
    }
}

impl Session {
    /// What a command with this key is recognised by; `None` if it has none.
    pub(super) fn attempt(
        &self,
        act: Act,
        target: &str,
        key: &str,
        payload: Option<&Payload>,
    ) -> Result<Option<Box<Attempt>>, Trouble> {
        if key.len() > MAX_KEY_LEN {
            return Err(ErrorCode::BadRequest.into());
        }
        Ok((!key.is_empty()).then(|| {
            Box::new(Attempt {
                actor: self.actor(),
                is_anonymous: self.info.user.is_empty(),
                act,
                target: target.into(),
                key: key.into(),
                payload: payload.cloned(),
                reads_binary: self.manners.reads_binary,
            })
        }))
    }

    /// As whom it did what it did, if nobody will ever be that again once this connection has ended.
    pub fn mortal_actor(&self) -> Option<Box<str>> {
        (self.info.user.is_empty() && self.device.is_none()).then(|| self.actor())
    }

    /// A user is the same on all its connections; an anonymous client is nobody but itself, as long as it is
    /// known to be that.
    fn actor(&self) -> Box<str> {
        let (kind, name) = match (self.info.user.as_str(), &self.device) {
            ("", Some(device)) => ("session", device.secret()),
            ("", None) => ("client", self.info.client.as_str()),
            (user, _) => ("user", user),
        };
        format!("{kind} {name}").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_actor_can_name_a_key_of_another() {
        let attempt = |actor: &str, key: &str| Attempt {
            actor: actor.into(),
            is_anonymous: false,
            act: Act::Publish,
            target: "news".into(),
            key: key.into(),
            payload: None,
            reads_binary: false,
        };
        let keys = [("user a", "bc"), ("user ab", "c"), ("user 1", "5:x"), ("user 1\u{0}", "5:x")];
        let keys = keys.map(|(actor, key)| attempt(actor, key).broker_key());
        for (index, key) in keys.iter().enumerate() {
            assert!(keys[index + 1..].iter().all(|other| other != key), "{key:?}");
        }
    }
}
