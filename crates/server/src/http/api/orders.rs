//! What the hub's shards are told and asked: `disconnect`, `unsubscribe`, `channels` and `info`.

use std::{collections::BTreeMap, ops::RangeInclusive, sync::Arc};

use globset::{Glob, GlobMatcher};
use serde::{Deserialize, Serialize};
use suona_protocol::{Channel, Disconnect, DisconnectCode, ErrorCode};
use tokio::sync::{mpsc, oneshot};

use super::{Done, Outcome, call::Call, nullable};
use crate::hub::{Address, Errand, Order, Selector, Users};

/// What a close frame can carry and every client understands.
const DISCONNECT_CODES: RangeInclusive<u32> = 3000..=4999;

/// The way to the hub's shards.
pub struct Shards {
    /// Where each shard takes errands, by its number.
    pub errands: Vec<mpsc::UnboundedSender<Errand>>,
    /// Which connections each user has.
    pub users: Arc<Users>,
}

impl Shards {
    /// Sends `order` to the connections of `user`; the empty one means anonymous connections, not all.
    fn order(&self, user: &str, order: &Order) {
        // A shard that is gone has no connections left.
        if user.is_empty() {
            for shard in &self.errands {
                let _ = shard.send(Errand::Order(None, order.clone()));
            }
        }
        for Address { shard, id } in self.users.find(user) {
            let _ = self.errands[usize::from(shard.0)].send(Errand::Order(Some(id), order.clone()));
        }
    }

    /// Asks every shard for the number of subscribers of its channels.
    async fn survey(&self) -> Outcome<BTreeMap<Channel, usize>> {
        let ask = |shard: &mpsc::UnboundedSender<Errand>| {
            let (answer, asked) = oneshot::channel();
            // A shard that is gone drops the question, which is noticed below.
            let _ = shard.send(Errand::Survey(answer));
            asked
        };
        let asked: Vec<_> = self.errands.iter().map(ask).collect();
        let mut channels = BTreeMap::new();
        for asked in asked {
            for (channel, subscribers) in asked.await.map_err(|_| ErrorCode::Internal)? {
                *channels.entry(channel).or_default() += subscribers;
            }
        }
        Ok(channels)
    }
}

/// Who is meant by `disconnect` or `unsubscribe`, and what else they say.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct OrderRequest {
    #[serde(flatten)]
    whom: Whom,
    #[serde(deserialize_with = "nullable")]
    whitelist: Vec<String>,
    disconnect: Option<Reason>,
    #[serde(deserialize_with = "nullable")]
    channel: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reason {
    #[serde(deserialize_with = "nullable")]
    code: u32,
    #[serde(deserialize_with = "nullable")]
    reason: String,
}

pub(super) async fn disconnect(call: Call, request: OrderRequest) -> Outcome<Done> {
    let why = match &request.disconnect {
        None => DisconnectCode::ForceDisconnect.into(),
        Some(why) if DISCONNECT_CODES.contains(&why.code) => Disconnect::custom(why.code, &why.reason),
        Some(_) => return Err(ErrorCode::BadRequest),
    };
    let except = request.whitelist;
    request
        .whom
        .order(&call, |matching| Order::Disconnect { matching: Selector { except, ..matching }, why });
    Ok(Done {})
}

pub(super) async fn unsubscribe(call: Call, request: OrderRequest) -> Outcome<Done> {
    let (channel, _) = call.channel(&request.channel)?;
    request.whom.order(&call, |matching| Order::Unsubscribe { matching, channel });
    Ok(Done {})
}

/// Which connections an order is for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Whom {
    /// Empty for anonymous ones.
    #[serde(deserialize_with = "nullable")]
    user: String,
    /// All of them if empty.
    #[serde(deserialize_with = "nullable")]
    client: String,
    /// All of them if empty.
    #[serde(deserialize_with = "nullable")]
    session: String,
}

impl Whom {
    /// Sends an order to them.
    pub(super) fn order(self, call: &Call, order: impl FnOnce(Selector) -> Order) {
        let named = |id: String| Some(id).filter(|id| !id.is_empty());
        let matching =
            Selector { client: named(self.client), session: named(self.session), except: Vec::new() };
        call.state.shards.order(&self.user, &order(matching));
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ChannelsRequest {
    #[serde(deserialize_with = "nullable")]
    pattern: String,
}

/// The channels that somebody hears.
#[derive(Serialize)]
pub(super) struct ChannelsResult {
    channels: BTreeMap<String, ChannelResult>,
}

#[derive(Serialize)]
struct ChannelResult {
    num_clients: usize,
}

pub(super) async fn channels(call: Call, request: ChannelsRequest) -> Outcome<ChannelsResult> {
    let wanted = request.pattern()?;
    let mut channels = call.within_patience(call.state.shards.survey()).await??;
    channels.retain(|channel, _| wanted.as_ref().is_none_or(|glob| glob.is_match(channel.as_str())));
    let result = |(channel, num_clients): (Channel, _)| (channel.to_string(), ChannelResult { num_clients });
    Ok(ChannelsResult { channels: channels.into_iter().map(result).collect() })
}

impl ChannelsRequest {
    /// What the channels must match, if not all are wanted: `*`, `?`, `[a-z]` and `{a,b}`, each of which may
    /// stand for any character.
    fn pattern(&self) -> Outcome<Option<GlobMatcher>> {
        if self.pattern.is_empty() {
            return Ok(None);
        }
        let glob = Glob::new(&self.pattern).map_err(|_| ErrorCode::BadRequest)?;
        Ok(Some(glob.compile_matcher()))
    }
}

#[derive(Deserialize)]
pub(super) struct InfoRequest {}

#[derive(Serialize)]
pub(super) struct InfoResult {
    nodes: [NodeResult; 1],
}

#[derive(Serialize)]
struct NodeResult {
    uid: String,
    name: String,
    version: &'static str,
    num_clients: usize,
    /// Users with a name.
    num_users: usize,
    num_subs: usize,
    num_channels: usize,
    /// Seconds.
    uptime: u64,
}

pub(super) async fn info(call: Call, _: InfoRequest) -> Outcome<InfoResult> {
    let channels = call.within_patience(call.state.shards.survey()).await??;
    let node = &call.state.node;
    Ok(InfoResult {
        nodes: [NodeResult {
            uid: node.uid.clone(),
            name: node.name.clone(),
            version: env!("CARGO_PKG_VERSION"),
            num_clients: (node.connections)(),
            num_users: call.state.shards.users.len(),
            num_subs: channels.values().sum(),
            num_channels: channels.len(),
            uptime: node.started.elapsed().as_secs(),
        }],
    })
}
