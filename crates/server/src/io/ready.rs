//! Which sockets have something to do, without a task for each.

use std::{
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

/// The slots whose sockets became ready since the shard last looked, each once.
#[derive(Default)]
pub(super) struct ReadyList(Mutex<Rung>);

#[derive(Default)]
struct Rung {
    slots: Vec<u32>,
    /// By slot: whether it stands in the list.
    listed: Vec<bool>,
    /// The shard, while it waits.
    shard: Option<Waker>,
}

/// Puts a slot on the list when its socket's readiness wakes it.
struct Doorbell {
    slot: u32,
    list: Arc<ReadyList>,
}

impl Wake for Doorbell {
    fn wake(self: Arc<Self>) {
        self.list.ring(self.slot);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.list.ring(self.slot);
    }
}

impl ReadyList {
    /// The waker to give to a socket.
    pub(super) fn doorbell(self: &Arc<Self>, slot: u32) -> Waker {
        Arc::new(Doorbell { slot, list: self.clone() }).into()
    }

    /// Puts `slot` on the list and wakes the shard, if it waits.
    pub(super) fn ring(&self, slot: u32) {
        let shard = self.with(|rung| {
            let at = slot as usize;
            if rung.listed.len() <= at {
                rung.listed.resize(at + 1, false);
            }
            if !std::mem::replace(&mut rung.listed[at], true) {
                rung.slots.push(slot);
            }
            rung.shard.take()
        });
        if let Some(shard) = shard {
            shard.wake();
        }
    }

    /// Exchanges the list with an empty one, if somebody rang.
    pub(super) fn poll(&self, cx: &mut Context<'_>, empty: &mut Vec<u32>) -> Poll<()> {
        self.with(|rung| {
            if rung.slots.is_empty() {
                rung.shard = Some(cx.waker().clone());
                return Poll::Pending;
            }
            std::mem::swap(&mut rung.slots, empty);
            for slot in empty {
                rung.listed[*slot as usize] = false;
            }
            Poll::Ready(())
        })
    }

    fn with<R>(&self, change: impl FnOnce(&mut Rung) -> R) -> R {
        // Nothing that runs under the lock panics halfway through a change.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_rings_twice_stands_in_the_list_once() {
        let list = Arc::new(ReadyList::default());
        let mut cx = Context::from_waker(Waker::noop());
        let bell = list.doorbell(7);
        bell.wake_by_ref();
        bell.wake_by_ref();
        list.ring(3);
        let mut rung = Vec::new();
        assert!(list.poll(&mut cx, &mut rung).is_ready());
        assert_eq!(rung, [7, 3]);
        rung.clear();
        assert!(list.poll(&mut cx, &mut rung).is_pending());
        bell.wake();
        assert!(list.poll(&mut cx, &mut rung).is_ready());
        assert_eq!(rung, [7]);
    }
}
