//! How a client takes over from its own old connection, which may look alive long after the phone has left it:
//! under the same id, so that nobody hears it leave and join.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use suona_protocol::{Channel, ClientInfo, Disconnect, DisconnectCode};

use super::{Action, Context, Introduction, Session, State, Subscription};

/// How long a client that took over may take to subscribe again, fetching tokens included. Then it has left
/// what it did not subscribe to.
const GRACE: Duration = Duration::from_secs(10);

/// What a connection leaves to the next one of the same client.
#[derive(Debug)]
pub struct Estate {
    /// The client's id.
    pub client: String,
    /// Where others still see it.
    pub channels: Vec<Legacy>,
}

/// One channel in which others still see the client.
#[derive(Clone, Debug)]
pub struct Legacy {
    channel: Channel,
    info: Arc<ClientInfo>,
    /// It is among those present.
    present: bool,
    /// The others were told that it came.
    announced: bool,
    /// It has subscribed again, and will leave as everybody does.
    taken: bool,
    /// When it has left unless it subscribed again, however often it is taken over meanwhile. Since its first
    /// heir is connected.
    until: Option<Instant>,
}

/// A client that is known, and whose old connection was asked for what it leaves.
#[derive(Debug)]
pub(super) struct Succeeding {
    id: u32,
    introduction: Introduction,
    /// When the client is sent away because there was no answer.
    pub(super) give_up: Instant,
}

