//! Who tells the backend: one request after another, each until it is taken.

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use bytes::Bytes;
use tokio::{sync::watch, time};

use super::queue::{Batch, Queue};
use crate::{backend::endpoint::root_cause, config::EventOptions};

/// How long an event waits for others to go along with it.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long a request that was not taken is put off at first, and at most. It doubles each time, and half of
/// it is drawn, since several gateways may tell one backend.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LAST_PAUSE: Duration = Duration::from_secs(10);

/// An answer is read to its end up to so many bytes, so that its connection can be used again.
const MAX_ANSWER: usize = 64 << 10;

pub(super) struct Teller {
    url: reqwest::Url,
    headers: HeaderMap,
    timeout: Duration,
    client: reqwest::Client,
    queue: Arc<Queue>,
    /// Whether it is to end once nothing is left to tell.
    ending: watch::Receiver<bool>,
}

/// Why the backend did not take a request.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("it did not answer within {0:?}")]
    TimedOut(Duration),
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    #[error("it answered with status {0}")]
    Status(reqwest::StatusCode),
}

impl Teller {
    /// `None` if the endpoint is no URL.
    pub(super) fn new(
        options: &EventOptions,
        client: reqwest::Client,
        queue: Arc<Queue>,
        ending: watch::Receiver<bool>,
    ) -> Option<Self> {
        let mut headers = options.static_headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let url = reqwest::Url::parse(options.endpoint.expose()).ok()?;
        Some(Self { url, headers, timeout: options.timeout, client, queue, ending })
    }

    /// Tells until it is to end, and then what is left.
    pub(super) async fn run(mut self) {
        loop {
            self.gather().await;
            if !self.queue.is_empty() {
                self.tell(&self.queue.take()).await;
            } else if self.is_ending() {
                return;
            }
        }
    }

    /// Waits until a request is worth making.
    async fn gather(&mut self) {
        if self.queue.is_empty() && !self.is_ending() {
            tokio::select! {
                () = self.queue.filled.notified() => {}
                _ = self.ending.changed() => {}
            }
        }
        if !self.queue.is_full() && !self.is_ending() {
            tokio::select! {
                () = self.queue.full.notified() => {}
                () = time::sleep(PATIENCE) => {}
                _ = self.ending.changed() => {}
            }
        }
    }

    /// Tells the backend until it has taken `batch`.
    async fn tell(&mut self, batch: &Batch) {
        let body = Bytes::from(batch.body());
        let mut bound = FIRST_PAUSE;
        let mut troubled = false;
        while let Err(failure) = self.try_once(body.clone()).await {
            if !troubled {
                tracing::warn!(%failure, "the backend takes no events; they are told again until it does");
                troubled = true;
            }
            bound = self.pause(bound).await;
            self.queue.counts.retries.inc();
        }
        if troubled {
            tracing::info!("the backend takes events again");
        }
        self.queue.told(batch.events.len());
    }

    async fn try_once(&self, body: Bytes) -> Result<(), Failure> {
        let call = async {
            let call = self.client.post(self.url.clone()).headers(self.headers.clone()).body(body);
            let mut answer = call.send().await.map_err(unreachable)?;
            let status = answer.status();
            if !status.is_success() {
                return Err(Failure::Status(status));
            }
            let mut read = 0;
            // Whatever it says, and however that ends, it has taken the events.
            while let Ok(Some(chunk)) = answer.chunk().await
                && read < MAX_ANSWER
            {
                read += chunk.len();
            }
            Ok(())
        };
        time::timeout(self.timeout, call).await.unwrap_or(Err(Failure::TimedOut(self.timeout)))
    }

    /// Pauses up to `bound`, and says up to when the next time. Once it is to end, it tries at once, and begins
    /// with short pauses again.
    async fn pause(&mut self, bound: Duration) -> Duration {
        let pause = time::sleep(bound.mul_f64(0.5 + rand::random::<f64>() / 2.0));
        if self.is_ending() {
            pause.await;
            return (bound * 2).min(LAST_PAUSE);
        }
        tokio::select! {
            () = pause => (bound * 2).min(LAST_PAUSE),
            _ = self.ending.changed() => FIRST_PAUSE,
        }
    }

    fn is_ending(&self) -> bool {
        *self.ending.borrow()
    }
}

fn unreachable(error: reqwest::Error) -> Failure {
    Failure::Unreachable(root_cause(error))
}
