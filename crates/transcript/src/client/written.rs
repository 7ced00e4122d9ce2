//! Inputs of a client, as words.

use suona_client::{
    client::{Command, Input, SubscribeOptions},
    link,
};
use suona_protocol::{Channel, json};

use super::{BREAK, as_json};
use crate::{link as links, span, words::quoted};

/// The words that [`input`](super::input) reads, if there are any for this.
pub(crate) fn input(input: &Input) -> Option<String> {
    Some(match input {
        Input::Link(link::Input::Received { generation, frame }) => {
            format!("received {generation} {}", links::text(frame).trim_end().replace('\n', BREAK))
        }
        Input::Link(input) => return links::written_input(input),
        Input::Token { channel, login, token } => {
            let token = token.as_deref().map_or_else(|| "none".to_owned(), quoted);
            format!("token {login} {}{token}", of(channel.as_ref()))
        }
        Input::TokenFailed { channel, login, reason } => {
            format!("tokenFailed {login} {}{}", of(channel.as_ref()), quoted(reason))
        }
        Input::Subscribe { channel, options } => format!("subscribe {channel}{}", wishes(options)),
        Input::Unsubscribe { channel } => format!("unsubscribe {channel}"),
        Input::Command { ticket, command, ttl } => {
            let ttl = ttl.map_or_else(String::new, |ttl| format!(" {}", span::written(ttl)));
            format!("command {ticket} {}{ttl}", said(command))
        }
    })
}

fn of(channel: Option<&Channel>) -> String {
    channel.map_or_else(String::new, |channel| format!("{channel} "))
}

fn said(command: &Command) -> String {
    let request = command.request(None);
    as_json(|out| json::encode_command(&suona_protocol::Command { id: 0, request }, out))
}

/// What differs from the defaults, with a blank before it.
fn wishes(options: &SubscribeOptions) -> String {
    let SubscribeOptions { recover, since, keep, join_leave, data, asks_token } = options;
    let mut members = Vec::new();
    if !recover {
        members.push(r#""recover":false"#.to_owned());
    }
    if let Some(since) = since {
        members.push(format!(r#""since":{{"offset":{},"epoch":{}}}"#, since.offset, quoted(&since.epoch)));
    }
    for (is, name) in [(keep, "keep"), (join_leave, "joinLeave"), (asks_token, "asksToken")] {
        members.extend(is.then(|| format!(r#""{name}":true"#)));
    }
    if let Some(data) = data {
        members.push(format!(r#""data":{}"#, String::from_utf8_lossy(data)));
    }
    if members.is_empty() { String::new() } else { format!(" {{{}}}", members.join(",")) }
}
