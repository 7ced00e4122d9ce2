//! The reactor, judged over real sockets by a stock WebSocket client.

mod compression;
mod shard;

use std::{
    io::{Read, Write},
    net::Shutdown,
    rc::Rc,
    time::{Duration, Instant},
};

use shard::{MAX_MESSAGE, Shard, Told, push};
use suona_protocol::ws::{Opcode, close_frame, frame, masked_frame};
use suona_server::{hub::Envelope, io::Loss};
use tungstenite::{
    Message, WebSocket,
    protocol::{CloseFrame, Role, frame::coding::CloseCode},
};

const KEY: [u8; 4] = [1, 2, 3, 4];
const LIMIT: usize = 1 << 20;

fn close(code: u16) -> Message {
    Message::Close(Some(CloseFrame { code: CloseCode::from(code), reason: "".into() }))
}

#[test]
fn messages_come_back_in_order() {
    let shard = Shard::start(LIMIT);
    let mut client = shard.connect();
    let messages = [Message::text("唢呐"), Message::binary(vec![7; 100_000]), Message::text("")];
    for message in &messages {
        client.send(message.clone()).unwrap();
    }
    for message in messages {
        assert_eq!(client.read().unwrap(), message);
    }
}

#[test]
fn what_was_read_with_the_upgrade_is_not_lost() {
    let shard = Shard::start(LIMIT);
    let frames =
        [masked_frame(Opcode::Text, b"early", KEY), masked_frame(Opcode::Text, b"late", KEY)].concat();
    let mut client = shard.dial(&frames[..15]);
    client.write_all(&frames[15..]).unwrap();
    let mut echoes = [0; 7 + 6];
    client.read_exact(&mut echoes).unwrap();
    assert_eq!(echoes, *b"\x81\x05early\x81\x04late");
}

#[test]
fn a_peer_that_only_listens_is_not_heard() {
    let shard = Shard::start(LIMIT);
    let mut client = shard.dial_listener();
    client.write_all(&[0xFF; 100_000]).unwrap();
    shard.let_do(|outboxes, living| {
        outboxes.envelop(living[0], Envelope::Line);
        push(outboxes, living[0], frame(Opcode::Text, b"one"));
        outboxes.close(living[0], Some(Rc::new(frame(Opcode::Text, b"last"))));
    });
    let mut heard = String::new();
    client.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "one\nlast\n");
    drop(client);
    assert_eq!(shard.told(), Told::Lost(Loss::Cut));
}

#[test]
fn pings_are_answered_and_pongs_are_told() {
    let shard = Shard::start(LIMIT);
    let mut client = shard.connect();
    client.send(Message::Ping("alive?".into())).unwrap();
    assert_eq!(client.read().unwrap(), Message::Pong("alive?".into()));
    shard.let_do(|outboxes, living| push(outboxes, living[0], frame(Opcode::Ping, b"and you?")));
    assert_eq!(client.read().unwrap(), Message::Ping("and you?".into()));
    client.flush().unwrap();
    assert_eq!(shard.told(), Told::Pong(b"and you?".to_vec()));
}

#[test]
fn of_many_pings_that_wait_for_an_answer_the_last_gets_one() {
    let shard = Shard::start(64 << 20);
    let mut client = shard.dial(b"");
    // More than the sockets between us hold, so that what comes next waits here.
    shard.let_do(|outboxes, living| {
        for _ in 0..32 {
            push(outboxes, living[0], frame(Opcode::Binary, &[0; 1 << 20]));
        }
    });
    let waiting = shard.ask(|outboxes, living| outboxes.bytes(living[0]));
    for _ in 0..10_000 {
        client.write_all(&masked_frame(Opcode::Ping, b"alive?", KEY)).unwrap();
    }
    client.write_all(&masked_frame(Opcode::Ping, b"well?", KEY)).unwrap();
    client.write_all(&masked_frame(Opcode::Pong, b"that was all", KEY)).unwrap();
    assert_eq!(shard.told(), Told::Pong(b"that was all".to_vec()));
    assert!(shard.ask(|outboxes, living| outboxes.bytes(living[0])) <= waiting);
    let mut client = WebSocket::from_raw_socket(client, Role::Client, None);
    for _ in 0..32 {
        assert_eq!(client.read().unwrap().len(), 1 << 20);
    }
    assert_eq!(client.read().unwrap(), Message::Pong("well?".into()));
}

