//! What the driver has for one listener, bounded: a listener that is too slow misses something, and is told so.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// How many things may wait for a listener.
const MOST: usize = 1024;

#[derive(Debug)]
pub(super) struct Inbox<T> {
    state: Mutex<State<T>>,
    /// What a listener is told that has missed something.
    gap: fn() -> Option<T>,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<T>,
    missed: bool,
    closed: bool,
    listener: Option<Waker>,
}

impl<T> Inbox<T> {
    pub(super) fn new(gap: fn() -> Option<T>) -> Self {
        let state = State { waiting: VecDeque::new(), missed: false, closed: false, listener: None };
        Self { state: Mutex::new(state), gap }
    }

    pub(super) fn put(&self, one: T) {
        let mut state = self.lock();
        // Once something was missed, nothing comes in before that was told.
        if state.missed || state.waiting.len() >= MOST {
            state.missed = true;
        } else {
            state.waiting.push_back(one);
        }
        state.wake();
    }

    /// Nothing comes any more; what is there can still be taken.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.wake();
    }

    pub(super) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.lock();
        if let Some(one) = state.waiting.pop_front() {
            return Poll::Ready(Some(one));
        }
        if std::mem::take(&mut state.missed)
            && let Some(gap) = (self.gap)()
        {
            return Poll::Ready(Some(gap));
        }
        if state.closed {
            return Poll::Ready(None);
        }
        state.listener = Some(context.waker().clone());
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn wake(&mut self) {
        if let Some(listener) = self.listener.take() {
            listener.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(inbox: &Inbox<usize>) -> Poll<Option<usize>> {
        inbox.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_slow_listener_is_told_of_the_gap_where_it_is() {
        let inbox = Inbox::new(|| Some(9999));
        (0..MOST + 5).for_each(|one| inbox.put(one));
        for one in 0..MOST {
            assert_eq!(next(&inbox), Poll::Ready(Some(one)));
        }
        assert_eq!(next(&inbox), Poll::Ready(Some(9999)));
        inbox.put(7);
        assert_eq!((next(&inbox), next(&inbox)), (Poll::Ready(Some(7)), Poll::Pending));
    }

    #[test]
    fn what_came_before_the_end_is_still_there() {
        let inbox = Inbox::new(|| None);
        inbox.put(1);
        inbox.close();
        assert_eq!((next(&inbox), next(&inbox)), (Poll::Ready(Some(1)), Poll::Ready(None)));
    }
}
