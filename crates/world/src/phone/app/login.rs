//! Where an app finds its tokens: a login that is slow now and then, fails, and gives tokens that run out.

use std::collections::BTreeMap;

use suona_client::client::Input;
use suona_protocol::Channel;

use crate::{
    agenda::{EPOCH, Time},
    seed::Dice,
};

/// How long a login takes that is well, at most, in milliseconds.
pub const LOGIN: u64 = 300;

/// Where an app finds its tokens.
#[derive(Debug, Default)]
pub struct Login {
    /// Tokens that it looks for, by number: for a channel or for the connection, and in which of the client's logins.
    asks: BTreeMap<u64, (Option<Channel>, u64)>,
    next: u64,
    /// It never fails, and gives tokens that last.
    is_well: bool,
    /// Until when the last token of each channel is good, if it is not for ever.
    ends: BTreeMap<Channel, Time>,
}

impl Login {
    /// It works from now on, and gives tokens that last.
    pub fn is_well(&mut self) {
        self.is_well = true;
    }

    /// The tokens that it looks for.
    pub fn asks(&self) -> Vec<u64> {
        self.asks.keys().copied().collect()
    }

    /// When the last token of a channel runs out.
    pub fn end_of(&self, channel: &str) -> Option<Time> {
        self.ends.get(&Channel::from(channel)).copied()
    }

    /// Finds a token for a user, or fails to, unless it is not looking for that any more.
    pub fn token(
        &mut self,
        user: &str,
        ask: u64,
        is_sure: bool,
        now: Time,
        dice: &mut Dice,
    ) -> Option<Input> {
        let (channel, login) = self.asks.remove(&ask)?;
        if !is_sure && !self.is_well && dice.chance(5) {
            return Some(Input::TokenFailed { channel, login, reason: "the login is down".to_owned() });
        }
        let mut claims = serde_json::json!({ "sub": user });
        let ends = (!self.is_well && dice.chance(40)).then(|| now + dice.between(10_000, 60_000));
        if let Some(ends) = ends {
            claims["exp"] = (EPOCH + ends.since_begin()).as_secs().into();
        }
        if let Some(channel) = &channel {
            claims["channel"] = channel.as_str().into();
            match ends {
                Some(ends) => self.ends.insert(channel.clone(), ends),
                None => self.ends.remove(channel),
            };
        }
        Some(Input::Token { channel, login, token: Some(sign(&claims).into()) })
    }

    /// Looks for a token: the number of that, and how many milliseconds it takes.
    pub(in crate::phone) fn asked(
        &mut self,
        channel: Option<Channel>,
        login: u64,
        dice: &mut Dice,
    ) -> (u64, u64) {
        self.next += 1;
        self.asks.insert(self.next, (channel, login));
        let is_slow = !self.is_well && dice.chance(3);
        (self.next, if is_slow { dice.between(8_000, 12_000) } else { dice.between(0, LOGIN) })
    }

    /// The app that looked for tokens is gone.
    pub(super) fn forget_asks(&mut self) {
        self.asks.clear();
    }
}

fn sign(claims: &serde_json::Value) -> String {
    let key = jsonwebtoken::EncodingKey::from_secret(b"a secret of at least thirty-two bytes");
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), claims, &key).expect("claims are JSON")
}
