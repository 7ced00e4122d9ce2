//! `publish` and `broadcast`.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use suona_protocol::{ErrorCode, Exclude, ExcludeNames, Payload, Position};

use super::{
    ApiState, Envelope, Outcome,
    call::{Asked, Call},
    nullable,
};
use crate::broker::{MAX_KEY_LEN, Message, Version};

/// How many channels of a broadcast the broker is asked for at once.
const AT_ONCE: usize = 1024;

/// What to publish: `publish` looks at `channel`, `broadcast` at `channels`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Request {
    #[serde(deserialize_with = "nullable")]
    channel: String,
    #[serde(deserialize_with = "nullable")]
    channels: Vec<String>,
    #[serde(deserialize_with = "present")]
    data: Option<Box<RawValue>>,
    #[serde(deserialize_with = "nullable")]
    b64data: String,
    #[serde(deserialize_with = "nullable")]
    skip_history: bool,
    #[serde(deserialize_with = "nullable")]
    tags: BTreeMap<String, String>,
    #[serde(deserialize_with = "nullable")]
    idempotency_key: String,
    /// 0 means none.
    #[serde(deserialize_with = "nullable")]
    version: u64,
    #[serde(deserialize_with = "nullable")]
    version_epoch: String,
    #[serde(deserialize_with = "nullable")]
    exclude: ExcludeNames,
    #[serde(deserialize_with = "nullable")]
    delta: bool,
}

/// Where the publication stands in the stream; empty if the channel keeps none.
#[derive(Serialize)]
pub(super) struct PublishResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<String>,
}

/// What came of each channel, in the order of the request.
#[derive(Serialize)]
pub(super) struct BroadcastResult {
    responses: Vec<Envelope<PublishResult>>,
}

pub(super) async fn publish(call: Call, request: Request) -> Outcome<PublishResult> {
    let channel = request.channel.clone();
    let draft = Draft::read(request, &call.state)?;
    finish(&call, begin(&call, &channel, &draft)).await
}

pub(super) async fn broadcast(call: Call, mut request: Request) -> Outcome<BroadcastResult> {
    let channels = std::mem::take(&mut request.channels);
    if channels.is_empty() {
        return Err(ErrorCode::BadRequest);
    }
    let draft = Draft::read(request, &call.state)?;
    let mut responses = Vec::with_capacity(channels.len());
    for channels in channels.chunks(AT_ONCE) {
        let begun: Vec<_> = channels.iter().map(|channel| begin(&call, channel, &draft)).collect();
        for asked in begun {
            responses.push(finish(&call, asked).await.into());
        }
    }
    Ok(BroadcastResult { responses })
}

/// A publication that has no channel yet.
struct Draft {
    data: Payload,
    /// Whether `data` is known to be JSON.
    is_json: bool,
    tags: Vec<(String, String)>,
    skip_history: bool,
    idempotency_key: Option<String>,
    version: Option<Version>,
    exclude: Option<Arc<Exclude>>,
    delta: bool,
}

impl Draft {
    fn read(request: Request, state: &ApiState) -> Outcome<Self> {
        let (data, is_json) = if request.b64data.is_empty() {
            let data = request.data.ok_or(ErrorCode::BadRequest)?;
            (Payload::from(String::from(Box::<str>::from(data))), true)
        } else {
            let data = STANDARD.decode(request.b64data).map_err(|_| ErrorCode::BadRequest)?;
            (Payload::from(data), false)
        };
        // A publication that half an outbox cannot hold would make fast subscribers look slow.
        let tags: usize = request.tags.iter().map(|(key, value)| key.len() + value.len()).sum();
        if data.is_empty() || data.len() + tags > state.rules.max_reply_bytes() {
            return Err(ErrorCode::BadRequest);
        }
        if request.idempotency_key.len().max(request.version_epoch.len()) > MAX_KEY_LEN {
            return Err(ErrorCode::BadRequest);
        }
        Ok(Self {
            data,
            is_json,
            tags: request.tags.into_iter().collect(),
            skip_history: request.skip_history,
            idempotency_key: Some(request.idempotency_key).filter(|key| !key.is_empty()),
            version: (request.version > 0)
                .then(|| Version { number: request.version, epoch: request.version_epoch.into() }),
            exclude: request.exclude.read().map_err(|_| ErrorCode::BadRequest)?.map(Arc::new),
            delta: request.delta,
        })
    }
}

type Begun = Outcome<Asked<Option<Position>>>;

fn begin(call: &Call, channel: &str, draft: &Draft) -> Begun {
    let (channel, options) = call.channel(channel)?;
    let is_long = draft.data.len() > call.state.rules.max_payload_bytes(options);
    if is_long || !options.accepts(&draft.data, draft.is_json) {
        return Err(ErrorCode::BadRequest);
    }
    let message = Message {
        data: draft.data.clone(),
        content: options.content,
        info: None,
        tags: draft.tags.clone(),
        skip_history: draft.skip_history,
        idempotency_key: draft.idempotency_key.clone(),
        version: draft.version.clone(),
        exclude: draft.exclude.clone(),
        delta: draft.delta || options.delta_publish,
    };
    let state = &call.state;
    Ok(call.ask(|answer| {
        state.broker.publish(&channel, message, options.retention, state.metrics.time_publish(answer));
    }))
}

async fn finish(call: &Call, begun: Begun) -> Outcome<PublishResult> {
    let position = call.answer(begun?).await?;
    Ok(PublishResult {
        offset: position.map(|position| position.offset),
        epoch: position.map(|position| position.epoch.to_string()),
    })
}

/// Reads a value of which `null` is one, too.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::deserialize(deserializer).map(Some)
}
