//! Keys that an endpoint publishes: fetched at start, once an hour, and when a token names one that is missing.
//!
//! Whoever verifies never waits here: it looks up what is known, and asks for the rest by an [`Answer`].

mod key_set;
#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::Duration,
};

use jsonwebtoken::crypto;
use serde::Deserialize;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};

use super::{MAX_TOKEN_LEN, TokenError, decode};
use crate::{broker::Answer, config::SecretUrl};
use key_set::{KeySet, NotKeySet};

/// A dozen keys with their certificates are less than a tenth of it.
const MAX_BODY: usize = 256 << 10;

/// At most so many commands wait for keys; beyond it they fail at once. A whole node may reconnect when the
/// keys change.
const MAX_WAITING: usize = 20_000;

/// How often the endpoint is asked, and how long it may take.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// From one fetch that a token asked for to the next, however many tokens with unknown keys a stranger
    /// shows. A client gives up its connect after some 5 s and comes again: then the key is there.
    pause: Duration,
    patience: Duration,
    /// When keys are fetched that nobody asked for; this bounds how long one that was withdrawn is believed.
    refresh: Duration,
}

const PACE: Pace = Pace {
    pause: Duration::from_secs(5),
    patience: Duration::from_secs(2),
    refresh: Duration::from_secs(3600),
};

/// The keys of one endpoint.
#[derive(Debug)]
pub(super) struct Jwks {
    endpoint: SecretUrl,
    known: RwLock<Arc<KeySet>>,
    /// Set once somebody fetches.
    waiting: OnceLock<mpsc::Sender<Answer<()>>>,
}

/// Why there are no new keys.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("it did not answer in time")]
    TimedOut(#[from] tokio::time::error::Elapsed),
    #[error("it cannot be reached: {0}")]
    Unreachable(#[from] reqwest::Error),
    #[error("it answered with status {0}")]
    Status(reqwest::StatusCode),
    #[error("its answer is larger than {MAX_BODY} bytes")]
    TooLarge,
    #[error(transparent)]
    NotKeySet(#[from] NotKeySet),
}

/// The `kid` that a token's header names.
pub(super) fn key_id(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Header {
        kid: String,
    }
    let header = token.split('.').next().filter(|_| token.len() <= MAX_TOKEN_LEN)?;
    serde_json::from_slice::<Header>(&decode(header).ok()?).ok().map(|header| header.kid)
}

impl Jwks {
    /// No keys are known yet.
    pub(super) fn new(endpoint: SecretUrl) -> Self {
        Self { endpoint, known: RwLock::default(), waiting: OnceLock::new() }
    }

    /// Begins to fetch; must be called within a tokio runtime, and only once.
    pub(super) fn start(self: &Arc<Self>, client: reqwest::Client) {
        self.start_at(PACE, client);
    }

    fn start_at(self: &Arc<Self>, pace: Pace, client: reqwest::Client) {
        let (ask, asked) = mpsc::channel(MAX_WAITING);
        if self.waiting.set(ask).is_ok() {
            tokio::spawn(Arc::clone(self).keep(pace, client, asked));
        }
    }

    /// Whether a key of this name is known.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.known().knows(id)
    }

    /// Whether the key that `token` names signed `message`.
    pub(super) fn verify(
        &self,
        token: &str,
        algorithm: &str,
        message: &str,
        signature: &str,
    ) -> Result<(), TokenError> {
        let id = key_id(token).ok_or_else(|| TokenError::invalid("its header has no `kid`"))?;
        let known = self.known();
        let Some((algorithm, key)) = known.find(&id, algorithm) else {
            return Err(TokenError::invalid("no published key has its `kid` and algorithm"));
        };
        match crypto::verify(signature, message.as_bytes(), key, algorithm) {
            Ok(true) => Ok(()),
            _ => Err(TokenError::invalid("its signature does not match")),
        }
    }

    /// Answers when the keys have been fetched anew, by a fetch that begins after this question; without an
    /// answer of the endpoint the question stays unanswered.
    pub(super) fn fetch(&self, answer: Answer<()>) {
        if let Some(waiting) = self.waiting.get() {
            // With too many of them waiting it is dropped, which answers it.
            let _ = waiting.try_send(answer);
        }
    }

    /// As if this had been fetched.
    #[cfg(test)]
    pub(super) fn learn(&self, document: &[u8]) {
        *self.known.write().expect("nobody panicked") = Arc::new(KeySet::read(document).expect("a key set"));
    }

    fn known(&self) -> Arc<KeySet> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Fetches for as long as somebody could ask, one at a time.
    async fn keep(
        self: Arc<Self>,
        pace: Pace,
        client: reqwest::Client,
        mut asked: mpsc::Receiver<Answer<()>>,
    ) {
        let mut refresh_at = Instant::now();
        let mut not_before = Instant::now();
        loop {
            let mut waiting = Vec::new();
            tokio::select! {
                first = asked.recv() => match first {
                    Some(first) => waiting.push(first),
                    None => return,
                },
                () = sleep_until(refresh_at) => {}
            }
            sleep_until(not_before).await;
            while let Ok(another) = asked.try_recv() {
                waiting.push(another);
            }
            // Nobody made this happen who asked for nothing. So after a start, while whom the last gateway lost come
            // back and the first fetch is under way, they wait for no pause.
            if !waiting.is_empty() {
                not_before = Instant::now() + pace.pause;
            }
            match self.fetch_now(pace, &client).await {
                Ok(keys) => {
                    refresh_at = Instant::now() + pace.refresh;
                    *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
                    waiting.into_iter().for_each(|one| one.give(Ok(())));
                }
                Err(failure) => {
                    refresh_at = Instant::now() + pace.refresh.min(60 * pace.pause);
                    tracing::warn!(endpoint = %self.endpoint, %failure, "the keys of tokens could not be fetched");
                }
            }
        }
    }

    async fn fetch_now(&self, pace: Pace, client: &reqwest::Client) -> Result<KeySet, Failure> {
        let keys = timeout(pace.patience, self.ask(client)).await??;
        tracing::debug!(endpoint = %self.endpoint, keys = keys.len(), "the keys of tokens were fetched");
        Ok(keys)
    }

    async fn ask(&self, client: &reqwest::Client) -> Result<KeySet, Failure> {
        let mut response =
            client.get(self.endpoint.expose()).send().await.map_err(reqwest::Error::without_url)?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(Failure::Status(response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(Failure::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(KeySet::read(&body)?)
    }
}
