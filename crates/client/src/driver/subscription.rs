//! What an app hears: streams that end when they are dropped.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use suona_protocol::{Channel, ClientInfo, Payload, heard::Publication};
use tokio::sync::mpsc;

use super::{
    engine::Request,
    inbox::{Inbox, Item},
};
use crate::{
    Fault,
    client::{Position, Standing},
};

/// What happens in a channel.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ChannelEvent {
    /// It is heard from now on. [`Standing::Gap`] comes too where the listener itself was too slow and missed something:
    /// 1,024 events or 16 MiB may wait for it.
    Subscribed(Standing),
    /// Somebody published.
    Publication(Publication),
    /// Somebody began to hear it.
    Join(ClientInfo),
    /// Somebody hears it no more.
    Leave(ClientInfo),
    /// Where we stand, to be saved, if the subscription asked for that; what came before has been taken.
    Position(Option<Position>),
    /// It is heard no more, for good. The stream ends. However slow a listener is, this comes.
    Ended(Fault),
}

impl Item for ChannelEvent {
    const GAP: Option<Self> = Some(Self::Subscribed(Standing::Gap));

    fn bytes(&self) -> usize {
        match self {
            Self::Publication(Publication { data, info, tags, json, .. }) => {
                let tags: usize = tags.iter().map(|(key, value)| key.len() + value.len()).sum();
                data.len() + json.len() + tags + info.as_deref().map_or(0, weight)
            }
            Self::Join(info) | Self::Leave(info) => weight(info),
            Self::Subscribed(_) | Self::Position(_) | Self::Ended(_) => 0,
        }
    }
}

fn weight(ClientInfo { user, client, conn_info, chan_info }: &ClientInfo) -> usize {
    let extra = |payload: &Option<Payload>| payload.as_ref().map_or(0, Payload::len);
    user.len() + client.len() + extra(conn_info) + extra(chan_info)
}

/// One listener of a channel: a stream of [`ChannelEvent`]s. Dropping it leaves the channel, if it was the last.
#[derive(Debug)]
#[must_use = "who drops it leaves the channel"]
pub struct Subscription {
    pub(super) channel: Channel,
    pub(super) inbox: Inbox<ChannelEvent>,
    pub(super) requests: mpsc::UnboundedSender<Request>,
}

impl Subscription {
    /// The channel.
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// What happens next; `None` once the subscription or the client has ended. Cancel safe: nothing is lost if this is
    /// dropped before it is ready.
    pub async fn next(&mut self) -> Option<ChannelEvent> {
        poll_fn(|context| self.inbox.poll(context)).await
    }

    /// The publications alone, for those who can do without word of gaps and of the end.
    pub fn publications(self) -> Publications {
        Publications(self)
    }
}

impl Stream for Subscription {
    type Item = ChannelEvent;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<ChannelEvent>> {
        self.inbox.poll(context)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.inbox.desert();
        let _ = self.requests.send(Request::Leave { channel: self.channel.clone() });
    }
}

/// The publications of a channel, as a stream. Dropping it leaves the channel, if it was the last that listens.
#[derive(Debug)]
#[must_use = "who drops it leaves the channel"]
pub struct Publications(Subscription);

impl Publications {
    /// The next publication; `None` once the subscription or the client has ended. Cancel safe: nothing is lost if this
    /// is dropped before it is ready.
    pub async fn next(&mut self) -> Option<Publication> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl Stream for Publications {
    type Item = Publication;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Publication>> {
        loop {
            match ready!(self.0.inbox.poll(context)) {
                Some(ChannelEvent::Publication(publication)) => return Poll::Ready(Some(publication)),
                Some(_) => {}
                None => return Poll::Ready(None),
            }
        }
    }
}

impl Item for Payload {
    const GAP: Option<Self> = None;

    fn bytes(&self) -> usize {
        self.len()
    }
}

/// Messages of the server to this client alone, as a stream. 1,024 of them or 16 MiB may wait for the listener.
#[derive(Debug)]
#[must_use = "messages are heard by who keeps it"]
pub struct Messages(pub(super) Inbox<Payload>);

impl Messages {
    /// How many messages came while too many were waiting, and are gone.
    pub fn missed(&self) -> u64 {
        self.0.missed()
    }

    /// The next message; `None` once the client has ended. Cancel safe: nothing is lost if this is dropped before it is
    /// ready.
    pub async fn next(&mut self) -> Option<Payload> {
        poll_fn(|context| self.0.poll(context)).await
    }
}

impl Stream for Messages {
    type Item = Payload;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Payload>> {
        self.0.poll(context)
    }
}
