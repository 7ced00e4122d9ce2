use std::{
    convert::Infallible,
    net::{Ipv4Addr, TcpListener, TcpStream},
    rc::Rc,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    task::Wake,
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

#[tokio::test]
async fn a_peer_that_answers_no_close_is_dropped_in_time() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let _peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    let stream = Stream::Plain(stream);
    let (sender, letters) = mailbox(1);
    let mut reactor = Reactor::new(Mourner { outboxes: Outboxes::new(100), lost: Vec::new() }, letters);
    let now = Now::read();
    sender.hand_over(Handover {
        stream,
        read_ahead: Default::default(),
        opening: (),
        max_message: Some(100),
        deflate: false,
    });
    poll_fn(|cx| reactor.poll_work(cx)).await;
    reactor.read_letters(now);
    let id = reactor.connections[0].as_ref().unwrap().id;
    reactor.tenant.outboxes.close(id, Some(Rc::new(close_frame(3000, "bye"))));
    reactor.flush(now);
    reactor.keep_deadlines(now.after(PARTING - Duration::from_nanos(1)));
    assert_eq!(reactor.tenant.lost, []);
    reactor.keep_deadlines(now.after(PARTING));
    assert_eq!(reactor.tenant.lost, [Loss::Cut]);
}

#[tokio::test]
async fn after_a_bell_that_rang_for_nothing_the_next_one_is_heard() {
    let (sender, letters) = mailbox(1);
    let mut reactor = Reactor::new(Mourner { outboxes: Outboxes::new(100), lost: Vec::new() }, letters);
    let woken = Arc::new(Woken::default());
    let waker = woken.clone().into();
    let mut cx = Context::from_waker(&waker);
    reactor.letter_bell.wake_by_ref();
    assert!(reactor.poll_work(&mut cx).is_pending());
    sender.stop(Instant::now());
    assert!(woken.0.load(Relaxed));
    assert!(reactor.poll_work(&mut cx).is_ready());
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}
