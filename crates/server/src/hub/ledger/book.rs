//! What the actors of one kind did lately: the first tries that are under way, and what came of those that ended.

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
    session::{Act, Answered},
};

/// How long after its first try a repeat is recognised.
pub(super) const KEPT: Duration = Duration::from_secs(5 * 60);

/// More than shards, so that they rarely meet.
const STRIPES: usize = 64;

/// What one entry costs beside its names and the answer, about: its places in the map and in the queue, which
/// are not full, and what the allocator adds.
pub(super) const OVERHEAD: usize = 512;

/// How much the outcomes of one actor may take: some 1,700 short ones in five minutes.
pub(super) const MAX_OF_ACTOR: usize = 1 << 20;

/// The outcomes of one kind of actors.
pub(super) struct Book {
    stripes: Box<[Mutex<Stripe>]>,
    hasher: RandomState,
    /// What all entries cost.
    pub(super) bytes: AtomicUsize,
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
pub(super) struct Name {
    pub(super) act: Act,
    pub(super) target: Arc<str>,
    pub(super) key: Arc<str>,
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
pub(super) enum Verdict {
    Begin,
    /// The answer will come.
    Wait,
    /// The answer is known.
    Told(Answer<Answered>, Answered),
}

impl Book {
    pub(super) fn new(max: usize) -> Self {
        let stripes = (0..STRIPES).map(|_| Mutex::default()).collect();
        Self { stripes, hasher: RandomState::new(), bytes: AtomicUsize::new(0), max }
    }

    /// Frees what has run out by `now`.
    pub(super) fn sweep(&self, now: Instant) {
        for stripe in &self.stripes {
            let freed = lock(stripe).free_due(now);
            self.bytes.fetch_sub(freed, Relaxed);
        }
    }

    /// Says what is to be done about a try; a first one is under way from now on.
    pub(super) fn judge(
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
    pub(super) fn settle(&self, actor: &Arc<str>, name: &Name, outcome: &Result<Answered, BrokerError>) {
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

    /// Forgets everything of an actor that nobody will be again.
    pub(super) fn forget(&self, actor: &str) {
        let mut stripe = lock(self.stripe(actor));
        let Some(account) = stripe.actors.remove(actor) else { return };
        stripe.queue.retain(|(_, one, _)| **one != *actor);
        drop(stripe);
        self.bytes.fetch_sub(account.bytes, Relaxed);
    }

    /// Whether nothing is kept of anybody.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        let is_empty = |stripe: &Stripe| stripe.actors.is_empty() && stripe.queue.is_empty();
        self.bytes.load(Relaxed) == 0 && self.stripes.iter().all(|stripe| is_empty(&lock(stripe)))
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
