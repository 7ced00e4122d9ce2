//! A queue of frames that allocates only for the second of them.

use std::collections::VecDeque;

use super::Frame;

/// Frames in the order in which they are written.
///
/// Most outboxes get one frame and are flushed: that one lies here, and nothing is allocated for it. Empty,
/// the queue holds no heap.
#[derive(Debug, Default)]
pub(super) struct Queue {
    first: Option<Frame>,
    rest: VecDeque<Frame>,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(super) fn push(&mut self, frame: Frame) {
        match self.first {
            None => self.first = Some(frame),
            Some(_) => self.rest.push_back(frame),
        }
    }

    pub(super) fn front(&self) -> Option<&Frame> {
        self.first.as_ref()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Frame> {
        self.first.iter().chain(&self.rest)
    }

    pub(super) fn pop(&mut self) -> Option<Frame> {
        let next = self.rest.pop_front();
        if next.is_none() {
            self.rest = VecDeque::new();
        }
        std::mem::replace(&mut self.first, next)
    }

    /// Forgets all but the first frame, and says how many bytes that were.
    pub(super) fn keep_first(&mut self) -> usize {
        std::mem::take(&mut self.rest).iter().map(|frame| frame.len()).sum()
    }

    /// Forgets everything, and says how many bytes that were.
    pub(super) fn clear(&mut self) -> usize {
        std::mem::take(self).iter().map(|frame| frame.len()).sum()
    }

    #[cfg(test)]
    pub(super) fn holds_heap(&self) -> bool {
        self.rest.capacity() > 0
    }
}
