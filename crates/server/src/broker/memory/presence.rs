//! Who is present in the channels of one stripe.

use std::{
    borrow::Borrow,
    collections::{HashMap, HashSet},
    hash::{Hash, Hasher},
    sync::Arc,
};

use suona_protocol::{Channel, ClientInfo, PresenceStatsResult};

/// Who is present in which channel. A channel without anybody takes no memory.
#[derive(Default)]
pub(super) struct Presence(HashMap<Channel, HashSet<Present>>);

/// Someone present, found by the client's id.
struct Present(Arc<ClientInfo>);

impl Borrow<str> for Present {
    fn borrow(&self) -> &str {
        &self.0.client
    }
}

impl Hash for Present {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.client.hash(state);
    }
}

impl PartialEq for Present {
    fn eq(&self, other: &Self) -> bool {
        self.0.client == other.0.client
    }
}

impl Eq for Present {}

impl Presence {
    /// From now on `info.client` is present; if it was already, its info is replaced.
    pub(super) fn add(&mut self, channel: &Channel, info: Arc<ClientInfo>) {
        self.0.entry(channel.clone()).or_default().replace(Present(info));
    }

    /// From now on `client` is not present.
    pub(super) fn remove(&mut self, channel: &Channel, client: &str) {
        if let Some(present) = self.0.get_mut(channel) {
            present.remove(client);
            if present.is_empty() {
                self.0.remove(channel);
            }
        }
    }

    /// Who is present, in no order.
    pub(super) fn of(&self, channel: &Channel) -> Vec<Arc<ClientInfo>> {
        self.0.get(channel).into_iter().flatten().map(|present| present.0.clone()).collect()
    }
}

/// Counts connections and different users.
pub(super) fn stats(present: &[Arc<ClientInfo>]) -> PresenceStatsResult {
    let users: HashSet<&str> = present.iter().map(|info| info.user.as_str()).collect();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    PresenceStatsResult { num_clients: count(present.len()), num_users: count(users.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_channel_takes_no_memory() {
        let mut presence = Presence::default();
        let channel = Channel::from("room");
        presence.add(&channel, Arc::new(ClientInfo { client: "a".into(), ..ClientInfo::default() }));
        presence.remove(&channel, "b");
        assert_eq!(presence.0.len(), 1);
        presence.remove(&channel, "a");
        assert!(presence.0.is_empty());
    }
}
