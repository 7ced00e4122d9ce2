//! What commands with an idempotency key came to, on all shards of this node.
//!
//! A retry comes on another connection, and so perhaps to another shard, while the first try may still be
//! under way: it joins that, or is told what came of it.

mod book;

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Instant,
};

use crate::{
    broker::Answer,
    session::{Answered, Attempt},
};

use book::{Book, Name, Verdict};

/// How much all outcomes may take. Half of what the broker keeps, so that clients cannot make it forget the
/// keys of backends.
const MAX_OF_ALL: usize = 64 << 20;

/// How much of that anonymous clients may take, who could be someone else for each key: a quarter, so that users
/// are not shut out by strangers.
const MAX_OF_ANONYMOUS: usize = MAX_OF_ALL / 4;

/// The outcomes of the last five minutes.
///
/// None that can be repeated is forgotten early, since its repeat would be done a second time: when there is no
/// room, commands with a new key are refused for the time being. An answer for which there is no room is not
/// kept; the backend, which gets the key too, knows its repeat.
pub struct Ledger {
    hasher: RandomState,
    users: Book,
    anonymous: Book,
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

    /// Forgets what an anonymous actor did that nobody will ever be again, and so repeat.
    pub fn forget(&self, actor: &str) {
        self.anonymous.forget(actor);
    }

    /// Whether it holds nothing.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.users.is_empty() && self.anonymous.is_empty()
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

#[cfg(test)]
mod tests;
