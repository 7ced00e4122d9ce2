//! The floor: the address says everything, and the bytes that come are those of another wire.

use suona_protocol::ws::Opcode;

use super::{Entrant, Said, Step, Unread, Wire};
use crate::Trouble;

/// A client of the floor.
pub struct Floor {
    /// Whose bytes the floor writes.
    pub inner: Box<dyn Wire>,
}

impl Wire for Floor {
    fn path(&self, entrant: &Entrant) -> String {
        let since = entrant.offset().map(|offset| format!("&since={offset}"));
        format!("/floor?channels={}{}", entrant.names().join(","), since.unwrap_or_default())
    }

    fn opcode(&self) -> Opcode {
        self.inner.opcode()
    }

    fn enter(&self, _: u32, _: &Entrant) -> Result<Step, Trouble> {
        Ok(Step::Done)
    }

    /// A request comes back as it went out.
    fn read(&self, message: &[u8], tell: &mut dyn FnMut(Said<'_>)) -> Result<(), Unread> {
        if message == ECHO {
            tell(Said::Answer);
            return Ok(());
        }
        self.inner.read(message, tell)
    }

    fn pong(&self) -> &'static [u8] {
        self.inner.pong()
    }

    fn recovers(&self) -> bool {
        self.inner.recovers()
    }

    fn hears_several(&self) -> bool {
        self.inner.hears_several()
    }

    fn publish(&self, _: u32, _: &str, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn call(&self, _: u32) -> Option<Vec<u8>> {
        Some(ECHO.to_vec())
    }
}

/// As long as a request and its reply over the managed door.
const ECHO: &[u8] = br#"{"id":100000,"rpc":{"data":{"question":100000}}}"#;
