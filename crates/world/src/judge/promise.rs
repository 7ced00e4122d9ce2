//! One command of an app: what it was told came of it, against what really did.

use std::collections::{BTreeMap, BTreeSet};

use suona_client::{Code, Fault};
use suona_protocol::heard::Answer;

use super::answer;
use crate::{
    agenda::Time,
    chronicle::{Chronicle, Life},
};

/// One command, settled once; if it does something, that must not happen twice.
#[derive(Debug)]
pub struct Promise {
    /// What it does.
    pub act: Act,
    /// Its payload, like no other's.
    pub data: String,
    /// By what servers recognise it.
    pub key: String,
    /// The sockets on which it was asked, if it has a key, and the life of the gateway at the end of each.
    pub asked: BTreeMap<u64, Life>,
    /// When it was asked last, if it has a key.
    pub asked_at: Option<Time>,
    /// What the app was told.
    pub outcome: Option<Result<(), Fault>>,
    /// It was told that it may have happened twice.
    pub doubtful: bool,
    /// The app ended before it was told.
    pub abandoned: bool,
}

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Asks the backend, which answers with what it was asked.
    Rpc,
    /// Publishes in a channel that keeps it.
    Publish(String),
    /// Tells the backend something, for which this gateway ends the connection.
    Send,
    /// Reads so much of what was published in a channel.
    History(String, i32),
    /// Asks who hears a channel.
    Presence(String),
    /// Asks how many hear a channel.
    PresenceStats(String),
}

impl Act {
    /// Whether it changes something, and so carries a key.
    pub fn has_key(&self) -> bool {
        matches!(self, Self::Rpc | Self::Publish(_))
    }
}

impl Promise {
    /// A command of which nothing has come yet.
    pub fn new(act: Act, data: String, key: String) -> Self {
        Self {
            act,
            data,
            key,
            asked: BTreeMap::new(),
            asked_at: None,
            outcome: None,
            doubtful: false,
            abandoned: false,
        }
    }

    /// Whether the app still waits for what comes of it.
    pub fn is_open(&self) -> bool {
        self.outcome.is_none() && !self.abandoned
    }

    /// Whether it was asked on this socket before that moment, and not answered.
    pub fn is_owed(&self, socket: u64, before: Time) -> bool {
        let is_last = self.asked.last_key_value().is_some_and(|(last, _)| *last == socket);
        self.is_open() && is_last && self.asked_at.is_some_and(|at| at < before)
    }

    /// The app is told what came of it.
    pub fn settle(
        &mut self,
        outcome: Result<Option<Answer>, Fault>,
        doubtful: bool,
        chronicle: &Chronicle,
    ) -> Result<(), String> {
        if let Some(before) = &self.outcome {
            return Err(format!("{} was settled twice: {before:?}, {outcome:?}", self.key));
        }
        if let Ok(told) = &outcome {
            answer::check(&self.act, &self.data, told.as_ref(), chronicle)?;
        }
        self.outcome = Some(outcome.map(drop));
        self.doubtful = doubtful;
        Ok(())
    }

    /// At the end: whether it was settled, happened once where it was to, and not more often than it was asked.
    pub fn check(&self, chronicle: &Chronicle) -> Result<(), String> {
        let key = &self.key;
        if self.is_open() {
            return Err(format!("{key} was never settled"));
        }
        let effects = match &self.act {
            Act::Rpc => self.effects_at_the_backend(chronicle)?,
            Act::Publish(channel) => chronicle.published(channel, &self.data),
            Act::Send | Act::History(..) | Act::Presence(_) | Act::PresenceStats(_) => return Ok(()),
        };
        let lives: BTreeSet<_> = effects.iter().collect();
        if lives.len() != effects.len() {
            return Err(format!("{key} happened more than once in one life: {effects:?}"));
        }
        let asked: BTreeSet<_> = self.asked.values().collect();
        if !lives.is_subset(&asked) {
            return Err(format!("{key} was asked in {asked:?}, and happened in {effects:?}"));
        }
        // Whoever asked another life again is told that the outcome is in doubt, and nobody else is.
        if self.outcome.is_some() && self.doubtful != (asked.len() > 1) {
            return Err(format!("{key} was asked in {asked:?}, and its doubt is {}", self.doubtful));
        }
        self.check_outcome(effects.len())
    }

