//! How connections of the same client follow one another, on one shard or across two.

use std::sync::Arc;

use super::Shard;
use crate::{
    Now,
    hub::{Address, Errand, Holder},
    io::ConnectionId,
    session::{Context, DeviceKey, Estate, Input},
};

impl Shard {
    /// Asks the old connection of a client for what it leaves; the answer is an errand, even if there is none.
    pub(super) fn take_over(&self, id: ConnectionId, key: Arc<DeviceKey>) {
        let heir = Holder { address: self.address(id), errands: self.commons.way_to(self.id).clone() };
        let old = self.commons.devices.replace(key, heir.clone());
        let asked = old.is_some_and(|old| old.errands.send(Errand::Bequeath(old.address.id, heir)).is_ok());
        if !asked {
            // A shard that is gone asks for nothing any more.
            let _ = self.commons.way_to(self.id).send(Errand::Inherit(id, None));
        }
    }

    /// Ends a connection and leaves what it has to `heir`.
    pub(super) fn bequeath(&mut self, id: ConnectionId, heir: &Holder, now: Now) {
        let mut actions = Vec::new();
        let ctx = Context { rules: &self.commons.rules, now, room: false };
        let estate = self.connections.get_mut(id).and_then(|old| old.session.bequeath(ctx, &mut actions));
        self.carry_out(id, &mut actions, now);
        if let Err(unsent) = heir.errands.send(Errand::Inherit(heir.address.id, estate.map(Box::new)))
            && let Errand::Inherit(_, Some(estate)) = unsent.0
        {
            self.bury(id, *estate, now);
        }
    }

    /// Hands over what the old connection left.
    pub(super) fn inherit(&mut self, id: ConnectionId, estate: Option<Box<Estate>>, now: Now) {
        match (self.connections.get_mut(id), estate) {
            (None, Some(estate)) => self.bury(id, *estate, now),
            (_, estate) => self.handle(id, Input::Inherited(estate.map(|estate| *estate)), now),
        }
    }

    /// The heir is gone too.
    fn bury(&mut self, id: ConnectionId, estate: Estate, now: Now) {
        let mut actions = Vec::new();
        estate.bury(&mut actions);
        self.carry_out(id, &mut actions, now);
    }

    pub(super) fn address(&self, id: ConnectionId) -> Address {
        Address { shard: self.id, id }
    }
}
