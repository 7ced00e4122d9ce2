//! Socket.IO over Engine.IO 4, WebSocket from the beginning.

use serde_json::json;

use super::{Entrant, Said, Step, Unread, Wire, behind};
use crate::Trouble;

/// A Socket.IO client, of the server in `bench/peers`.
pub struct SocketIo;

impl Wire for SocketIo {
    fn path(&self, _: &Entrant) -> String {
        "/socket.io/?EIO=4&transport=websocket".to_owned()
    }

    fn enter(&self, step: u32, entrant: &Entrant) -> Result<Step, Trouble> {
        Ok(match step {
            0 => Step::Wait,
            1 => Step::Say(b"40".to_vec(), 1),
            2 if !entrant.channels.is_empty() => {
                Step::Say(event(1, &json!(["subscribe", entrant.names(), entrant.offset()])), 1)
            }
            _ => Step::Done,
        })
    }

    fn read(&self, message: &[u8], tell: &mut dyn FnMut(Said<'_>)) -> Result<(), Unread> {
        match message {
            publication if publication.starts_with(b"42[\"publication\",\"") => {
                let channel = &publication[b"42[\"publication\",\"".len()..];
                let data = behind(channel, b"\",\"").ok_or_else(|| Unread::message(message))?;
                tell(Said::Publication(data));
            }
            b"2" => tell(Said::Ping),
            // The session is open; the namespace is joined; an event is answered.
            [b'0', ..] | [b'4', b'0' | b'3', ..] => tell(Said::Answer),
            other => return Err(Unread::message(other)),
        }
        Ok(())
    }

    fn pong(&self) -> &'static [u8] {
        b"3"
    }

    fn recovers(&self) -> bool {
        true
    }

    fn publish(&self, id: u32, channel: &str, data: &str) -> Option<Vec<u8>> {
        Some(event(id, &json!(["publish", channel, data])))
    }

    fn call(&self, id: u32) -> Option<Vec<u8>> {
        Some(event(id, &json!(["echo", { "question": id }])))
    }
}

/// An event that is to be acknowledged.
fn event(id: u32, arguments: &serde_json::Value) -> Vec<u8> {
    format!("42{id}{arguments}").into_bytes()
}
