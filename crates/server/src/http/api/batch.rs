//! `batch`: several methods in one request.

use std::sync::Arc;

use axum::{Json, body::Bytes, extract::State};
use serde::{Deserialize, Serialize};
use suona_protocol::ErrorCode;
use tokio::task::JoinHandle;

use super::{
    ApiState, Done, ErrorObject, Outcome, Unreadable, call::Call, decode, granting, history, nullable,
    orders, presence, publish,
};

/// How many commands of a parallel batch are under way at once.
const AT_ONCE: usize = 1024;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Batch {
    #[serde(deserialize_with = "nullable")]
    commands: Vec<Option<Command>>,
    #[serde(deserialize_with = "nullable")]
    parallel: bool,
}

/// One method with its request; if there are several, the first of these counts.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Command {
    publish: Option<publish::Request>,
    broadcast: Option<publish::Request>,
    subscribe: Option<granting::SubscribeRequest>,
    unsubscribe: Option<orders::OrderRequest>,
    disconnect: Option<orders::OrderRequest>,
    refresh: Option<granting::RefreshRequest>,
    history: Option<history::HistoryRequest>,
    history_remove: Option<history::RemoveRequest>,
    presence: Option<presence::Request>,
    presence_stats: Option<presence::Request>,
    info: Option<orders::InfoRequest>,
    channels: Option<orders::ChannelsRequest>,
}

/// Every reply names its method, since clients look for that; there is no `result` around it.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply {
    Publish(publish::PublishResult),
    Broadcast(publish::BroadcastResult),
    Subscribe(Done),
    Unsubscribe(Done),
    Disconnect(Done),
    Refresh(Done),
    History(history::HistoryResult),
    HistoryRemove(Done),
    Presence(presence::PresenceResult),
    PresenceStats(presence::StatsResult),
    Info(orders::InfoResult),
    Channels(orders::ChannelsResult),
    Error(ErrorObject),
}

#[derive(Serialize)]
pub(super) struct Replies {
    replies: Vec<Reply>,
}

pub(super) async fn batch(
    State(state): State<Arc<ApiState>>,
    body: Bytes,
) -> Result<Json<Replies>, Unreadable> {
    let batch: Batch = decode(&body)?;
    let call = Call::new(state);
    let replies = if batch.parallel {
        side_by_side(&call, batch.commands).await
    } else {
        one_by_one(&call, batch.commands).await
    };
    Ok(Json(Replies { replies }))
}

async fn one_by_one(call: &Call, commands: Vec<Option<Command>>) -> Vec<Reply> {
    let mut replies = Vec::with_capacity(commands.len());
    for command in commands {
        replies.push(run(call.clone(), command).await);
    }
    replies
}

async fn side_by_side(call: &Call, commands: Vec<Option<Command>>) -> Vec<Reply> {
    let mut replies = Vec::with_capacity(commands.len());
    let mut commands = commands.into_iter();
    while commands.len() > 0 {
        let begin = |command| tokio::spawn(run(call.clone(), command));
        let begun: Vec<JoinHandle<Reply>> = commands.by_ref().take(AT_ONCE).map(begin).collect();
        for reply in begun {
            replies.push(reply.await.unwrap_or_else(|_| Reply::Error(ErrorCode::Internal.into())));
        }
    }
    replies
}

async fn run(call: Call, command: Option<Command>) -> Reply {
    dispatch(call, command).await.unwrap_or_else(|code| Reply::Error(code.into()))
}

pub(super) async fn dispatch(call: Call, command: Option<Command>) -> Outcome<Reply> {
    Ok(match command.ok_or(ErrorCode::BadRequest)? {
        Command { publish: Some(request), .. } => Reply::Publish(publish::publish(call, request).await?),
        Command { broadcast: Some(request), .. } => {
            Reply::Broadcast(publish::broadcast(call, request).await?)
        }
        Command { subscribe: Some(request), .. } => {
            Reply::Subscribe(granting::subscribe(call, request).await?)
        }
        Command { unsubscribe: Some(order), .. } => {
            Reply::Unsubscribe(orders::unsubscribe(call, order).await?)
        }
        Command { disconnect: Some(order), .. } => Reply::Disconnect(orders::disconnect(call, order).await?),
        Command { refresh: Some(request), .. } => Reply::Refresh(granting::refresh(call, request).await?),
        Command { history: Some(request), .. } => Reply::History(history::history(call, request).await?),
        Command { history_remove: Some(request), .. } => {
            Reply::HistoryRemove(history::history_remove(call, request).await?)
        }
        Command { presence: Some(request), .. } => Reply::Presence(presence::presence(call, request).await?),
        Command { presence_stats: Some(request), .. } => {
            Reply::PresenceStats(presence::presence_stats(call, request).await?)
        }
        Command { info: Some(request), .. } => Reply::Info(orders::info(call, request).await?),
        Command { channels: Some(request), .. } => Reply::Channels(orders::channels(call, request).await?),
        Command { .. } => return Err(ErrorCode::MethodNotFound),
    })
}
