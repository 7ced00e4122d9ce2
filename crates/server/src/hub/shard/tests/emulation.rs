//! Clients that listen on an HTTP stream and speak by requests.

use tokio::sync::Semaphore;

use super::*;
use crate::{
    door::{Emulation, Encoding, SessionKey, Stream},
    hub::{Order, Said},
    session::PingSchedule,
};

/// One client of a stream, and the key that it was told.
struct Listener {
    id: ConnectionId,
    session: SessionKey,
}

impl World {
    fn listener(&mut self, stream: Stream, encoding: Encoding, first: &[u8]) -> Listener {
        let id = self.shard.outboxes().open();
        let session = SessionKey::draw(ShardId(0));
        let emulation = Some(Box::new(Emulation { stream, session, node: "node-1".into() }));
        let door = Door::Managed(Managed { encoding, emulation, ..Managed::default() });
        let (interval, pong_timeout) = (Duration::from_secs(25), Some(Duration::from_secs(8)));
        let manners = Manners { ping: Some(PingSchedule { interval, pong_timeout }), ..Manners::default() };
        let first = Some(Bytes::copy_from_slice(first));
        self.shard.opened(
            id,
            Opening {
                door,
                manners: manners.into(),
                first,
                headers: None,
                vouched: None,
                lease: Box::new(()),
            },
            self.now,
        );
        self.settle();
        Listener { id, session }
    }

    /// A client that is connected by HTTP streaming in JSON, and has read that.
    fn connected(&mut self) -> Listener {
        let listener = self.listener(Stream::Http, Encoding::Json, CONNECT);
        assert!(self.reads(listener.id).contains("connect"));
        listener
    }

    /// What is written to a client that reads.
    fn reads(&mut self, id: ConnectionId) -> String {
        let outboxes = self.shard.outboxes();
        let bytes: Vec<u8> = outboxes.unsent(id).flatten().copied().collect();
        outboxes.advance(id, bytes.len(), 0);
        String::from_utf8(bytes).unwrap()
    }

    /// Whether there is a stream of this session.
    fn posts(&mut self, session: SessionKey, frame: &str) -> bool {
        let (heard, mut answer) = oneshot::channel();
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let said = Said { session, frame: Bytes::copy_from_slice(frame.as_bytes()), heard, place };
        self.shard.errand(Errand::Said(said), self.now);
        self.settle();
        answer.try_recv().is_ok()
    }
}

const CONNECT: &[u8] = br#"{"id":1,"connect":{}}"#;

