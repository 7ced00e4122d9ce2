//! What a user may do on all its connections together.

use suona_protocol::Request;

use super::Shard;
use crate::{Now, io::ConnectionId, session::Input};

impl Shard {
    /// Counts a client's command among those of its user, and says so if that was one too many. Before the user
    /// is known, it goes on the slate.
    pub(super) fn count(&mut self, id: ConnectionId, input: Input, now: Now) -> Input {
        let Some(limit) = self.commons.user_commands.as_ref() else { return input };
        let Some(connection) = self.connections.get_mut(id) else { return input };
        let Input::Command(command) = input else { return input };
        if matches!(command.request, Request::Pong | Request::Connect(_)) {
            return Input::Command(command);
        }
        if !connection.session.is_connected() {
            connection.on_the_slate = connection.on_the_slate.saturating_add(1);
            return Input::Command(command);
        }
        match connection.session.info().user.as_str() {
            user if user.is_empty() || limit.take(user, now.instant) => Input::Command(command),
            _ => Input::Excess(command),
        }
    }

    /// Now that the user is known, it owes what is on the slate.
    pub(super) fn settle_slate(&mut self, id: ConnectionId, user: &str, now: Now) {
        let Some(limit) = self.commons.user_commands.as_ref() else { return };
        let Some(connection) = self.connections.get_mut(id) else { return };
        let owed = std::mem::take(&mut connection.on_the_slate);
        if owed > 0 && !user.is_empty() {
            limit.charge(user, owed.into(), now.instant);
        }
    }
}
