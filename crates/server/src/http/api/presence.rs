//! `presence` and `presence_stats`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use suona_protocol::{Channel, ClientInfo, ErrorCode, Payload};

use super::{Outcome, call::Call, nullable};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Request {
    #[serde(deserialize_with = "nullable")]
    channel: String,
}

/// Who is present, by connection.
#[derive(Serialize)]
pub(super) struct PresenceResult {
    presence: BTreeMap<String, Info>,
}

#[derive(Serialize)]
struct Info {
    user: String,
    client: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    conn_info: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chan_info: Option<Box<RawValue>>,
}

#[derive(Serialize)]
pub(super) struct StatsResult {
    num_clients: u32,
    num_users: u32,
}

pub(super) async fn presence(call: Call, request: Request) -> Outcome<PresenceResult> {
    let channel = watched(&call, &request.channel)?;
    let infos = call.answer(call.ask(|answer| call.state.broker.presence(&channel, answer))).await?;
    Ok(PresenceResult {
        presence: infos.iter().map(|info| (info.client.clone(), Info::from(&**info))).collect(),
    })
}

pub(super) async fn presence_stats(call: Call, request: Request) -> Outcome<StatsResult> {
    let channel = watched(&call, &request.channel)?;
    let stats = call.answer(call.ask(|answer| call.state.broker.presence_stats(&channel, answer))).await?;
    Ok(StatsResult { num_clients: stats.num_clients, num_users: stats.num_users })
}

/// A channel of which it is known who is present.
fn watched(call: &Call, name: &str) -> Outcome<Channel> {
    let (channel, options) = call.channel(name)?;
    if options.presence { Ok(channel) } else { Err(ErrorCode::NotAvailable) }
}

impl From<&ClientInfo> for Info {
    fn from(info: &ClientInfo) -> Self {
        // Bytes that are not JSON cannot be shown here.
        let raw = |payload: &Option<Payload>| serde_json::from_slice(payload.as_ref()?).ok();
        Self {
            user: info.user.clone(),
            client: info.client.clone(),
            conn_info: raw(&info.conn_info),
            chan_info: raw(&info.chan_info),
        }
    }
}
