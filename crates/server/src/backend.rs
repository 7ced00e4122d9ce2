//! The customer's server, asked by webhooks: who may connect, subscribe and publish, and what requests return.
//!
//! Shaped like a broker: nothing is awaited by those who ask, every answer arrives at an [`Answer`].

mod advice;
mod asker;
mod circuit;
mod consultation;
mod endpoint;
pub(crate) mod events;
mod places;
mod request;
mod response;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Instant};

use tokio::runtime::Handle;

use crate::{broker::Answer, config::Webhooks, metrics::WebhookMetrics};

pub use advice::{Advice, ConnectGrant, Granted, PublishGrant, RefreshGrant, SubscribeGrant};
pub use consultation::{Backstage, Consultation, Inquiry, Stranger, Visit};

pub use events::{EventCounts, Events, Happening, Telling};

use endpoint::Endpoint;
pub(crate) use endpoint::client;

/// The webhooks of a gateway. The default one has none.
#[derive(Default)]
pub struct Backend {
    endpoints: Vec<Arc<Endpoint>>,
    /// Where calls run; there is one wherever there are endpoints.
    runtime: Option<Handle>,
    /// Who answers instead of the endpoints.
    player: Option<Player>,
}

type Player = Box<dyn Fn(Consultation, Visit, Answer<Advice>) + Send + Sync>;

/// The webhooks cannot be called.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The HTTP client could not be made: no certificates, most likely.
    #[error("webhooks cannot be called: {0}; install the system's CA certificates")]
    Client(reqwest::Error),
    /// An endpoint is no URL after all.
    #[error("{0}.endpoint is no URL that can be asked")]
    Endpoint(String),
}

impl Backend {
    /// Prepares all webhooks; must be called within a tokio runtime, on which the calls run then. No body of
    /// more than `max_body` bytes is taken.
    pub fn new(webhooks: &Webhooks, max_body: usize, metrics: &WebhookMetrics) -> Result<Self, BackendError> {
        if webhooks.all.is_empty() {
            return Ok(Self::default());
        }
        let client = client().map_err(BackendError::Client)?;
        let endpoint = |webhook: &crate::config::Webhook| {
            Endpoint::new(webhook.clone(), client.clone(), max_body, metrics.of(&webhook.at))
                .map(Arc::new)
                .ok_or_else(|| BackendError::Endpoint(webhook.at.clone()))
        };
        let endpoints = webhooks.all.iter().map(endpoint).collect::<Result<_, _>>()?;
        Ok(Self { endpoints, runtime: Some(Handle::current()), player: None })
    }

    /// A backend whose part is played by a test, which answers in a time of its own.
    #[doc(hidden)]
    pub fn played_by(player: impl Fn(Consultation, Visit, Answer<Advice>) + Send + Sync + 'static) -> Self {
        Self { player: Some(Box::new(player)), ..Self::default() }
    }

    /// Asks a webhook on behalf of a client.
    ///
    /// While the webhook's circuit is open, the answer is there at once: [`Advice::Unavailable`].
    pub fn ask(&self, consultation: Consultation, visit: Visit, answer: Answer<Advice>) {
        if let Some(player) = &self.player {
            return player(consultation, visit, answer);
        }
        let endpoint = self.endpoints.get(consultation.webhook.0).zip(self.runtime.as_ref());
        let admits = |endpoint: &Endpoint| endpoint.admits(&consultation, Instant::now());
        let Some((endpoint, runtime)) = endpoint.filter(|(endpoint, _)| admits(endpoint)) else {
            return answer.give(Ok(Advice::Unavailable));
        };
        let endpoint = Arc::clone(endpoint);
        runtime.spawn(async move { answer.give(Ok(endpoint.ask(&consultation, &visit).await)) });
    }

    /// Whether all webhooks can be reached, as far as the last calls showed; if not, which one cannot.
    ///
    /// One that can be reached and does not answer is no reason: a client must not be able to take a node out
    /// of service by what it asks.
    pub fn ready(&self) -> Result<(), String> {
        let now = Instant::now();
        match self.endpoints.iter().find(|endpoint| endpoint.is_refused(now)) {
            Some(endpoint) => Err(format!("the webhook {} cannot be reached", endpoint.name())),
            None => Ok(()),
        }
    }
}
