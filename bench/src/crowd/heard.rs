//! What one read of a client brought, understood by its wire.

use std::io;

use suona_protocol::ws::{Event, Message};

use super::{member::MAX_MESSAGE, tally::Surroundings};
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
            Event::Message(message) => self.message(message, None, around),
            Event::Deflated(deflated) => {
                let length = deflated.payload.len();
                let mut inflater = around.inflater.take().expect("compression was asked for");
                let message = inflater.inflate(deflated, MAX_MESSAGE).map_err(io::Error::other)?;
                let outcome = self.message(message, Some(length), around);
                around.inflater = Some(inflater);
                outcome
            }
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

    /// Understands a message that came in so many compressed bytes, or as it is.
    fn message(
        &mut self,
        message: Message<'_>,
        compressed: Option<usize>,
        around: &mut Surroundings<'_>,
    ) -> Result<(), Trouble> {
        let message = match message {
            Message::Text(text) => text.as_bytes(),
            Message::Binary(bytes) => bytes,
            Message::Pong(_) => {
                self.answers += 1;
                return Ok(());
            }
        };
        let Surroundings { wire, layout, tally, .. } = around;
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
            tally.bytes += compressed.unwrap_or(message.len()) as u64;
        }
        outcome
    }
}
