//! Every command that can be said comes through both codecs as it was said.

use proptest::{collection::vec, option, prelude::*};
use suona_protocol::{
    Channel, Command, ConnectRequest, Epoch, FilterNode, HistoryRequest, Payload, PublishRequest,
    RecoverFrom, Request, RpcRequest, SubRefreshRequest, SubscribeRequest, json, protobuf,
};

use crate::checks::client;

proptest! {
    #[test]
    fn commands_come_through_json(commands in vec(command(json_payload().boxed()), 1..4), end in "\n?") {
        let lines: Vec<_> = commands.iter().map(client::json).collect();
        let message = [&lines.join(&b'\n')[..], end.as_bytes()].concat();
        let decoded: Result<Vec<_>, _> = json::decode_commands(&message).collect();
        prop_assert_eq!(decoded, Ok(commands));
    }

    #[test]
    fn commands_come_through_protobuf(commands in vec(command(any_payload().boxed()), 1..4)) {
        let message: Vec<_> = commands.iter().flat_map(client::protobuf).collect();
        let decoded: Result<Vec<_>, _> = protobuf::decode_commands(&message, 65_536).collect();
        prop_assert_eq!(decoded, Ok(commands));
    }

    #[test]
    fn any_bytes_are_commands_or_an_error(message in vec(any::<u8>(), 0..300)) {
        crate::checks::json_commands::check(&message);
        crate::checks::protobuf_commands::check(&message);
    }
}

fn json_payload() -> impl Strategy<Value = Payload> {
    let text = any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap());
    let number = any::<f64>().prop_map(|number| serde_json::to_string(&number).unwrap());
    let leaf = prop_oneof![text, number, Just("{ \"a\" : [ ] }".to_owned())];
    leaf.prop_recursive(3, 8, 3, |inner| {
        vec(inner, 0..3).prop_map(|items| format!("[{}]", items.join(" , ")))
    })
    .prop_map(Payload::from)
}

fn any_payload() -> impl Strategy<Value = Payload> {
    vec(any::<u8>(), 1..40).prop_map(Payload::from)
}

fn channel() -> impl Strategy<Value = Channel> {
    prop_oneof!["[a-z]{1,5}:[a-z0-9#_-]{0,5}", any::<String>()].prop_map(Channel::new)
}

fn epoch() -> impl Strategy<Value = Option<Epoch>> {
    option::of(prop_oneof![any::<u64>().prop_map(Epoch::from_random), Just(Epoch::FOREIGN)])
}

fn since() -> impl Strategy<Value = RecoverFrom> {
    (any::<bool>(), any::<u64>(), epoch()).prop_map(|(recover, offset, epoch)| RecoverFrom {
        recover,
        offset,
        epoch,
    })
}

fn command(payload: BoxedStrategy<Payload>) -> impl Strategy<Value = Command> {
    let numbered = (1..=u32::MAX, request(payload.clone())).prop_map(|(id, request)| Command { id, request });
    let message = (any::<u32>(), payload).prop_map(|(id, data)| Command { id, request: Request::Send(data) });
    prop_oneof![10 => numbered, 1 => message, 1 => Just(Command { id: 0, request: Request::Pong })]
}

fn request(payload: BoxedStrategy<Payload>) -> impl Strategy<Value = Request> {
    let publish = (channel(), payload.clone(), any::<String>(), any::<bool>()).prop_map(
        |(channel, data, key, exclude_self)| {
            Request::Publish(PublishRequest { channel, data, idempotency_key: key, exclude_self })
        },
    );
    let history = (channel(), any::<i32>(), option::of((any::<u64>(), epoch())), any::<bool>()).prop_map(
        |(channel, limit, since, reverse)| {
            Request::History(HistoryRequest { channel, limit, since, reverse })
        },
    );
    let rpc = (any::<String>(), option::of(payload.clone()), any::<String>()).prop_map(
        |(method, data, idempotency_key)| Request::Rpc(RpcRequest { method, data, idempotency_key }),
    );
    let sub_refresh = (channel(), any::<String>())
        .prop_map(|(channel, token)| Request::SubRefresh(SubRefreshRequest { channel, token: token.into() }));
    prop_oneof![
        connect(payload.clone()),
        subscribe(payload),
        channel().prop_map(Request::Unsubscribe),
        publish,
        channel().prop_map(Request::Presence),
        channel().prop_map(Request::PresenceStats),
        history,
        Just(Request::Ping),
        rpc,
        any::<String>().prop_map(|token| Request::Refresh { token: token.into() }),
        sub_refresh,
    ]
}

fn connect(payload: BoxedStrategy<Payload>) -> impl Strategy<Value = Request> {
    let subs = proptest::collection::btree_map(channel(), since(), 0..3);
    let headers = proptest::collection::btree_map("[a-z-]{0,9}", any::<String>(), 0..3);
    let texts = (any::<String>(), any::<String>(), any::<String>());
    (texts, option::of(payload), subs, headers).prop_map(|((token, name, version), data, subs, headers)| {
        let (subs, headers) = (subs.into_iter().collect(), headers.into_iter().collect());
        Request::Connect(Box::new(ConnectRequest { token: token.into(), data, subs, name, version, headers }))
    })
}

fn subscribe(payload: BoxedStrategy<Payload>) -> impl Strategy<Value = Request> {
    let texts = (channel(), any::<String>(), any::<String>());
    let flags = any::<[bool; 4]>();
    let more = (any::<i32>(), option::of(filter()));
    (texts, since(), option::of(payload), flags, more).prop_map(
        |((channel, token, delta), since, data, flags, (kind, tags_filter))| {
            let [positioned, recoverable, join_leave, reject_unrecovered] = flags;
            Request::Subscribe(Box::new(SubscribeRequest {
                channel,
                token: token.into(),
                since,
                data,
                positioned,
                recoverable,
                join_leave,
                delta,
                reject_unrecovered,
                kind,
                tags_filter,
            }))
        },
    )
}

fn filter() -> impl Strategy<Value = FilterNode> {
    // Small enough to stay within the limits of a filter.
    let text = || "\\PC{0,6}";
    let texts = (text(), text(), text(), text());
    let leaf = (texts, vec(text(), 0..3)).prop_map(|((op, key, cmp, val), vals)| FilterNode {
        op,
        key,
        cmp,
        val,
        vals,
        nodes: Vec::new(),
    });
    leaf.prop_recursive(3, 8, 3, move |inner| {
        (text(), vec(inner, 0..3)).prop_map(|(op, nodes)| FilterNode { op, nodes, ..FilterNode::default() })
    })
}
