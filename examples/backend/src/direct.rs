//! `POST /rpc`: the same requests, for those who have no connection to send them on, such as hand-written clients.

use std::sync::Arc;

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, header::AUTHORIZATION},
    response::Response,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    app::App,
    login::{LoginError, is_known},
    request::Caller,
    webhooks::{self, RpcQuestion},
};

/// What is asked. Who asks, the token says.
#[derive(Deserialize)]
pub(crate) struct Question {
    method: String,
    data: Option<Box<RawValue>>,
    #[serde(default)]
    idempotency_key: String,
}

/// Carries out a request of whoever has the token in `Authorization`; the answer is the one that the gateway would get.
pub(crate) async fn rpc(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    question: Result<Json<Question>, JsonRejection>,
) -> Result<Response, LoginError> {
    let Json(Question { method, data, idempotency_key }) = question?;
    let user = bearer(&headers).and_then(|token| app.tokens.read(token)).ok_or(LoginError::BadToken)?.0;
    let caller = Caller::of(&user);
    if !app.database.read(move |transaction| is_known(transaction, &caller)).await? {
        return Err(LoginError::BadToken);
    }
    let question = RpcQuestion { user, method, data, idempotency_key };
    Ok(webhooks::rpc(State(app), Json(question)).await)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}
