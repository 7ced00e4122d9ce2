//! Who listens to which channel. All who listen to the same share one subscription.

use std::collections::HashMap;

use suona_protocol::Channel;

use crate::{
    Fault,
    client::Standing,
    driver::{ChannelEvent, inbox::Feed},
};

#[derive(Debug, Default)]
pub(super) struct Rooms(HashMap<Channel, Room>);

#[derive(Debug, Default)]
struct Room {
    feeds: Vec<Feed<ChannelEvent>>,
    is_heard: bool,
}

impl Rooms {
    /// Somebody listens. True if nobody did.
    pub(super) fn enter(&mut self, channel: Channel, feed: Feed<ChannelEvent>) -> bool {
        let room = self.0.entry(channel).or_default();
        if room.is_heard {
            feed.put(ChannelEvent::Subscribed(Standing::Fresh));
        }
        room.feeds.push(feed);
        room.feeds.len() == 1
    }

    /// Somebody listens no more. True if nobody does now.
    pub(super) fn leave(&mut self, channel: &Channel) -> bool {
        let Some(room) = self.0.get_mut(channel) else { return false };
        room.feeds.retain(|feed| !feed.is_deserted());
        let is_empty = room.feeds.is_empty();
        if is_empty {
            self.0.remove(channel);
        }
        is_empty
    }

    pub(super) fn tell(&mut self, channel: &Channel, event: &ChannelEvent) {
        let Some(room) = self.0.get_mut(channel) else { return };
        room.is_heard |= matches!(event, ChannelEvent::Subscribed(_));
        room.feeds.iter().for_each(|feed| feed.put(event.clone()));
    }

    /// The connection is gone: whoever comes now is told when the channel is heard again.
    pub(super) fn fall_silent(&mut self) {
        self.0.values_mut().for_each(|room| room.is_heard = false);
    }

    /// The channel is heard no more.
    pub(super) fn end(&mut self, channel: &Channel, fault: &Fault) {
        let room = self.0.remove(channel).unwrap_or_default();
        room.feeds.into_iter().for_each(|feed| feed.end(ChannelEvent::Ended(fault.clone())));
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::driver::inbox::{Inbox, inbox};

    fn heard(inbox: &Inbox<ChannelEvent>) -> Poll<Option<ChannelEvent>> {
        inbox.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn who_comes_during_a_break_is_told_once_when_it_is_over() {
        let (mut rooms, channel) = (Rooms::default(), Channel::from("news"));
        let (first, _keep) = inbox();
        assert!(rooms.enter(channel.clone(), first));
        rooms.tell(&channel, &ChannelEvent::Subscribed(Standing::Fresh));
        rooms.fall_silent();
        let (late, inbox) = inbox();
        assert!(!rooms.enter(channel.clone(), late));
        assert_eq!(heard(&inbox), Poll::Pending);
        let recovered = ChannelEvent::Subscribed(Standing::Recovered);
        rooms.tell(&channel, &recovered);
        assert_eq!((heard(&inbox), heard(&inbox)), (Poll::Ready(Some(recovered)), Poll::Pending));
    }

    #[test]
    fn a_room_is_left_once_and_only_by_the_last() {
        let (mut rooms, channel) = (Rooms::default(), Channel::from("news"));
        let ((first, one), (second, other)) = (inbox(), inbox());
        rooms.enter(channel.clone(), first);
        rooms.enter(channel.clone(), second);
        drop(one);
        assert!(!rooms.leave(&channel));
        drop(other);
        assert!(rooms.leave(&channel));
        assert!(!rooms.leave(&channel));
    }
}
