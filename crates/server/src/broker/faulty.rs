//! A broker for tests: an engine at the far end of a line that delays, overtakes, repeats and breaks.
//!
//! Nothing happens by itself: questions, answers and deliveries wait on the line until the test lets one of
//! them get through. Which one, the dice decide, so that the same seed gives the same run.

mod line;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use suona_protocol::{Channel, ClientInfo, Position, PresenceStatsResult};
use tokio::sync::mpsc;

use self::line::{Event, Line};
use super::{Answer, Broker, MemoryBroker, Message, Page, Query, Retention, Surroundings};
use crate::hub::{Hub, ShardId};

pub use line::Faults;

/// The engine sees the whole node as one listener.
const NODE: ShardId = ShardId(0);

/// More than any test leaves on the line.
const LINE: usize = 65_536;

/// Keeps streams and presence in a distant engine, behind a line with faults.
///
/// Questions reach the engine in the order in which they were asked, as on one connection. Answers and
/// deliveries overtake each other freely, deliveries of one channel only if [`Faults::reorder`] says so.
pub struct FaultyBroker {
    hub: Arc<Hub>,
    engine: MemoryBroker,
    line: Arc<Mutex<Line>>,
    faults: Faults,
}

impl FaultyBroker {
    /// An engine that knows no stream yet, and delivers to `hub` over a line whose dice start at `seed`.
    pub fn new(hub: Arc<Hub>, surroundings: Surroundings, faults: Faults, seed: u64) -> Self {
        let (node, engine) = mpsc::channel(LINE);
        let line = Line::new(seed, engine);
        let engine = MemoryBroker::new(Arc::new(Hub::new(vec![node])), surroundings);
        Self { hub, engine, line: Arc::new(Mutex::new(line)), faults }
    }

    /// Lets one thing happen. `false` if nothing is left on the line, and it is whole.
    pub fn step(&self) -> bool {
        let event = self.line().next(self.faults);
        match event {
            None => return false,
            Some(Event::Ask(question)) => question(&self.engine),
            Some(Event::Answer(reply)) => reply(),
            // A distant engine cannot refuse its publisher any more: a shard without room has a gap.
            Some(Event::Deliver(delivery)) => drop(self.hub.deliver(&delivery)),
            Some(Event::Lose { questions, answers }) => drop((questions, answers)),
            Some(Event::Mend) => {}
        }
        true
    }

    /// Lets things happen until nothing is left on the line, and it is whole.
    pub fn settle(&self) {
        while self.step() {}
    }

    /// Breaks the line, until a step mends it. What is on it is lost: of a question that was lost, or whose
    /// answer was, the asker hears that the engine is unreachable, and not whether it did what was asked.
    pub fn disconnect(&self) {
        let lost = self.line().disconnect();
        drop(lost);
    }

    fn ask<T: Send + 'static>(
        &self,
        answer: Answer<T>,
        question: impl FnOnce(&MemoryBroker, Answer<T>) + Send + 'static,
    ) {
        let line = Arc::downgrade(&self.line);
        let answer = Answer::new(move |outcome| match line.upgrade() {
            Some(line) => lock(&line).answer(Box::new(move || answer.give(outcome))),
            None => answer.give(outcome),
        });
        self.tell(move |engine| question(engine, answer));
    }

    fn tell(&self, question: impl FnOnce(&MemoryBroker) + Send + 'static) {
        self.line().ask(Box::new(question));
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        lock(&self.line)
    }
}

impl Broker for FaultyBroker {
    fn publish(
        &self,
        channel: &Channel,
        message: Message,
        retention: Retention,
        answer: Answer<Option<Position>>,
    ) {
        let channel = channel.clone();
        self.ask(answer, move |engine, answer| engine.publish(&channel, message, retention, answer));
    }

    fn join(&self, channel: &Channel, info: Arc<ClientInfo>) {
        let channel = channel.clone();
        self.tell(move |engine| engine.join(&channel, info));
    }

    fn leave(&self, channel: &Channel, info: Arc<ClientInfo>) {
        let channel = channel.clone();
        self.tell(move |engine| engine.leave(&channel, info));
    }

    fn subscribe(
        &self,
        channel: &Channel,
        shard: ShardId,
        query: Option<Query>,
        retention: Retention,
        answer: Answer<Option<Page>>,
    ) {
        self.hub.lock(channel).add(shard);
        let channel = channel.clone();
        self.ask(answer, move |engine, answer| engine.subscribe(&channel, NODE, query, retention, answer));
    }

    fn unsubscribe(&self, channel: &Channel, shard: ShardId) {
        // The engine may go on delivering: whatever nobody hears ends at the hub.
        self.hub.lock(channel).remove(shard);
    }

    fn history(&self, channel: &Channel, query: Query, retention: Retention, answer: Answer<Page>) {
        let channel = channel.clone();
        self.ask(answer, move |engine, answer| engine.history(&channel, query, retention, answer));
    }

    fn remove_history(&self, channel: &Channel, answer: Answer<()>) {
        let channel = channel.clone();
        self.ask(answer, move |engine, answer| engine.remove_history(&channel, answer));
    }

    fn add_presence(&self, channel: &Channel, info: Arc<ClientInfo>, answer: Answer<()>) {
        let channel = channel.clone();
        self.ask(answer, move |engine, answer| engine.add_presence(&channel, info, answer));
    }

    fn remove_presence(&self, channel: &Channel, client: &str) {
        let (channel, client) = (channel.clone(), client.to_owned());
        self.tell(move |engine| engine.remove_presence(&channel, &client));
    }

    fn presence(&self, channel: &Channel, answer: Answer<Vec<Arc<ClientInfo>>>) {
        let channel = channel.clone();
        self.ask(answer, move |engine, answer| engine.presence(&channel, answer));
    }

    fn presence_stats(&self, channel: &Channel, answer: Answer<PresenceStatsResult>) {
        let channel = channel.clone();
        self.ask(answer, move |engine, answer| engine.presence_stats(&channel, answer));
    }

    fn is_ready(&self) -> bool {
        self.line().is_connected()
    }
}

fn lock(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}