#[test]
fn the_connect_reply_names_the_session_and_the_node() {
    let mut world = World::new(OPEN);
    let Listener { id, session } = world.listener(Stream::Http, Encoding::Json, CONNECT);
    let reply = world.reads(id);
    let (_, told) = reply.split_once(r#","session":""#).expect("it is told");
    let (key, rest) = told.split_at(34);
    assert_eq!(SessionKey::parse(key), Some(session));
    assert_eq!(rest, "\",\"node\":\"node-1\"}}\n");
    let first = world.client();
    assert!(world.reads(first).is_empty(), "a WebSocket needs none");
}

#[test]
fn each_stream_has_its_own_envelope() {
    let mut world = World::new(OPEN);
    let lines = world.connected();
    let events = world.listener(Stream::Events, Encoding::Json, CONNECT);
    let bare = world.listener(Stream::Http, Encoding::Protobuf, b"\x04\x08\x01\x22\x00");
    let socket = world.subscriber("news");
    assert!(world.reads(events.id).starts_with("data: {\"id\":1,"));
    assert!(world.reads(bare.id).contains("node-1"));
    for listener in [&lines, &events] {
        assert!(world.posts(listener.session, r#"{"id":2,"subscribe":{"channel":"news"}}"#));
        world.reads(listener.id);
    }
    assert!(world.posts(bare.session, "\u{a}\u{8}\u{2}\u{2a}\u{6}\u{a}\u{4}news"));
    world.reads(bare.id);
    world.publish("news", "[1]");
    world.settle();
    let push = r#"{"push":{"channel":"news","pub":{"data":[1],"offset":1"#;
    assert!(world.hears(socket)[0].starts_with(push));
    assert!(world.reads(lines.id).starts_with(push));
    assert!(world.reads(events.id).starts_with(&format!("data: {push}")));
    let message = world.reads(bare.id);
    assert_eq!(usize::from(message.as_bytes()[0]), message.len() - 1, "it begins with its length");
    assert!(message.contains("news") && message.contains("[1]"));
}

#[test]
fn what_is_posted_is_answered_on_the_stream_in_the_order_in_which_it_came() {
    let mut world = World::new(OPEN);
    let ann = world.connected();
    for id in 2..20 {
        assert!(world.posts(ann.session, &format!(r#"{{"id":{id},"ping":{{}}}}"#)));
    }
    let answers: String = (2..20).map(|id| format!("{{\"id\":{id},\"ping\":{{}}}}\n")).collect();
    assert_eq!(world.reads(ann.id), answers);
}

#[test]
fn nobody_speaks_for_another() {
    let mut world = World::new(OPEN);
    let ann = world.connected();
    assert!(!world.posts(SessionKey::draw(ShardId(0)), r#"{"id":2,"ping":{}}"#));
    assert_eq!(world.reads(ann.id), "");
}

#[test]
fn a_stream_that_is_gone_leaves_nothing_behind() {
    let mut world = World::new(OPEN);
    let ann = world.connected();
    world.posts(ann.session, r#"{"id":2,"subscribe":{"channel":"news"}}"#);
    world.cut(ann.id);
    assert!(!world.posts(ann.session, r#"{"id":3,"ping":{}}"#));
    assert!(world.shard.listeners.is_empty() && world.shard.audiences.is_empty());
}

#[test]
fn the_end_of_a_stream_is_told_on_it_and_what_is_posted_meanwhile_changes_nothing() {
    let mut world = World::new(OPEN);
    let ann = world.connected();
    assert!(world.posts(ann.session, "{}"), "a pong that no ping asked for");
    let told = "{\"push\":{\"disconnect\":{\"code\":3501,\"reason\":\"bad request\"}}}\n";
    assert_eq!(world.reads(ann.id), told);
    assert!(world.posts(ann.session, r#"{"id":3,"ping":{}}"#), "or the client would not wait to read why");
    assert_eq!(world.reads(ann.id), "");
}

#[test]
fn who_asks_for_a_farewell_hears_it_once() {
    let mut world = World::new(OPEN);
    let connect = br#"{"id":1,"connect":{"headers":{"suona-farewell":"1"}}}"#;
    let ann = world.listener(Stream::Http, Encoding::Json, connect);
    world.reads(ann.id);
    world.shard.errand(Errand::Drain(Duration::ZERO), world.now);
    let told = world.reads(ann.id);
    assert!(
        told.starts_with(r#"{"push":{"disconnect":{"code":3001,"#) && told.contains("retry_after_ms"),
        "{told}"
    );
    assert_eq!(told.lines().count(), 1);
}

#[test]
fn a_first_message_that_is_none_ends_the_stream() {
    let mut world = World::new(OPEN);
    for (stream, first) in [(Stream::Http, &b""[..]), (Stream::Events, b"hello"), (Stream::Events, b"{}")] {
        let stranger = world.listener(stream, Encoding::Json, first);
        assert!(world.reads(stranger.id).contains(r#"{"code":3501,"reason":"bad request"}"#));
    }
}

#[test]
fn pongs_come_by_requests() {
    let mut world = World::new(OPEN);
    let (ann, bob) = (world.connected(), world.connected());
    world.after(Duration::from_secs(25));
    assert_eq!((world.reads(ann.id), world.reads(bob.id)), ("{}\n".to_owned(), "{}\n".to_owned()));
    assert!(world.posts(ann.session, "{}"));
    world.after(Duration::from_secs(8));
    assert!(world.reads(bob.id).contains(r#""disconnect":{"code":3012"#));
    assert_eq!(world.reads(ann.id), "");
}

#[test]
fn a_stream_that_nobody_reads_ends_as_slow_within_its_bound() {
    let mut world = World::new(&OPEN.replace("[client]", "[client]\nqueue_max_size = 10000"));
    let ann = world.connected();
    world.posts(ann.session, r#"{"id":2,"subscribe":{"channel":"news"}}"#);
    for _ in 0..20 {
        world.publish("news", &format!("{:?}", "x".repeat(1000)));
        world.settle();
        assert!(world.shard.outboxes().bytes(ann.id) <= 10_000);
    }
    assert!(!world.shard.outboxes().is_open(ann.id) && world.shard.audiences.is_empty());
    assert!(
        world.reads(ann.id).ends_with("{\"push\":{\"disconnect\":{\"code\":3008,\"reason\":\"slow\"}}}\n")
    );
}

#[test]
fn a_draining_shard_sends_its_listeners_away() {
    let mut world = World::new(OPEN);
    let ann = world.connected();
    world.shard.errand(Errand::Drain(Duration::ZERO), world.now);
    let told = r#"{"push":{"disconnect":{"code":3001,"reason":"shutdown"}}}"#;
    assert_eq!(world.reads(ann.id), format!("{told}\n"));
    let late = world.listener(Stream::Events, Encoding::Json, CONNECT);
    assert_eq!(world.reads(late.id), format!("data: {told}\n\n"));
}

#[test]
fn an_order_can_name_a_session() {
    let mut world = World::new(OPEN);
    let [first, second] = [world.connected(), world.connected()];
    for session in [second.session.to_text(), SessionKey::draw(ShardId(0)).to_text(), "none".into()] {
        let matching = Selector { session: Some(session), ..Selector::default() };
        let order = Order::Disconnect { matching, why: DisconnectCode::ForceDisconnect.into() };
        world.shard.errand(Errand::Order(None, order), world.now);
    }
    assert!(world.reads(first.id).is_empty());
    assert!(world.reads(second.id).contains(r#"{"disconnect":{"code":3503"#));
}
