//! What commands with an idempotency key came to, on all shards of this node.
//!
//! A retry comes on another connection, and so perhaps to another shard, while the first try may still be
//! under way: it joins that, or is told what came of it.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use suona_protocol::ErrorCode;

use crate::{
    backend::{Advice, Granted},
    broker::{Answer, BrokerError},
    session::{Act, Answered, Attempt},
};

/// How long after its first try a repeat is recognised.
const KEPT: Duration = Duration::from_secs(5 * 60);

/// More than shards, so that they rarely meet.
const STRIPES: usize = 64;

/// What one entry costs beside its names and the answer, about: its places in the map and in the queue, which
/// are not full, and what the allocator adds.
const OVERHEAD: usize = 512;

/// How much the outcomes of one actor may take: some 1,700 short ones in five minutes.
const MAX_OF_ACTOR: usize = 1 << 20;

/// How much all outcomes may take. Half of what the broker keeps, so that clients cannot make it forget the
/// keys of backends.
const MAX_OF_ALL: usize = 64 << 20;

/// How much of that anonymous clients may take, who could be someone else for each key: a quarter, so that users
/// are not shut out by strangers.
const MAX_OF_ANONYMOUS: usize = MAX_OF_ALL / 4;

/// The outcomes of the last five minutes.
///
/// None is forgotten early, since its repeat would be done a second time: when there is no room, commands with
/// a new key are refused for the time being. An answer for which there is no room is not kept; the backend,
/// which gets the key too, knows its repeat.
pub struct Ledger {
    hasher: RandomState,
    users: Book,
    anonymous: Book,
}

/// The outcomes of one kind of actors.
struct Book {
    stripes: Box<[Mutex<Stripe>]>,
    hasher: RandomState,
    /// What all entries cost.
    bytes: AtomicUsize,
    /// How much they may.
    max: usize,
}

#[derive(Default)]
struct Stripe {
    actors: HashMap<Arc<str>, Account>,
    /// In the order in which they run out.
    queue: VecDeque<(Instant, Arc<str>, Name)>,
}

/// What one actor did lately.
#[derive(Default)]
struct Account {
    entries: HashMap<Name, Entry>,
    bytes: usize,
}

/// One thing that an actor did.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Name {
    act: Act,
    target: Arc<str>,
    key: Arc<str>,
}

struct Entry {
    /// Of the payload, and of what the client reads.
    hash: u64,
    /// When it is forgotten.
    until: Instant,
    cost: usize,
    stage: Stage,
}

enum Stage {
    /// Who waits for what comes of it.
    UnderWay(Vec<Answer<Answered>>),
    Settled(Answered),
}

/// What is to be done about a try.
enum Verdict {
    Begin,
    /// The answer will come.
    Wait,
    /// The answer is known.
    Told(Answer<Answered>, Answered),
}

impl Default for Ledger {
    fn default() -> Self {
        let anonymous = Book::new(MAX_OF_ANONYMOUS);
        Self { hasher: RandomState::new(), users: Book::new(MAX_OF_ALL - MAX_OF_ANONYMOUS), anonymous }
    }
}

impl Ledger {
    /// Lets `begin` do what is attempted if this is the first try, and gives `answer` what came of that.
    ///
    /// Whatever `begin` is handed answers in the end, if only by being dropped.
    pub fn once(
        self: &Arc<Self>,
        attempt: Attempt,
        now: Instant,
        answer: Answer<Answered>,
        begin: impl FnOnce(Answer<Answered>),
    ) {
        let hash = self.hasher.hash_one((&attempt.payload, attempt.reads_binary));
        let is_anonymous = attempt.is_anonymous;
        let actor: Arc<str> = attempt.actor.into();
        let name = Name { act: attempt.act, target: attempt.target.into(), key: attempt.key.into() };
        let verdict = self.book(is_anonymous).judge(&actor, &name, hash, now, answer);
        match verdict {
            Verdict::Begin => {
                let ledger = self.clone();
                begin(Answer::new(move |outcome| {
                    ledger.book(is_anonymous).settle(&actor, &name, &outcome);
                }));
            }
            Verdict::Wait => {}
            Verdict::Told(answer, outcome) => answer.give(Ok(outcome)),
        }
    }

    /// Frees what has run out by `now`. To be called every second or so.
    pub fn sweep(&self, now: Instant) {
        self.users.sweep(now);
        self.anonymous.sweep(now);
    }

    fn book(&self, is_anonymous: bool) -> &Book {
        if is_anonymous { &self.anonymous } else { &self.users }
    }
}

impl Book {
    fn new(max: usize) -> Self {
        let stripes = (0..STRIPES).map(|_| Mutex::default()).collect();
        Self { stripes, hasher: RandomState::new(), bytes: AtomicUsize::new(0), max }
    }

    fn sweep(&self, now: Instant) {
        for stripe in &self.stripes {
            let freed = lock(stripe).free_due(now);
            self.bytes.fetch_sub(freed, Relaxed);
        }
    }

