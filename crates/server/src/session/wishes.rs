//! What a client asks for by headers of its connect command, which others ignore.

use std::time::Duration;

use suona_protocol::{Disconnect, DisconnectCode, Push, PushEvent};

use super::Session;

/// Whoever is sent away because the gateway drains comes back between these times, by its luck: not into the
/// end of what it left, nor together with all the others.
const FIRST_RETURN: Duration = Duration::from_secs(1);
const LAST_RETURN: Duration = Duration::from_secs(6);

/// What a client asks for beyond the protocol.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wishes {
    /// To be told by a push why its connection ends: some platforms lose what a close frame says.
    pub(super) farewell: bool,
    /// The gateway's clock, in the connect reply.
    pub(super) time: bool,
}

impl Wishes {
    /// Header names come in lower case.
    pub(super) fn read(headers: &[(String, String)]) -> Self {
        let asks = |name: &str| headers.iter().any(|(given, value)| given == name && value == "1");
        Self { farewell: asks("suona-farewell"), time: asks("suona-time") }
    }
}

impl Session {
    /// What the client is told before the close frame, if it asked for that.
    pub fn farewell(&self, why: &Disconnect) -> Option<Push> {
        let drains = why.code() == DisconnectCode::Shutdown.code();
        let retry_after = drains.then(|| FIRST_RETURN + (LAST_RETURN - FIRST_RETURN).mul_f64(self.luck));
        let event = PushEvent::Disconnect { why: why.clone(), retry_after };
        self.wishes.farewell.then(|| Push { channel: "".into(), event })
    }
}
