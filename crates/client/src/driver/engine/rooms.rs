//! Who listens to which channel. All who listen to the same share one subscription.

use std::{collections::HashMap, sync::Arc};

use suona_protocol::Channel;

use crate::{
    client::Standing,
    driver::{ChannelEvent, inbox::Inbox},
};

#[derive(Debug, Default)]
pub(super) struct Rooms(HashMap<Channel, Room>);

#[derive(Debug, Default)]
struct Room {
    inboxes: Vec<Arc<Inbox<ChannelEvent>>>,
    is_heard: bool,
}

impl Rooms {
    /// Somebody listens. True if nobody did.
    pub(super) fn enter(&mut self, channel: &Channel, inbox: Arc<Inbox<ChannelEvent>>) -> bool {
        let room = self.0.entry(channel.clone()).or_default();
        if room.is_heard {
            inbox.put(ChannelEvent::Subscribed(Standing::Fresh));
        }
        room.inboxes.push(inbox);
        room.inboxes.len() == 1
    }

    /// Somebody listens no more. True if nobody does now.
    pub(super) fn leave(&mut self, channel: &Channel, inbox: &Arc<Inbox<ChannelEvent>>) -> bool {
        let Some(room) = self.0.get_mut(channel) else { return false };
        let before = room.inboxes.len();
        room.inboxes.retain(|one| !Arc::ptr_eq(one, inbox));
        let is_empty = room.inboxes.is_empty() && before > 0;
        if is_empty {
            self.0.remove(channel);
        }
        is_empty
    }

    pub(super) fn tell(&mut self, channel: &Channel, event: &ChannelEvent) {
        let Some(room) = self.0.get_mut(channel) else { return };
        room.is_heard |= matches!(event, ChannelEvent::Subscribed(_));
        room.inboxes.iter().for_each(|inbox| inbox.put(event.clone()));
    }

    /// The channel is heard no more.
    pub(super) fn end(&mut self, channel: &Channel) {
        let room = self.0.remove(channel).unwrap_or_default();
        room.inboxes.iter().for_each(|inbox| inbox.close());
    }

    /// No channel is heard any more.
    pub(super) fn close(&mut self) {
        let inboxes = self.0.values().flat_map(|room| &room.inboxes);
        inboxes.for_each(|inbox| inbox.close());
        self.0.clear();
    }
}
