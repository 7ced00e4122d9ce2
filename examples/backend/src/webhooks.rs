//! What the gateway asks: who connects and for how long, who may listen, and what a request returns.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request as HttpRequest, State},
    http::{StatusCode, header::AUTHORIZATION},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{
    app::App,
    database::now,
    login,
    refusal::Refusal,
    request::{Caller, Failure},
    systems,
    tokens::LIFETIME,
};

/// What somebody without a token may bring instead, as connect data, as a plain door's first message or in its
/// address: our token under another name, and what they would like to hear.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Ticket {
    token: String,
    channels: Vec<String>,
    /// The device that a hand-written console is about.
    serial_no: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct ConnectQuestion {
    data: Option<Value>,
    query: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct RefreshQuestion {
    user: String,
}

#[derive(Deserialize)]
pub(crate) struct SubscribeQuestion {
    user: String,
    channel: String,
}

#[derive(Deserialize)]
pub(crate) struct RpcQuestion {
    pub(crate) user: String,
    pub(crate) method: String,
    pub(crate) data: Option<Box<RawValue>>,
    #[serde(default)]
    pub(crate) idempotency_key: String,
}

/// An answer, as the gateway reads it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Answer {
    Result(Value),
    Error {
        code: u32,
        message: String,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        temporary: bool,
    },
    Disconnect {
        code: u32,
        reason: &'static str,
    },
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::Error { code: refusal.code(), message: refusal.to_string(), temporary: false }
    }
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        let (code, message) = match failure {
            Failure::Refused(refusal) => return refusal.into(),
            Failure::TooMany => (111, "too many requests"),
            Failure::Database(error) => {
                tracing::error!(%error, "a question could not be answered");
                (100, "internal server error")
            }
        };
        Self::Error { code, message: message.to_owned(), temporary: true }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// Lets only the gateway in.
pub(crate) async fn only_the_gateway(
    State(app): State<Arc<App>>,
    request: HttpRequest,
    next: Next,
) -> Response {
    let given = request.headers().get(AUTHORIZATION).map_or(&b""[..], |value| value.as_bytes());
    // Of equal length, whatever was given.
    let (given, expected) = (Sha256::digest(given), Sha256::digest(&app.webhook_authorization));
    if !bool::from(given.ct_eq(&expected)) {
        let why = "these are for the gateway; set http.static_headers of its webhooks to our --webhook-key";
        return (StatusCode::UNAUTHORIZED, why).into_response();
    }
    next.run(request).await
}

/// `POST /hooks/connect`.
pub(crate) async fn connect(State(app): State<Arc<App>>, Json(question): Json<ConnectQuestion>) -> Answer {
    let ticket = question.ticket();
    let Some((user, expire_at)) = app.tokens.read(&ticket.token) else {
        return Answer::Disconnect { code: 4501, reason: "log in first" };
    };
    let caller = Caller::of(&user);
    let channels = ticket.channels();
    let heard = app.database.read(move |transaction| {
        let mut heard = Vec::new();
        for channel in channels {
            match systems::may_hear(transaction, &caller, &channel)? {
                true => heard.push(channel),
                false => return Err(Failure::from(Refusal::NotPermitted)),
            }
        }
        Ok(heard)
    });
    match heard.await {
        Ok(channels) => Answer::Result(json!({ "user": user, "expire_at": expire_at, "channels": channels })),
        Err(failure) => failure.into(),
    }
}

/// `POST /hooks/refresh`: connections live on without another log-in, as long as there is such a user.
pub(crate) async fn refresh(State(app): State<Arc<App>>, Json(question): Json<RefreshQuestion>) -> Answer {
    let caller = Caller::of(&question.user);
    let known = app.database.read(move |transaction| login::is_known(transaction, &caller));
    match known.await {
        Ok(true) => Answer::Result(json!({ "expire_at": now() / 1000 + LIFETIME })),
        Ok(false) => Answer::Result(json!({ "expired": true })),
        Err(error) => Failure::from(error).into(),
    }
}

/// `POST /hooks/subscribe`.
pub(crate) async fn subscribe(
    State(app): State<Arc<App>>,
    Json(question): Json<SubscribeQuestion>,
) -> Answer {
    let caller = Caller::of(&question.user);
    let may =
        app.database.read(move |transaction| systems::may_hear(transaction, &caller, &question.channel));
    match may.await {
        Ok(true) => Answer::Result(json!({})),
        Ok(false) => Refusal::NotPermitted.into(),
        Err(error) => Failure::from(error).into(),
    }
}

/// `POST /hooks/rpc`.
pub(crate) async fn rpc(State(app): State<Arc<App>>, Json(question): Json<RpcQuestion>) -> Response {
    match app.carry_out(question).await {
        Ok(answer) => ([("content-type", "application/json")], answer).into_response(),
        Err(failure) => Answer::from(failure).into_response(),
    }
}

impl Ticket {
    fn channels(self) -> Vec<String> {
        let device = self.serial_no.map(|serial| format!("device:{serial}"));
        self.channels.into_iter().chain(device).collect()
    }
}

impl ConnectQuestion {
    /// The first message, or else the address: `?token=…&channels=orders,device:pump-1`.
    fn ticket(&self) -> Ticket {
        if let Some(data) = &self.data {
            return Ticket::deserialize(data).unwrap_or_default();
        }
        let query = self.query.as_deref().unwrap_or_default();
        let mut ticket = Ticket::default();
        for (name, value) in form_urlencoded::parse(query.trim_start_matches('?').as_bytes()) {
            match &*name {
                "token" => ticket.token = value.into_owned(),
                "channels" => ticket.channels = value.split(',').map(str::to_owned).collect(),
                "serial_no" => ticket.serial_no = Some(value.into_owned()),
                _ => {}
            }
        }
        ticket
    }
}
