//! When a session is to be woken, and what is due then.

use std::time::Instant;

use suona_protocol::DisconnectCode;

use super::{Action, Context, Session, State, heartbeat::Beat};

impl Session {
    /// When to hand in [`Input::Woke`](super::Input::Woke).
    pub fn deadline(&self) -> Option<Instant> {
        let of_state = match self.state {
            State::New { stale_at } => Some(stale_at),
            State::Refused { drop_at } => return Some(drop_at),
            State::Succeeding(ref succeeding) => Some(succeeding.give_up),
            State::Connecting(ref connecting) => Some(connecting.give_up),
            State::Consulting(_) | State::Connected => None,
            State::Closed => return None,
        };
        let idle = self.manners.idle_timeout.map(|timeout| self.heard_at + timeout);
        let subscriptions = self.subscriptions.iter().filter_map(|subscription| subscription.ends_at).min();
        let grace = self.device.as_ref().and_then(|device| device.grace);
        [of_state, self.heartbeat.deadline(), self.ends_at, idle, subscriptions, grace]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does what is due.
    pub(super) fn woke(&mut self, ctx: Context<'_>, actions: &mut Vec<Action>) {
        let now = ctx.now.instant;
        let is_past = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        match &self.state {
            State::New { stale_at } if *stale_at <= now => return self.close(DisconnectCode::Stale, actions),
            State::Connecting(connecting) if connecting.give_up <= now => {
                return self.close(DisconnectCode::InternalError, actions);
            }
            State::Succeeding(succeeding) if succeeding.give_up <= now => {
                return self.close(DisconnectCode::InternalError, actions);
            }
            State::Refused { drop_at } if *drop_at <= now => {
                self.state = State::Closed;
                return actions.push(Action::Drop);
            }
            _ => {}
        }
        if is_past(self.ends_at) && !self.ask_to_stay(ctx, actions) {
            return self.close(DisconnectCode::ConnectionExpired, actions);
        }
        if is_past(self.manners.idle_timeout.map(|timeout| self.heard_at + timeout)) {
            return self.close(DisconnectCode::NoPong, actions);
        }
        if is_past(self.device.as_ref().and_then(|device| device.grace)) {
            self.end_grace(now, actions);
        }
        match self.heartbeat.woke(self.manners.ping, now) {
            Some(Beat::Ping) => actions.push(Action::Ping),
            Some(Beat::Dead) => return self.close(DisconnectCode::NoPong, actions),
            None => {}
        }
        self.end_expired_subscriptions(ctx, actions);
    }
}
