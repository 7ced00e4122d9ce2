use std::{
    convert::Infallible,
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    rc::Rc,
};

use suona_protocol::ws::{Message, Opcode, close_frame, masked_frame};

use super::*;
use crate::{
    hub::Outboxes,
    io::{Stream, mailbox},
};

/// Hears nothing but losses.
struct Mourner {
    outboxes: Outboxes,
    lost: Vec<Loss>,
}

impl Tenant for Mourner {
    type Opening = ();
    type Delivery = Infallible;
    type Errand = Infallible;

    fn opened(&mut self, _: ConnectionId, (): (), _: Now) {}

    fn received(&mut self, _: ConnectionId, _: Message<'_>, _: Now) {}

    fn lost(&mut self, _: ConnectionId, loss: &Loss, _: Now) {
        self.lost.push(*loss);
    }

    fn drained(&mut self, _: ConnectionId, _: Now) {}

    fn deliver(&mut self, delivery: Infallible, _: Now) {
        match delivery {}
    }

    fn errand(&mut self, errand: Infallible, _: Now) {
        match errand {}
    }

    fn woke(&mut self, _: Now) {}

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn outboxes(&mut self) -> &mut Outboxes {
        &mut self.outboxes
    }
}

fn reactor(letters: Mailbox<Mourner>) -> Reactor<Mourner> {
    let sockets = mio::Poll::new().unwrap();
    let bell = Bell::new(sockets.registry(), BELL).unwrap();
    Reactor::new(Mourner { outboxes: Outboxes::new(100), lost: Vec::new() }, letters, sockets, bell)
}

/// A socket and its peer.
fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    (stream, peer)
}

fn newcomer(stream: TcpStream) -> Handover<()> {
    let stream = Stream::Plain(stream);
    Handover { stream, read_ahead: Default::default(), opening: (), max_message: Some(100), deflate: None }
}

#[test]
fn a_peer_that_answers_no_close_is_dropped_in_time() {
    let (stream, _peer) = pair();
    let (sender, letters) = mailbox(1);
    let mut reactor = reactor(letters);
    let now = Now::read();
    sender.hand_over(newcomer(stream));
    reactor.wait();
    reactor.read_letters(now);
    let id = reactor.connections[0].as_ref().unwrap().id;
    reactor.tenant.outboxes.close(id, Some(Rc::new(close_frame(3000, "bye"))));
    reactor.flush(now);
    reactor.keep_deadlines(now.after(PARTING - Duration::from_nanos(1)));
    assert_eq!(reactor.tenant.lost, []);
    reactor.keep_deadlines(now.after(PARTING));
    assert_eq!(reactor.tenant.lost, [Loss::Cut]);
}

#[test]
fn after_a_bell_that_rang_for_nothing_the_next_one_is_heard() {
    let (sender, letters) = mailbox(1);
    let mut reactor = reactor(letters);
    // It does not wait for ever.
    reactor.stop = Some(Instant::now());
    reactor.ringer.wake_by_ref();
    reactor.wait();
    assert!(reactor.letters.orders.is_empty());
    sender.stop(Instant::now());
    reactor.wait();
    assert_eq!(reactor.letters.orders.len(), 1);
}

#[test]
fn a_bell_is_heard_by_a_shard_whose_sockets_keep_it_busy() {
    let (sender, letters) = mailbox(1);
    let mut reactor = reactor(letters);
    reactor.watch.ready.add(0);
    reactor.wait();
    sender.stop(Instant::now());
    reactor.wait();
    assert_eq!(reactor.letters.orders.len(), 1);
}

#[test]
fn a_crowd_at_the_door_lets_those_who_are_in_go_first() {
    let (stream, _peer) = pair();
    let (sender, letters) = mailbox(1);
    let mut reactor = reactor(letters);
    for _ in 0..100 {
        sender.hand_over(newcomer(stream.try_clone().unwrap()));
    }
    reactor.wait();
    assert_eq!(reactor.letters.orders.drain(..).len(), NEWCOMERS);
    reactor.watch.ready.add(0);
    reactor.wait();
    assert_eq!(reactor.letters.orders.drain(..).len(), NEWCOMERS_TO_A_CROWD);
    // Whoever is left comes in when there is room again.
    reactor.watch.ready.take();
    reactor.wait();
    assert_eq!(reactor.letters.orders.len(), 100 - NEWCOMERS - NEWCOMERS_TO_A_CROWD);
}

#[test]
fn those_who_stay_are_answered_while_many_go() {
    let (sender, letters) = mailbox(1);
    let mut reactor = reactor(letters);
    let now = Now::read();
    let (streams, mut peers): (Vec<_>, Vec<_>) = (0..100).map(|_| pair()).unzip();
    streams.into_iter().for_each(|stream| sender.hand_over(newcomer(stream)));
    while reactor.count < 100 || !reactor.watch.ready.is_empty() {
        reactor.wait();
        reactor.read_letters(now);
        reactor.serve_sockets(now);
    }
    let mut staying = peers.pop().unwrap();
    drop(peers);
    staying.write_all(&masked_frame(Opcode::Ping, b"", [0; 4])).unwrap();
    while reactor.watch.gone.len() + reactor.watch.ready.len() < 100 {
        reactor.look_at_sockets(None);
    }
    assert_eq!((reactor.watch.gone.len(), reactor.watch.ready.len()), (99, 1));
    reactor.serve_sockets(now);
    reactor.flush(now);
    let mut pong = [0; 2];
    staying.read_exact(&mut pong).unwrap();
    assert_eq!(pong, [0x8a, 0]);
    assert_eq!(reactor.tenant.lost, [Loss::Cut; BURIALS]);
}

#[test]
fn answers_are_written_however_much_there_is_to_read() {
    let (_sender, letters) = mailbox(1);
    let mut reactor = reactor(letters);
    let now = Now::read();
    (0..3 * TURN as u32).for_each(|slot| reactor.watch.ready.add(slot));
    let answered: Vec<_> = (0..TURN).map(|_| reactor.tenant.outboxes.open()).collect();
    answered.into_iter().for_each(|id| reactor.tenant.outboxes.touch(id));
    reactor.serve_sockets(now);
    reactor.flush(now);
    assert_eq!(reactor.watch.ready.len(), 2 * TURN);
    assert!(!reactor.tenant.outboxes.has_dirty());
}
