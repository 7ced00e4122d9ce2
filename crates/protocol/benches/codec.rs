//! What it costs to read a command, to encode a publication, and to frame both.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use suona_protocol::{
    Channel, Publication, json, protobuf,
    ws::{Decoder, Opcode, Role, frame, masked_frame},
};

const PUBLISH: &[u8] = br#"{"id":7,"publish":{"channel":"news","data":{"title":"hello","body":"so long"}}}"#;

/// The same: id 7, publish { channel, data }, the length before it.
fn publish_in_protobuf() -> Vec<u8> {
    let data = br#"{"title":"hello","body":"so long"}"#;
    let publish = [&[0x0A, 4], &b"news"[..], &[0x12, data.len() as u8], data].concat();
    let command = [&[0x08, 7, 0x3A, publish.len() as u8], &publish[..]].concat();
    [&[command.len() as u8], &command[..]].concat()
}

fn commands(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode a publish command");
    group.bench_function("JSON", |bencher| {
        bencher.iter(|| json::decode_commands(black_box(PUBLISH)).next().unwrap().unwrap());
    });
    let message = publish_in_protobuf();
    group.bench_function("Protobuf", |bencher| {
        bencher.iter(|| protobuf::decode_commands(black_box(&message), 1 << 16).next().unwrap().unwrap());
    });
    group.finish();
}

fn publications(criterion: &mut Criterion) {
    let channel = Channel::from("news");
    let data = format!("\"{}\"", "x".repeat(126)).into();
    let publication = Publication { data, offset: 17, ..Publication::default() };
    let mut group = criterion.benchmark_group("encode a publication of 128 bytes");
    group.bench_function("JSON", |bencher| {
        bencher.iter(|| json::encode_publication_push(&channel, black_box(&publication)));
    });
    group.bench_function("Protobuf", |bencher| {
        bencher.iter(|| protobuf::encode_publication_push(&channel, black_box(&publication)));
    });
    group.finish();
}

fn framing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame");
    group.bench_function("write", |bencher| bencher.iter(|| frame(Opcode::Text, black_box(PUBLISH))));
    let masked = masked_frame(Opcode::Text, PUBLISH, [1, 2, 3, 4]);
    group.bench_function("read", |bencher| {
        let mut decoder = Decoder::new(Role::Server, 1 << 16);
        let mut bytes = masked.to_vec();
        bencher.iter(|| {
            // What was read is unmasked in place, so each time needs its own.
            bytes.copy_from_slice(&masked);
            decoder.decode(&mut black_box(&mut bytes[..])).unwrap().is_some()
        });
    });
    group.finish();
}

criterion_group!(benches, commands, publications, framing);
criterion_main!(benches);
