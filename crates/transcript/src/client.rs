//! What clients are told and want done, in words.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use suona_client::{
    Fault,
    client::{Command, Input, Output, Position, Status, SubscribeOptions},
    link::{self, Frame},
};
use suona_protocol::{Channel, Payload, heard::Answer, json};

use crate::{
    Malformed, link as links, span,
    words::{Words, quoted},
};

mod written;

pub(crate) use written::input as written_input;

/// Stands for the line break between two commands or replies of one frame.
const BREAK: &str = " ⏎ ";

/// Reads `subscribe news {"keep":true}` and its like.
pub(crate) fn input(line: &str) -> Result<Input, Malformed> {
    let mut words = Words(line);
    let input = match words.word("an input")? {
        "received" => {
            let generation = words.number("socket")?;
            Input::Link(link::Input::Received {
                generation,
                frame: Frame::Text(words.rest().replace(BREAK, "\n")),
            })
        }
        "subscribe" => {
            let channel = Channel::from(words.word("channel")?);
            let options = Some(words.rest()).filter(|options| !options.is_empty());
            Input::Subscribe { channel, options: parse::<Wishes>(options.unwrap_or("{}"))?.into() }
        }
        "unsubscribe" => Input::Unsubscribe { channel: Channel::from(words.word("channel")?) },
        "token" => {
            let login = words.number("login")?;
            let channel = channel_if_any(&mut words);
            let token = match words.next_if(|word| word == "none") {
                Some(_) => None,
                None => Some(words.text("token")?.into()),
            };
            Input::Token { channel, login, token }
        }
        "tokenFailed" => {
            let login = words.number("login")?;
            Input::TokenFailed { channel: channel_if_any(&mut words), login, reason: words.text("reason")? }
        }
        "command" => command(&mut words)?,
        _ => return Ok(Input::Link(links::input(line)?)),
    };
    words.end()?;
    Ok(input)
}

/// A channel, if what comes next is neither a text nor `none` at the end.
fn channel_if_any(words: &mut Words<'_>) -> Option<Channel> {
    let alone = words.0 == "none";
    words.next_if(|word| !alone && !word.starts_with('"')).map(Channel::from)
}

/// `command 1 {"rpc":…} 10s`: the time-out stands behind the last brace.
fn command(words: &mut Words<'_>) -> Result<Input, Malformed> {
    let ticket = words.number("ticket")?;
    let rest = words.rest();
    let (said, ttl) = rest.split_at(rest.rfind('}').map_or(0, |at| at + 1));
    let ttl = Some(ttl.trim()).filter(|ttl| !ttl.is_empty()).map(span::read).transpose()?;
    Ok(Input::Command { ticket, command: parse::<Said>(said)?.into(), ttl })
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Malformed> {
    serde_json::from_str(text).map_err(|error| Malformed(format!("{text}: {error}")))
}

fn payload(raw: Box<RawValue>) -> Payload {
    String::from(Box::<str>::from(raw)).into()
}

#[derive(Deserialize)]
struct Since {
    offset: u64,
    epoch: String,
}

impl From<Since> for Position {
    fn from(Since { offset, epoch }: Since) -> Self {
        Self { offset, epoch: epoch.into() }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wishes {
    recover: Option<bool>,
    since: Option<Since>,
    #[serde(default)]
    keep: bool,
    #[serde(default)]
    join_leave: bool,
    data: Option<Box<RawValue>>,
    #[serde(default)]
    asks_token: bool,
}

impl From<Wishes> for SubscribeOptions {
    fn from(wishes: Wishes) -> Self {
        Self {
            recover: wishes.recover.unwrap_or(true),
            since: wishes.since.map(Position::from),
            keep: wishes.keep,
            join_leave: wishes.join_leave,
            data: wishes.data.map(payload),
            asks_token: wishes.asks_token,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Said {
    Publish { channel: String, data: Box<RawValue> },
    Rpc { method: String, data: Option<Box<RawValue>> },
    Send { data: Box<RawValue> },
    History { channel: String, limit: Option<i32>, since: Option<Since>, reverse: Option<bool> },
    Presence { channel: String },
    PresenceStats { channel: String },
}

impl From<Said> for Command {
    fn from(said: Said) -> Self {
        match said {
            Said::Publish { channel, data } => {
                Self::Publish { channel: Channel::new(channel), data: payload(data) }
            }
            Said::Rpc { method, data } => Self::Rpc { method, data: data.map(payload) },
            Said::Send { data } => Self::Send { data: payload(data) },
            Said::History { channel, limit, since, reverse } => Self::History {
                channel: Channel::new(channel),
                limit: limit.unwrap_or_default(),
                since: since.map(Position::from),
                reverse: reverse.unwrap_or_default(),
            },
            Said::Presence { channel } => Self::Presence { channel: Channel::new(channel) },
            Said::PresenceStats { channel } => Self::PresenceStats { channel: Channel::new(channel) },
        }
    }
}

/// An output that came at `now`.
pub(crate) fn output(output: &Output, now: Duration) -> String {
    match output {
        Output::Dial { generation } => format!("dial {generation}"),
        Output::Close { generation, code, reason } => format!("close {generation} {code} {}", quoted(reason)),
        Output::Send(frame) => format!("send {}", links::text(frame).replace('\n', BREAK)),
        Output::Ask { channel: None, login } => format!("ask {login}"),
        Output::Ask { channel: Some(channel), login } => format!("ask {login} {channel}"),
        Output::Status(Status { state, reason, fault }) => {
            let fault = fault.as_ref().map_or_else(String::new, |fault| format!(" {}", fault.code));
            format!("status {} {}{fault}", links::state(*state, now), quoted(reason))
        }
        Output::Subscribed { channel, how } => format!("subscribed {channel} {}", how.name()),
        Output::Unsubscribed { channel, fault } => {
            format!("unsubscribed {channel} {}", wrong(fault))
        }
        Output::Publication { channel, publication } => {
            format!("publication {channel} {}", as_json(|out| json::encode_publication(publication, out)))
        }
        Output::Position { channel, position: None } => format!("position {channel} none"),
        Output::Position { channel, position: Some(Position { offset, epoch }) } => {
            format!("position {channel} {offset} {epoch}")
        }
        Output::Join { channel, info } => {
            format!("join {channel} {}", as_json(|out| json::encode_client_info(info, out)))
        }
        Output::Leave { channel, info } => {
            format!("leave {channel} {}", as_json(|out| json::encode_client_info(info, out)))
        }
        Output::Message(data) => format!("message {}", String::from_utf8_lossy(data)),
        Output::Settle { ticket, outcome, doubtful } => {
            let doubt = if *doubtful { "doubtful " } else { "" };
            let came = match outcome {
                Ok(answer) => format!("done {}", done(answer.as_ref())),
                Err(fault) => wrong(fault),
            };
            format!("settle {ticket} {doubt}{came}")
        }
    }
}

/// A fault, with the server's message if it gave one.
fn wrong(Fault { code, message, .. }: &Fault) -> String {
    if message.is_empty() { code.to_string() } else { format!("{code} {}", quoted(message)) }
}

fn done(answer: Option<&Answer>) -> String {
    match answer {
        None | Some(Answer::Unknown) => "nothing".to_owned(),
        Some(answer) => as_json(|out| json::encode_answer(answer, out)),
    }
}

fn as_json(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).expect("JSON is text")
}
