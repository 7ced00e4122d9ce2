//! All clients together: one event loop that lets them in, publishes, and counts and checks what they hear.
//!
//! Start reading at [`Crowd::turn`]: everything that happens to a client happens there.

mod api;
mod dial;
mod going;
mod heard;
mod line;
mod member;
mod patience;
mod publishing;
mod tally;

use std::{collections::HashSet, io, net::SocketAddr, sync::Arc, time::Duration};

use mio::{Events, Poll, Token};
use rustls::ClientConfig;

use crate::{Trouble, layout::Layout, stamp::Stamp, wire::Wire};
use api::Api;
pub use line::SERVER_NAME;
use member::Member;
use patience::Patience;
pub use publishing::{App, Publishing};
use tally::Surroundings;
pub use tally::Tally;

/// How many clients come in at once while nothing is measured but what they cost.
pub const IN_TURN: usize = 64;

/// Where clients come in, and where publications are handed in.
#[derive(Clone)]
pub struct Entrance {
    /// The server.
    pub address: SocketAddr,
    /// How publications are handed in.
    pub publishing: Publishing,
    /// Whether clients insist on compression.
    pub compress: bool,
    /// How clients and whoever publishes connect, if the server wants TLS.
    pub tls: Option<Arc<ClientConfig>>,
}

/// The clients.
pub struct Crowd<'w> {
    poll: Poll,
    entrance: Entrance,
    members: Vec<Option<Member>>,
    surroundings: Surroundings<'w>,
    api: Api,
    /// Where all members read, one after another.
    buffer: Vec<u8>,
    /// The publications of each channel.
    published: Vec<u64>,
    /// What all clients together are to hear.
    expected: u64,
}

/// Members have the tokens below.
const API: Token = Token(usize::MAX);

/// How long one turn waits for something to happen.
const TURN: Duration = Duration::from_millis(100);

impl<'w> Crowd<'w> {
    /// Nobody yet. Clients will speak `wire`, and hear what `layout` says.
    pub fn new(entrance: Entrance, wire: &'w dyn Wire, layout: Layout) -> Result<Self, Trouble> {
        if !wire.hears_several() && layout.channels * layout.each > layout.clients {
            return Err(Trouble::Plan(
                "a client of this door hears one channel; take fewer channels".to_owned(),
            ));
        }
        let published = vec![0; layout.channels];
        let members = (0..layout.clients).map(|_| None).collect();
        Ok(Self {
            poll: Poll::new()?,
            api: Api::new(entrance.clone()),
            members,
            surroundings: Surroundings::new(wire, layout, entrance.compress),
            entrance,
            buffer: vec![0; 256 * 1024],
            published,
            expected: 0,
        })
    }

    /// What happened so far.
    pub fn tally(&self) -> &Tally {
        &self.surroundings.tally
    }

    /// The same, to take from.
    pub fn tally_mut(&mut self) -> &mut Tally {
        &mut self.surroundings.tally
    }

    /// Lets clients in until there are `upto`, at most `at_once` of them at the door.
    pub fn grow(&mut self, upto: usize, at_once: usize, progress: impl Fn(usize)) -> Result<(), Trouble> {
        let (mut patience, mut number) = (Patience::new(), 0);
        while self.tally().there < upto {
            while number < upto && self.tally().entering < at_once {
                if self.members[number].is_none() {
                    self.come(number)?;
                }
                number += 1;
            }
            self.turn(TURN)?;
            let there = self.tally().there;
            patience.check("clients", there as u64, upto as u64)?;
            progress(there);
        }
        Ok(())
    }

    /// Publishes once in each of `channels`, in one request; a channel may occur several times.
    ///
    /// The request before must have been answered.
    pub fn publish(&mut self, channels: &[usize], size: usize) -> Result<(), Trouble> {
        let publications: Vec<_> = channels
            .iter()
            .map(|&channel| (self.surroundings.layout.name(channel), self.stamp(channel).text(size)))
            .collect();
        self.api.publish(self.poll.registry(), API, &publications)
    }

    /// Publishes as a client; to be answered.
    pub fn publish_as(&mut self, client: usize, channel: usize, size: usize) -> Result<bool, Trouble> {
        let name = self.surroundings.layout.name(channel);
        let text = self.stamp(channel).text(size);
        let publish = self.surroundings.wire.publish(self.asked(), &name, &text);
        publish.map_or(Ok(false), |publish| self.ask(client, &publish).map(|()| true))
    }

    /// Asks as a client, by a request or, if `ping`, by a WebSocket ping. Says whether there are such requests.
    pub fn call_as(&mut self, client: usize, ping: bool) -> Result<bool, Trouble> {
        if ping {
            self.member(client)?.ping().map_err(|error| lost(client, &error))?;
            return Ok(true);
        }
        let call = self.surroundings.wire.call(self.asked());
        call.map_or(Ok(false), |call| self.ask(client, &call).map(|()| true))
    }

