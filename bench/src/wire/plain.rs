//! A plain door: the address says what is heard, and messages are bare data.

use serde_json::json;

use super::{Entrant, Said, Step, Unread, Wire};
use crate::Trouble;

/// A client that knows nothing of channels.
pub struct Plain;

impl Plain {
    /// The door as a gateway is told to open it: anybody hears the one channel that the address names.
    pub fn door() -> String {
        json!([{
            "path": "/plain",
            "identify": { "from": "query:channel", "user": "bench" },
            "trust_names": true,
            "channels": ["{channel}"],
            "greeting": "in",
            "rpc": { "method": "method", "result": "result" },
        }])
        .to_string()
    }
}

impl Wire for Plain {
    fn path(&self, entrant: &Entrant) -> String {
        let channel = entrant.channels.first().map_or("quiet", |wanted| &wanted.name);
        format!("/plain?channel={channel}")
    }

    fn enter(&self, step: u32, _: &Entrant) -> Result<Step, Trouble> {
        // The greeting says that the channel is joined.
        Ok(if step == 0 { Step::Wait } else { Step::Done })
    }

    fn read(&self, message: &[u8], tell: &mut dyn FnMut(Said<'_>)) -> Result<(), Unread> {
        match message {
            [b'"', data @ ..] => tell(Said::Publication(data)),
            b"in" => tell(Said::Answer),
            reply if reply.starts_with(b"{\"method\":\"echo\",\"result\":") => tell(Said::Answer),
            other => return Err(Unread::message(other)),
        }
        Ok(())
    }

    /// Nothing asks; WebSocket's own pings do.
    fn pong(&self) -> &'static [u8] {
        b""
    }

    fn recovers(&self) -> bool {
        false
    }

    fn hears_several(&self) -> bool {
        false
    }

    fn publish(&self, _: u32, _: &str, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn call(&self, id: u32) -> Option<Vec<u8>> {
        Some(json!({ "method": "echo", "question": id }).to_string().into_bytes())
    }
}
