//! Which sockets have something to do, and whether letters came, without a task for each.

use std::{
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

/// What rang since the shard last looked: the slots of sockets, each once, and the mailbox.
///
/// Whoever rings wakes the shard only where it sleeps, and not where it rings by what it does itself.
#[derive(Default)]
pub(super) struct ReadyList(Mutex<Rung>);

#[derive(Default)]
struct Rung {
    slots: Vec<u32>,
    /// By slot: whether it stands in the list.
    listed: Vec<bool>,
    letters: bool,
    /// The shard, while it waits.
    shard: Option<Waker>,
}

/// Puts a slot on the list when its socket's readiness wakes it.
struct Doorbell {
    slot: u32,
    list: Arc<ReadyList>,
}

/// Says that a letter came.
struct LetterBell(Arc<ReadyList>);

impl Wake for LetterBell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.ring_with(|rung| rung.letters = true);
    }
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

    /// The waker to give to the mailbox.
    pub(super) fn letter_bell(self: &Arc<Self>) -> Waker {
        Arc::new(LetterBell(self.clone())).into()
    }

    /// Puts `slot` on the list.
    pub(super) fn ring(&self, slot: u32) {
        self.ring_with(|rung| {
            let at = slot as usize;
            if rung.listed.len() <= at {
                rung.listed.resize(at + 1, false);
            }
            if !std::mem::replace(&mut rung.listed[at], true) {
                rung.slots.push(slot);
            }
        });
    }

    /// Exchanges the list with an empty one, if somebody rang, and says whether that was the mailbox too.
    pub(super) fn poll(&self, cx: &mut Context<'_>, empty: &mut Vec<u32>) -> Poll<bool> {
        self.with(|rung| {
            if rung.slots.is_empty() && !rung.letters {
                rung.shard = Some(cx.waker().clone());
                return Poll::Pending;
            }
            std::mem::swap(&mut rung.slots, empty);
            for slot in empty {
                rung.listed[*slot as usize] = false;
            }
            Poll::Ready(std::mem::take(&mut rung.letters))
        })
    }

    fn ring_with(&self, note: impl FnOnce(&mut Rung)) {
        let shard = self.with(|rung| {
            note(rung);
            rung.shard.take()
        });
        if let Some(shard) = shard {
            shard.wake();
        }
    }

    fn with<R>(&self, change: impl FnOnce(&mut Rung) -> R) -> R {
        // Nothing that runs under the lock panics halfway through a change.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

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

    #[test]
    fn who_rings_wakes_a_shard_that_sleeps_and_no_other() {
        let woken = Arc::new(Count::default());
        let waker = woken.clone().into();
        let (list, mut cx) = (Arc::new(ReadyList::default()), Context::from_waker(&waker));
        let (letters, bell) = (list.letter_bell(), list.doorbell(0));
        let mut rung = Vec::new();
        letters.wake_by_ref();
        assert_eq!(list.poll(&mut cx, &mut rung), Poll::Ready(true));
        assert!(list.poll(&mut cx, &mut rung).is_pending());
        assert_eq!(woken.0.load(Relaxed), 0, "it was awake");
        letters.wake_by_ref();
        bell.wake_by_ref();
        assert_eq!(woken.0.load(Relaxed), 1, "once is enough");
        assert_eq!(list.poll(&mut cx, &mut rung), Poll::Ready(true));
        assert_eq!(rung, [0]);
    }

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }
}
