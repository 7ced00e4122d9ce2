//! The section `events`: where the backend is told of connections and subscriptions.

use std::time::Duration;

use axum::http::HeaderMap;

use super::{
    check::Check,
    proxy::StaticHeaders,
    schema::section,
    secret::SecretUrl,
    webhooks::{check_endpoint, static_headers},
};

section! {
    /// The backend is told of connections and subscriptions, many at a time. Nothing without an endpoint.
    pub struct EventSettings {
        /// The URL that is told, by POST; "http://" or "https://". What may be secret in it is not printed.
        endpoint: SecretUrl = SecretUrl::default(),
        /// How long the backend may take for one request; then it gets the same events again.
        timeout: Duration = Duration::from_secs(5),
        /// How HTTP is spoken to it.
        http: EventHttp = EventHttp::default(),
    }
}

section! {
    /// How HTTP is spoken to the backend that is told.
    pub struct EventHttp {
        /// Headers that every request carries: names and values.
        static_headers: StaticHeaders = StaticHeaders::default(),
    }
}

/// Where the backend is told, and how.
#[derive(Clone, Debug)]
pub struct EventOptions {
    /// The URL.
    pub endpoint: SecretUrl,
    /// How long one request may take.
    pub timeout: Duration,
    /// Headers of every request; their values are not printed.
    pub static_headers: HeaderMap,
}

impl EventSettings {
    /// `None` if nobody is told anything.
    pub(super) fn resolve(self, check: &mut Check<'_>) -> Option<EventOptions> {
        if self.endpoint.is_empty() {
            return None;
        }
        if let Err(message) = check_endpoint(self.endpoint.expose()) {
            check.wrong("events", &["endpoint"], message);
        }
        if self.timeout.is_zero() {
            check.wrong("events", &["timeout"], "must be longer than nothing; the default is \"5s\"");
        }
        let static_headers = static_headers(&self.http.static_headers, check, "events.http");
        Some(EventOptions { endpoint: self.endpoint, timeout: self.timeout, static_headers })
    }
}