    fn judge(
        &self,
        actor: &Arc<str>,
        name: &Name,
        hash: u64,
        now: Instant,
        answer: Answer<Answered>,
    ) -> Verdict {
        let mut stripe = lock(self.stripe(actor));
        let account = stripe.actors.entry(actor.clone()).or_default();
        match account.entries.get_mut(name) {
            Some(known) if known.hash != hash && known.counts(now) => {
                Verdict::Told(answer, refusal(ErrorCode::BadRequest))
            }
            Some(Entry { stage: Stage::UnderWay(waiting), .. }) => {
                waiting.push(answer);
                Verdict::Wait
            }
            Some(Entry { stage: Stage::Settled(outcome), until, .. }) if *until > now => {
                Verdict::Told(answer, outcome.clone())
            }
            _ => {
                let cost = OVERHEAD + actor.len() + name.target.len() + name.key.len();
                if account.bytes + cost > MAX_OF_ACTOR || !self.take(cost) {
                    stripe.forget_if_empty(actor);
                    return Verdict::Told(answer, refusal(ErrorCode::TooManyRequests));
                }
                account.bytes += cost;
                let stage = Stage::UnderWay(vec![answer]);
                let replaced =
                    account.entries.insert(name.clone(), Entry { hash, until: now + KEPT, cost, stage });
                // It had run out, and nobody has swept yet.
                let freed = replaced.map_or(0, |entry| entry.cost);
                account.bytes -= freed;
                self.bytes.fetch_sub(freed, Relaxed);
                Verdict::Begin
            }
        }
    }

    /// Keeps what came of a first try, unless it may turn out otherwise a little later; and tells everyone.
    fn settle(&self, actor: &Arc<str>, name: &Name, outcome: &Result<Answered, BrokerError>) {
        let mut stripe = lock(self.stripe(actor));
        let Some(account) = stripe.actors.get_mut(actor) else { return };
        let Some(entry) = account.entries.get_mut(name) else { return };
        let Stage::UnderWay(waiting) = &mut entry.stage else { return };
        let waiting = std::mem::take(waiting);
        let more = outcome.as_ref().map_or(0, size);
        match outcome {
            Ok(answered) if is_final(answered) && account.bytes + more <= MAX_OF_ACTOR && self.take(more) => {
                entry.stage = Stage::Settled(answered.clone());
                entry.cost += more;
                account.bytes += more;
                let until = entry.until;
                stripe.queue.push_back((until, actor.clone(), name.clone()));
            }
            _ => {
                let freed = stripe.remove(actor, name);
                self.bytes.fetch_sub(freed, Relaxed);
            }
        }
        drop(stripe);
        for answer in waiting {
            answer.give(outcome.clone());
        }
    }

    /// Takes room for so many bytes, if there is room.
    fn take(&self, bytes: usize) -> bool {
        let fits = |taken: usize| taken.checked_add(bytes).filter(|sum| *sum <= self.max);
        self.bytes.fetch_update(Relaxed, Relaxed, fits).is_ok()
    }

    fn stripe(&self, actor: &str) -> &Mutex<Stripe> {
        &self.stripes[self.hasher.hash_one(actor) as usize % STRIPES]
    }
}

impl Entry {
    /// Whether it has not run out: before its end nothing does.
    fn counts(&self, now: Instant) -> bool {
        matches!(self.stage, Stage::UnderWay(_)) || self.until > now
    }
}

impl Stripe {
    /// How many bytes it freed.
    fn free_due(&mut self, now: Instant) -> usize {
        let mut freed = 0;
        while self.queue.front().is_some_and(|(until, ..)| *until <= now) {
            let Some((until, actor, name)) = self.queue.pop_front() else { break };
            // A later try of the same name may have replaced the one that was queued.
            let entries = self.actors.get(&actor).map(|account| &account.entries);
            if entries.and_then(|entries| entries.get(&name)).is_some_and(|entry| entry.until == until) {
                freed += self.remove(&actor, &name);
            }
        }
        if self.queue.is_empty() {
            self.queue = VecDeque::new();
        }
        freed
    }

    /// How many bytes that freed.
    fn remove(&mut self, actor: &Arc<str>, name: &Name) -> usize {
        let Some(account) = self.actors.get_mut(actor) else { return 0 };
        let freed = account.entries.remove(name).map_or(0, |entry| entry.cost);
        account.bytes -= freed;
        self.forget_if_empty(actor);
        freed
    }

    fn forget_if_empty(&mut self, actor: &Arc<str>) {
        if self.actors.get(actor).is_some_and(|account| account.entries.is_empty()) {
            self.actors.remove(actor);
        }
    }
}

/// Whether a repeat must hear the same. The end of a connection says nothing about the command: kept, it would
/// end every connection that tries again.
fn is_final(answered: &Answered) -> bool {
    match answered {
        Answered::Published | Answered::Advised(Advice::Granted(Granted::Rpc(_) | Granted::Publish(_))) => {
            true
        }
        Answered::Advised(Advice::Refused(error)) => !error.temporary,
        _ => false,
    }
}

/// What it costs to keep an answer besides its entry, about.
fn size(answered: &Answered) -> usize {
    match answered {
        Answered::Advised(Advice::Granted(Granted::Rpc(data))) => data.as_ref().map_or(0, bytes::Bytes::len),
        Answered::Advised(Advice::Granted(Granted::Publish(grant))) => {
            let tags: usize = grant.tags.iter().map(|(name, value)| 64 + name.len() + value.len()).sum();
            tags + grant.data.as_ref().map_or(0, bytes::Bytes::len)
        }
        Answered::Advised(Advice::Refused(error)) => error.message.len(),
        _ => 0,
    }
}

fn refusal(code: ErrorCode) -> Answered {
    Answered::Advised(Advice::Refused(code.into()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that runs under these locks panics halfway through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
