//! The thread of one shard: a single future that drives all its sockets and its tenant.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use suona_protocol::ws::Inflater;
use tokio::{
    runtime::Builder,
    task::{coop::unconstrained, yield_now},
    time::{Sleep, sleep},
};

use super::{
    ConnectionId, Handover, Loss, Mailbox, Tenant,
    connection::Connection,
    mailbox::{Letters, Order},
    ready::ReadyList,
    socket::Socket,
};
use crate::{Now, complaint::Complaint, hub::Envelope};

/// Starts the thread of one shard. It ends when it is told to [`stop`](super::ShardSender::stop).
///
/// The tenant is made there, so that it may hold what must not leave its thread.
pub fn spawn<T: Tenant + 'static>(
    name: String,
    mailbox: Mailbox<T>,
    tenant: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
    // The reactor yields by itself; tokio's budget would end its turns in the middle of a flush.
    let run = move || runtime.block_on(unconstrained(async { Reactor::new(tenant(), mailbox).run().await }));
    thread::Builder::new().name(name).spawn(run)
}

struct Reactor<T: Tenant> {
    tenant: T,
    mailbox: Mailbox<T>,
    letters: Letters<T>,
    /// Rings when something comes into the mailbox that was found empty.
    letter_bell: Waker,
    /// Whether the mailbox may hold something.
    mail: bool,
    /// By slot.
    connections: Vec<Option<Connection>>,
    count: usize,
    ready: Arc<ReadyList>,
    /// The slots that are served in this turn.
    rung: Vec<u32>,
    /// How many of the dirty outboxes are left of this round of the flush.
    round: usize,
    /// When each closing connection is dropped, earliest first: the time given is always the same.
    parting: VecDeque<(Instant, ConnectionId)>,
    stop: Option<Instant>,
    alarm: Pin<Box<Sleep>>,
    /// How much was done since the runtime last looked at the sockets.
    busy: usize,
    /// Where every read goes first.
    buffer: Box<[u8]>,
    /// Where small frames are joined for one write.
    scratch: Box<[u8]>,
    /// Where compressed messages become readable, one after another.
    inflater: Inflater,
}

/// The time for writing what is queued and for the peer's close frame, once a connection is closing.
const PARTING: Duration = Duration::from_secs(5);

/// Reads and writes between two looks at which sockets are ready; about a millisecond.
const TURN: usize = 256;

/// Deliveries taken at once: publishers that never rest shall not keep sockets waiting.
const DELIVERIES: usize = 1024;

const BUFFER: usize = 64 * 1024;

/// Joining frames pays up to about this many bytes.
const SCRATCH: usize = 16 * 1024;

impl<T: Tenant> Reactor<T> {
    fn new(tenant: T, mailbox: Mailbox<T>) -> Self {
        let ready = Arc::<ReadyList>::default();
        Self {
            tenant,
            mailbox,
            letters: Letters::new(),
            letter_bell: ready.letter_bell(),
            mail: true,
            connections: Vec::new(),
            count: 0,
            ready,
            rung: Vec::new(),
            round: 0,
            parting: VecDeque::new(),
            stop: None,
            alarm: Box::pin(sleep(Duration::ZERO)),
            busy: 0,
            buffer: vec![0; BUFFER].into(),
            scratch: vec![0; SCRATCH].into(),
            inflater: Inflater::default(),
        }
    }

    /// The life of a shard. Start reading here: every frame and every publication takes this road.
    async fn run(mut self) {
        while !self.is_over() {
            poll_fn(|cx| self.poll_work(cx)).await;
            let now = Now::read();
            self.read_letters(now);
            self.serve_sockets(now);
            self.keep_deadlines(now);
            self.flush(now);
            self.tenant.rested();
            if self.busy >= TURN {
                self.busy = 0;
                yield_now().await;
            }
        }
        self.lose_all();
    }