    /// The next publication of a channel, which all who hear it are to hear.
    fn stamp(&mut self, channel: usize) -> Stamp {
        self.published[channel] += 1;
        self.expected += self.surroundings.layout.each as u64;
        Stamp { channel, number: self.published[channel] }
    }

    /// An id that no command of this client has.
    fn asked(&mut self) -> u32 {
        self.surroundings.tally.asked += 1;
        // Those of the way in come first.
        100_000 + self.surroundings.tally.asked as u32 % 1_000_000
    }

    fn ask(&mut self, client: usize, message: &[u8]) -> Result<(), Trouble> {
        let opcode = self.surroundings.wire.opcode();
        self.member(client)?.ask(opcode, message).map_err(|error| lost(client, &error))
    }

    fn member(&mut self, client: usize) -> Result<&mut Member, Trouble> {
        let member = self.members.get_mut(client).and_then(Option::as_mut);
        member.ok_or_else(|| Trouble::Plan(format!("there is no client {client}")))
    }

    /// Whether the last request to publish has been answered.
    pub fn is_answered(&self) -> bool {
        self.api.is_free()
    }

    /// Deliveries that are still to come.
    pub fn outstanding(&self) -> u64 {
        self.expected - self.tally().delivered
    }

    /// Waits until all have heard everything, and the API has answered.
    pub fn settle(&mut self) -> Result<(), Trouble> {
        let mut patience = Patience::new();
        while self.outstanding() > 0 || !self.is_answered() {
            self.turn(TURN)?;
            patience.check("deliveries", self.tally().delivered, self.expected)?;
        }
        Ok(())
    }

    /// Waits until clients have got so many answers in all.
    pub fn answers(&mut self, expected: u64) -> Result<(), Trouble> {
        let mut patience = Patience::new();
        while self.tally().answers < expected {
            self.turn(TURN)?;
            patience.check("answers", self.tally().answers, expected)?;
        }
        Ok(())
    }

    /// Checks that every client heard every publication of its channels. Each was heard once and in order, or
    /// [`turn`](Self::turn) had failed.
    pub fn verify(&self) -> Result<(), Trouble> {
        let Surroundings { layout, tally, .. } = &self.surroundings;
        let expected: u64 = self.published.iter().map(|count| count * layout.each as u64).sum();
        let heard: u64 = tally.last.iter().sum();
        if heard != expected || tally.delivered != expected {
            return Err(Trouble::Missing { what: "deliveries", missing: expected.abs_diff(heard), expected });
        }
        Ok(())
    }

    /// How many connections one batch of publications reaches.
    pub fn recipients(&self, channels: &[usize]) -> u64 {
        let layout = &self.surroundings.layout;
        if channels.iter().all(|channel| *channel == channels[0]) {
            return layout.each as u64;
        }
        let all: HashSet<usize> = channels.iter().flat_map(|channel| layout.audience(*channel)).collect();
        all.len() as u64
    }

    /// How often the floor wrote for the last batch, told once; `None` of anybody else.
    pub fn take_writes(&mut self) -> Option<u64> {
        self.api.take_writes()
    }

    /// Waits for something to happen, at most for so long, and attends to all of it.
    pub fn turn(&mut self, timeout: Duration) -> Result<(), Trouble> {
        let mut events = Events::with_capacity(256);
        match self.poll.poll(&mut events, Some(timeout)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            polled => polled?,
        }
        for event in &events {
            match event.token() {
                API => self.api.ready()?,
                Token(number) => self.attend(number)?,
            }
        }
        Ok(())
    }

    fn attend(&mut self, number: usize) -> Result<(), Trouble> {
        let Some(member) = &mut self.members[number] else { return Ok(()) };
        let was_in = member.is_in();
        let outcome = member.ready(number, &mut self.buffer, &mut self.surroundings, self.entrance.address);
        if member.is_leaving() && matches!(outcome, Err(Trouble::Io(_))) {
            self.members[number] = None;
            return Ok(());
        }
        outcome.map_err(|error| match error {
            Trouble::Io(error) if was_in => lost(number, &error),
            Trouble::Io(error) => Trouble::Join(error.to_string()),
            other => other,
        })?;
        if member.is_in() && !was_in {
            self.surroundings.tally.there += 1;
            self.surroundings.tally.entering -= 1;
        }
        Ok(())
    }
}

fn lost(client: usize, error: &io::Error) -> Trouble {
    Trouble::Lost { client, reason: error.to_string() }
}
