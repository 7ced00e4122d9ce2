//! The thread of one shard: a single loop that drives all its sockets and its tenant.

mod turn;

use std::{
    collections::VecDeque,
    io,
    sync::Arc,
    task::{Context, Poll, Waker},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use mio::Token;
use suona_protocol::ws::Inflater;

use super::{
    ConnectionId, Handover, Loss, Mailbox, Stream, Tenant,
    bell::Bell,
    connection::Connection,
    mailbox::{Letters, Order, Room},
    socket::Socket,
    watch::Watch,
};
use crate::{Now, complaint::Complaint, hub::Envelope};
use turn::{BURIAL, BURIALS, DELIVERIES, FULL_READ, NEWCOMERS, NEWCOMERS_TO_A_CROWD, TURN};

/// Starts the thread of one shard. It ends when it is told to [`stop`](super::ShardSender::stop).
///
/// The tenant is made there, so that it may hold what must not leave its thread.
pub fn spawn<T: Tenant + 'static>(
    name: String,
    mailbox: Mailbox<T>,
    tenant: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let sockets = mio::Poll::new()?;
    let bell = Bell::new(sockets.registry(), BELL)?;
    let run = move || Reactor::new(tenant(), mailbox, sockets, bell).run();
    thread::Builder::new().name(name).spawn(run)
}

struct Reactor<T: Tenant> {
    tenant: T,
    mailbox: Mailbox<T>,
    letters: Letters<T>,
    /// Rings when something comes into the mailbox that was found empty.
    bell: Arc<Bell>,
    /// The same, as the mailbox takes it.
    ringer: Waker,
    /// Whether the mailbox may hold something.
    mail: bool,
    /// By slot.
    connections: Vec<Option<Connection>>,
    count: usize,
    watch: Watch,
    /// How many of the dirty outboxes are left of this round of the flush.
    round: usize,
    /// When each closing connection is dropped, earliest first: the time given is always the same.
    parting: VecDeque<(Instant, ConnectionId)>,
    stop: Option<Instant>,
    /// How much was done since the last look at the sockets.
    busy: usize,
    /// Where every read goes first.
    buffer: Box<[u8]>,
    /// Where small frames are joined for one write.
    scratch: Box<[u8]>,
    /// Where compressed messages become readable, one after another.
    inflater: Inflater,
}

/// Other tokens are slots.
const BELL: Token = Token(usize::MAX);

/// The time for writing what is queued and for the peer's close frame, once a connection is closing.
const PARTING: Duration = Duration::from_secs(5);

const BUFFER: usize = 64 * 1024;

/// Joining frames pays up to about this many bytes.
const SCRATCH: usize = 16 * 1024;

impl<T: Tenant> Reactor<T> {
    fn new(tenant: T, mailbox: Mailbox<T>, sockets: mio::Poll, bell: Arc<Bell>) -> Self {
        Self {
            tenant,
            mailbox,
            letters: Letters::new(),
            ringer: Arc::clone(&bell).into(),
            bell,
            mail: true,
            connections: Vec::new(),
            count: 0,
            watch: Watch::new(sockets),
            round: 0,
            parting: VecDeque::new(),
            stop: None,
            busy: 0,
            buffer: vec![0; BUFFER].into(),
            scratch: vec![0; SCRATCH].into(),
            inflater: Inflater::default(),
        }
    }

    /// The life of a shard. Start reading here: every frame and every publication takes this road.
    fn run(mut self) {
        while !self.is_over() {
            self.wait();
            let now = Now::read();
            self.read_letters(now);
            self.serve_sockets(now);
            self.keep_deadlines(now);
            self.flush(now);
            self.tenant.rested();
        }
        self.lose_all();
    }

    fn is_over(&self) -> bool {
        self.stop.is_some_and(|deadline| self.count == 0 || deadline <= Instant::now())
    }

