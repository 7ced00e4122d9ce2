//! One webhook: its connections, its time-out, and whether it answers at all.

use std::{
    error::Error,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use bytes::Bytes;
use tokio::{sync::Semaphore, time};

use super::{
    Advice, Consultation, Inquiry, Visit,
    circuit::{Change, Circuit},
    request::{self, NotJson},
    response,
};
use crate::{
    config::{Transform, Webhook},
    metrics::{CallMetrics, CallOutcome},
};

/// At most so many calls of one webhook are under way, each with a connection of its own: well below what the
/// process has left for its own work, and 12,000 calls a second if each takes 10 ms. Others wait their turn,
/// within their time.
const MAX_CALLS: usize = 128;

/// Idle connections are closed before the backend does it, which would lose a call that is just being sent:
/// Node and uvicorn wait five seconds.
const IDLE: Duration = Duration::from_secs(4);

/// One webhook, shared by all who ask it.
pub(super) struct Endpoint {
    webhook: Webhook,
    url: reqwest::Url,
    client: reqwest::Client,
    places: Semaphore,
    circuit: Mutex<Circuit>,
    max_body: usize,
    metrics: CallMetrics,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("it did not answer within {0:?}")]
    TimedOut(Duration),
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    #[error("it answered with status {0}")]
    Status(StatusCode),
    #[error("its answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("its answer cannot be understood: {0}")]
    Rubbish(#[from] response::Rubbish),
}

impl Failure {
    /// Whether it shows that the backend is down. A handler that fails does not: otherwise a client could
    /// cut everyone off by asking again and again for what fails.
    fn is_down(&self) -> bool {
        match self {
            Self::TimedOut(_) | Self::Unreachable(_) => true,
            Self::Status(status) => matches!(status.as_u16(), 502..=504),
            Self::TooLarge(_) | Self::Rubbish(_) => false,
        }
    }
}

/// The client that all webhooks share, and those who fetch keys; it keeps connections for each backend.
pub(crate) fn client() -> reqwest::Result<reqwest::Client> {
    // Somebody may have been faster; it is the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(concat!("suona/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .tcp_nodelay(true)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(MAX_CALLS)
        .build()
}

impl Endpoint {
    /// `None` if its endpoint is no URL.
    pub(super) fn new(
        webhook: Webhook,
        client: reqwest::Client,
        max_body: usize,
        metrics: CallMetrics,
    ) -> Option<Self> {
        let url = reqwest::Url::parse(webhook.endpoint.expose()).ok()?;
        let (places, circuit) = (Semaphore::new(MAX_CALLS), Mutex::new(Circuit::new()));
        Some(Self { webhook, url, client, places, circuit, max_body, metrics })
    }

    pub(super) fn name(&self) -> &str {
        &self.webhook.at
    }

    /// Whether this may be asked now; whoever hears yes asks it.
    pub(super) fn admits(&self, inquiry: &Inquiry, now: Instant) -> bool {
        let admitted = self.circuit.lock().unwrap_or_else(PoisonError::into_inner).admits(now);
        if !admitted {
            self.metrics.spared(inquiry.kind());
        }
        admitted
    }

    pub(super) fn is_cut_off(&self) -> bool {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner).is_open()
    }

    /// Asks, and makes sense of what comes back.
    pub(super) async fn ask(&self, consultation: &Consultation, visit: &Visit) -> Advice {
        let body = match request::body(&self.webhook, consultation, visit) {
            Ok(body) => body,
            Err(NotJson) => return Advice::Refused(suona_protocol::ErrorCode::BadRequest.into()),
        };
        let begun = Instant::now();
        self.metrics.begun();
        let called = self.call(consultation, visit, body);
        let called = time::timeout(self.webhook.timeout, called).await;
        let called = called.unwrap_or(Err(Failure::TimedOut(self.webhook.timeout)));
        self.metrics.ended(consultation.inquiry.kind(), outcome(&called), begun.elapsed());
        self.learn(called.as_ref().err());
        called.unwrap_or_else(|failure| {
            tracing::warn!(webhook = self.webhook.at, %failure, "a webhook failed");
            self.transform(&failure, &consultation.inquiry)
        })
    }

    async fn call(&self, asked: &Consultation, visit: &Visit, body: Vec<u8>) -> Result<Advice, Failure> {
        let _place = self.places.acquire().await.expect("the semaphore is never closed");
        let headers = request::headers(&self.webhook, asked, visit);
        let call = self.client.post(self.url.clone()).headers(headers).body(body);
        let mut response = call.send().await.map_err(unreachable)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > self.max_body {
                return Err(Failure::TooLarge(self.max_body));
            }
            body.extend_from_slice(&chunk);
        }
        match response.status() {
            StatusCode::OK => Ok(response::read(&asked.inquiry, &Bytes::from(body), visit.is_json())?),
            status => Err(Failure::Status(status)),
        }
    }

    fn learn(&self, failure: Option<&Failure>) {
        let mut circuit = self.circuit.lock().unwrap_or_else(PoisonError::into_inner);
        let change = match failure {
            Some(failure) if failure.is_down() => circuit.failed(Instant::now()),
            _ => circuit.succeeded(),
        };
        self.metrics.set_cut_off(circuit.is_open());
        match change {
            Some(Change::Opened) => {
                tracing::error!(webhook = self.webhook.at, "a webhook is down: clients are refused at once");
            }
            Some(Change::Closed) => tracing::info!(webhook = self.webhook.at, "a webhook is back"),
            None => {}
        }
    }

    /// What a failure means to the client. A connection that exists is not ended by one.
    fn transform(&self, failure: &Failure, inquiry: &Inquiry) -> Advice {
        let Failure::Status(status) = failure else { return Advice::Unavailable };
        if matches!(inquiry, Inquiry::Refresh | Inquiry::SubRefresh(_)) {
            return Advice::Unavailable;
        }
        let transforms = &self.webhook.transforms;
        match transforms.iter().find(|(code, _)| *code == status.as_u16()).map(|(_, to)| to) {
            Some(Transform::Error(error)) => Advice::Refused(error.clone()),
            Some(Transform::Disconnect(end)) => Advice::Disconnect(end.clone()),
            None => Advice::Unavailable,
        }
    }
}

fn outcome(called: &Result<Advice, Failure>) -> CallOutcome {
    match called {
        Ok(Advice::Granted(_)) => CallOutcome::Granted,
        Ok(Advice::Refused(_)) => CallOutcome::Refused,
        Ok(Advice::Disconnect(_)) => CallOutcome::Disconnected,
        Err(Failure::Status(_)) => CallOutcome::Status,
        Err(Failure::TimedOut(_)) => CallOutcome::TimedOut,
        Err(Failure::Unreachable(_)) => CallOutcome::Unreachable,
        Err(Failure::TooLarge(_) | Failure::Rubbish(_)) | Ok(Advice::Unavailable) => CallOutcome::Rubbish,
    }
}

fn unreachable(error: reqwest::Error) -> Failure {
    Failure::Unreachable(root_cause(error))
}

/// What went wrong at the bottom, without the URL, which may hold a secret.
pub(super) fn root_cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