impl Session {
    /// Before a client is let in, its old connection is asked for what it leaves. Gives the introduction back
    /// if there is nothing to wait for.
    pub(super) fn succeed(
        &mut self,
        id: u32,
        introduction: Introduction,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Option<Introduction> {
        let Some((key, opened)) = self.device.as_mut().and_then(|device| {
            let key = device.name(&introduction.user)?;
            Some((key, device.opened()))
        }) else {
            return Some(introduction);
        };
        let give_up = ctx.now.instant + ctx.rules.config.client.stale_close_delay;
        self.state = State::Succeeding(Box::new(Succeeding { id, introduction, give_up }));
        actions.push(Action::TakeOver { key, opened });
        None
    }

    /// The old connection has ended, if there was one; the client is let in.
    pub(super) fn inherited(&mut self, estate: Option<Estate>, ctx: Context<'_>, actions: &mut Vec<Action>) {
        if !matches!(self.state, State::Succeeding(_)) {
            return estate.into_iter().for_each(|estate| estate.bury(actions));
        }
        // Not `Closed`: whoever is not let in after all is told, and its estate buried.
        let meanwhile = State::Consulting(Box::default());
        let State::Succeeding(succeeding) = std::mem::replace(&mut self.state, meanwhile) else { return };
        if let Some((estate, device)) = estate.zip(self.device.as_mut()) {
            device.legacy = estate.channels;
            self.info = Arc::new(ClientInfo { client: estate.client, ..ClientInfo::default() });
        }
        let Succeeding { id, introduction, .. } = *succeeding;
        let outcome = self.admit(id, introduction, ctx, actions);
        self.tell(id, outcome, actions);
    }

    /// Ends, and leaves everything to a newer connection of the same client, as far as it may have that many
    /// channels.
    ///
    /// The code is final: should this connection be heard after all, it is by somebody who must not take
    /// over in turn.
    pub fn bequeath(&mut self, ctx: Context<'_>, actions: &mut Vec<Action>) -> Option<Estate> {
        let why = Disconnect::custom(DisconnectCode::ForceDisconnect.code(), "taken over");
        if !matches!(self.state, State::Connecting(_) | State::Connected) {
            self.close(why, actions);
            return None;
        }
        actions.push(Action::Close(why));
        self.state = State::Closed;
        let mut channels = Vec::new();
        for subscription in std::mem::take(&mut self.subscriptions) {
            actions.push(Action::Leave(subscription.channel.clone(), None));
            channels.push(Legacy::of(subscription));
        }
        let older = self.device.take().map_or_else(Vec::new, |device| device.legacy);
        for legacy in merge(&mut channels, older) {
            if legacy.is_past(ctx.now.instant) {
                legacy.bury(actions);
            } else {
                channels.push(legacy);
            }
        }
        channels.retain(|legacy| legacy.present || legacy.announced);
        let limit = channels.len().min(ctx.rules.config.client.channel_limit);
        channels.drain(limit..).for_each(|legacy| legacy.bury(actions));
        Some(Estate { client: self.info.client.clone(), channels })
    }

    /// Tells the others that the client came, unless they never heard it go.
    pub(super) fn announce(&mut self, channel: &Channel, actions: &mut Vec<Action>) {
        let Some(subscription) = self.subscription(channel) else { return };
        let (features, info) = (subscription.features, subscription.info.clone());
        let legacy = self.device.iter_mut().flat_map(|device| &mut device.legacy);
        let legacy = legacy.into_iter().find(|legacy| legacy.channel == *channel && !legacy.taken);
        let (mut was_present, mut was_announced) = (false, false);
        if let Some(legacy) = legacy {
            legacy.taken = true;
            (was_present, was_announced) = (legacy.present, legacy.announced);
        }
        if was_present && !features.presence {
            actions.push(Action::RemovePresence(channel.clone(), info.clone()));
        }
        match (was_announced, features.announced) {
            (false, true) => actions.push(Action::AnnounceJoin(channel.clone(), info)),
            (true, false) => actions.push(Action::AnnounceLeave(channel.clone(), info)),
            (true, true) | (false, false) => {}
        }
    }

    /// The client is connected: from now on it may take so long to subscribe again.
    pub(super) fn begin_grace(&mut self, now: Instant) {
        let Some(device) = &mut self.device else { return };
        for legacy in &mut device.legacy {
            legacy.until.get_or_insert(now + GRACE);
        }
        device.grace = device.legacy.iter().filter_map(|legacy| legacy.until).min();
    }

    /// Leaves what the client did not subscribe to again in time. What it is just joining is not decided yet.
    pub(super) fn end_grace(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let Some(mut device) = self.device.take() else { return };
        device.grace = None;
        for legacy in std::mem::take(&mut device.legacy) {
            let look_at = match legacy.until.filter(|_| legacy.is_past(now)) {
                Some(_) if legacy.taken => continue,
                Some(_) if self.subscription(&legacy.channel).is_some() => Some(now + GRACE),
                Some(_) => {
                    legacy.bury(actions);
                    continue;
                }
                None => legacy.until,
            };
            device.grace = [device.grace, look_at].into_iter().flatten().min();
            device.legacy.push(legacy);
        }
        self.device = Some(device);
    }

    /// The client is gone, and leaves whatever it did not subscribe to again.
    pub(super) fn renounce_all(&mut self, actions: &mut Vec<Action>) {
        let Some(device) = &mut self.device else { return };
        device.grace = None;
        for legacy in std::mem::take(&mut device.legacy) {
            legacy.bury(actions);
        }
    }

    /// Leaves one channel to which the client did not subscribe again.
    pub(super) fn renounce(&mut self, channel: &Channel, actions: &mut Vec<Action>) {
        let Some(device) = &mut self.device else { return };
        if let Some(at) = device.legacy.iter().position(|legacy| legacy.channel == *channel) {
            device.legacy.swap_remove(at).bury(actions);
        }
    }

    /// The subscriptions that had begun are void: the others still see the client as its old connection left it.
    pub(super) fn give_back(&mut self) {
        for legacy in self.device.iter_mut().flat_map(|device| &mut device.legacy) {
            legacy.taken = false;
        }
    }
}

impl Estate {
    /// Nobody takes it: the client has left.
    pub fn bury(self, actions: &mut Vec<Action>) {
        for legacy in self.channels {
            legacy.bury(actions);
        }
    }
}

impl Legacy {
    /// What is left of a subscription.
    fn of(subscription: Subscription) -> Self {
        let Subscription { channel, features, info, joined, .. } = subscription;
        let (present, announced) = (features.presence, features.announced && joined);
        Self { channel, info, present, announced, taken: false, until: None }
    }

    fn is_past(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    fn bury(self, actions: &mut Vec<Action>) {
        if self.taken {
            return;
        }
        if self.present {
            actions.push(Action::RemovePresence(self.channel.clone(), self.info.clone()));
        }
        if self.announced {
            actions.push(Action::AnnounceLeave(self.channel, self.info));
        }
    }
}

/// Adds what is known of the same channels from before to `subscribed`, which is sorted, and gives back what is
/// left of other channels.
fn merge(subscribed: &mut [Legacy], mut older: Vec<Legacy>) -> Vec<Legacy> {
    older.retain(|legacy| {
        if legacy.taken {
            return false;
        }
        let Ok(at) = subscribed.binary_search_by(|one| one.channel.cmp(&legacy.channel)) else { return true };
        subscribed[at].present |= legacy.present;
        subscribed[at].announced |= legacy.announced;
        false
    });
    older
}
