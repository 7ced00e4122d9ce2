//! What the API gives to connections: `subscribe` and `refresh`.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::value::RawValue;
use suona_protocol::{Epoch, ErrorCode, Payload, RecoverFrom, json::is_json};

use super::{Done, Outcome, call::Call, history::Since, nullable, orders::Whom};
use crate::{
    Now,
    auth::{Overrides, SubscriptionGrant},
    backend::RefreshGrant,
    clock::since_epoch,
    hub::Order,
    session::ServerSub,
};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SubscribeRequest {
    #[serde(flatten)]
    whom: Whom,
    #[serde(deserialize_with = "nullable")]
    channel: String,
    info: Option<Box<RawValue>>,
    #[serde(deserialize_with = "nullable")]
    b64info: String,
    data: Option<Box<RawValue>>,
    #[serde(deserialize_with = "nullable")]
    b64data: String,
    /// Unix seconds; never if 0 or less.
    #[serde(deserialize_with = "nullable")]
    expire_at: i64,
    recover_since: Option<Since>,
    #[serde(rename = "override", deserialize_with = "nullable")]
    overrides: Overrides,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RefreshRequest {
    #[serde(flatten)]
    whom: Whom,
    #[serde(deserialize_with = "nullable")]
    expired: bool,
    /// Unix seconds; never if 0 or less.
    #[serde(deserialize_with = "nullable")]
    expire_at: i64,
    info: Option<Box<RawValue>>,
}

pub(super) async fn subscribe(call: Call, request: SubscribeRequest) -> Outcome<Done> {
    let (channel, _) = call.channel(&request.channel)?;
    let expires_at = since_epoch(request.expire_at);
    if expires_at.is_some_and(|at| at <= Now::read().unix) {
        return Err(ErrorCode::BadRequest);
    }
    let since = request.recover_since.map_or_else(RecoverFrom::default, |Since { offset, epoch }| {
        RecoverFrom { recover: true, offset, epoch: Epoch::parse(&epoch) }
    });
    let grant = SubscriptionGrant {
        info: payload(request.info, &request.b64info)?,
        data: payload(request.data, &request.b64data)?,
        overrides: request.overrides,
    };
    let sub = Arc::new(ServerSub { grant, expires_at, since, ..ServerSub::new(channel, true) });
    request.whom.order(&call, |matching| Order::Subscribe { matching, sub });
    Ok(Done {})
}

pub(super) async fn refresh(call: Call, request: RefreshRequest) -> Outcome<Done> {
    let grant = RefreshGrant {
        expired: request.expired,
        expires_at: since_epoch(request.expire_at),
        info: payload(request.info, "")?,
        meta: None,
    };
    request.whom.order(&call, |matching| Order::Refresh { matching, grant });
    Ok(Done {})
}

/// JSON as it came, or in base64, which wins. Other bytes would end up inside the messages of JSON clients.
fn payload(raw: Option<Box<RawValue>>, base64: &str) -> Outcome<Option<Payload>> {
    if base64.is_empty() {
        return Ok(raw.map(|raw| Payload::from(String::from(Box::<str>::from(raw)))));
    }
    let bytes = STANDARD.decode(base64).ok();
    let bytes = bytes.filter(|bytes| is_json(bytes));
    Ok(Some(bytes.ok_or(ErrorCode::BadRequest)?.into()))
}
