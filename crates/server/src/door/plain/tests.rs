//! Stories of plain clients: a message in and what the door hears, a reply in and what the client hears.

mod identifying;
mod published;
mod requesting;

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::{
    auth::TokenOptions,
    config::{PlainRpc, config_of},
    door::Door,
};

const SECRET: &str = "a secret of at least thirty-two bytes";

const BIDS: &str = r#"
    path = "/bids"
    identify = { from = "query:userid", pattern = "^(?<lot>[^_]+)_(?<supplier>.+)_[0-9]+$", user = "{supplier}" }
    trust_names = true
    channels = ["lot:{lot}"]
    greeting = "SUCCESS"
    heartbeat = { request = "header", reply = "header" }
"#;

const DEVICE: &str = r#"
    path = "/device"
    identify = { from = "message", token = "token" }
    channels = ["device:{serial_no}"]
    heartbeat = { request = "heartbeat" }
"#;

const APP: &str = r#"
    path = "/app"
    channels = ["orders"]
"#;

/// One connection and its door; the test plays client and session.
struct Desk {
    door: Door,
    heard: Vec<Heard>,
}

fn door(toml: &str) -> PlainDoor {
    config_of(&format!("[[plain]]{toml}")).plain.remove(0)
}

/// The door of the order desk, with requests.
fn app() -> PlainDoor {
    PlainDoor { rpc: Some(PlainRpc::default()), ..door(APP) }
}

impl Desk {
    /// A connection that was just opened.
    fn new(door: PlainDoor, query: &str) -> Self {
        let tokens = Verifier::new(&TokenOptions { hmac_secret: SECRET.to_owned(), ..Default::default() });
        Self::with_tokens(door, query, tokens.expect("a secret is a key"))
    }

    fn with_tokens(door: PlainDoor, query: &str, tokens: Verifier) -> Self {
        let rules = PlainRules::new(door, Arc::new(tokens));
        let plain = Plain::new(Arc::new(rules), query);
        let mut desk = Self { door: Door::Plain(Box::new(plain)), heard: Vec::new() };
        desk.door.opened(&mut desk.heard);
        desk
    }

    /// What the door makes of a message.
    fn says(&mut self, text: &str) -> Vec<String> {
        self.sends(Message::Text(text))
    }

    fn sends(&mut self, message: Message<'_>) -> Vec<String> {
        self.door.decode(message, now(), &mut self.heard);
        self.heard()
    }

    /// What comes of the fetch that it waited for.
    fn fetched(&mut self, fetched: bool) -> Vec<String> {
        self.door.keys_fetched(fetched, now(), &mut self.heard);
        self.heard()
    }

    /// What the door heard and the test has not looked at yet.
    fn heard(&mut self) -> Vec<String> {
        self.heard.drain(..).map(told).collect()
    }

    /// What the client hears of a reply.
    fn reads(&mut self, id: u32, outcome: Outcome) -> Option<String> {
        self.door.reply(&Reply { id, outcome }).map(|frame| text(&frame))
    }
}

fn now() -> Now {
    Now { instant: std::time::Instant::now(), unix: Duration::from_secs(1_800_000_000) }
}

/// One line about something heard; a channel that is proved ends with `!`.
fn told(heard: Heard) -> String {
    match heard {
        Heard::Answer(frame) => format!("answer {}", text(&frame)),
        Heard::FetchKeys => "fetch keys".to_owned(),
        Heard::Input(Input::Heartbeat) => "alive".to_owned(),
        Heard::Input(Input::ProtocolPong) => "pong".to_owned(),
        Heard::Input(Input::Disconnect(why)) => format!("refuse {} {}", why.code(), why.reason()),
        Heard::Input(Input::Command(Command { id, request: Request::Rpc(rpc) })) => {
            let data = rpc.data.unwrap_or_default();
            format!("rpc {id} {} {}", rpc.method, String::from_utf8_lossy(&data))
        }
        Heard::Input(Input::Introduced { introduction, .. }) => {
            let channel = |sub: &crate::session::ServerSub| {
                format!("{}{}", sub.channel, if sub.proved { "!" } else { "" })
            };
            let channels: Vec<_> = introduction.subs.iter().map(channel).collect();
            let proved = if introduction.proved { "!" } else { "" };
            format!("this is {:?}{proved} in {}", introduction.user, channels.join(" "))
        }
        Heard::Input(Input::Stranger { id, stranger, subs }) => {
            let channels: Vec<_> = subs.iter().map(|sub| sub.channel.as_str()).collect();
            let query = stranger.query.unwrap_or_default();
            let data = stranger.data.unwrap_or_default();
            let data = String::from_utf8_lossy(&data).into_owned();
            format!("who is {id}? {} {query:?} {data} in {}", stranger.name, channels.join(" "))
        }
        Heard::Input(other) => panic!("{other:?}"),
    }
}

/// The payload of a text frame.
fn text(frame: &[u8]) -> String {
    assert_eq!(frame[0], 0x81, "a text frame");
    let header = if frame[1] == 126 { 4 } else { 2 };
    String::from_utf8(frame[header..].to_vec()).expect("text")
}

fn token(claims: &serde_json::Value) -> String {
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), claims, &key).expect("claims are JSON")
}

#[test]
fn the_bidder_of_the_field_is_understood() {
    let mut desk = Desk::new(door(BIDS), "x=1&userid=7_acme_1700000000");
    assert_eq!(desk.heard(), [r#"this is "acme" in lot:7!"#]);
    assert_eq!(desk.reads(INTRODUCTION, Outcome::Connect(Box::default())).as_deref(), Some("SUCCESS"));
    assert_eq!(desk.says("header"), ["alive", "answer header"]);
    assert_eq!(desk.sends(Message::Pong(b"")), ["pong"]);
    assert_eq!(desk.door.wire(), Wire::PlainText);
    assert_eq!(desk.door.ping()[..], [0x89, 0]);
}

#[test]
fn pushes_are_bare_publications_and_nothing_else() {
    let desk = Desk::new(PlainDoor { frames: Frames::Binary, ..door(APP) }, "");
    assert_eq!(desk.door.wire(), Wire::PlainBinary);
    let event = suona_protocol::PushEvent::Unsubscribe(suona_protocol::UnsubscribeCode::Server);
    assert!(desk.door.push(&suona_protocol::Push { channel: "orders".into(), event }).is_none());
}

#[test]
fn a_message_in_bytes_is_read_like_text() {
    let mut desk = Desk::new(app(), "");
    assert_eq!(desk.heard(), [r#"this is "" in orders!"#]);
    let request = r#"{"method":"订单"}"#;
    assert_eq!(desk.sends(Message::Binary(request.as_bytes())), [format!("rpc 2 订单 {request}")]);
    let heard = desk.sends(Message::Binary(b"{\"method\":\"\xff\"}"));
    assert_eq!(heard, ["alive", r#"answer {"error":{"code":107,"message":"messages must be UTF-8 text"}}"#]);
}

#[test]
fn a_door_is_small() {
    assert!(size_of::<Door>() <= 16, "{}", size_of::<Door>());
    assert!(size_of::<Plain>() <= 80, "{}", size_of::<Plain>());
}
