//! One connection: its socket, its decoder, and how far its life has come.

use std::{
    io,
    rc::Rc,
    task::{Poll, ready},
};

use suona_protocol::ws::{Decoder, Event, Inflater, Message, Opcode, Violation, close_frame, frame};

use super::{ConnectionId, Loss, Tenant, socket::Socket};
use crate::{
    Now,
    hub::{Frame, Outboxes},
};

/// What the shard keeps of one connection, besides its outbox.
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    socket: Socket,
    /// None where the peer only listens.
    decoder: Option<Decoder>,
    phase: Phase,
    /// Whether the time that parting may take is running.
    pub(super) parting: bool,
    /// The answer to the last ping, while there is no room for it.
    pong: Option<Frame>,
}

enum Phase {
    /// Messages pass.
    Open,
    /// Our close frame is queued or sent, and the peer's is awaited.
    Closing,
    /// The peer is told by this code that it broke the protocol; what it still sends is thrown away until it
    /// leaves, because a socket closed with bytes unread takes back what it sent.
    Failed(u16),
    /// The peer is done; the connection ends when what is queued is written.
    Ending(Loss),
}

/// How many bytes one connection may read before others have their turn.
const READ_BUDGET: usize = 64 * 1024;

/// How many compressed bytes are read at a time. They inflate to a thousand times as many at most, 1 MiB, before
/// the budget is looked at.
const DEFLATED_READ: usize = 1024;

/// With more than this waiting only the last ping is answered, and only when the rest is written.
const PONG_ROOM: usize = 4 * 1024;

impl Connection {
    pub(super) fn new(id: ConnectionId, socket: Socket, decoder: Option<Decoder>) -> Self {
        Self { id, socket, decoder, phase: Phase::Open, parting: false, pong: None }
    }

    /// The poll told of the socket.
    pub(super) fn note(&mut self, event: &mio::event::Event) {
        self.socket.note(event);
    }

    /// Whether the peer says nothing more than what can be read now.
    pub(super) fn is_ended(&self) -> bool {
        self.socket.is_ended()
    }

    /// Reads what the socket has and tells the tenant what it means. Ready if there may be more.
    pub(super) fn receive<T: Tenant>(
        &mut self,
        tenant: &mut T,
        buffer: &mut [u8],
        inflater: &mut Inflater,
        now: Now,
    ) -> Poll<io::Result<()>> {
        let mut budget = READ_BUDGET;
        let deflates = self.decoder.as_ref().is_some_and(Decoder::takes_deflated);
        let at_once = if deflates { DEFLATED_READ.min(buffer.len()) } else { buffer.len() };
        let buffer = &mut buffer[..at_once];
        while !matches!(self.phase, Phase::Ending(_)) {
            let read = ready!(self.socket.read(buffer))?;
            if read == 0 {
                self.end(tenant.outboxes(), None, self.loss());
                break;
            }
            let inflated = self.decode(tenant, &mut buffer[..read], inflater, now);
            budget = budget.saturating_sub(read + inflated);
            if budget == 0 {
                return Poll::Ready(Ok(()));
            }
        }
        Poll::Pending
    }

    /// Tells the tenant what these bytes of the peer mean, and says to how many more they were inflated.
    pub(super) fn decode<T: Tenant>(
        &mut self,
        tenant: &mut T,
        mut bytes: &mut [u8],
        inflater: &mut Inflater,
        now: Now,
    ) -> usize {
        let mut inflated = 0;
        while matches!(self.phase, Phase::Open | Phase::Closing) {
            let Some(decoder) = &mut self.decoder else { break };
            let limit = decoder.limit();
            match decoder.decode(&mut bytes) {
                Ok(None) => break,
                Ok(Some(Event::Message(message))) => hand_on(self.id, tenant, message, now),
                Ok(Some(Event::Deflated(deflated))) => match inflater.inflate(deflated, limit) {
                    Ok(message) => {
                        inflated += message.len();
                        hand_on(self.id, tenant, message, now);
                    }
                    Err(violation) => self.fail(tenant.outboxes(), violation),
                },
                Ok(Some(Event::Ping(payload))) => {
                    let pong = Rc::new(frame(Opcode::Pong, payload));
                    self.answer(tenant.outboxes(), pong);
                }
                Ok(Some(Event::Close(close))) => {
                    let echo =
                        close.map_or_else(|| frame(Opcode::Close, &[]), |(code, _)| close_frame(code, ""));
                    self.end(tenant.outboxes(), Some(Rc::new(echo)), Loss::Closed);
                }
                Err(violation) => self.fail(tenant.outboxes(), violation),
            }
        }
        inflated
    }

