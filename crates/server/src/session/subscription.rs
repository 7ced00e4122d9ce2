//! One channel of one client, and what it is entitled to there.

use std::{sync::Arc, time::Instant};

use suona_protocol::{Channel, ClientInfo, DisconnectCode, Encoded, Push, PushEvent, UnsubscribeCode};

use super::{
    Action, Session,
    joining::{Budget, Hole, Joined, Joining},
};

/// One channel of one client.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) channel: Channel,
    pub(super) side: Side,
    pub(super) features: Features,
    /// Who this client is to the others in the channel.
    pub(super) info: Arc<ClientInfo>,
    /// When it ends unless its token is refreshed, grace included.
    pub(super) ends_at: Option<Instant>,
    pub(super) stage: Stage,
    /// Whether it is in effect, so that the others were told of it if they are told.
    pub(super) joined: bool,
}

/// Who asked for a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

/// What a subscription may count on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Features {
    /// Its position is tracked; a gap is noticed.
    pub(super) positioned: bool,
    /// What was missed can be had after a break.
    pub(super) recoverable: bool,
    /// Of what was missed, the latest publication stands for all.
    pub(super) latest_only: bool,
    /// The others can see it.
    pub(super) presence: bool,
    /// Its coming and going is announced.
    pub(super) announced: bool,
    /// It hears others come and go.
    pub(super) hears_joins: bool,
}

/// How far a subscription has come.
#[derive(Debug)]
pub(super) enum Stage {
    /// The broker was asked, and has not answered.
    Joining(Box<Joining>),
    /// The client knows that it is subscribed.
    Active,
}

impl Subscription {
    /// Comes into effect; `None` if it was in effect already. See [`Joining::finish`].
    pub(super) fn start(&mut self, budget: &mut Budget) -> Option<Result<Joined, Hole>> {
        match std::mem::replace(&mut self.stage, Stage::Active) {
            Stage::Joining(joining) => Some(joining.finish(self.features, &self.info, budget)),
            Stage::Active => None,
        }
    }
}

impl Session {
    /// A positioned subscription missed something: it must recover.
    pub(super) fn gap(&mut self, channel: &Channel, actions: &mut Vec<Action>) {
        match self.subscription(channel).map(|one| one.side) {
            Some(Side::Client) => {
                self.unsubscribe_by_server(channel.clone(), UnsubscribeCode::InsufficientState, actions);
            }
            Some(Side::Server) => self.close(DisconnectCode::InsufficientState, actions),
            None => {}
        }
    }

    pub(super) fn unsubscribe_by_server(
        &mut self,
        channel: Channel,
        code: UnsubscribeCode,
        actions: &mut Vec<Action>,
    ) {
        if !self.is_connected() {
            return;
        }
        if let Some(subscription) = self.remove_subscription(&channel) {
            leave(subscription, Some(code), actions);
        }
        actions.push(Action::Push(Push { channel, event: PushEvent::Unsubscribe(code) }));
    }

    pub(super) fn early(&mut self, publication: Arc<Encoded>) {
        if let Some(Subscription { stage: Stage::Joining(joining), features, .. }) =
            self.subscription_mut(publication.channel())
            && features.positioned
        {
            joining.buffer(publication);
        }
    }

    pub(super) fn find(&self, channel: &Channel) -> Result<usize, usize> {
        self.subscriptions.binary_search_by(|one| one.channel.cmp(channel))
    }

    pub(super) fn subscription(&self, channel: &Channel) -> Option<&Subscription> {
        self.find(channel).ok().map(|at| &self.subscriptions[at])
    }

    pub(super) fn subscription_mut(&mut self, channel: &Channel) -> Option<&mut Subscription> {
        self.find(channel).ok().map(|at| &mut self.subscriptions[at])
    }

    pub(super) fn remove_subscription(&mut self, channel: &Channel) -> Option<Subscription> {
        self.find(channel).ok().map(|at| self.subscriptions.remove(at))
    }
}

/// Undoes a subscription in the world outside; `why` is the server's reason, if it is the server's wish.
pub(super) fn leave(subscription: Subscription, why: Option<UnsubscribeCode>, actions: &mut Vec<Action>) {
    let Subscription { channel, features, info, joined, .. } = subscription;
    actions.push(Action::Leave(channel.clone(), why));
    if features.presence {
        actions.push(Action::RemovePresence(channel.clone(), info.clone()));
    }
    if features.announced && joined {
        actions.push(Action::AnnounceLeave(channel, info));
    }
}