#[test]
fn a_peer_that_pauses_gets_every_byte_later() {
    let shard = Shard::start(64 << 20);
    let mut client = shard.connect();
    shard.let_do(|outboxes, living| {
        for number in 0..400_u32 {
            push(outboxes, living[0], frame(Opcode::Binary, &number.to_be_bytes().repeat(20_000)));
        }
        outboxes.notify_when_drained(living[0]);
    });
    assert!(shard.ask(|outboxes, living| outboxes.bytes(living[0])) > 0, "the sockets took everything");
    for number in 0..400_u32 {
        assert_eq!(client.read().unwrap().into_data(), number.to_be_bytes().repeat(20_000));
    }
    assert_eq!(shard.told(), Told::Drained);
    assert_eq!(shard.ask(|outboxes, _| outboxes.total_bytes()), 0);
}

#[test]
fn a_slow_peer_gets_whole_messages_and_is_told_that_it_was_slow() {
    let shard = Shard::start(LIMIT);
    let mut client = shard.connect();
    while shard.ask(|outboxes, living| outboxes.is_open(living[0])) {
        shard.let_do(|outboxes, living| push(outboxes, living[0], frame(Opcode::Binary, &[7; 100_000])));
    }
    loop {
        match client.read().unwrap() {
            Message::Binary(bytes) => assert_eq!(bytes, vec![7; 100_000]),
            Message::Close(Some(close)) => break assert_eq!(u16::from(close.code), 3008),
            other => panic!("{other:?}"),
        }
    }
    client.flush().unwrap();
    assert_eq!(shard.told(), Told::Lost(Loss::Closed));
}

#[test]
fn a_close_of_ours_waits_for_the_peers() {
    let shard = Shard::start(LIMIT);
    let mut client = shard.connect();
    shard.let_do(|outboxes, living| {
        push(outboxes, living[0], frame(Opcode::Text, b"last words"));
        outboxes.close(living[0], Some(Rc::new(close_frame(3001, ""))));
    });
    assert_eq!(client.read().unwrap(), Message::text("last words"));
    assert_eq!(shard.sender.connections(), 1);
    assert_eq!(client.read().unwrap(), close(3001));
    client.flush().unwrap();
    assert_eq!(shard.told(), Told::Lost(Loss::Closed));
    assert_eq!(shard.sender.connections(), 0);
}

#[test]
fn a_connection_ended_without_a_close_frame_is_gone_at_once() {
    let shard = Shard::start(LIMIT);
    let mut client = shard.dial(b"");
    shard.let_do(|outboxes, living| {
        push(outboxes, living[0], frame(Opcode::Text, b"!"));
        outboxes.close(living[0], None);
    });
    assert_eq!(shard.told(), Told::Lost(Loss::Cut));
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, *b"\x81\x01!");
}

#[test]
fn a_close_of_the_peer_is_echoed_after_what_is_queued() {
    let shard = Shard::start(LIMIT);
    let mut client = shard.connect();
    client.write(Message::text("one more")).unwrap();
    client.write(close(4321)).unwrap();
    client.flush().unwrap();
    assert_eq!(client.read().unwrap(), Message::text("one more"));
    assert_eq!(client.read().unwrap(), close(4321));
    assert!(matches!(client.read(), Err(tungstenite::Error::ConnectionClosed)));
    assert_eq!(shard.told(), Told::Lost(Loss::Closed));
}

#[test]
fn a_cut_is_noticed() {
    let shard = Shard::start(LIMIT);
    drop(shard.connect());
    assert_eq!(shard.told(), Told::Lost(Loss::Cut));
}

#[test]
fn a_peer_that_only_listens_any_more_gets_its_answers() {
    let shard = Shard::start(LIMIT);
    let mut client = shard.dial(b"");
    client.write_all(&[masked_frame(Opcode::Text, b"question", KEY)].concat()).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut answers = Vec::new();
    client.read_to_end(&mut answers).unwrap();
    assert_eq!(answers, *b"\x81\x08question");
    assert_eq!(shard.told(), Told::Lost(Loss::Cut));
}

