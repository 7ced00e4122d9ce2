//! What waits to be written to each client, bounded in bytes.

use std::{collections::VecDeque, rc::Rc};

use bytes::Bytes;

use crate::io::ConnectionId;

/// An encoded WebSocket frame, header included, shared by all outboxes of one shard without atomics.
pub type Frame = Rc<Bytes>;

/// The frame did not fit: the client is too slow for what it hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

/// The queue of frames towards one client.
#[derive(Debug, Default)]
pub struct Outbox {
    generation: u32,
    state: State,
    /// Whether it stands in the dirty list.
    dirty: bool,
    notify_when_drained: bool,
    /// How much of the first frame is written already.
    written: usize,
    bytes: usize,
    frames: VecDeque<Frame>,
}

/// How far the life of an outbox has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// No connection lives in this slot.
    #[default]
    Free,
    /// Takes frames.
    Open,
    /// Takes no more frames; the connection ends when those queued are written.
    Closing,
    /// Takes no more frames and writes none; the connection ends at once.
    Aborted,
}

/// The outboxes of one shard, and which of them have something new to write.
#[derive(Debug)]
pub struct Outboxes {
    /// No outbox holds more bytes than this.
    limit: usize,
    slots: Vec<Outbox>,
    free: Vec<u32>,
    dirty: Vec<ConnectionId>,
    /// Bytes in all outboxes together, for the metrics.
    total_bytes: usize,
    /// Bytes of shared frames since the last flush, each counted once.
    delivered_bytes: usize,
}

impl Outboxes {
    /// No outboxes yet; each will hold at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            slots: Vec::new(),
            free: Vec::new(),
            dirty: Vec::new(),
            total_bytes: 0,
            delivered_bytes: 0,
        }
    }

    /// How many bytes one outbox may hold.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Bytes that wait in all outboxes together.
    pub fn total_bytes(&self) -> usize {
        self.total_bytes
    }

    /// Makes an outbox for a new connection, and by that its id.
    pub fn open(&mut self) -> ConnectionId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Outbox::default());
            u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 connections a shard")
        });
        let outbox = &mut self.slots[slot as usize];
        let generation = outbox.generation.wrapping_add(1);
        *outbox = Outbox { generation, state: State::Open, ..Outbox::default() };
        ConnectionId { slot, generation }
    }

    /// Forgets a connection and whatever waits for it.
    pub fn remove(&mut self, id: ConnectionId) {
        if let Some(outbox) = self.get_mut(id) {
            let bytes = outbox.bytes;
            *outbox = Outbox { generation: id.generation, ..Outbox::default() };
            self.total_bytes -= bytes;
            self.free.push(id.slot);
        }
    }

    /// Queues `frame`. To a connection that is closing or gone nothing is queued, and that is no overflow.
    ///
    /// On [`Overflow`] the frame is not queued and the outbox is left as it was.
    pub fn push(&mut self, id: ConnectionId, frame: Frame) -> Result<(), Overflow> {
        let limit = self.limit;
        let Some(outbox) = self.get_mut(id).filter(|outbox| outbox.state == State::Open) else {
            return Ok(());
        };
        if outbox.bytes + frame.len() > limit {
            return Err(Overflow);
        }
        let added = frame.len();
        outbox.bytes += added;
        outbox.frames.push_back(frame);
        self.total_bytes += added;
        self.mark_dirty(id);
        Ok(())
    }

    /// Whether a frame of `bytes` still fits.
    pub fn has_room(&mut self, id: ConnectionId, bytes: usize) -> bool {
        let limit = self.limit;
        self.get_mut(id).is_none_or(|outbox| outbox.bytes + bytes <= limit)
    }

    /// Asks for [`Tenant::drained`](crate::io::Tenant::drained) when nothing waits any more.
    pub fn notify_when_drained(&mut self, id: ConnectionId) {
        if let Some(outbox) = self.get_mut(id) {
            outbox.notify_when_drained = true;
        }
    }

    /// Notes that a frame of `bytes` went to many. See [`wants_flush`](Self::wants_flush).
    pub fn note_delivery(&mut self, bytes: usize) {
        self.delivered_bytes += bytes;
    }

    /// Whether so much was delivered since the last flush that even a client that has read everything might
    /// soon have no room: then it is time to flush, before anybody is called slow.
    pub fn wants_flush(&self) -> bool {
        self.delivered_bytes > self.limit / 4
    }

    /// Ends the connection with `last` (a close frame, or nothing) after everything queued is written.
    pub fn close(&mut self, id: ConnectionId, last: Option<Frame>) {
        let Some(outbox) = self.get_mut(id).filter(|outbox| outbox.state == State::Open) else { return };
        outbox.state = State::Closing;
        if let Some(last) = last {
            outbox.bytes += last.len();
            let added = last.len();
            outbox.frames.push_back(last);
            self.total_bytes += added;
        }
        self.mark_dirty(id);
    }

    /// Ends the connection with `last` at once; of what is queued, only a frame begun is finished.
    pub fn abort(&mut self, id: ConnectionId, last: Option<Frame>) {
        let Some(outbox) = self.get_mut(id).filter(|outbox| outbox.state == State::Open) else { return };
        let kept = usize::from(outbox.written > 0);
        let dropped: usize = outbox.frames.drain(kept..).map(|frame| frame.len()).sum();
        outbox.bytes -= dropped;
        self.total_bytes -= dropped;
        self.close(id, last);
    }

    fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Outbox> {
        let outbox = self.slots.get_mut(id.slot as usize)?;
        (outbox.generation == id.generation && outbox.state != State::Free).then_some(outbox)
    }

    fn mark_dirty(&mut self, id: ConnectionId) {
        let outbox = &mut self.slots[id.slot as usize];
        if !outbox.dirty {
            outbox.dirty = true;
            self.dirty.push(id);
        }
    }
}
