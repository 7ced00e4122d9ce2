//! What the driver has for one listener, bounded: a listener that is too slow misses something, and is told so.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// How many things may wait for a listener.
const MOST: usize = 1024;
/// And how many bytes of them: room for the longest message.
const MOST_BYTES: usize = 16 << 20;

/// What can wait for a listener.
pub(super) trait Item: Sized {
    /// What a listener is told that has missed something.
    const GAP: Option<Self>;

    /// How much a peer made us keep for it.
    fn bytes(&self) -> usize;
}

/// An inbox, and what fills it.
pub(super) fn inbox<T: Item>() -> (Feed<T>, Inbox<T>) {
    let state = Mutex::new(State::default());
    let shared = Arc::new(state);
    (Feed(shared.clone()), Inbox(shared))
}

/// What fills an inbox. Dropping it closes the inbox: nobody waits for a driver that is gone, whatever ended it.
#[derive(Debug)]
pub(super) struct Feed<T: Item>(Arc<Mutex<State<T>>>);

/// What one listener has to hear.
#[derive(Debug)]
pub(super) struct Inbox<T: Item>(Arc<Mutex<State<T>>>);

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<T>,
    bytes: usize,
    /// How much was missed since that was told last, and in all.
    untold: u64,
    missed: u64,
    /// It comes after everything else, even for those who missed something.
    last: Option<T>,
    closed: bool,
    deserted: bool,
    listener: Option<Waker>,
}

impl<T: Item> Feed<T> {
    pub(super) fn put(&self, one: T) {
        lock(&self.0).put(one);
    }

    /// Puts what is always heard, whatever was missed, and closes.
    pub(super) fn end(self, last: T) {
        lock(&self.0).last = Some(last);
    }

    /// Nobody listens any more.
    pub(super) fn is_deserted(&self) -> bool {
        lock(&self.0).deserted
    }
}

impl<T: Item> Drop for Feed<T> {
    fn drop(&mut self) {
        let mut state = lock(&self.0);
        state.closed = true;
        state.wake();
    }
}

impl<T: Item> Inbox<T> {
    /// The next thing; none comes after the inbox was closed and what was there is taken.
    pub(super) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<T>> {
        lock(&self.0).poll(context)
    }

    /// How much was missed until now.
    pub(super) fn missed(&self) -> u64 {
        lock(&self.0).missed
    }

    /// Nothing is heard any more.
    pub(super) fn desert(&self) {
        lock(&self.0).desert();
    }
}

impl<T: Item> Drop for Inbox<T> {
    fn drop(&mut self) {
        self.desert();
    }
}

impl<T: Item> State<T> {
    fn put(&mut self, one: T) {
        if self.deserted {
            return;
        }
        let bytes = self.bytes + one.bytes();
        // Once something was missed, nothing comes in before that was told.
        if self.untold > 0 || self.waiting.len() >= MOST || (bytes > MOST_BYTES && !self.waiting.is_empty()) {
            self.untold += 1;
            self.missed += 1;
        } else {
            self.bytes = bytes;
            self.waiting.push_back(one);
            self.wake();
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<T>> {
        if let Some(one) = self.waiting.pop_front() {
            self.bytes -= one.bytes();
            return Poll::Ready(Some(one));
        }
        if std::mem::take(&mut self.untold) > 0
            && let Some(gap) = T::GAP
        {
            return Poll::Ready(Some(gap));
        }
        if self.last.is_some() || self.closed {
            return Poll::Ready(self.last.take());
        }
        self.listener = Some(context.waker().clone());
        Poll::Pending
    }

    fn desert(&mut self) {
        self.deserted = true;
        self.waiting.clear();
        self.bytes = 0;
    }

    fn wake(&mut self) {
        if let Some(listener) = self.listener.take() {
            listener.wake();
        }
    }
}

impl<T> Default for State<T> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            bytes: 0,
            untold: 0,
            missed: 0,
            last: None,
            closed: false,
            deserted: false,
            listener: None,
        }
    }
}

fn lock<T>(state: &Mutex<State<T>>) -> MutexGuard<'_, State<T>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many bytes.
    impl Item for usize {
        const GAP: Option<Self> = Some(0);

        fn bytes(&self) -> usize {
            *self
        }
    }

    fn next(inbox: &Inbox<usize>) -> Poll<Option<usize>> {
        inbox.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_slow_listener_is_told_of_the_gap_where_it_is_and_goes_on() {
        let (feed, inbox) = inbox();
        (1..=MOST + 5).for_each(|one| feed.put(one));
        for one in 1..=MOST {
            assert_eq!(next(&inbox), Poll::Ready(Some(one)));
            feed.put(one); // there is room again, but the gap comes first
        }
        assert_eq!(next(&inbox), Poll::Ready(Some(0)));
        assert_eq!(inbox.missed(), 5 + MOST as u64);
        feed.put(7);
        assert_eq!((next(&inbox), next(&inbox)), (Poll::Ready(Some(7)), Poll::Pending));
    }

    #[test]
    fn bytes_are_bounded_and_one_message_always_fits() {
        let (feed, inbox) = inbox();
        feed.put(MOST_BYTES + 1);
        feed.put(1);
        let heard = [next(&inbox), next(&inbox)];
        assert_eq!(heard, [Poll::Ready(Some(MOST_BYTES + 1)), Poll::Ready(Some(0))]);
        (0..3).for_each(|_| feed.put(MOST_BYTES / 2));
        let heard = [next(&inbox), next(&inbox), next(&inbox), next(&inbox)];
        let half = Poll::Ready(Some(MOST_BYTES / 2));
        assert_eq!(heard, [half, half, Poll::Ready(Some(0)), Poll::Pending]);
    }

    #[test]
    fn the_last_word_comes_even_to_those_who_missed_something() {
        let (feed, inbox) = inbox();
        (0..=MOST).for_each(|_| feed.put(1));
        feed.end(99);
        let heard: Vec<_> = std::iter::from_fn(|| match next(&inbox) {
            Poll::Ready(one) => one,
            Poll::Pending => panic!("it has ended"),
        })
        .collect();
        assert_eq!((heard.len(), &heard[MOST..]), (MOST + 2, &[0, 99][..]));
    }

    #[test]
    fn a_driver_that_is_gone_closes_its_inboxes() {
        let (feed, inbox) = inbox();
        feed.put(1);
        drop(feed);
        assert_eq!((next(&inbox), next(&inbox)), (Poll::Ready(Some(1)), Poll::Ready(None)));
    }

    #[test]
    fn nothing_is_kept_for_who_does_not_listen() {
        let (feed, inbox) = inbox();
        feed.put(1);
        inbox.desert();
        feed.put(1);
        assert!(feed.is_deserted());
        assert_eq!(next(&inbox), Poll::Pending);
    }
}
