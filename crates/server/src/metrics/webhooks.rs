//! What is counted of the questions to the backend: how many, with what outcome, how long, and who is cut off.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

/// From a backend in the same room to three times the time-out that an operator would write for a slow one, in
/// seconds.
const BUCKETS: [f64; 9] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

/// The counts of all webhooks.
#[derive(Clone, Debug)]
pub struct WebhookMetrics {
    calls: Family<CallLabel, Counter>,
    seconds: Family<KindLabel, Histogram>,
    in_flight: Family<WebhookLabel, Gauge>,
    cut_off: Family<WebhookLabel, Gauge>,
}

/// The counts of one webhook.
#[derive(Debug)]
pub struct CallMetrics {
    calls: Family<CallLabel, Counter>,
    seconds: Family<KindLabel, Histogram>,
    in_flight: Gauge,
    cut_off: Gauge,
}

/// What came of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallOutcome {
    /// It was answered with a result.
    Granted,
    /// It was answered with an error.
    Refused,
    /// It was answered with a disconnect.
    Disconnected,
    /// It was answered with another status than 200.
    Status,
    /// It was answered with something that cannot be understood, or is too large.
    Rubbish,
    /// It was not answered in time.
    TimedOut,
    /// It was not asked, because too many others were being asked all the time.
    Crowded,
    /// Nobody could be asked.
    Unreachable,
    /// Nobody was asked, because the circuit is open.
    CutOff,
}

impl CallOutcome {
    fn label(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::Disconnected => "disconnected",
            Self::Status => "status",
            Self::Rubbish => "rubbish",
            Self::TimedOut => "timed_out",
            Self::Crowded => "crowded",
            Self::Unreachable => "unreachable",
            Self::CutOff => "cut_off",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabel {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WebhookLabel {
    webhook: String,
}

impl Default for WebhookMetrics {
    fn default() -> Self {
        Self {
            calls: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            in_flight: Family::default(),
            cut_off: Family::default(),
        }
    }
}

impl WebhookMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self { calls, seconds, in_flight, cut_off } = self.clone();
        registry.register("webhook_calls", "Questions to the backend by kind and outcome", calls);
        registry.register("webhook_seconds", "Seconds until the backend answered, by kind", seconds);
        registry.register("webhook_in_flight", "Questions that wait for an answer, by webhook", in_flight);
        registry.register("webhook_cut_off", "1 for a webhook whose circuit is open, else 0", cut_off);
    }

    /// The counts of the webhook that stands at this place of the configuration.
    pub fn of(&self, webhook: &str) -> CallMetrics {
        let label = WebhookLabel { webhook: webhook.to_owned() };
        CallMetrics {
            calls: self.calls.clone(),
            seconds: self.seconds.clone(),
            in_flight: self.in_flight.get_or_create_owned(&label),
            cut_off: self.cut_off.get_or_create_owned(&label),
        }
    }
}

impl CallMetrics {
    /// A question is being asked; [`ended`](Self::ended) follows.
    pub fn begun(&self) {
        self.in_flight.inc();
    }

    /// A question of this kind came to an end after so long.
    pub fn ended(&self, kind: &'static str, outcome: CallOutcome, after: Duration) {
        self.in_flight.dec();
        self.seconds.get_or_create(&KindLabel { kind }).observe(after.as_secs_f64());
        self.count(kind, outcome);
    }

    /// A question of this kind was not asked.
    pub fn spared(&self, kind: &'static str) {
        self.count(kind, CallOutcome::CutOff);
    }

    /// Whether the circuit is open now.
    pub fn set_cut_off(&self, open: bool) {
        self.cut_off.set(open.into());
    }

    fn count(&self, kind: &'static str, outcome: CallOutcome) {
        self.calls.get_or_create(&CallLabel { kind, outcome: outcome.label() }).inc();
    }
}
