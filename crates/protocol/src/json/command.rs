//! Commands as JSON, as a client writes them.

use super::object::{Object, object};
use crate::{
    Command, ConnectRequest, HistoryRequest, PublishRequest, RecoverFrom, Request, RpcRequest,
    SubscribeRequest, decode::REJECT_UNRECOVERED,
};

/// Appends `command` as one JSON object, without a line feed. Payloads must be JSON; raw line feeds inside them are
/// removed.
pub fn encode_command<E: AsRef<str>>(command: &Command<E>, out: &mut Vec<u8>) {
    object(out, |o| {
        o.nonzero("id", command.id.into());
        let name = command.request.name();
        match &command.request {
            Request::Connect(request) => o.object(name, |o| connect(o, request)),
            Request::Subscribe(request) => o.object(name, |o| subscribe(o, request)),
            Request::Unsubscribe(channel) | Request::Presence(channel) | Request::PresenceStats(channel) => {
                o.object(name, |o| o.text("channel", channel));
            }
            Request::Publish(request) => o.object(name, |o| publish(o, request)),
            Request::History(request) => o.object(name, |o| history(o, request)),
            Request::Ping => o.object(name, |_| ()),
            Request::Send(data) => o.object(name, |o| o.payload("data", Some(data))),
            Request::Rpc(request) => o.object(name, |o| rpc(o, request)),
            Request::Refresh { token } => o.object(name, |o| o.text("token", token)),
            Request::SubRefresh(request) => o.object(name, |o| {
                o.text("channel", &request.channel);
                o.text("token", &request.token);
            }),
            Request::Pong => {}
        }
    });
}

fn connect<E: AsRef<str>>(o: &mut Object<'_>, request: &ConnectRequest<E>) {
    o.nonempty("token", &request.token);
    o.payload("data", request.data.as_ref());
    o.nonempty("name", &request.name);
    o.nonempty("version", &request.version);
    if !request.headers.is_empty() {
        o.object("headers", |o| request.headers.iter().for_each(|(name, value)| o.text_entry(name, value)));
    }
    if !request.subs.is_empty() {
        o.object("subs", |o| {
            for (channel, since) in &request.subs {
                object(o.entry(channel), |o| {
                    o.flag("recover", since.recover);
                    o.number("offset", since.offset);
                    epoch(o, since.epoch.as_ref());
                });
            }
        });
    }
}

fn subscribe<E: AsRef<str>>(o: &mut Object<'_>, request: &SubscribeRequest<E>) {
    let RecoverFrom { recover, offset, epoch: since } = &request.since;
    o.text("channel", &request.channel);
    o.nonempty("token", &request.token);
    o.flag("recover", *recover);
    epoch(o, since.as_ref());
    o.nonzero("offset", *offset);
    o.payload("data", request.data.as_ref());
    o.flag("positioned", request.positioned);
    o.flag("recoverable", request.recoverable);
    o.flag("join_leave", request.join_leave);
    o.nonempty("delta", &request.delta);
    if request.reject_unrecovered {
        o.number("flag", REJECT_UNRECOVERED.unsigned_abs());
    }
    if request.kind != 0 {
        o.integer("type", request.kind);
    }
    if let Some(filter) = &request.tags_filter {
        serde_json::to_writer(o.member("tf"), filter).expect("a vector takes every filter");
    }
}

fn epoch<E: AsRef<str>>(o: &mut Object<'_>, epoch: Option<&E>) {
    if let Some(epoch) = epoch {
        o.text("epoch", epoch.as_ref());
    }
}

fn publish(o: &mut Object<'_>, request: &PublishRequest) {
    o.text("channel", &request.channel);
    o.payload("data", Some(&request.data));
    o.nonempty("idempotency_key", &request.idempotency_key);
    o.flag("exclude_self", request.exclude_self);
}

fn history<E: AsRef<str>>(o: &mut Object<'_>, request: &HistoryRequest<E>) {
    o.text("channel", &request.channel);
    if request.limit != 0 {
        o.integer("limit", request.limit);
    }
    if let Some((offset, since)) = &request.since {
        o.object("since", |o| {
            o.number("offset", *offset);
            epoch(o, since.as_ref());
        });
    }
    o.flag("reverse", request.reverse);
}

fn rpc(o: &mut Object<'_>, request: &RpcRequest) {
    o.text("method", &request.method);
    o.payload("data", request.data.as_ref());
    o.nonempty("idempotency_key", &request.idempotency_key);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AnyEpoch;

    fn written(id: u32, request: Request<AnyEpoch>) -> String {
        let mut out = Vec::new();
        encode_command(&Command { id, request }, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_epoch_that_is_not_ours_is_repeated_to_the_letter() {
        let since = RecoverFrom { recover: true, offset: 3, epoch: Some("a foreign one".into()) };
        let request = SubscribeRequest { since, recoverable: true, ..SubscribeRequest::new("news".into()) };
        assert_eq!(
            written(2, Request::Subscribe(Box::new(request))),
            r#"{"id":2,"subscribe":{"channel":"news","recover":true,"epoch":"a foreign one","offset":3,"recoverable":true}}"#
        );
    }

    #[test]
    fn what_has_no_answer_has_no_number() {
        assert_eq!(written(0, Request::Send("[\n1]".into())), r#"{"send":{"data":[1]}}"#);
        assert_eq!(written(0, Request::Pong), "{}");
    }

    #[test]
    fn a_key_comes_last() {
        let idempotency_key = "s-1".to_owned();
        let rpc = RpcRequest { method: "list".into(), data: Some("5".into()), idempotency_key };
        assert_eq!(
            written(7, Request::Rpc(rpc)),
            r#"{"id":7,"rpc":{"method":"list","data":5,"idempotency_key":"s-1"}}"#
        );
    }
}
