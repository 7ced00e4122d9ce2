//! Comparing, now and then, where subscribers stand with where the broker's streams stand. A delivery that was
//! lost shows when the next one comes; this finds it where none comes.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use suona_protocol::{Channel, Position};

use super::Shard;
use crate::{
    Now,
    broker::{Answer, BrokerError, Page, Query},
    hub::{Errand, audience::Audience},
    session::Input,
};

/// A round over all channels is made in so many steps, so that no step asks about all of them at once.
const STEPS: u32 = 40;

/// What is on its way when the broker answers has come after this time.
const GRACE: Duration = Duration::from_secs(2);

/// Which channels are to be compared when: the broker is asked once a round and channel, however many hear it.
#[derive(Debug)]
pub(super) struct Watch {
    /// How long a round takes; 0 if there are none.
    round: Duration,
    /// When this round began.
    begun: Instant,
    /// When the next step, or the next round, is due.
    next: Instant,
    /// Channels of this round that the broker was not asked about yet.
    pending: Vec<Channel>,
    /// How many of them a step takes.
    stride: usize,
    /// Where streams stood that somebody seemed not to follow, and when to look again; the earliest first.
    doubts: VecDeque<(Instant, Channel, Position)>,
}

impl Watch {
    pub(super) fn new(round: Duration, now: Instant) -> Self {
        let next = now + round;
        Self { round, begun: now, next, pending: Vec::new(), stride: 0, doubts: VecDeque::new() }
    }

    /// When something is to be done.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let step = (!self.round.is_zero()).then_some(self.next);
        step.into_iter().chain(self.doubts.front().map(|(at, ..)| *at)).min()
    }

    /// The channels to ask about now; a round that begins goes over `all` of them.
    fn step(&mut self, now: Instant, all: impl FnOnce() -> Vec<Channel>) -> Vec<Channel> {
        if self.round.is_zero() || now < self.next {
            return Vec::new();
        }
        if self.pending.is_empty() {
            self.begun = now;
            self.pending = all();
            self.stride = self.pending.len().div_ceil(STEPS as usize);
        }
        let step = self.pending.split_off(self.pending.len().saturating_sub(self.stride));
        let is_over = self.pending.is_empty();
        self.next = if is_over { self.begun + self.round } else { now + self.round / STEPS };
        step
    }

    /// A doubt whose time has come.
    fn ripe(&mut self, now: Instant) -> Option<(Channel, Position)> {
        let (_, channel, top) = self.doubts.pop_front_if(|(at, ..)| *at <= now)?;
        Some((channel, top))
    }
}

impl Shard {
    /// Does what is due.
    pub(super) fn watch(&mut self, now: Now) {
        let audiences = &self.audiences;
        let all = || {
            let positioned = audiences.iter().filter(|(_, audience)| audience.positions().next().is_some());
            positioned.map(|(channel, _)| channel.clone()).collect()
        };
        for channel in self.watch.step(now.instant, all) {
            self.ask_position(&channel);
        }
        while let Some((channel, top)) = self.watch.ripe(now.instant) {
            self.tell_gap(&channel, now, |position| lags(position, top));
        }
    }

    /// Asks the broker where a stream stands. What it cannot answer is asked again in the next round.
    fn ask_position(&self, channel: &Channel) {
        let options = self.commons.rules.config.channels.get(channel);
        let positions = self.audiences.get(channel).into_iter().flat_map(Audience::positions);
        let heard = positions.map(|(_, position)| position.offset).max();
        let (Some(options), Some(heard)) = (options, heard) else { return };
        let (errands, asked) = (self.commons.way_to(self.id).clone(), channel.clone());
        let answer = Answer::new(move |page: Result<Page, BrokerError>| {
            if let Ok(Page { top, .. }) = page {
                // A shard that is gone asks for nothing any more.
                let _ = errands.send(Errand::Position { channel: asked, heard, top });
            }
        });
        self.commons.broker.history(channel, Query::TOP, options.retention, answer);
    }

    /// The broker said where a stream stands, of which somebody had `heard` so much when it was asked.
    pub(super) fn compare(&mut self, channel: &Channel, heard: u64, top: Position, now: Now) {
        let Some(audience) = self.audiences.get(channel) else { return };
        if audience.positions().any(|(_, position)| lags(position, top)) {
            self.watch.doubts.push_back((now.instant + GRACE, channel.clone(), top));
        }
        // The stream has lost its end: what comes next would look as if it had been heard already.
        let is_ahead = |position: Position| {
            position.epoch == top.epoch && (top.offset + 1..=heard).contains(&position.offset)
        };
        self.tell_gap(channel, now, is_ahead);
    }

    /// Tells those whose position is `off` that they missed something.
    fn tell_gap(&mut self, channel: &Channel, now: Now, off: impl Fn(Position) -> bool) {
        let positions = self.audiences.get(channel).into_iter().flat_map(Audience::positions);
        let ids: Vec<_> = positions.filter(|(_, position)| off(*position)).map(|(id, _)| id).collect();
        for id in ids {
            self.handle(id, Input::Gap(channel.clone()), now);
        }
    }
}

/// Whether a subscriber has not heard what a stream that stands at `top` took.
fn lags(position: Position, top: Position) -> bool {
    position.epoch != top.epoch || position.offset < top.offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_takes_its_time_and_asks_about_each_channel_once() {
        let start = Instant::now();
        let round = Duration::from_secs(40);
        let mut watch = Watch::new(round, start);
        let all = || (0..100).map(|n| Channel::from(n.to_string().as_str())).collect::<Vec<_>>();
        let mut asked = Vec::new();
        for _ in 0..2 {
            while let Some(at) = watch.deadline().filter(|at| *at < start + 3 * round) {
                let step = watch.step(at, all);
                assert!(step.len() <= 3, "{} at once", step.len());
                asked.extend(step);
            }
        }
        asked.sort();
        asked.dedup();
        assert_eq!(asked.len(), 100);
        assert_eq!(watch.deadline(), Some(start + 3 * round));
    }

    #[test]
    fn without_a_delay_nothing_is_ever_due() {
        let start = Instant::now();
        let mut watch = Watch::new(Duration::ZERO, start);
        assert_eq!(watch.deadline(), None);
        assert!(watch.step(start + GRACE, || vec!["news".into()]).is_empty());
    }
}
