//! How single clients come and go while the others stay.

use mio::{Interest, Token};

use super::{Crowd, Member, Patience, TURN, dial, line::Line, lost};
use crate::{Trouble, wire::Since};

impl Crowd<'_> {
    /// Lets a client come that is not there.
    pub fn come(&mut self, client: usize) -> Result<(), Trouble> {
        let mut stream = dial::dial(self.entrance.address, client)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, Token(client), interest)?;
        self.members[client] = Some(Member::new(Line::new(stream, self.entrance.tls.as_ref())?));
        self.surroundings.tally.entering += 1;
        Ok(())
    }

    /// Cuts all connections off, without a word. Who comes back recovers.
    pub fn cut(&mut self) {
        (0..self.members.len()).for_each(|client| self.cut_one(client));
    }

    /// Cuts a client off, without a word. When it comes back, it recovers.
    pub fn cut_one(&mut self, client: usize) {
        self.forget(client);
        self.members[client] = None;
    }

    /// A client that is in says goodbye, and the server closes. When it comes back, it recovers.
    pub fn leave(&mut self, client: usize) -> Result<(), Trouble> {
        self.member(client)?.leave().map_err(|error| lost(client, &error))?;
        self.surroundings.tally.there -= 1;
        self.surroundings.tally.returning = true;
        Ok(())
    }

    /// A client that is in leaves its channels and joins them again, on the same connection. Says whether it can.
    pub fn rejoin(&mut self, client: usize) -> Result<bool, Trouble> {
        let entrant = self.surroundings.entrant(client);
        let Some(message) = self.surroundings.wire.unsubscribe(&entrant) else { return Ok(false) };
        let opcode = self.surroundings.wire.opcode();
        let rejoined = self.member(client)?.rejoin(opcode, &message, entrant.channels.len());
        rejoined.map_err(|error| lost(client, &error))?;
        self.surroundings.tally.there -= 1;
        self.surroundings.tally.entering += 1;
        self.surroundings.tally.returning = true;
        Ok(true)
    }

    /// Whether a client is in, and no answer is missing.
    pub fn is_at_ease(&self, client: usize) -> bool {
        self.members[client].as_ref().is_some_and(|member| member.is_in() && !member.is_asking())
    }

    /// Whether a client has no connection, not even one that is being closed.
    pub fn is_away(&self, client: usize) -> bool {
        self.members[client].is_none()
    }

    /// How many publications of a channel somebody who hears it has not heard yet.
    pub fn behind(&self, channel: usize) -> u64 {
        let layout = &self.surroundings.layout;
        let seats = channel * layout.each..(channel + 1) * layout.each;
        let slowest = self.tally().last[seats].iter().min();
        self.published[channel] - slowest.copied().unwrap_or(self.published[channel])
    }

    /// Lets all come who are away, and waits until everybody is in and has every answer.
    pub fn gather(&mut self) -> Result<(), Trouble> {
        let (mut patience, all) = (Patience::new(), self.members.len() as u64);
        loop {
            for client in 0..self.members.len() {
                if self.is_away(client) {
                    self.come(client)?;
                }
            }
            self.turn(TURN)?;
            let at_ease = (0..self.members.len()).filter(|client| self.is_at_ease(*client)).count() as u64;
            if at_ease == all {
                return Ok(());
            }
            patience.check("clients with all their answers", at_ease, all)?;
        }
    }

    /// Where the streams stand, as those know who have joined them.
    pub fn positions(&self) -> &[Option<Since>] {
        &self.tally().joined
    }

    /// All have been there before, when the streams stood at `positions`.
    pub fn return_to(&mut self, positions: Vec<Option<Since>>) {
        self.surroundings.tally.joined = positions;
        self.surroundings.tally.returning = true;
    }

    fn forget(&mut self, client: usize) {
        let tally = &mut self.surroundings.tally;
        tally.returning = true;
        match &self.members[client] {
            Some(member) if member.is_in() => tally.there -= 1,
            Some(member) if !member.is_leaving() => tally.entering -= 1,
            _ => {}
        }
    }
}
