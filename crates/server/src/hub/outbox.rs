//! What waits to be written to each client, bounded in bytes.

mod envelope;
mod queue;

use std::{collections::VecDeque, rc::Rc};

use bytes::Bytes;

use crate::io::ConnectionId;
use envelope::Packed;
pub use envelope::{Compression, Envelope};
use queue::Queue;

/// An encoded WebSocket frame, header included, shared by all outboxes of one shard without atomics. For other
/// connections than WebSockets its payload is put into another [`Envelope`].
pub type Frame = Rc<Bytes>;

/// The frame did not fit: the client is too slow for what it hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

/// The queue of frames towards one client.
#[derive(Debug, Default)]
pub struct Outbox {
    generation: u32,
    state: State,
    envelope: Envelope,
    /// Whether it stands in the dirty list.
    dirty: bool,
    notify_when_drained: bool,
    /// How much of the first frame is written already.
    written: usize,
    /// Bytes that the socket took and did not write yet, because TLS encrypts before it writes.
    held: usize,
    /// Everything that is not written: the frames without what is written of the first, and what is held.
    bytes: usize,
    frames: Queue,
}

/// How far the life of an outbox has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// No connection lives in this slot.
    #[default]
    Free,
    /// Takes frames.
    Open,
    /// Takes no more frames; the last is a close frame, and the peer is given time to answer it.
    Closing,
    /// Takes no more frames; the connection ends when those queued are written.
    Ending,
}

/// The outboxes of one shard, and which of them have something new to write.
#[derive(Debug)]
pub struct Outboxes {
    /// No outbox holds more bytes than this.
    limit: usize,
    slots: Vec<Outbox>,
    free: Vec<u32>,
    dirty: VecDeque<ConnectionId>,
    packed: Packed,
    /// Bytes in all outboxes together, for the metrics.
    total_bytes: usize,
    /// Bytes of shared frames since the last flush, each counted once.
    delivered_bytes: usize,
    /// Bytes that sockets took since this was last asked.
    sent_bytes: usize,
}

