//! The HTTP API, by which the backend publishes, asks and orders: `POST /api/<method>`.
//!
//! A refused request is answered with status 200 and an error object, unless a status is asked for; a wrong
//! key, a wrong path and a body that cannot be read always have a status of their own.

mod access;
mod batch;
mod call;
mod error_mode;
mod granting;
mod history;
mod legacy;
mod orders;
mod presence;
mod publish;
mod rpc;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Instant};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
    middleware,
    response::{IntoResponse, Response},
    routing::{MethodRouter, post},
};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use suona_protocol::ErrorCode;

pub use access::Access;
use call::Call;
pub use orders::Shards;

use crate::{broker::Broker, metrics::Metrics, session::Rules};

/// The longest body that is read. Room for a broadcast to some hundred thousand channels; more is an
/// accident, and a body is held in memory whole.
pub const MAX_BODY_LEN: usize = 16 << 20;

/// What the API needs to do its work.
pub struct ApiState {
    /// Who may call.
    pub access: Access,
    /// Where publications go and where streams and presence are read.
    pub broker: Arc<dyn Broker>,
    /// Knows the namespaces.
    pub rules: Arc<Rules>,
    /// Times publishing.
    pub metrics: Arc<Metrics>,
    /// The way to this node's connections.
    pub shards: Shards,
    /// This node.
    pub node: Node,
}

/// What `info` says about this node beside its totals.
pub struct Node {
    /// Differs from every other node's, and from this one's before a restart.
    pub uid: String,
    /// The configured name.
    pub name: String,
    /// When it was started.
    pub started: Instant,
    /// Counts its connections.
    pub connections: Box<dyn Fn() -> usize + Send + Sync>,
}

/// The API's routes.
pub fn router(state: ApiState) -> Router {
    let state = Arc::new(state);
    let prefix = &state.rules.config.http_api.handler_prefix;
    let at = |name: &str| format!("{prefix}/{name}");
    let method = |handler: MethodRouter<Arc<ApiState>>| {
        handler.route_layer(middleware::from_fn_with_state(state.clone(), access::check))
    };
    Router::new()
        .route(&at("publish"), method(answering(publish::publish)))
        .route(&at("broadcast"), method(answering(publish::broadcast)))
        .route(&at("history"), method(answering(history::history)))
        .route(&at("history_remove"), method(answering(history::history_remove)))
        .route(&at("presence"), method(answering(presence::presence)))
        .route(&at("presence_stats"), method(answering(presence::presence_stats)))
        .route(&at("disconnect"), method(answering(orders::disconnect)))
        .route(&at("unsubscribe"), method(answering(orders::unsubscribe)))
        .route(&at("subscribe"), method(answering(granting::subscribe)))
        .route(&at("refresh"), method(answering(granting::refresh)))
        .route(&at("rpc"), method(answering(rpc::rpc)))
        .route(&at("channels"), method(answering(orders::channels)))
        .route(&at("info"), method(answering(orders::info)))
        .route(&at("batch"), method(post(batch::batch)))
        .route(prefix, method(post(legacy::commands)))
        .layer(DefaultBodyLimit::max(MAX_BODY_LEN))
        .with_state(state)
}

/// What an API method came to.
type Outcome<R> = Result<R, ErrorCode>;

/// A route that reads a request, hands it to `method` and wraps what comes of it.
fn answering<Q, R, F>(method: fn(Call, Q) -> F) -> MethodRouter<Arc<ApiState>>
where
    Q: DeserializeOwned + Send + 'static,
    R: Serialize,
    F: Future<Output = Outcome<R>> + Send + 'static,
{
    post(move |State(state): State<Arc<ApiState>>, headers: HeaderMap, body: Bytes| async move {
        let request = decode(&body)?;
        let mode = state.rules.config.http_api.error_mode.asked_by(&headers);
        Ok::<_, Unreadable>(mode.respond(method(Call::new(state), request).await))
    })
}

/// Reads a body; its content type does not matter.
fn decode<Q: DeserializeOwned>(body: &[u8]) -> Result<Q, Unreadable> {
    serde_json::from_slice(body).map_err(Unreadable)
}

/// A body is no request of the method that was called.
struct Unreadable(serde_json::Error);

impl IntoResponse for Unreadable {
    fn into_response(self) -> Response {
        let why = format!("The body is not a request of this method: {}.\n", self.0);
        (StatusCode::BAD_REQUEST, why).into_response()
    }
}

/// An outcome on its way out: `{"result":…}` or `{"error":…}`.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Envelope<R> {
    Result(R),
    Error(ErrorObject),
}

impl<R> From<Outcome<R>> for Envelope<R> {
    fn from(outcome: Outcome<R>) -> Self {
        outcome.map_or_else(|code| Self::Error(code.into()), Self::Result)
    }
}

/// Why a request was refused.
#[derive(Serialize)]
struct ErrorObject {
    code: u32,
    message: &'static str,
}

impl From<ErrorCode> for ErrorObject {
    fn from(code: ErrorCode) -> Self {
        Self { code: code.code(), message: code.message() }
    }
}

/// The result of a method that has nothing to say: `{}`.
#[derive(Serialize)]
struct Done {}

/// Reads a field that some API libraries send as `null` where they mean to leave it out.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