    /// Whether a visit of the flush may achieve something.
    pub(super) fn wants_flush(&self, outboxes: &Outboxes) -> bool {
        self.socket.wants_flush() || !outboxes.is_drained(self.id)
    }

    /// Writes what waits. Ready with how the connection was lost, if that was its end.
    pub(super) fn flush(&mut self, outboxes: &mut Outboxes, scratch: &mut [u8]) -> Poll<Option<Loss>> {
        if matches!(self.phase, Phase::Open) && !outboxes.is_open(self.id) {
            let answered = outboxes.awaits_answer(self.id);
            self.phase = if answered { Phase::Closing } else { Phase::Ending(Loss::Cut) };
        }
        match ready!(self.write(outboxes, scratch)).and_then(|()| self.finish()) {
            Ok(()) => match self.phase {
                Phase::Ending(loss) => Poll::Ready(Some(loss)),
                _ => Poll::Ready(None),
            },
            Err(_) => Poll::Ready(Some(self.loss())),
        }
    }

    /// How it was lost, if that happens now.
    pub(super) fn loss(&self) -> Loss {
        match self.phase {
            Phase::Open | Phase::Closing => Loss::Cut,
            Phase::Failed(code) => Loss::Misbehaved(code),
            Phase::Ending(loss) => loss,
        }
    }

    fn end(&mut self, outboxes: &mut Outboxes, last: Option<Frame>, loss: Loss) {
        outboxes.close(self.id, last);
        outboxes.touch(self.id);
        self.phase = Phase::Ending(loss);
    }

    fn fail(&mut self, outboxes: &mut Outboxes, violation: Violation) {
        let last = close_frame(violation.code(), &violation.to_string());
        outboxes.close(self.id, Some(Rc::new(last)));
        outboxes.touch(self.id);
        self.phase = Phase::Failed(violation.code());
    }

    fn answer(&mut self, outboxes: &mut Outboxes, pong: Frame) {
        if outboxes.bytes(self.id) > PONG_ROOM || outboxes.push(self.id, pong.clone()).is_err() {
            self.pong = Some(pong);
        }
    }

    fn write(&mut self, outboxes: &mut Outboxes, scratch: &mut [u8]) -> Poll<io::Result<()>> {
        loop {
            ready!(self.socket.flush())?;
            outboxes.advance(self.id, 0, 0);
            if outboxes.is_drained(self.id) {
                let Some(pong) = self.pong.take() else { return Poll::Ready(Ok(())) };
                // A closed outbox takes no pong, and an empty one has room.
                let _ = outboxes.push(self.id, pong);
                continue;
            }
            let taken = ready!(self.socket.write(outboxes.unsent(self.id), scratch))?;
            outboxes.advance(self.id, taken, self.socket.held());
        }
    }

    /// After the last frame: tells the peer that it was the last.
    fn finish(&mut self) -> io::Result<()> {
        if matches!(self.phase, Phase::Open) {
            return Ok(());
        }
        match self.socket.finish() {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => Ok(()),
        }
    }
}

fn hand_on<T: Tenant>(id: ConnectionId, tenant: &mut T, message: Message<'_>, now: Now) {
    if tenant.outboxes().is_open(id) {
        tenant.received(id, message, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_is_small() {
        assert!(size_of::<Option<Connection>>() <= 144, "{}", size_of::<Option<Connection>>());
    }
}
