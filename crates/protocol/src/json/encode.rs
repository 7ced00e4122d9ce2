//! Replies and pushes as JSON.

use std::sync::Arc;

use super::object::{Object, object};
use crate::{
    ClientInfo, ConnectResult, ErrorReply, HistoryResult, Outcome, Position, Push, PushEvent, RefreshResult,
    Reply, SubscribeResult,
};

/// Appends `reply` as one JSON object, without a line feed.
///
/// Publications that are no JSON are left out: clients of this codec may not join their channels.
pub fn encode_reply(reply: &Reply, out: &mut Vec<u8>) {
    object(out, |o| {
        o.nonzero("id", reply.id.into());
        match &reply.outcome {
            Outcome::Connect(result) => o.object("connect", |o| connect(o, result)),
            Outcome::Subscribe(result) => o.object("subscribe", |o| subscribe(o, result)),
            Outcome::Unsubscribe => o.object("unsubscribe", |_| ()),
            Outcome::Publish => o.object("publish", |_| ()),
            Outcome::Presence(clients) => o.object("presence", |o| presence(o, clients)),
            Outcome::PresenceStats(stats) => o.object("presence_stats", |o| {
                o.number("num_clients", stats.num_clients.into());
                o.number("num_users", stats.num_users.into());
            }),
            Outcome::History(result) => o.object("history", |o| history(o, result)),
            Outcome::Ping => o.object("ping", |_| ()),
            Outcome::Rpc { data } => o.object("rpc", |o| o.payload("data", data.as_ref())),
            Outcome::Refresh(result) => o.object("refresh", |o| refresh(o, result)),
            Outcome::SubRefresh(result) => o.object("sub_refresh", |o| refresh(o, result)),
            Outcome::Error(error) => o.object("error", |o| refusal(o, error)),
        }
    });
}

/// Appends `push` as one JSON object `{"push":…}`, without a line feed.
pub fn encode_push(push: &Push, out: &mut Vec<u8>) {
    object(out, |o| {
        o.object("push", |o| {
            o.nonempty("channel", &push.channel);
            event(o, &push.event);
        });
    });
}

fn connect(o: &mut Object<'_>, result: &ConnectResult) {
    o.text("client", &result.client);
    o.nonempty("version", &result.version);
    o.nonzero("ping", result.ping.unwrap_or(0).into());
    o.flag("pong", result.pong);
    expiry(o, result.ttl);
    o.payload("data", result.data.as_ref());
    if !result.subs.is_empty() {
        o.object("subs", |o| {
            for (channel, result) in &result.subs {
                object(o.entry(channel), |o| subscribe(o, result));
            }
        });
    }
    o.nonempty("session", &result.session);
    o.nonempty("node", &result.node);
    o.nonzero("time", result.time.unwrap_or(0));
}

fn subscribe(o: &mut Object<'_>, result: &SubscribeResult) {
    expiry(o, result.ttl);
    standing(o, result);
    o.flag("was_recovering", result.was_recovering);
    o.flag("recovered", result.recovered);
    if !result.publications.is_empty() {
        let recovered = result.recovered_forms();
        o.array("publications", recovered.filter_map(|(one, form)| one.json_fragment_as(form)));
    }
    o.payload("data", result.data.as_ref());
    o.flag("delta", result.delta);
}

/// Whether a subscription can recover, and where it stands in its stream.
fn standing(o: &mut Object<'_>, result: &SubscribeResult) {
    o.flag("recoverable", result.recoverable);
    if let Some(Position { offset, epoch }) = &result.position {
        o.flag("positioned", true);
        o.text("epoch", epoch.as_str());
        o.nonzero("offset", *offset);
    }
}

fn presence(o: &mut Object<'_>, clients: &[Arc<ClientInfo>]) {
    o.object("presence", |o| {
        for info in clients {
            object(o.entry(&info.client), |o| client_info(o, info));
        }
    });
}

fn history(o: &mut Object<'_>, result: &HistoryResult) {
    o.array("publications", result.publications.iter().filter_map(|one| one.json_fragment()));
    o.text("epoch", result.top.epoch.as_str());
    o.number("offset", result.top.offset);
}

fn refresh(o: &mut Object<'_>, result: &RefreshResult) {
    expiry(o, result.ttl);
}

/// `ttl` goes with `expires` even if it is 0: there are clients that index it.
fn expiry(o: &mut Object<'_>, ttl: Option<u32>) {
    if let Some(ttl) = ttl {
        o.flag("expires", true);
        o.number("ttl", ttl.into());
    }
}

fn refusal(o: &mut Object<'_>, error: &ErrorReply) {
    o.number("code", error.code.into());
    o.text("message", &error.message);
    o.flag("temporary", error.temporary);
}

fn event(o: &mut Object<'_>, event: &PushEvent) {
    match event {
        PushEvent::Join(info) => o.object("join", |o| o.object("info", |o| client_info(o, info))),
        PushEvent::Leave(info) => o.object("leave", |o| o.object("info", |o| client_info(o, info))),
        PushEvent::Unsubscribe(code) => o.object("unsubscribe", |o| reason(o, code.code(), code.reason())),
        PushEvent::Subscribe(result) => o.object("subscribe", |o| {
            standing(o, result);
            o.payload("data", result.data.as_ref());
        }),
        PushEvent::Message(data) => o.object("message", |o| o.payload("data", Some(data))),
        PushEvent::Disconnect { why, retry_after } => o.object("disconnect", |o| {
            reason(o, why.code(), why.reason());
            o.nonzero(
                "retry_after_ms",
                retry_after.map_or(0, |after| after.as_millis().try_into().unwrap_or(u64::MAX)),
            );
        }),
        PushEvent::Refresh(result) => o.object("refresh", |o| refresh(o, result)),
    }
}

fn reason(o: &mut Object<'_>, code: u32, reason: &str) {
    o.number("code", code.into());
    o.text("reason", reason);
}

/// Writes who somebody is; also within publications.
pub(super) fn client_info(o: &mut Object<'_>, info: &ClientInfo) {
    o.text("user", &info.user);
    o.text("client", &info.client);
    o.payload("conn_info", info.conn_info.as_ref());
    o.payload("chan_info", info.chan_info.as_ref());
}

#[cfg(test)]
mod tests;
