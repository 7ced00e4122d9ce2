//! What the server answered a subscription.

use suona_protocol::{ErrorCode, ErrorReply, heard::Subscribed};

use super::{Phase, Subscription};
use crate::client::{Output, Standing, host::Host};

pub(in crate::client) const TOKEN_EXPIRED: u32 = ErrorCode::TokenExpired.code();

impl Subscription {
    /// The server answered the subscribe command of this number.
    pub(in crate::client) fn answered(
        &mut self,
        id: u32,
        outcome: Result<Subscribed, ErrorReply>,
        host: &mut Host,
    ) {
        match self.phase {
            Phase::Joining { id: asked, recovering, .. } if asked == id => match outcome {
                Ok(result) => self.joined(result, recovering, host),
                Err(error) => {
                    self.phase = Phase::Down;
                    self.refused(error, host);
                }
            },
            _ => {}
        }
    }

    /// The server answered the refresh command of this number.
    pub(in crate::client) fn refreshed(
        &mut self,
        id: u32,
        outcome: Result<Option<u32>, ErrorReply>,
        host: &mut Host,
    ) {
        if !self.pass.takes(id) {
            return;
        }
        match outcome {
            Ok(ttl) => self.pass.lasts(ttl, host.now()),
            Err(error) if error.temporary => self.pass.later(host),
            Err(error) if matches!(self.phase, Phase::Joined { .. }) => self.refused(error, host),
            Err(_) => {}
        }
    }

    /// The server took us, by our wish or its own.
    pub(super) fn joined(&mut self, result: Subscribed, recovering: bool, host: &mut Host) {
        self.phase = Phase::Joined { since: host.now() };
        self.pass.lasts(result.ttl, host.now());
        let how = match (recovering, result.recovered) {
            (false, _) => Standing::Fresh,
            (true, true) => Standing::Recovered,
            (true, false) => Standing::Gap,
        };
        self.position = result.recoverable.then_some(result.position);
        host.tell(Output::Subscribed { channel: self.channel.clone(), how });
        if result.publications.is_empty() {
            self.save(host);
        }
        for publication in result.publications {
            self.publication(publication, host);
        }
    }

    fn refused(&mut self, error: ErrorReply, host: &mut Host) {
        let again = if error.code == TOKEN_EXPIRED { self.pass.forget(host) } else { error.temporary };
        if again {
            self.retry(host);
        } else {
            self.end(error.into(), host);
        }
    }
}
