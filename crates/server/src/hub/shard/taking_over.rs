//! How connections of the same client follow one another, on one shard or across several.
//!
//! Several may come before the first has been given what the oldest leaves. Each of them hands on what it waits
//! for, to whichever asks next, though its own connection has ended meanwhile: the last one gets it.

use std::{collections::HashMap, sync::Arc, time::Instant};

use super::Shard;
use crate::{
    Now,
    hub::{Address, Errand, Holder, Overtaken},
    io::ConnectionId,
    session::{Context, DeviceKey, Estate, Input},
};

/// The connections that wait for what an older one leaves, whether they still live or not. An answer comes for
/// each.
pub(super) type Successions = HashMap<ConnectionId, Succession>;

/// What a connection is about to take over.
pub(super) struct Succession {
    key: Arc<DeviceKey>,
    /// Who gets it instead, since it is newer.
    heir: Option<Holder>,
}

impl Shard {
    /// Asks the old connection of a client for what it leaves; the answer is an errand, even if there is none.
    pub(super) fn take_over(
        &mut self,
        id: ConnectionId,
        key: Arc<DeviceKey>,
        opened: Instant,
    ) -> Result<(), Overtaken> {
        let errands = self.commons.way_to(self.id);
        let heir = Holder { address: self.address(id), opened, errands: errands.clone() };
        let old = self.commons.devices.replace(key.clone(), heir.clone())?;
        let asked = old.is_some_and(|old| old.errands.send(Errand::Bequeath(old.address.id, heir)).is_ok());
        if !asked {
            // A shard that is gone asks for nothing any more.
            let _ = errands.send(Errand::Inherit(id, None));
        }
        self.successions.insert(id, Succession { key, heir: None });
        Ok(())
    }

    /// Ends a connection and leaves what it has to `heir`, or what it is about to get.
    pub(super) fn bequeath(&mut self, id: ConnectionId, heir: Holder, now: Now) {
        let mut actions = Vec::new();
        let ctx = Context { rules: &self.commons.rules, now, room: false };
        let estate = self.connections.get_mut(id).and_then(|old| old.session.bequeath(ctx, &mut actions));
        self.carry_out(id, &mut actions, now);
        match self.successions.get_mut(&id) {
            Some(succession) => succession.heir = Some(heir),
            None => self.hand_on(id, &heir, estate.map(Box::new), now),
        }
    }

    /// Takes what the old connection left, for this one or for a newer one.
    pub(super) fn inherit(&mut self, id: ConnectionId, estate: Option<Box<Estate>>, now: Now) {
        let Some(Succession { key, heir }) = self.successions.remove(&id) else { return };
        if let Some(heir) = heir {
            return self.hand_on(id, &heir, estate, now);
        }
        if self.connections.get_mut(id).is_none_or(|one| one.session.is_closed()) {
            self.commons.devices.remove(&key, self.address(id));
        }
        match (self.connections.get_mut(id), estate) {
            (None, Some(estate)) => self.bury(id, *estate, now),
            (_, estate) => self.handle(id, Input::Inherited(estate.map(|estate| *estate)), now),
        }
    }

    /// Forgets which client was on a connection that has ended, unless something is still to come for it.
    pub(super) fn forget_device(&mut self, id: ConnectionId) {
        let address = self.address(id);
        if let Some(connection) = self.connections.get_mut(id)
            && let Some(key) = connection.session.device()
            && !self.successions.contains_key(&id)
        {
            self.commons.devices.remove(key, address);
        }
    }

    fn hand_on(&mut self, id: ConnectionId, heir: &Holder, estate: Option<Box<Estate>>, now: Now) {
        if let Err(unsent) = heir.errands.send(Errand::Inherit(heir.address.id, estate))
            && let Errand::Inherit(_, Some(estate)) = unsent.0
        {
            self.bury(id, *estate, now);
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
