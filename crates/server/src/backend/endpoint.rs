//! One webhook: its connections, its time-out, and whether it answers at all.

use std::{
    error::Error,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use bytes::Bytes;
use tokio::time;

use super::{
    Advice, Consultation, Inquiry, Visit,
    asker::Asker,
    circuit::{Change, Circuit, Fault},
    places::Places,
    request::{self, NotJson},
    response,
};
use crate::{
    complaint::Complaint,
    config::{Transform, Webhook},
    metrics::{CallMetrics, CallOutcome},
};

/// At most so many calls of one webhook are under way, each with a connection of its own: well below what the
/// process has left for its own work, and 12,000 calls a second if each takes 10 ms. Others wait their turn,
/// within their time.
const MAX_CALLS: usize = 128;

/// At most so many of them for one asker: twice what one connection can ask at once, so that no few users keep
/// all others waiting.
const MAX_CALLS_OF_ONE: usize = MAX_CALLS / 4;

/// Idle connections are closed before the backend does it, which would lose a call that is just being sent:
/// Node and uvicorn wait five seconds.
const IDLE: Duration = Duration::from_secs(4);

/// One webhook, shared by all who ask it.
pub(super) struct Endpoint {
    webhook: Webhook,
    url: reqwest::Url,
    client: reqwest::Client,
    places: Places,
    circuit: Mutex<Circuit>,
    failing: Complaint,
    max_body: usize,
    metrics: CallMetrics,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("too many calls were under way to answer this one within {0:?}")]
    Crowded(Duration),
    #[error("it did not answer within {0:?}")]
    TimedOut(Duration),
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    #[error("the connection broke off: {0}")]
    Torn(String),
    #[error("it answered with status {0}")]
    Status(StatusCode),
    #[error("its answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("its answer cannot be understood: {0}")]
    Rubbish(#[from] response::Rubbish),
}

/// What a failure says of the backend.
enum Verdict {
    /// It is there.
    Up,
    Down(Fault),
    /// It had no chance to show.
    Nothing,
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
        let (places, circuit) = (Places::new(MAX_CALLS, MAX_CALLS_OF_ONE), Mutex::default());
        Some(Self { webhook, url, client, places, circuit, failing: Complaint::new(), max_body, metrics })
    }

    pub(super) fn name(&self) -> &str {
        &self.webhook.at
    }

    /// Whether this may be asked now; whoever hears yes asks it.
    pub(super) fn admits(&self, asked: &Consultation, now: Instant) -> bool {
        let admitted = self.circuit().admits(&Asker::new(&asked.info), now);
        if !admitted {
            self.metrics.spared(asked.inquiry.kind());
        }
        admitted
    }

    /// Whether no connection can be made, as the last calls showed.
    pub(super) fn is_refused(&self, now: Instant) -> bool {
        self.circuit().is_refused(now)
    }

    /// Asks, and makes sense of what comes back.
    pub(super) async fn ask(&self, consultation: &Consultation, visit: &Visit) -> Advice {
        let body = match request::body(&self.webhook, consultation, visit) {
            Ok(body) => body,
            Err(NotJson) => return Advice::Refused(suona_protocol::ErrorCode::BadRequest.into()),
        };
        let begun = Instant::now();
        self.metrics.begun();
        let called = self.call_in_turn(consultation, visit, body, begun + self.webhook.timeout).await;
        self.metrics.ended(consultation.inquiry.kind(), outcome(&called), begun.elapsed());
        called.unwrap_or_else(|failure| {
            if let Some(times) = self.failing.again(Instant::now()) {
                tracing::warn!(webhook = self.webhook.at, %failure, times, "a webhook failed");
            }
            self.transform(&failure, &consultation.inquiry)
        })
    }

    /// Waits for a place, and calls with what is left of the time. It is no fault of the backend if that is
    /// the lesser part.
    async fn call_in_turn(
        &self,
        asked: &Consultation,
        visit: &Visit,
        body: Vec<u8>,
        deadline: Instant,
    ) -> Result<Advice, Failure> {
        let asker = Asker::new(&asked.info);
        let timeout = self.webhook.timeout;
        let crowded = |_| Failure::Crowded(timeout);
        let place = time::timeout_at(deadline.into(), self.places.take(&asker)).await.map_err(crowded)?;
        let begun = Instant::now();
        let called = time::timeout_at(deadline.into(), self.call(asked, visit, body)).await;
        let called =
            called.unwrap_or_else(|_| match deadline.saturating_duration_since(begun) < timeout / 2 {
                true => Err(Failure::Crowded(timeout)),
                false => Err(Failure::TimedOut(timeout)),
            });
        drop(place);
        self.learn(asker, begun, called.as_ref().err());
        called
    }

    async fn call(&self, asked: &Consultation, visit: &Visit, body: Vec<u8>) -> Result<Advice, Failure> {
        let headers = request::headers(&self.webhook, asked, visit);
        let call = self.client.post(self.url.clone()).headers(headers).body(body);
        let mut response = call.send().await.map_err(broken)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
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

    fn learn(&self, asker: Asker, begun: Instant, failure: Option<&Failure>) {
        let mut circuit = self.circuit();
        let change = match failure.map(|failure| judge(failure, asker)) {
            Some(Verdict::Nothing) => return,
            Some(Verdict::Down(fault)) => circuit.failed(fault, begun, Instant::now()),
            Some(Verdict::Up) | None => circuit.answered(begun),
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

    fn circuit(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
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

/// What a failure says of the backend. A handler that fails is no outage: otherwise a client could cut
/// everyone off by asking again and again for what fails.
fn judge(failure: &Failure, asker: Asker) -> Verdict {
    match failure {
        Failure::Crowded(_) => Verdict::Nothing,
        Failure::Unreachable(_) => Verdict::Down(Fault::Refuses),
        Failure::TimedOut(_) | Failure::Torn(_) => Verdict::Down(Fault::Silent(asker)),
        Failure::Status(status) if matches!(status.as_u16(), 502..=504) => {
            Verdict::Down(Fault::Silent(asker))
        }
        Failure::Status(_) | Failure::TooLarge(_) | Failure::Rubbish(_) => Verdict::Up,
    }
}

fn outcome(called: &Result<Advice, Failure>) -> CallOutcome {
    match called {
        Ok(Advice::Granted(_)) => CallOutcome::Granted,
        Ok(Advice::Refused(_)) => CallOutcome::Refused,
        Ok(Advice::Disconnect(_)) => CallOutcome::Disconnected,
        Err(Failure::Status(_)) => CallOutcome::Status,
        Err(Failure::Crowded(_)) => CallOutcome::Crowded,
        Err(Failure::TimedOut(_)) => CallOutcome::TimedOut,
        Err(Failure::Unreachable(_) | Failure::Torn(_)) => CallOutcome::Unreachable,
        Err(Failure::TooLarge(_) | Failure::Rubbish(_)) | Ok(Advice::Unavailable) => CallOutcome::Rubbish,
    }
}

fn broken(error: reqwest::Error) -> Failure {
    match error.is_connect() {
        true => Failure::Unreachable(root_cause(error)),
        false => Failure::Torn(root_cause(error)),
    }
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