    fn is_over(&self) -> bool {
        self.stop.is_some_and(|deadline| self.count == 0 || deadline <= Instant::now())
    }

    /// Waits until there is something to do.
    fn poll_work(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let rang = self.ready.poll(cx, &mut self.rung);
            self.mail |= rang == Poll::Ready(true);
            let letters = self.mail && self.take_letters();
            let flush = self.tenant.outboxes().has_dirty();
            if letters || !self.rung.is_empty() || flush || self.poll_deadline(cx).is_ready() {
                return Poll::Ready(());
            }
            // A bell may ring for a letter that was taken already; whoever heard it must listen anew.
            let _ = ready!(rang);
        }
    }

    /// Takes letters out of the mailbox, if there are any.
    ///
    /// No deliveries are taken while outboxes of the last ones wait to be written: their senders shall find
    /// the mailbox full rather than fast clients their outboxes.
    fn take_letters(&mut self) -> bool {
        let with_deliveries = self.round == 0;
        let mut cx = Context::from_waker(&self.letter_bell);
        let found = self.mailbox.poll(&mut cx, &mut self.letters, with_deliveries).is_ready();
        self.mail = found || !with_deliveries;
        found
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let parting = self.parting.front().map(|(deadline, _)| *deadline);
        let Some(next) = [self.tenant.deadline(), parting, self.stop].into_iter().flatten().min() else {
            return Poll::Pending;
        };
        if self.alarm.deadline() != next.into() {
            self.alarm.as_mut().reset(next.into());
        }
        self.alarm.as_mut().poll(cx)
    }

    fn read_letters(&mut self, now: Now) {
        // One for the turn itself, so that even one that achieves nothing lets the runtime go on.
        self.busy += 1 + self.letters.errands.len() + self.letters.orders.len();
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
        let socket = match Socket::register(handover.stream) {
            Ok(socket) if self.stop.is_none() => socket,
            refused => {
                if let Err(error) = refused {
                    static FAILING: Complaint = Complaint::new();
                    if let Some(times) = FAILING.again(now.instant) {
                        tracing::warn!(%error, times, "a connection could not be registered");
                    }
                }
                return self.mailbox.discount();
            }
        };
        let id = self.tenant.outboxes().open();
        let slot = id.slot as usize;
        if self.connections.len() <= slot {
            self.connections.resize_with(slot + 1, || None);
        }
        self.count += 1;
        if handover.deflate {
            self.tenant.outboxes().envelop(id, Envelope::Deflated);
        }
        let mut connection = Connection::new(id, socket, self.ready.doorbell(id.slot), decoder);
        self.tenant.opened(id, handover.opening, now);
        let mut read_ahead = Vec::from(handover.read_ahead);
        connection.decode(&mut self.tenant, &mut read_ahead, &mut self.inflater, now);
        self.connections[slot] = Some(connection);
        self.rung.push(id.slot);
    }

    fn serve_sockets(&mut self, now: Now) {
        self.busy += self.rung.len();
        let mut rung = std::mem::take(&mut self.rung);
        for slot in rung.drain(..) {
            let Some(Some(connection)) = self.connections.get_mut(slot as usize) else { continue };
            let id = connection.id;
            match connection.receive(&mut self.tenant, &mut self.buffer, &mut self.inflater, now) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.ready.ring(slot),
                Poll::Ready(Err(_)) => {
                    let loss = connection.loss();
                    self.lose(id, loss, now);
                    continue;
                }
            }
            if connection.wants_flush(self.tenant.outboxes()) {
                self.tenant.outboxes().touch(id);
            }
        }
        self.rung = rung;
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

    /// Visits what is dirty, each once, until the round or the turn is over.
    fn flush(&mut self, now: Now) {
        if self.round == 0 {
            self.round = self.tenant.outboxes().begin_flush();
        }
        let visits = self.round.min(TURN.saturating_sub(self.busy).max(1));
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
