//! Channels that belong to one user, and users whom a proxy vouches for.

use std::sync::Arc;

use suona_protocol::{Channel, ClientInfo};

use super::{Context, Introduction, ServerSub, Session};

impl Session {
    /// A proxy says who the client is, should it have no token.
    pub fn vouch_for(&mut self, user: &str) {
        self.info = Arc::new(ClientInfo { user: user.to_owned(), ..(*self.info).clone() });
    }
}

impl Introduction {
    /// Somebody whom a proxy vouches for.
    pub(super) fn vouched(user: &str) -> Self {
        Self { user: user.to_owned(), proved: true, ..Self::default() }
    }

    /// Adds the user's own channel, if users have one. A user that is merely claimed has none.
    pub(super) fn subscribe_personally(&mut self, ctx: Context<'_>) {
        let config = &ctx.rules.config;
        let personal = &config.client.subscribe_to_user_personal_channel;
        if !personal.enabled || !self.proved || self.user.is_empty() {
            return;
        }
        let channel = Channel::new(personal.of(&self.user, &config.channels));
        if self.subs.iter().all(|sub| sub.channel != channel) {
            self.subs.push(ServerSub::new(channel, true));
        }
    }
}
