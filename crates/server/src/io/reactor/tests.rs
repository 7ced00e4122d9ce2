use std::{
    convert::Infallible,
    net::{Ipv4Addr, TcpListener, TcpStream},
    rc::Rc,
};

use suona_protocol::ws::{Message, close_frame};

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

#[test]
fn a_peer_that_answers_no_close_is_dropped_in_time() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let _peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    let stream = Stream::Plain(stream);
    let (sender, letters) = mailbox(1);
    let mut reactor = reactor(letters);
    let now = Now::read();
    sender.hand_over(Handover {
        stream,
        read_ahead: Default::default(),
        opening: (),
        max_message: Some(100),
        deflate: false,
    });
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
    reactor.ready.add(0);
    reactor.wait();
    sender.stop(Instant::now());
    reactor.wait();
    assert_eq!(reactor.letters.orders.len(), 1);
}
