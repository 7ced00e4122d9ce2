//! What an app hears: streams that end when they are dropped.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use suona_protocol::{Channel, ClientInfo, Payload, heard::Publication};
use tokio::sync::mpsc;

use super::{engine::Request, inbox::Inbox};
use crate::{
    Fault,
    client::{Position, Standing},
};

/// What happens in a channel.
#[derive(Clone, Debug, PartialEq)]
pub enum ChannelEvent {
    /// It is heard from now on. [`Standing::Gap`] comes too where the listener itself was too slow and missed something:
    /// a thousand events may wait for it.
    Subscribed(Standing),
    /// Somebody published.
    Publication(Publication),
    /// Somebody began to hear it.
    Join(ClientInfo),
    /// Somebody hears it no more.
    Leave(ClientInfo),
    /// Where we stand, to be saved, if the subscription asked for that; what came before has been taken.
    Position(Option<Position>),
    /// It is heard no more, for good. The stream ends.
    Ended(Fault),
}

/// One listener of a channel: a stream of [`ChannelEvent`]s. Dropping it leaves the channel, if it was the last.
#[derive(Debug)]
pub struct Subscription {
    pub(super) channel: Channel,
    pub(super) inbox: Arc<Inbox<ChannelEvent>>,
    pub(super) requests: mpsc::UnboundedSender<Request>,
}

impl Subscription {
    /// The channel.
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// What happens next; `None` once the subscription or the client has ended.
    pub async fn next(&mut self) -> Option<ChannelEvent> {
        poll_fn(|context| self.inbox.poll(context)).await
    }

    /// The publications alone, for those who can do without word of gaps.
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
        let (channel, inbox) = (self.channel.clone(), self.inbox.clone());
        let _ = self.requests.send(Request::Leave { channel, inbox });
    }
}

/// The publications of a channel, as a stream.
#[derive(Debug)]
pub struct Publications(Subscription);

impl Publications {
    /// The next publication; `None` once the subscription or the client has ended.
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

/// Messages of the server to this client alone, as a stream.
#[derive(Debug)]
pub struct Messages(pub(super) Arc<Inbox<Payload>>);

impl Messages {
    /// The next message; `None` once the client has ended.
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
