//! Connections in the order in which they are to be served.

use std::collections::VecDeque;

/// The slots of connections that are to be served, each once, in the order in which they came.
#[derive(Default)]
pub(in crate::io) struct ReadyList {
    slots: VecDeque<u32>,
    /// By slot: whether it stands in the list.
    listed: Vec<bool>,
}

impl ReadyList {
    /// Puts `slot` at the end of the list, unless it is there.
    pub(in crate::io) fn add(&mut self, slot: u32) {
        let at = slot as usize;
        if self.listed.len() <= at {
            self.listed.resize(at + 1, false);
        }
        if !std::mem::replace(&mut self.listed[at], true) {
            self.slots.push_back(slot);
        }
    }

    /// Takes the first one off the list.
    pub(in crate::io) fn take(&mut self) -> Option<u32> {
        let slot = self.slots.pop_front()?;
        self.listed[slot as usize] = false;
        Some(slot)
    }

    pub(in crate::io) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(in crate::io) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_ready_twice_stands_in_the_list_once() {
        let mut list = ReadyList::default();
        for slot in [7, 7, 3] {
            list.add(slot);
        }
        assert_eq!(list.len(), 2);
        assert_eq!(list.take(), Some(7));
        list.add(7);
        assert_eq!([list.take(), list.take(), list.take()], [Some(3), Some(7), None]);
    }
}
