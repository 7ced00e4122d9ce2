//! Connections on which compression was agreed on.

use std::io::{Read, Write};

use bytes::Bytes;
use suona_protocol::ws::{Deflater, Opcode, Window, close_frame, frame, masked_frame, payload};
use suona_server::io::Loss;

use crate::{
    KEY, LIMIT,
    shard::{MAX_MESSAGE, Shard, Told, push},
};

fn compressed(message: &[u8]) -> Bytes {
    Deflater::new(1).deflate(&frame(Opcode::Text, message), Window::Full).expect("it gets shorter")
}

/// The same as a client sends it.
fn from_client(message: &[u8]) -> Vec<u8> {
    let mut masked = masked_frame(Opcode::Text, &payload(&compressed(message)), KEY).to_vec();
    masked[0] = 0xc1;
    masked
}

fn expect(client: &mut impl Read, frame: &Bytes) {
    let mut read = vec![0; frame.len()];
    client.read_exact(&mut read).unwrap();
    assert_eq!(read, frame[..]);
}

#[test]
fn messages_are_read_and_sent_compressed_where_that_pays() {
    let shard = Shard::start(LIMIT);
    let mut client = shard.dial_deflating();
    let long = b"a long message ".repeat(1000);
    client.write_all(&from_client(&long)).unwrap();
    expect(&mut client, &compressed(&long));
    client.write_all(&masked_frame(Opcode::Text, b"short", KEY)).unwrap();
    expect(&mut client, &frame(Opcode::Text, b"short"));
    shard.let_do(|outboxes, living| push(outboxes, living[0], frame(Opcode::Ping, &[b'?'; 100])));
    expect(&mut client, &frame(Opcode::Ping, &[b'?'; 100]));
}

#[test]
fn what_goes_to_all_is_compressed_for_those_who_agreed() {
    let shard = Shard::start(LIMIT);
    let (mut plain, mut one, mut other) = (shard.dial(b""), shard.dial_deflating(), shard.dial_deflating());
    let message = frame(Opcode::Text, &b"the price of this lot ".repeat(50));
    shard.sender.deliveries().blocking_send(message.clone()).unwrap();
    expect(&mut plain, &message);
    let compressed = Deflater::new(1).deflate(&message, Window::Full).unwrap();
    expect(&mut one, &compressed);
    expect(&mut other, &compressed);
}

#[test]
fn a_message_that_inflates_to_more_than_the_limit_ends_its_connection_alone() {
    let shard = Shard::start(2 * LIMIT);
    let (mut bomber, mut neighbour) = (shard.dial_deflating(), shard.dial_deflating());
    bomber.write_all(&from_client(&vec![b'0'; MAX_MESSAGE + 1])).unwrap();
    expect(&mut bomber, &close_frame(1009, "message too big"));
    drop(bomber);
    assert_eq!(shard.told(), Told::Lost(Loss::Misbehaved(1009)));
    neighbour.write_all(&from_client(&vec![b'0'; MAX_MESSAGE])).unwrap();
    expect(&mut neighbour, &compressed(&vec![b'0'; MAX_MESSAGE]));
}

#[test]
fn rubbish_and_what_nobody_agreed_on_end_the_connection() {
    let shard = Shard::start(LIMIT);
    let (mut plain, mut deflating) = (shard.dial(b""), shard.dial_deflating());
    plain.write_all(&from_client(&[b'x'; 100])).unwrap();
    expect(&mut plain, &close_frame(1002, "reserved bits set"));
    let mut rubbish = masked_frame(Opcode::Binary, &[0xff; 50], KEY).to_vec();
    rubbish[0] = 0xc2;
    deflating.write_all(&rubbish).unwrap();
    expect(&mut deflating, &close_frame(1007, "invalid compressed data"));
}

#[test]
fn many_messages_in_few_bytes_are_all_heard() {
    let shard = Shard::start(LIMIT);
    let mut client = shard.dial_deflating();
    let large = vec![b'0'; 64 * 1024];
    let echo = compressed(&large);
    client.write_all(&from_client(&large).repeat(200)).unwrap();
    for _ in 0..200 {
        expect(&mut client, &echo);
    }
}
