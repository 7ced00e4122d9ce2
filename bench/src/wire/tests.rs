use suona_protocol::{Channel, Publication, json, protobuf};

use super::*;
use crate::stamp::Stamp;

const STAMP: Stamp = Stamp { channel: 3, number: 17 };

/// What `wire` finds in `message`, with publications by their stamps.
fn said(wire: &dyn Wire, message: &[u8]) -> Result<Vec<String>, Unread> {
    let mut all = Vec::new();
    wire.read(message, &mut |said| {
        all.push(match said {
            Said::Publication(data) => format!("{:?}", Stamp::read(data)),
            other => format!("{other:?}"),
        });
    })?;
    Ok(all)
}

fn pusher_of_a_test() -> Pusher {
    Pusher("bench".to_owned())
}

fn published() -> (Channel, Publication, String) {
    let data = format!("\"{}\"", STAMP.text(72));
    let publication = Publication { data: data.clone().into(), offset: 17, ..Publication::default() };
    (Channel::from("bench3"), publication, data)
}

/// The payload of a short frame of a server.
fn payload(frame: &[u8]) -> &[u8] {
    &frame[if frame[1] == 126 { 4 } else { 2 }..]
}

#[test]
fn every_wire_finds_the_stamp_of_a_publication() {
    let (channel, publication, data) = published();
    let stamp = [format!("{:?}", Some(STAMP))];
    let json = json::encode_publication_push(&channel, &publication).frame;
    let protobuf = protobuf::encode_publication_push(&channel, &publication).frame;
    assert_eq!(said(&Json { secret: None }, payload(&json)).unwrap(), stamp);
    assert_eq!(said(&Protobuf { secret: None }, payload(&protobuf)).unwrap(), stamp);
    assert_eq!(said(&Plain, data.as_bytes()).unwrap(), stamp);
    let floor = Floor { inner: Box::new(Json { secret: None }) };
    assert_eq!(said(&floor, payload(&json)).unwrap(), stamp);
    let socket_io = format!("42[\"publication\",\"bench3\",{data}]");
    assert_eq!(said(&SocketIo, socket_io.as_bytes()).unwrap(), stamp);
    let pusher = format!("{{\"event\":\"publication\",\"channel\":\"bench3\",\"data\":{data}}}");
    assert_eq!(said(&pusher_of_a_test(), pusher.as_bytes()).unwrap(), stamp);
}

#[test]
fn several_replies_in_one_message_are_told_one_by_one() {
    let data = STAMP.text(72);
    let joined = format!(
        "{{}}\n{{\"id\":2,\"subscribe\":{{\"epoch\":\"e\",\"offset\":17,\"publications\":[{{\"data\":\"{data}\",\"offset\":17}}]}}}}"
    );
    let position = r#"Position { place: 0, epoch: "e", offset: 17 }"#;
    let all = ["Ping", position, &format!("{:?}", Some(STAMP)), "Answer"];
    assert_eq!(said(&Json { secret: None }, joined.as_bytes()).unwrap(), all);
}

#[test]
fn a_refusal_is_no_answer() {
    let refused = br#"{"id":2,"error":{"code":103,"message":"permission denied"}}"#;
    assert!(said(&Json { secret: None }, refused).unwrap_err().to_string().contains("permission denied"));
    // Reply { id: 2, error: { code: 103 } }, its length before it.
    assert!(said(&Protobuf { secret: None }, &[6, 8, 2, 0x12, 2, 8, 103]).is_err());
    assert!(said(&Plain, br#"{"method":"echo","error":{"code":108}}"#).is_err());
    assert!(said(&SocketIo, b"44{}").is_err());
    let refused = br#"{"event":"pusher:error","data":{"code":4001,"message":"App key does not exist"}}"#;
    assert!(said(&pusher_of_a_test(), refused).unwrap_err().to_string().contains("App key"));
}

#[test]
fn no_bytes_break_a_wire() {
    let pusher = pusher_of_a_test();
    let wires: [&dyn Wire; 5] =
        [&Json { secret: None }, &Protobuf { secret: None }, &Plain, &SocketIo, &pusher];
    let (channel, publication, _) = published();
    let frame = protobuf::encode_publication_push(&channel, &publication).frame;
    for end in 0..payload(&frame).len() {
        for wire in wires {
            // Whether it can be read does not matter here.
            let _ = said(wire, &payload(&frame)[..end]);
        }
    }
}