    /// In which lives the backend did it. A life asks again only after it was told that there is no answer.
    fn effects_at_the_backend(&self, chronicle: &Chronicle) -> Result<Vec<Life>, String> {
        let deeds = chronicle.deeds(&self.key);
        for (index, deed) in deeds.iter().enumerate() {
            let earlier = deeds[..index].iter().find(|one| one.life == deed.life && one.told != Some(false));
            if earlier.is_some() {
                return Err(format!("{} reached the backend twice from one life: {deeds:?}", self.key));
            }
        }
        Ok(deeds.iter().filter(|deed| deed.done).map(|deed| deed.life).collect())
    }

    fn check_outcome(&self, effects: usize) -> Result<(), String> {
        let (key, asked) = (&self.key, self.asked.len());
        let fits = match self.outcome.as_ref() {
            None => true,
            Some(Ok(())) => effects > 0,
            Some(Err(fault)) => match fault.code {
                Code::Expired | Code::OutboxFull => asked == 0 && effects == 0,
                Code::UnknownOutcome => asked > 0,
                Code::Stopped => true,
                // The server says no; if it was asked just once, it knows what it says.
                _ => matches!(self.act, Act::Rpc) || asked > 1 || effects == 0,
            },
        };
        let told = &self.outcome;
        let wrong =
            || format!("{key} was asked {asked} times, happened {effects} times, and ended as {told:?}");
        if fits { Ok(()) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges a call that was asked in these lives of the gateway and answered, with what the backend did: for which
    /// life, whether it did it, and whether that life was told.
    fn judge(asked: &[Life], deeds: &[(Life, bool, Option<bool>)]) -> Result<(), String> {
        let mut chronicle = Chronicle::default();
        for (life, done, told) in deeds.iter().copied() {
            let number = chronicle.begin_deed("s-1", life);
            chronicle.mark_deed("s-1", number, |deed| (deed.done, deed.told) = (done, told));
        }
        let mut promise = Promise::new(Act::Rpc, "{}".to_owned(), "s-1".to_owned());
        promise.asked = (1..).zip(asked.iter().copied()).collect();
        (promise.outcome, promise.doubtful) = (Some(Ok(())), asked.len() > 1);
        promise.check(&chronicle)
    }

    #[test]
    fn a_life_asks_the_backend_again_only_if_it_was_told_of_no_answer() {
        assert_eq!(judge(&[0], &[(0, true, Some(true))]), Ok(()));
        for done in [false, true] {
            assert_eq!(judge(&[0], &[(0, done, Some(false)), (0, !done, Some(true))]), Ok(()));
        }
        for told in [None, Some(true)] {
            let judged = judge(&[0], &[(0, true, told), (0, false, Some(true))]);
            assert!(judged.unwrap_err().contains("reached the backend twice from one life"));
        }
    }

    #[test]
    fn only_the_socket_on_which_it_was_asked_last_owes_an_answer() {
        let mut promise = Promise::new(Act::Rpc, "{}".to_owned(), "s-1".to_owned());
        (promise.asked, promise.asked_at) = ([(1, 0), (2, 0)].into(), Some(Time(50)));
        assert!(promise.is_owed(2, Time(51)));
        assert!(!promise.is_owed(2, Time(50)), "it was not asked before that");
        assert!(!promise.is_owed(1, Time(51)) && !promise.is_owed(3, Time(51)));
        promise.outcome = Some(Ok(()));
        assert!(!promise.is_owed(2, Time(51)));
    }

    #[test]
    fn nothing_happens_twice_in_a_life_nor_in_one_that_was_not_asked() {
        let twice = judge(&[0], &[(0, true, Some(false)), (0, true, Some(true))]);
        assert!(twice.unwrap_err().contains("more than once in one life"));
        let (before, after) = ((0, true, Some(false)), (1, true, Some(true)));
        assert_eq!(judge(&[0, 1], &[before, after]), Ok(()));
        assert!(judge(&[1], &[before, after]).unwrap_err().contains("was asked in {1}"));
        assert!(judge(&[0], &[(0, false, Some(false))]).unwrap_err().contains("happened 0 times"));
    }
}
