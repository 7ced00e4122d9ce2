//! On whose behalf a webhook is asked.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use suona_protocol::ClientInfo;

/// Who asks, where one must not stand in for many: all connections of a user are one asker, each connection
/// without a user is one by itself.
#[derive(Clone)]
pub(super) struct Asker(Arc<ClientInfo>);

impl Asker {
    pub(super) fn new(info: &Arc<ClientInfo>) -> Self {
        Self(info.clone())
    }

    /// No user has the name of a client: the first part tells them apart.
    fn name(&self) -> (bool, &str) {
        let has_user = !self.0.user.is_empty();
        (has_user, if has_user { &self.0.user } else { &self.0.client })
    }
}

impl PartialEq for Asker {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Asker {}

impl Hash for Asker {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

#[cfg(test)]
pub(super) fn asker(user: &str, client: &str) -> Asker {
    let (user, client) = (user.to_owned(), client.to_owned());
    Asker::new(&Arc::new(ClientInfo { user, client, ..ClientInfo::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connections_of_a_user_are_one_and_those_without_a_user_one_each() {
        assert!(asker("ann", "1") == asker("ann", "2"));
        assert!(asker("ann", "1") != asker("bob", "1"));
        assert!(asker("", "1") != asker("", "2"));
        assert!(asker("", "ann") != asker("ann", "1"), "a client is no user of that name");
    }
}
