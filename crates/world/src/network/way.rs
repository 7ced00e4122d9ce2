//! One direction of one socket.

use std::{collections::VecDeque, fmt};

use suona_client::{client::Language, link::Frame};

use crate::agenda::Time;

/// What travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// Up: a phone wants a connection.
    Dial(Language),
    /// Down: it has one.
    Accepted,
    /// Up: a message.
    Message(Frame),
    /// Down: a part of what the server writes, wherever it happens to be cut.
    Bytes(Vec<u8>),
    /// Up: a close frame.
    Close,
    /// The other end is gone.
    Gone,
}

impl Packet {
    /// How many bytes of a stream it carries.
    pub fn size(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Message(Frame::Text(text)) => text.len(),
            Self::Message(Frame::Binary(bytes)) => bytes.len(),
            Self::Dial(_) | Self::Accepted | Self::Close | Self::Gone => 0,
        }
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(Frame::Text(text)) => f.write_str(&text.replace('\n', " ")),
            Self::Message(Frame::Binary(bytes)) => write!(f, "{}", bytes.escape_ascii()),
            Self::Bytes(bytes) => f.write_str(&String::from_utf8_lossy(bytes).replace('\n', " ")),
            other => write!(f, "{other:?}"),
        }
    }
}

/// How one direction fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    /// What is sent arrives.
    #[default]
    Flows,
    /// What is sent arrives when the silence is over.
    Silent,
    /// What is sent vanishes, and nobody is told.
    Dead,
    /// The last thing to arrive is that the other end is gone.
    Ended,
}

/// What the systems of both ends hold for a reader that does not read: little, so that outboxes fill.
const WINDOW: usize = 8 * 1024;

/// One direction of one socket.
#[derive(Debug, Default)]
pub(super) struct Way {
    pub(super) flow: Flow,
    queue: VecDeque<(Time, Packet)>,
    /// When the last packet arrives: none arrives before it.
    last: Time,
    bytes: usize,
}

impl Way {
    /// Takes a packet that is `due` then at the earliest, and takes so long to be read; says when it arrives.
    pub(super) fn send(&mut self, packet: Packet, due: Time, crawl: u64) -> Option<Time> {
        match self.flow {
            Flow::Ended => None,
            Flow::Dead => {
                self.bytes += packet.size();
                None
            }
            Flow::Flows | Flow::Silent => {
                self.bytes += packet.size();
                self.last = self.last.max(due) + crawl;
                if packet == Packet::Gone {
                    self.queue.push_back((self.last, packet));
                    self.end();
                } else {
                    self.queue.push_back((self.last, packet));
                }
                Some(self.last)
            }
        }
    }

    pub(super) fn receive(&mut self, now: Time) -> Option<Packet> {
        let flows = matches!(self.flow, Flow::Flows | Flow::Ended);
        let (_, packet) = self.queue.pop_front_if(|(due, _)| flows && *due <= now)?;
        self.bytes -= packet.size();
        Some(packet)
    }

    pub(super) fn room(&self) -> usize {
        WINDOW.saturating_sub(self.bytes)
    }

    pub(super) fn hush(&mut self) {
        if self.flow == Flow::Flows {
            self.flow = Flow::Silent;
        }
    }

    /// Lets flow what was held back; says when each packet arrives.
    pub(super) fn unhush(&mut self, now: Time) -> Vec<Time> {
        if self.flow != Flow::Silent {
            return Vec::new();
        }
        self.flow = Flow::Flows;
        if self.queue.back().is_some_and(|(_, packet)| *packet == Packet::Gone) {
            self.flow = Flow::Ended;
        }
        self.queue.iter().map(|(due, _)| (*due).max(now)).collect()
    }

    /// Lets everything that is on its way arrive then at the latest; says how much that is.
    pub(super) fn hurry(&mut self, due: Time) -> usize {
        self.last = self.last.min(due);
        for (at, _) in &mut self.queue {
            *at = (*at).min(due);
        }
        self.queue.len()
    }

    pub(super) fn die(&mut self) {
        self.queue.clear();
        self.flow = Flow::Dead;
    }

    /// All that still arrives is that the other end is gone.
    pub(super) fn reset(&mut self, due: Time) -> Time {
        self.last = self.last.max(due);
        self.queue = [(self.last, Packet::Gone)].into();
        self.flow = Flow::Ended;
        self.bytes = 0;
        self.last
    }

    pub(super) fn is_alive(&self) -> bool {
        matches!(self.flow, Flow::Flows | Flow::Silent)
    }

    /// A silent way ends when the silence does.
    fn end(&mut self) {
        if self.flow == Flow::Flows {
            self.flow = Flow::Ended;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Packet {
        Packet::Message(Frame::Text(text.to_owned()))
    }

    #[test]
    fn what_is_sent_on_one_socket_arrives_in_order() {
        let mut way = Way::default();
        assert_eq!(way.send(text("slow"), Time(90), 0), Some(Time(90)));
        assert_eq!(way.send(text("quick"), Time(20), 0), Some(Time(90)));
        assert_eq!(way.receive(Time(89)), None);
        assert_eq!(way.receive(Time(90)), Some(text("slow")));
        assert_eq!(way.receive(Time(90)), Some(text("quick")));
    }

    #[test]
    fn silence_holds_back_and_loses_nothing() {
        let mut way = Way::default();
        way.hush();
        way.send(text("a"), Time(1), 0);
        way.send(Packet::Gone, Time(2), 0);
        assert_eq!(way.receive(Time(50)), None);
        assert_eq!(way.unhush(Time(60)), [Time(60), Time(60)]);
        assert_eq!(way.receive(Time(60)), Some(text("a")));
        assert_eq!(way.receive(Time(60)), Some(Packet::Gone));
        assert_eq!(way.send(text("b"), Time(70), 0), None);
    }

    #[test]
    fn a_reader_that_reads_nothing_leaves_no_room() {
        let mut way = Way::default();
        way.die();
        way.send(Packet::Bytes(vec![0; WINDOW]), Time(1), 0);
        assert_eq!(way.room(), 0);
        assert_eq!(way.receive(Time(9)), None);
    }
}