impl Outboxes {
    /// No outboxes yet; each will hold at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            slots: Vec::new(),
            free: Vec::new(),
            dirty: VecDeque::new(),
            packed: Packed::default(),
            total_bytes: 0,
            delivered_bytes: 0,
            sent_bytes: 0,
        }
    }

    /// How messages are compressed in those outboxes whose [`Envelope`] says that they are.
    pub fn compressing(self, compression: Compression) -> Self {
        Self { packed: Packed::new(compression), ..self }
    }

    /// How many bytes one outbox may hold.
    #[cfg(test)]
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Bytes that wait in all outboxes together.
    pub fn total_bytes(&self) -> usize {
        self.total_bytes
    }

    /// Bytes that sockets took since this was last called.
    pub fn take_sent_bytes(&mut self) -> usize {
        std::mem::take(&mut self.sent_bytes)
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

    /// From now on every frame is put into `envelope`.
    pub fn envelop(&mut self, id: ConnectionId, envelope: Envelope) {
        if let Some(outbox) = self.get_mut(id) {
            outbox.envelope = envelope;
        }
    }

    /// Whether the connection lives and takes frames.
    pub fn is_open(&self, id: ConnectionId) -> bool {
        self.get(id).is_some_and(|outbox| outbox.state == State::Open)
    }

    /// How many bytes wait for this connection.
    pub fn bytes(&self, id: ConnectionId) -> usize {
        self.get(id).map_or(0, |outbox| outbox.bytes)
    }

    /// Queues `frame`. To a connection that is closing or gone nothing is queued, and that is no overflow.
    ///
    /// On [`Overflow`] the frame is not queued and the outbox is left as it was.
    pub fn push(&mut self, id: ConnectionId, frame: Frame) -> Result<(), Overflow> {
        let limit = self.limit;
        let Some(outbox) = open_one(&mut self.slots, id) else { return Ok(()) };
        let frame = self.packed.pack(frame, outbox.envelope);
        if outbox.bytes + frame.len() > limit {
            return Err(Overflow);
        }
        let added = frame.len();
        outbox.bytes += added;
        outbox.frames.push(frame);
        self.total_bytes += added;
        self.mark_dirty(id);
        Ok(())
    }

    /// Whether a frame of `bytes` still fits.
    pub fn has_room(&self, id: ConnectionId, bytes: usize) -> bool {
        self.get(id).is_none_or(|outbox| outbox.bytes + bytes <= self.limit)
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
        let Some(outbox) = open_one(&mut self.slots, id) else { return };
        outbox.state = if last.is_some() { State::Closing } else { State::Ending };
        if let Some(last) = last {
            let last = self.packed.pack(last, outbox.envelope);
            let added = last.len();
            outbox.bytes += added;
            outbox.frames.push(last);
            self.total_bytes += added;
        }
        self.mark_dirty(id);
    }

    /// Ends the connection with `last` at once; of what is queued, only a frame begun is finished.
    pub fn abort(&mut self, id: ConnectionId, last: Option<Frame>) {
        let Some(outbox) = self.get_mut(id).filter(|outbox| outbox.state == State::Open) else { return };
        let dropped = if outbox.written > 0 { outbox.frames.keep_first() } else { outbox.frames.clear() };
        outbox.bytes -= dropped;
        self.total_bytes -= dropped;
        self.close(id, last);
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

    /// Whether the peer is told goodbye, and may answer.
    pub fn awaits_answer(&self, id: ConnectionId) -> bool {
        self.get(id).is_some_and(|outbox| outbox.state == State::Closing)
    }

    /// Whether [`notify_when_drained`](Self::notify_when_drained) was asked for; forgets it.
    pub fn take_notice(&mut self, id: ConnectionId) -> bool {
        self.get_mut(id).is_some_and(|outbox| std::mem::take(&mut outbox.notify_when_drained))
    }

    /// Asks for a visit of the flush, though nothing was queued.
    pub(crate) fn touch(&mut self, id: ConnectionId) {
        if self.get(id).is_some() {
            self.mark_dirty(id);
        }
    }

    /// Whether some wait for a visit of the flush.
    pub(crate) fn has_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// A flush begins: how many visits it is to make.
    pub fn begin_flush(&mut self) -> usize {
        self.delivered_bytes = 0;
        self.packed.forget();
        self.dirty.len()
    }

    /// The flush visits the next: what is queued there from now on asks for another visit. `None` if that
    /// connection is gone.
    pub fn visit_dirty(&mut self) -> Option<ConnectionId> {
        let id = self.dirty.pop_front()?;
        self.get_mut(id)?.dirty = false;
        Some(id)
    }

    /// What is still to be given to the socket, frame by frame.
    pub fn unsent(&self, id: ConnectionId) -> impl Iterator<Item = &[u8]> {
        let outbox = self.get(id);
        let mut written = outbox.map_or(0, |outbox| outbox.written);
        let frames = outbox.into_iter().flat_map(|outbox| outbox.frames.iter());
        frames.map(move |frame| &frame[std::mem::take(&mut written)..])
    }

    /// The socket took `taken` bytes, and of all it took it holds `held` that are not written yet.
    pub fn advance(&mut self, id: ConnectionId, taken: usize, held: usize) {
        let Some(outbox) = self.get_mut(id) else { return };
        let before = outbox.bytes;
        outbox.written += taken;
        while let Some(length) =
            outbox.frames.front().map(|frame| frame.len()).filter(|n| *n <= outbox.written)
        {
            outbox.written -= length;
            outbox.frames.pop();
        }
        outbox.bytes = before - taken - outbox.held + held;
        outbox.held = held;
        let after = outbox.bytes;
        self.sent_bytes += taken;
        self.total_bytes = self.total_bytes - before + after;
    }

    /// Whether nothing is left to be given to the socket.
    pub(crate) fn is_drained(&self, id: ConnectionId) -> bool {
        self.get(id).is_none_or(|outbox| outbox.frames.is_empty())
    }

    fn get(&self, id: ConnectionId) -> Option<&Outbox> {
        let outbox = self.slots.get(id.slot as usize)?;
        (outbox.generation == id.generation && outbox.state != State::Free).then_some(outbox)
    }

    fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Outbox> {
        let outbox = self.slots.get_mut(id.slot as usize)?;
        (outbox.generation == id.generation && outbox.state != State::Free).then_some(outbox)
    }

    fn mark_dirty(&mut self, id: ConnectionId) {
        let outbox = &mut self.slots[id.slot as usize];
        if !outbox.dirty {
            outbox.dirty = true;
            self.dirty.push_back(id);
        }
    }
}

/// The outbox of a connection that lives and takes frames.
fn open_one(slots: &mut [Outbox], id: ConnectionId) -> Option<&mut Outbox> {
    let outbox = slots.get_mut(id.slot as usize)?;
    (outbox.generation == id.generation && outbox.state == State::Open).then_some(outbox)
}

#[cfg(test)]
mod tests;
