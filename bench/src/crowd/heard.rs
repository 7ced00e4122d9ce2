//! What one read of a client brought, understood by its wire.

use std::io;

use suona_protocol::ws::{Event, Message};

use super::tally::Surroundings;
use crate::{
    Trouble,
    wire::{Said, Since},
};

/// What one read brought, to be attended to when it is all understood.
#[derive(Default)]
pub(super) struct Heard {
    /// Whose read it was.
    pub(super) number: usize,
    /// Answers to what was asked.
    pub(super) answers: usize,
    pub(super) asked_whether_alive: bool,
    /// Payloads of the WebSocket pings.
    pub(super) pings: Vec<Vec<u8>>,
}

impl Heard {
    pub(super) fn event(&mut self, event: Event<'_>, around: &mut Surroundings<'_>) -> Result<(), Trouble> {
        match event {
            Event::Message(Message::Text(text)) => self.message(text.as_bytes(), around),
            Event::Message(Message::Binary(bytes)) => self.message(bytes, around),
            Event::Message(Message::Pong(_)) => {
                self.answers += 1;
                Ok(())
            }
            Event::Deflated(_) => unreachable!("compression was not asked for"),
            Event::Ping(payload) => {
                self.pings.push(payload.to_vec());
                Ok(())
            }
            Event::Close(why) => {
                let (code, reason) = why.unwrap_or((1005, "no reason given"));
                Err(io::Error::other(format!("closed with {code} {reason}")).into())
            }
        }
    }

    fn message(&mut self, message: &[u8], around: &mut Surroundings<'_>) -> Result<(), Trouble> {
        let Surroundings { wire, layout, tally } = around;
        let (before, mut outcome) = (tally.delivered, Ok(()));
        wire.read(message, &mut |said| match said {
            Said::Publication(data) if outcome.is_ok() => outcome = tally.heard(layout, self.number, data),
            Said::Publication(_) => {}
            Said::Position { place, epoch, offset } => {
                tally.joined(layout, self.number, place, Since { epoch: epoch.to_owned(), offset });
            }
            Said::Answer => self.answers += 1,
            Said::Ping => self.asked_whether_alive = true,
        })
        .map_err(io::Error::other)?;
        if tally.delivered > before {
            tally.bytes += message.len() as u64;
        }
        outcome
    }
}