    /// Waits until there is something to do, and looks at the sockets even where there always is.
    fn wait(&mut self) {
        self.mail |= self.bell.has_rung();
        let idle = !self.take_letters() && self.watch.gone.is_empty() && !self.is_awaited();
        if idle {
            let longest = if self.bell.may_sleep() { self.time_left() } else { Some(Duration::ZERO) };
            self.look_at_sockets(longest);
            self.take_letters();
        } else if self.busy >= TURN {
            self.look_at_sockets(Some(Duration::ZERO));
        }
    }

    /// Looks which sockets are ready. If none is, waits until one is or somebody rings, but no longer than that.
    fn look_at_sockets(&mut self, longest: Option<Duration>) {
        self.busy = 0;
        self.watch.look(&mut self.connections, longest);
        self.mail |= self.bell.has_rung();
    }

    /// How long the shard may sleep; for ever if it waits for nothing but others.
    fn time_left(&self) -> Option<Duration> {
        let parting = self.parting.front().map(|(deadline, _)| *deadline);
        let next = [self.tenant.deadline(), parting, self.stop].into_iter().flatten().min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    /// Takes letters out of the mailbox, if there are any.
    fn take_letters(&mut self) -> bool {
        if !self.mail {
            return false;
        }
        let room = self.room();
        let mut cx = Context::from_waker(&self.ringer);
        let found = self.mailbox.poll(&mut cx, &mut self.letters, &room).is_ready();
        self.mail = found || !room.delivery;
        found
    }

    /// What may be taken now.
    ///
    /// No deliveries while outboxes of the last ones wait to be written: their senders shall find the mailbox
    /// full rather than fast clients their outboxes. Few newcomers while somebody waits who is here already:
    /// when all come back at once, those who never left shall not notice.
    fn room(&mut self) -> Room {
        let orders = if self.is_awaited() { NEWCOMERS_TO_A_CROWD } else { NEWCOMERS };
        Room { delivery: self.round == 0, orders }
    }

    /// Whether somebody who is here waits to be heard or answered.
    fn is_awaited(&mut self) -> bool {
        !self.watch.ready.is_empty() || self.tenant.outboxes().has_dirty()
    }

    fn read_letters(&mut self, now: Now) {
        self.busy += self.letters.errands.len() + self.letters.orders.len();
        self.deliver(now);
        for errand in self.letters.errands.drain(..) {
            self.tenant.errand(errand, now);
        }
        for order in std::mem::take(&mut self.letters.orders) {
            match order {
                Order::Take(handover) => self.take(handover, now),
                Order::Stop(deadline) => self.stop = Some(deadline),
            }
        }
    }

    /// Empties the mailbox of deliveries, as far as a flush is not due before.
    fn deliver(&mut self, now: Now) {
        if self.round > 0 {
            return;
        }
        let mut next = self.letters.delivery.take();
        for _ in 0..DELIVERIES {
            let Some(delivery) = next else { return };
            self.busy += 1;
            self.tenant.deliver(delivery, now);
            let flush_is_due = self.tenant.outboxes().wants_flush();
            next = if flush_is_due { None } else { self.mailbox.next_delivery() };
        }
        self.letters.delivery = next;
    }

    fn take(&mut self, handover: Handover<T::Opening>, now: Now) {
        let decoder = handover.decoder();
        let id = self.tenant.outboxes().open();
        let Some(socket) = self.register(handover.stream, id, now) else {
            self.tenant.outboxes().remove(id);
            return self.mailbox.discount();
        };
        let slot = id.slot as usize;
        if self.connections.len() <= slot {
            self.connections.resize_with(slot + 1, || None);
        }
        self.count += 1;
        if let Some(window) = handover.deflate {
            self.tenant.outboxes().envelop(id, Envelope::Deflated(window));
        }
        let mut connection = Connection::new(id, socket, decoder);
        self.tenant.opened(id, handover.opening, now);
        let mut read_ahead = Vec::from(handover.read_ahead);
        connection.decode(&mut self.tenant, &mut read_ahead, &mut self.inflater, now);
        self.connections[slot] = Some(connection);
        self.watch.ready.add(id.slot);
    }

    /// Nothing, if the shard takes no more or the system refuses.
    fn register(&self, stream: Stream, id: ConnectionId, now: Now) -> Option<Socket> {
        static FAILING: Complaint = Complaint::new();
        if self.stop.is_some() {
            return None;
        }
        let registered = Socket::register(stream, self.watch.registry(), Token(id.slot as usize));
        registered
            .inspect_err(|error| {
                if let Some(times) = FAILING.again(now.instant) {
                    tracing::warn!(%error, times, "a connection could not be registered");
                }
            })
            .ok()
    }

    fn serve_sockets(&mut self, now: Now) {
        // Those who are not done stand in the list again.
        for _ in 0..self.watch.ready.len().min(TURN) {
            let Some(slot) = self.watch.ready.take() else { break };
            self.busy += 1;
            self.serve(slot, now);
        }
        for _ in 0..BURIALS {
            let Some(slot) = self.watch.gone.take() else { break };
            self.busy += BURIAL;
            self.serve(slot, now);
        }
    }

    fn serve(&mut self, slot: u32, now: Now) {
        let Some(Some(connection)) = self.connections.get_mut(slot as usize) else { return };
        let id = connection.id;
        match connection.receive(&mut self.tenant, &mut self.buffer, &mut self.inflater, now) {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => {
                self.busy += FULL_READ;
                self.watch.ready.add(slot);
            }
            Poll::Ready(Err(_)) => {
                let loss = connection.loss();
                return self.lose(id, loss, now);
            }
        }
        if connection.wants_flush(self.tenant.outboxes()) {
            self.tenant.outboxes().touch(id);
        }
    }

    fn keep_deadlines(&mut self, now: Now) {
        while let Some((_, id)) = self.parting.pop_front_if(|(deadline, _)| *deadline <= now.instant) {
            if let Some(loss) = self.connection(id).map(Connection::loss) {
                self.lose(id, loss, now);
            }
        }
        if self.tenant.deadline().is_some_and(|deadline| deadline <= now.instant) {
            self.tenant.woke(now);
        }
    }

    /// Visits what is dirty, each once, until the round or the turn is over. However much there is to read, answers
    /// are written in every turn.
    fn flush(&mut self, now: Now) {
        if self.round == 0 {
            self.round = self.tenant.outboxes().begin_flush();
        }
        let visits = self.round.min(TURN);
        for _ in 0..visits {
            if let Some(id) = self.tenant.outboxes().visit_dirty() {
                self.visit(id, now);
            }
        }
        self.round -= visits;
        self.busy += visits;
    }

    fn visit(&mut self, id: ConnectionId, now: Now) {
        let outboxes = self.tenant.outboxes();
        let Some(Some(connection)) = self.connections.get_mut(id.slot as usize) else { return };
        if !connection.parting && !outboxes.is_open(id) {
            connection.parting = true;
            self.parting.push_back((now.instant + PARTING, id));
        }
        match connection.flush(outboxes, &mut self.scratch) {
            Poll::Pending => {}
            Poll::Ready(Some(loss)) => self.lose(id, loss, now),
            Poll::Ready(None) => {
                if outboxes.take_notice(id) {
                    self.tenant.drained(id, now);
                }
            }
        }
    }

    fn lose(&mut self, id: ConnectionId, loss: Loss, now: Now) {
        self.connections[id.slot as usize] = None;
        self.count -= 1;
        self.mailbox.discount();
        self.tenant.lost(id, &loss, now);
        self.tenant.outboxes().remove(id);
    }

    fn lose_all(&mut self) {
        let now = Now::read();
        let left: Vec<_> = self.connections.iter().flatten().map(|c| (c.id, c.loss())).collect();
        for (id, loss) in left {
            self.lose(id, loss, now);
        }
    }

    fn connection(&self, id: ConnectionId) -> Option<&Connection> {
        self.connections.get(id.slot as usize)?.as_ref().filter(|connection| connection.id == id)
    }
}

#[cfg(test)]
mod tests;
