//! `batch`: several methods in one request.

use std::{fmt, sync::Arc};

use axum::{Json, body::Bytes, extract::State};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, SeqAccess, Visitor},
};
use suona_protocol::ErrorCode;
use tokio::task::JoinHandle;

use super::{
    ApiState, Done, ErrorObject, Outcome, Unreadable, call::Call, decode, granting, history, nullable,
    orders, presence, publish,
};

/// How many commands of a parallel batch are under way at once.
const AT_ONCE: usize = 1024;

/// How many commands one request may hold. Decoded, so many take no more memory than the longest body; an empty
/// one is three bytes there, and a kilobyte here.
pub(super) const MAX_COMMANDS: usize = 10_000;

/// What a request with more of them is told.
pub(super) const TOO_MANY: &str = "it has more than 10000 commands; send them in several requests";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Batch {
    #[serde(deserialize_with = "nullable")]
    commands: Commands,
    #[serde(deserialize_with = "nullable")]
    parallel: bool,
}

/// At most [`MAX_COMMANDS`], or it is no request.
#[derive(Default)]
struct Commands(Vec<Option<Command>>);

impl<'de> Deserialize<'de> for Commands {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counting;
        impl<'de> Visitor<'de> for Counting {
            type Value = Commands;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of commands")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Commands, A::Error> {
                let mut commands = Vec::new();
                while let Some(command) = array.next_element()? {
                    if commands.len() == MAX_COMMANDS {
                        return Err(Error::custom(TOO_MANY));
                    }
                    commands.push(command);
                }
                Ok(Commands(commands))
            }
        }
        deserializer.deserialize_seq(Counting)
    }
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
        side_by_side(&call, batch.commands.0).await
    } else {
        one_by_one(&call, batch.commands.0).await
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
