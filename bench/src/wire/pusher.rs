//! The protocol of Pusher.

use serde_json::json;

use super::{Entrant, Said, Step, Unread, Wire, behind};
use crate::Trouble;

/// A client of Pusher's protocol, of the app with this key.
pub struct Pusher(pub String);

/// How an event begins whose name follows.
const EVENT: &[u8] = b"{\"event\":\"";

impl Wire for Pusher {
    fn path(&self, _: &Entrant) -> String {
        format!("/app/{}?protocol=7", self.0)
    }

    fn enter(&self, step: u32, entrant: &Entrant) -> Result<Step, Trouble> {
        let Some(number) = step.checked_sub(1) else { return Ok(Step::Wait) };
        let subscribe =
            |channel: &str| json!({ "event": "pusher:subscribe", "data": { "channel": channel } });
        let next = entrant.channels.get(number as usize).map(|wanted| subscribe(&wanted.name));
        Ok(next.map_or(Step::Done, |subscribe| Step::Say(subscribe.to_string().into_bytes(), 1)))
    }

    fn read(&self, message: &[u8], tell: &mut dyn FnMut(Said<'_>)) -> Result<(), Unread> {
        let unread = || Unread::message(message);
        let event = message.strip_prefix(EVENT).ok_or_else(unread)?;
        let name = event.split(|byte| *byte == b'"').next().unwrap_or_default();
        match name {
            b"publication" => tell(Said::Publication(behind(event, b"\"data\":\"").ok_or_else(unread)?)),
            b"pusher:connection_established" | b"pusher_internal:subscription_succeeded" => {
                tell(Said::Answer);
            }
            b"pusher:ping" => tell(Said::Ping),
            _ => return Err(unread()),
        }
        Ok(())
    }

    fn pong(&self) -> &'static [u8] {
        b"{\"event\":\"pusher:pong\"}"
    }

    fn recovers(&self) -> bool {
        false
    }

    fn publish(&self, _: u32, _: &str, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn call(&self, _: u32) -> Option<Vec<u8>> {
        None
    }
}
