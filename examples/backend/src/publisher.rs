//! Sends what the outbox holds to the gateway, in order, until the gateway has it.

use std::time::Duration;

use deadpool_sqlite::rusqlite::Transaction;
use serde::Deserialize;
use serde_json::{json, value::RawValue};
use tokio::time;

use crate::{
    config::{Config, Secret},
    database::{Database, DatabaseError},
    outbox::{self, Waiting},
};

/// The pause after the first failure; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The gateway answers within ten seconds.
const TIMEOUT: Duration = Duration::from_secs(12);

/// So many are looked up, and forgotten, at a time.
const BATCH: u32 = 64;

/// Carries publications to the gateway.
pub(crate) struct Publisher {
    database: Database,
    http: reqwest::Client,
    url: String,
    key: Secret,
}

/// What became of one try.
enum Outcome {
    Taken,
    /// It is wrong, and no other try will make it right.
    Refused(String),
    /// The gateway is away, or busy, or does not know our key.
    NotNow(String),
}

#[derive(Deserialize)]
struct Answer {
    error: Option<ErrorAnswer>,
}

#[derive(Deserialize)]
struct ErrorAnswer {
    code: u32,
    message: String,
}

impl Publisher {
    pub(crate) fn new(config: &Config, database: Database, http: reqwest::Client) -> Self {
        let url = format!("{}/api/publish", config.gateway.trim_end_matches('/'));
        Self { database, http, url, key: config.api_key.clone() }
    }

    /// Publishes for as long as the backend runs.
    pub(crate) async fn run(self) {
        let mut backoff = Backoff::default();
        loop {
            match self.empty(&mut backoff).await {
                Ok(()) => self.database.written().await,
                Err(error) => {
                    tracing::error!(%error, "what is to be published cannot be read");
                    backoff.wait().await;
                }
            }
        }
    }

    /// Sends everything that waits.
    async fn empty(&self, backoff: &mut Backoff) -> Result<(), DatabaseError> {
        loop {
            let waiting = self.database.read(|transaction| outbox::oldest(transaction, BATCH));
            let waiting: Vec<Waiting> = waiting.await?;
            if waiting.is_empty() {
                return Ok(());
            }
            self.send(waiting, backoff).await?;
        }
    }

    /// Sends them in order. The first that the gateway does not take now ends that, and is the first of the next round:
    /// what comes after must not overtake it.
    async fn send(&self, waiting: Vec<Waiting>, backoff: &mut Backoff) -> Result<(), DatabaseError> {
        // Written down together: each time the disk is waited for.
        let mut taken = None;
        for publication in waiting {
            let id = publication.id;
            match self.try_once(&publication).await {
                Outcome::Taken => {
                    backoff.succeeded();
                    taken = Some(id);
                }
                Outcome::Refused(why) => {
                    tracing::error!(id, channel = publication.channel, why, "a publication was refused");
                    let set_aside =
                        move |transaction: &Transaction<'_>| outbox::set_aside(transaction, id, &why);
                    self.database.write(set_aside).await?;
                }
                Outcome::NotNow(why) => {
                    backoff.failed(&why);
                    // Before the pause: the gateway may forget the keys of what it has.
                    self.forget(taken).await?;
                    backoff.wait().await;
                    return Ok(());
                }
            }
        }
        self.forget(taken).await
    }

    /// The gateway has everything up to that one.
    async fn forget(&self, taken: Option<i64>) -> Result<(), DatabaseError> {
        let Some(id) = taken else { return Ok(()) };
        self.database.write(move |transaction| outbox::forget(transaction, id)).await
    }

    async fn try_once(&self, publication: &Waiting) -> Outcome {
        let Waiting { key, channel, data, .. } = publication;
        let data: &RawValue = serde_json::from_str(data).expect("only JSON is put there");
        let body = json!({ "channel": channel, "idempotency_key": key, "data": data });
        let request = self.http.post(&self.url).header("X-API-Key", self.key.expose()).timeout(TIMEOUT);
        let answer = match request.json(&body).send().await {
            Ok(response) if response.status().is_success() => response.json::<Answer>().await,
            Ok(response) if response.status().as_u16() == 401 => {
                return Outcome::NotNow("it does not know our --api-key".to_owned());
            }
            Ok(response) => return Outcome::NotNow(format!("it answered with status {}", response.status())),
            Err(error) => Err(error),
        };
        match answer {
            Ok(Answer { error: None }) => Outcome::Taken,
            // Unknown channel, unknown method, bad request, not available.
            Ok(Answer { error: Some(ErrorAnswer { code: code @ (102 | 104 | 107 | 108), message }) }) => {
                Outcome::Refused(format!("{message} ({code})"))
            }
            Ok(Answer { error: Some(error) }) => {
                Outcome::NotNow(format!("{} ({})", error.message, error.code))
            }
            Err(error) => Outcome::NotNow(error.without_url().to_string()),
        }
    }
}

/// Pauses that grow while the gateway is away.
#[derive(Default)]
struct Backoff {
    failures: u32,
}

impl Backoff {
    fn failed(&mut self, why: &str) {
        if self.failures == 0 {
            tracing::warn!(why, "the gateway takes no publications; they wait");
        }
        self.failures += 1;
    }

    fn succeeded(&mut self) {
        if self.failures > 0 {
            tracing::info!(tries = self.failures, "the gateway takes publications again");
        }
        self.failures = 0;
    }

    /// Half of the pause is random, so that backends do not come in step.
    async fn wait(&self) {
        let pause = (FIRST_PAUSE * (1 << self.failures.min(10))).min(LONGEST_PAUSE);
        time::sleep(pause.mul_f64(rand::random_range(0.5..1.0))).await;
    }
}
