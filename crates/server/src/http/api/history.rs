//! `history` and `history_remove`.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use suona_protocol::{Channel, ClientInfo, Encoded, Epoch, ErrorCode, Payload};

use super::{Done, Outcome, call::Call, nullable};
use crate::{broker::Query, config::ChannelOptions};

/// The longest page, in bytes of publications: a body is held in memory whole. What is left out can be asked
/// for by `since`.
const MAX_PAGE_LEN: usize = 16 << 20;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct HistoryRequest {
    #[serde(deserialize_with = "nullable")]
    channel: String,
    /// 0 for the position alone, less than 0 for all.
    #[serde(deserialize_with = "nullable")]
    limit: i32,
    since: Option<Since>,
    #[serde(deserialize_with = "nullable")]
    reverse: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Since {
    #[serde(deserialize_with = "nullable")]
    pub(super) offset: u64,
    #[serde(deserialize_with = "nullable")]
    pub(super) epoch: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RemoveRequest {
    #[serde(deserialize_with = "nullable")]
    channel: String,
}

#[derive(Serialize)]
pub(super) struct HistoryResult {
    publications: Vec<Box<RawValue>>,
    epoch: String,
    offset: u64,
}

pub(super) async fn history(call: Call, request: HistoryRequest) -> Outcome<HistoryResult> {
    let (channel, options) = kept(&call, &request.channel)?;
    let query = request.query()?;
    let asked = call.ask(|answer| call.state.broker.history(&channel, query, options.retention, answer));
    let page = call.answer(asked).await?;
    Ok(HistoryResult {
        publications: page
            .publications
            .iter()
            .map(|publication| object(publication))
            .collect::<Outcome<_>>()?,
        epoch: page.top.epoch.to_string(),
        offset: page.top.offset,
    })
}

pub(super) async fn history_remove(call: Call, request: RemoveRequest) -> Outcome<Done> {
    let (channel, _) = kept(&call, &request.channel)?;
    call.answer(call.ask(|answer| call.state.broker.remove_history(&channel, answer))).await?;
    Ok(Done {})
}

impl HistoryRequest {
    fn query(&self) -> Outcome<Query> {
        let since = self.since.as_ref().map(|since| (since.offset, Epoch::parse(&since.epoch)));
        if self.reverse && since.is_some_and(|(offset, _)| offset == 0) {
            return Err(ErrorCode::BadRequest);
        }
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        Ok(Query { limit, max_bytes: MAX_PAGE_LEN, since, reverse: self.reverse, ..Query::TOP })
    }
}

/// A channel that keeps a stream.
fn kept<'a>(call: &'a Call, name: &str) -> Outcome<(Channel, &'a ChannelOptions)> {
    let (channel, options) = call.channel(name)?;
    if options.retention.keeps() { Ok((channel, options)) } else { Err(ErrorCode::NotAvailable) }
}

/// A publication as JSON; the payload of a binary one in base64, as it may be published.
fn object(publication: &Encoded) -> Outcome<Box<RawValue>> {
    #[derive(Serialize)]
    struct Binary<'a> {
        b64data: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        info: Option<Info<'a>>,
        offset: u64,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        tags: BTreeMap<&'a str, &'a str>,
    }
    let object = if let Some(fragment) = publication.json_fragment() {
        serde_json::from_slice(fragment)
    } else {
        let publication = publication.publication();
        serde_json::value::to_raw_value(&Binary {
            b64data: STANDARD.encode(&publication.data),
            info: publication.info.as_deref().map(Info::of),
            offset: publication.offset,
            tags: publication.tags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        })
    };
    object.map_err(|_| ErrorCode::Internal)
}

/// The client that published.
#[derive(Serialize)]
struct Info<'a> {
    user: &'a str,
    client: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    conn_info: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chan_info: Option<&'a RawValue>,
}

impl<'a> Info<'a> {
    fn of(info: &'a ClientInfo) -> Self {
        let json = |payload: &'a Payload| serde_json::from_slice(payload).ok();
        Self {
            user: &info.user,
            client: &info.client,
            conn_info: info.conn_info.as_ref().and_then(json),
            chan_info: info.chan_info.as_ref().and_then(json),
        }
    }
}
