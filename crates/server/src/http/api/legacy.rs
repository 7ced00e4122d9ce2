//! `POST /api`: commands that name their method, one after another in a body. Old API libraries speak it.

use std::{iter, sync::Arc};

use axum::{
    body::Bytes,
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use serde::{
    Deserialize, Serialize, Serializer,
    de::{Error, value::MapDeserializer},
};
use serde_json::value::RawValue;
use suona_protocol::ErrorCode;

use super::{
    ApiState, Envelope, Outcome, Unreadable,
    batch::{Command, MAX_COMMANDS, Reply, TOO_MANY, dispatch},
    call::Call,
    nullable,
};

/// The methods by the numbers that some libraries send instead of names.
const NUMBERED: [&str; 13] = [
    "publish",
    "broadcast",
    "unsubscribe",
    "disconnect",
    "presence",
    "presence_stats",
    "history",
    "history_remove",
    "channels",
    "info",
    "rpc",
    "subscribe",
    "refresh",
];

#[derive(Deserialize)]
struct LegacyCommand {
    #[serde(default, deserialize_with = "nullable")]
    id: u32,
    #[serde(default, deserialize_with = "nullable")]
    method: Method,
    params: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Method {
    Number(usize),
    /// In capitals or not.
    Name(String),
}

impl Default for Method {
    /// Who leaves zeros out means number 0.
    fn default() -> Self {
        Self::Number(0)
    }
}

#[derive(Serialize)]
struct LegacyReply {
    #[serde(skip_serializing_if = "is_zero")]
    id: u32,
    #[serde(flatten)]
    outcome: Envelope<Nameless>,
}

/// A reply without the name of its method.
struct Nameless(Reply);

/// Carries out the commands in their order. If one of them cannot be read, none is.
pub(super) async fn commands(
    State(state): State<Arc<ApiState>>,
    body: Bytes,
) -> Result<Response, Unreadable> {
    let commands = read(&body).map_err(Unreadable)?;
    let call = Call::new(state);
    let mut lines = Vec::new();
    for LegacyCommand { id, method, params } in commands {
        let outcome = run(&call, &method, params.unwrap_or_else(no_params)).await.map(Nameless);
        if !lines.is_empty() {
            lines.push(b'\n');
        }
        let reply = LegacyReply { id, outcome: outcome.into() };
        serde_json::to_writer(&mut lines, &reply).expect("a reply is JSON, and memory takes it");
    }
    Ok(([(CONTENT_TYPE, "application/json")], lines).into_response())
}

fn read(body: &[u8]) -> serde_json::Result<Vec<LegacyCommand>> {
    let commands = serde_json::Deserializer::from_slice(body).into_iter().take(MAX_COMMANDS + 1);
    let commands: Vec<_> = commands.collect::<Result<_, _>>()?;
    match commands.len() {
        0 => Err(Error::custom("there is no command in it")),
        1..=MAX_COMMANDS => Ok(commands),
        _ => Err(Error::custom(TOO_MANY)),
    }
}

async fn run(call: &Call, method: &Method, params: Box<RawValue>) -> Outcome<Reply> {
    let name = match method {
        Method::Number(number) => NUMBERED.get(*number).ok_or(ErrorCode::MethodNotFound)?.to_string(),
        Method::Name(name) => name.to_ascii_lowercase(),
    };
    let named = MapDeserializer::new(iter::once((name, &*params)));
    let command = Command::deserialize(named).map_err(|_: serde_json::Error| ErrorCode::BadRequest)?;
    dispatch(call.clone(), Some(command)).await
}

fn no_params() -> Box<RawValue> {
    RawValue::from_string("{}".to_owned()).expect("an empty object is JSON")
}

impl Serialize for Nameless {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Reply::Publish(result) => result.serialize(serializer),
            Reply::Broadcast(result) => result.serialize(serializer),
            Reply::Subscribe(done)
            | Reply::Unsubscribe(done)
            | Reply::Disconnect(done)
            | Reply::Refresh(done)
            | Reply::HistoryRemove(done) => done.serialize(serializer),
            Reply::History(result) => result.serialize(serializer),
            Reply::Presence(result) => result.serialize(serializer),
            Reply::PresenceStats(result) => result.serialize(serializer),
            Reply::Info(result) => result.serialize(serializer),
            Reply::Channels(result) => result.serialize(serializer),
            Reply::Error(error) => error.serialize(serializer),
        }
    }
}

fn is_zero(id: &u32) -> bool {
    *id == 0
}