#[test]
fn who_breaks_the_protocol_is_told_so_and_others_live_on() {
    let shard = Shard::start(LIMIT);
    let mut good = shard.connect();
    let mut bad = shard.dial(b"");
    bad.write_all(&frame(Opcode::Text, b"not masked")).unwrap();
    let mut told = Vec::new();
    bad.read_to_end(&mut told).unwrap();
    assert_eq!(told, close_frame(1002, "frame without mask"));
    drop(bad);
    assert_eq!(shard.told(), Told::Lost(Loss::Misbehaved(1002)));
    good.send(Message::text("still there?")).unwrap();
    assert_eq!(good.read().unwrap(), Message::text("still there?"));
}

#[test]
fn a_message_beyond_the_limit_is_refused_before_it_came() {
    let shard = Shard::start(LIMIT);
    let mut client = shard.dial(b"");
    let message = masked_frame(Opcode::Binary, &vec![0; MAX_MESSAGE + 1], KEY);
    client.write_all(&message[..14]).unwrap();
    let mut told = Vec::new();
    client.read_to_end(&mut told).unwrap();
    assert_eq!(told, close_frame(1009, "message too big"));
    drop(client);
    assert_eq!(shard.told(), Told::Lost(Loss::Misbehaved(1009)));
}

#[test]
fn a_delivery_reaches_everyone_once() {
    // More than are flushed in one turn.
    let shard = Shard::start(LIMIT);
    let mut clients: Vec<_> = (0..300).map(|_| shard.connect()).collect();
    for number in 0..10 {
        shard.sender.deliveries().blocking_send(frame(Opcode::Text, &[b'0' + number])).unwrap();
    }
    for client in &mut clients {
        for number in 0..10 {
            assert_eq!(client.read().unwrap(), Message::text(number.to_string()));
        }
        client.send(Message::text("got it")).unwrap();
        assert_eq!(client.read().unwrap(), Message::text("got it"));
    }
}

#[test]
fn tls_carries_the_same() {
    let shard = Shard::start(64 << 20);
    let mut client = shard.connect_tls();
    client.send(Message::text("hello")).unwrap();
    assert_eq!(client.read().unwrap(), Message::text("hello"));
    let long: Vec<u8> = (0..MAX_MESSAGE).map(|at| at as u8).collect();
    client.send(Message::binary(long.clone())).unwrap();
    assert_eq!(client.read().unwrap().into_data(), long);
    shard.let_do(move |outboxes, living| {
        for _ in 0..20 {
            push(outboxes, living[0], frame(Opcode::Binary, &long));
        }
        for _ in 0..100 {
            push(outboxes, living[0], frame(Opcode::Text, b"small"));
        }
    });
    assert!(shard.ask(|outboxes, living| outboxes.bytes(living[0])) > 0, "the sockets took everything");
    for _ in 0..20 {
        assert_eq!(client.read().unwrap().len(), MAX_MESSAGE);
    }
    for _ in 0..100 {
        assert_eq!(client.read().unwrap(), Message::text("small"));
    }
    assert_eq!(shard.ask(|outboxes, _| outboxes.total_bytes()), 0);
    client.close(None).unwrap();
    assert_eq!(client.read().unwrap(), Message::Close(None));
    assert_eq!(shard.told(), Told::Lost(Loss::Closed));
}

#[test]
fn a_stopped_shard_ends_with_its_last_connection() {
    let shard = Shard::start(LIMIT);
    let client = shard.connect();
    shard.sender.stop(Instant::now() + Duration::from_secs(600));
    drop(client);
    assert_eq!(shard.told(), Told::Lost(Loss::Cut));
    shard.thread.join().unwrap();
}

#[test]
fn a_shard_out_of_time_loses_what_is_left() {
    let shard = Shard::start(LIMIT);
    let _clients = [shard.connect(), shard.connect()];
    shard.sender.stop(Instant::now());
    assert_eq!([shard.told(), shard.told()], [Told::Lost(Loss::Cut), Told::Lost(Loss::Cut)]);
    shard.thread.join().unwrap();
    assert_eq!(shard.sender.connections(), 0);
}
