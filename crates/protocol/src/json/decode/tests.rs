use super::*;

fn decode(line: &str) -> Command {
    let commands: Vec<_> = decode_commands(line.as_bytes()).collect();
    assert_eq!(commands.len(), 1, "{line}");
    commands.into_iter().next().unwrap().unwrap()
}

fn request(line: &str) -> Request {
    decode(line).request
}

fn error(line: &str) -> String {
    decode_commands(line.as_bytes()).find_map(Result::err).expect(line).0
}

#[test]
fn connect_carries_everything_a_client_says_of_itself() {
    let line = r#"{"id":1,"connect":{"token":"t","data":{"k": 1},"name":"js","version":"1.2",
        "headers":{"X-Auth":"x","b":"\u00e9","x-auth":"y"},"subs":{"news":{"recover":true,"epoch":"aBcDeFgH","offset":7},"b":{}}}}"#;
    let Command { id: 1, request: Request::Connect(connect) } = decode(&line.replace('\n', "")) else {
        panic!()
    };
    let since = RecoverFrom { recover: true, offset: 7, epoch: Epoch::parse("aBcDeFgH") };
    assert_eq!(
        *connect,
        ConnectRequest {
            token: "t".into(),
            data: Some(r#"{"k": 1}"#.into()),
            subs: vec![("b".into(), RecoverFrom::default()), ("news".into(), since)],
            name: "js".into(),
            version: "1.2".into(),
            headers: vec![("b".into(), "é".into()), ("x-auth".into(), "y".into())],
        }
    );
    assert_eq!(request(r#"{"id":1,"connect":{}}"#), Request::Connect(Box::default()));
}

#[test]
fn subscribe_carries_position_and_wishes() {
    let line = r#"{"id":2,"subscribe":{"channel":"chat:1","token":"s","recover":true,"epoch":"_","offset":42,
        "data":[1],"positioned":true,"recoverable":true,"join_leave":true,"delta":"fossil","flag":3,"type":4,
        "tf":{"op":"and","nodes":[{"key":"a","cmp":"in","vals":["1"],"val":null}]}}}"#;
    let leaf =
        FilterNode { key: "a".into(), cmp: "in".into(), vals: vec!["1".into()], ..FilterNode::default() };
    let expected = SubscribeRequest {
        channel: "chat:1".into(),
        token: "s".into(),
        since: RecoverFrom { recover: true, offset: 42, epoch: Some(Epoch::FOREIGN) },
        data: Some("[1]".into()),
        positioned: true,
        recoverable: true,
        join_leave: true,
        delta: "fossil".into(),
        reject_unrecovered: true,
        kind: 4,
        tags_filter: Some(FilterNode { op: "and".into(), nodes: vec![leaf], ..FilterNode::default() }),
    };
    assert_eq!(request(&line.replace('\n', "")), Request::Subscribe(Box::new(expected)));
    let plain = SubscribeRequest::new("c".into());
    assert_eq!(
        request(r#"{"id":2,"subscribe":{"channel":"c","flag":1}}"#),
        Request::Subscribe(Box::new(plain))
    );
}

#[test]
fn every_other_command_is_read() {
    let channel = Channel::from("c");
    let publish = PublishRequest {
        channel: channel.clone(),
        data: "1".into(),
        idempotency_key: "k".into(),
        exclude_self: true,
    };
    let rpc = RpcRequest { method: "m".into(), data: Some("{}".into()), idempotency_key: String::new() };
    let since = Some((5, Epoch::parse("aBcDeFgH")));
    let history = HistoryRequest { channel: channel.clone(), limit: -1, since, reverse: true };
    let refresh = SubRefreshRequest { channel: channel.clone(), token: "t".into() };
    for (line, expected) in [
        (r#"{"id":9,"unsubscribe":{"channel":"c"}}"#, Request::Unsubscribe(channel.clone())),
        (
            r#"{"id":9,"publish":{"channel":"c","data":1,"idempotency_key":"k","exclude_self":true}}"#,
            Request::Publish(publish),
        ),
        (r#"{"id":9,"presence":{"channel":"c"}}"#, Request::Presence(channel.clone())),
        (r#"{"id":9,"presence_stats":{"channel":"c"}}"#, Request::PresenceStats(channel)),
        (
            r#"{"id":9,"history":{"channel":"c","limit":-1,"since":{"offset":5,"epoch":"aBcDeFgH"},"reverse":true}}"#,
            Request::History(history),
        ),
        (r#"{"id":9,"ping":{}}"#, Request::Ping),
        (r#"{"id":9,"rpc":{"method":"m","data":{}}}"#, Request::Rpc(rpc)),
        (r#"{"id":9,"refresh":{"token":"t"}}"#, Request::Refresh { token: "t".into() }),
        (r#"{"id":9,"sub_refresh":{"channel":"c","token":"t"}}"#, Request::SubRefresh(refresh)),
    ] {
        assert_eq!(decode(line), Command { id: 9, request: expected }, "{line}");
    }
}

#[test]
fn only_pongs_and_messages_go_without_an_id() {
    assert_eq!(decode("{}"), Command { id: 0, request: Request::Pong });
    assert_eq!(
        decode(r#"{"send":{"data":"hi"}}"#),
        Command { id: 0, request: Request::Send("\"hi\"".into()) }
    );
    assert_eq!(error(r#"{"subscribe":{"channel":"c"}}"#), "the id is missing");
    assert_eq!(error(r#"{"id":3}"#), "an id, but nothing is asked");
}

#[test]
fn of_two_requests_in_one_command_the_first_in_order_counts() {
    let both = r#"{"id":1,"rpc":{},"publish":{"channel":"c"},"ping":{}}"#;
    assert_eq!(request(both), Request::Ping);
    assert!(matches!(request(&both.replace("ping", "pong")), Request::Publish(_)));
}

#[test]
fn payloads_come_through_untouched() {
    for payload in
        ["12345678901234567890.10e+2", "{ \"b\":1, \"a\" :[ ] }", "null", "\"\\n\\u0000\\ud83d\\ude00\""]
    {
        let Request::Rpc(rpc) = request(&format!(r#"{{"id":1,"rpc":{{"data":{payload}}}}}"#)) else {
            panic!()
        };
        assert_eq!(rpc.data.as_deref(), Some(payload.as_bytes()));
    }
}

#[test]
fn unknown_fields_and_nulls_are_ignored() {
    let line = r#"{"id":1,"new":[{"x":{}}],"connect":null,"subscribe":{"channel":"c","token":null,"tf":null,"later":1}}"#;
    assert_eq!(request(line), Request::Subscribe(Box::new(SubscribeRequest::new("c".into()))));
}

#[test]
fn escaped_names_are_the_same_names() {
    assert_eq!(request(r#"{"id":1,"presence":{"channel":"\u0063\"\\"}}"#), Request::Presence("c\"\\".into()));
}

#[test]
fn lines_are_read_one_by_one_until_one_is_malformed() {
    let ids =
        |message: &str| decode_commands(message.as_bytes()).map(|c| c.map_or(-1, |c| c.id.into())).collect();
    let ping = |id| format!(r#"{{"id":{id},"ping":{{}}}}"#);
    let (one, two) = (ping(1), ping(2));
    let cases: [(String, Vec<i64>); 8] = [
        (format!("{one}\n{two}"), vec![1, 2]),
        (format!("{one}\n{two}\n"), vec![1, 2]),
        (format!("{one}\r\n{two}\r\n"), vec![1, 2]),
        (format!("{one}\n\n{two}"), vec![1, -1]),
        (format!("{one}\n\n"), vec![1, -1]),
        (format!("{one}\nnonsense\n{two}"), vec![1, -1]),
        (String::new(), vec![-1]),
        ("\n".into(), vec![-1]),
    ];
    for (message, expected) in cases {
        let found: Vec<i64> = ids(&message);
        assert_eq!(found, expected, "{message:?}");
    }
}

#[test]
fn a_malformed_line_is_described_but_not_quoted() {
    for line in [
        r#"{"id":"s3cret"}"#,
        r#"{"id":1,"refresh":{"token":["s3cret"]}}"#,
        r#"{"id":1,"refresh":{"token":"s3cret"}"#,
        r#"{"id":1,"refresh":"s3cret"}"#,
        r#"{"id":4294967296,"ping":{}}"#,
        r#"{"id":-1,"ping":{}}"#,
        r#"{"id":1,"ping":{}} s3cret"#,
        r#"{"id":1,"history":{"since":{"offset":-1}}}"#,
        "[]",
        "null",
        "s3cret",
    ] {
        let error = error(line);
        assert!(error.contains("column") && !error.contains("s3cret"), "{line}: {error}");
    }
    assert!(decode_commands(b"{\"id\":1,\"rpc\":{\"data\":\"\xff\"}}").next().unwrap().is_err());
}

#[test]
fn depth_bombs_are_clean_errors() {
    let megabyte = 1 << 20;
    error(&"{".repeat(megabyte));
    error(&r#"{"a":"#.repeat(megabyte / 5));
    error(&format!(r#"{{"id":1,"rpc":{{"data":{}"#, "[".repeat(megabyte)));
    error(&format!(r#"{{"id":1,"connect":{{"subs":{}"#, r#"{"a":"#.repeat(megabyte / 5)));
}
