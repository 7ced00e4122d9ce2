//! Tells a shard that letters came, and wakes it only where it sleeps.

use std::{
    io,
    sync::{
        Arc,
        atomic::{
            AtomicU8,
            Ordering::{AcqRel, Acquire},
        },
    },
    task::Wake,
};

use mio::{Registry, Token, Waker};

/// What whoever puts something into a mailbox rings, as the waker of its queues.
pub(super) struct Bell {
    state: AtomicU8,
    waker: Waker,
}

/// The shard works, and looks at the bell before it sleeps.
const AWAKE: u8 = 0;
/// The shard waits for sockets, and must be woken.
const ASLEEP: u8 = 1;
/// Somebody rang since the shard last looked.
const RUNG: u8 = 2;

impl Bell {
    /// A bell that ends the wait of the poll of `registry`, which sees `token` then.
    pub(super) fn new(registry: &Registry, token: Token) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self { state: AtomicU8::new(AWAKE), waker: Waker::new(registry, token)? }))
    }

    /// The shard is about to sleep; whoever rings from now on wakes it. False if somebody rang before.
    pub(super) fn may_sleep(&self) -> bool {
        self.state.compare_exchange(AWAKE, ASLEEP, AcqRel, Acquire).is_ok()
    }

    /// The shard is awake. Says whether somebody rang.
    pub(super) fn has_rung(&self) -> bool {
        self.state.swap(AWAKE, AcqRel) == RUNG
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(RUNG, AcqRel) == ASLEEP {
            self.waker.wake().expect("the poll lives as long as the shard can sleep");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mio::{Events, Poll};

    use super::*;

    #[test]
    fn who_rings_wakes_a_shard_that_sleeps_and_no_other() {
        let mut poll = Poll::new().unwrap();
        let mut events = Events::with_capacity(8);
        let bell = Bell::new(poll.registry(), Token(7)).unwrap();
        let mut woken = || {
            poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
            !events.is_empty()
        };
        bell.wake_by_ref();
        assert!(!woken(), "it was awake");
        assert!(!bell.may_sleep(), "it has to look first");
        assert!(bell.has_rung());
        assert!(bell.may_sleep());
        bell.wake_by_ref();
        bell.wake_by_ref();
        assert!(woken());
        assert!(!woken(), "once is enough");
        assert!(bell.has_rung());
        assert!(!bell.has_rung());
    }
}
