use std::{sync::Arc, time::Duration};

use axum::http::{Request, StatusCode};
use bytes::Bytes;
use serde_json::json;
use suona_protocol::{ClientInfo, Content, Disconnect, DisconnectCode};

use super::{World, open, world::connection};
use crate::{
    broker::{Answer, Broker, Message, Retention},
    hub::{Order, Selector},
};

#[tokio::test]
async fn history_is_read_from_either_end() {
    let world = open();
    for number in 1..=4 {
        world.call("publish", &format!(r#"{{"channel":"kept:1","data":{{"n": {number}}}}}"#)).await;
    }
    let top = world.call("history", r#"{"channel":"kept:1"}"#).await;
    let epoch = top["result"]["epoch"].as_str().expect("an epoch");
    let offsets = async |request: &str| {
        let answer = world.call("history", &format!(r#"{{"channel":"kept:1"{request}}}"#)).await;
        let result = &answer["result"];
        assert_eq!((&result["offset"], &result["epoch"]), (&json!(4), &json!(epoch)), "{answer}");
        let publications = result["publications"].as_array().expect("publications");
        assert!(publications.iter().all(|one| one["data"]["n"] == one["offset"]), "{answer}");
        publications.iter().map(|one| one["offset"].as_u64().expect("a number")).collect::<Vec<_>>()
    };
    assert!(offsets("").await.is_empty());
    assert_eq!(offsets(r#","limit":2"#).await, [1, 2]);
    assert_eq!(offsets(r#","limit":-1,"since":null"#).await, [1, 2, 3, 4]);
    assert_eq!(offsets(r#","limit":-1,"since":{"offset":2}"#).await, [3, 4]);
    assert_eq!(offsets(r#","limit":1,"reverse":true"#).await, [4]);
    let since = format!(r#","limit":9,"reverse":true,"since":{{"offset":3,"epoch":"{epoch}"}}"#);
    assert_eq!(offsets(&since).await, [2, 1]);
}

#[tokio::test]
async fn history_that_cannot_be_read_is_refused() {
    let world = open();
    let refused = [
        (r#"{}"#, 107),
        (r#"{"channel":"nowhere:1"}"#, 102),
        (r#"{"channel":"news"}"#, 108),
        (r#"{"channel":"kept:1","since":{"offset":1,"epoch":"other"}}"#, 112),
        (r#"{"channel":"kept:1","since":{"offset":0},"reverse":true}"#, 107),
    ];
    for (body, code) in refused {
        assert_eq!(world.refusal("history", body).await, Some(code), "{body}");
    }
}

#[tokio::test]
async fn binary_history_is_base64() {
    let world = open();
    world.call("publish", r#"{"channel":"bytes:1","b64data":"AAEC","tags":{"a":"1"}}"#).await;
    let answer = world.call("history", r#"{"channel":"bytes:1","limit":1}"#).await;
    let expected = json!([{"b64data": "AAEC", "offset": 1, "tags": {"a": "1"}}]);
    assert_eq!(answer["result"]["publications"], expected);
}

#[tokio::test]
async fn binary_history_tells_which_client_published() {
    let world = open();
    let info = ClientInfo {
        user: "ann".into(),
        client: "c-1".into(),
        conn_info: Some(r#"{"n":1.50}"#.into()),
        chan_info: None,
    };
    let message =
        Message { info: Some(Arc::new(info)), ..Message::new(Bytes::from_static(b"\0"), Content::Binary) };
    let retention = Retention { size: 1, ttl: Duration::from_secs(60), meta_ttl: Duration::from_secs(60) };
    world.broker.publish(&"bytes:1".into(), message, retention, Answer::ignored());
    let answer = world.call("history", r#"{"channel":"bytes:1","limit":1}"#).await;
    let info = json!({"user": "ann", "client": "c-1", "conn_info": {"n": 1.50}});
    let expected = json!([{"b64data": "AA==", "info": info, "offset": 1}]);
    assert_eq!(answer["result"]["publications"], expected);
}

#[tokio::test]
async fn removed_history_is_gone() {
    let world = open();
    world.call("publish", r#"{"channel":"kept:1","data":1}"#).await;
    assert_eq!(world.call("history_remove", r#"{"channel":"kept:1"}"#).await, json!({"result": {}}));
    let answer = world.call("history", r#"{"channel":"kept:1","limit":9}"#).await;
    assert_eq!(answer["result"]["publications"], json!([]));
    assert_eq!(world.refusal("history_remove", r#"{"channel":"news"}"#).await, Some(108));
    assert_eq!(world.refusal("history_remove", r#"{"channel":"nowhere:1"}"#).await, Some(102));
}

#[tokio::test]
async fn presence_shows_infos_as_they_came() {
    let world = open();
    let empty = world.call("presence", r#"{"channel":"kept:1"}"#).await;
    assert_eq!(empty, json!({"result": {"presence": {}}}));
    let stats = world.call("presence_stats", r#"{"channel":"kept:2"}"#).await;
    assert_eq!(stats, json!({"result": {"num_clients": 0, "num_users": 0}}));
    let info =
        ClientInfo { client: "c1".into(), conn_info: Some(r#"{"n":1.50}"#.into()), ..ClientInfo::default() };
    world.broker.add_presence(&"kept:1".into(), info.into(), Answer::ignored());
    let binary =
        ClientInfo { client: "c2".into(), chan_info: Some(b"\xff"[..].into()), ..ClientInfo::default() };
    world.broker.add_presence(&"kept:1".into(), binary.into(), Answer::ignored());
    let (_, body) = world.post("presence", r#"{"channel":"kept:1"}"#).await;
    let expected =
        r#"{"c1":{"user":"","client":"c1","conn_info":{"n":1.50}},"c2":{"user":"","client":"c2"}}"#;
    assert_eq!(body, format!(r#"{{"result":{{"presence":{expected}}}}}"#));
    for method in ["presence", "presence_stats"] {
        assert_eq!(world.refusal(method, r#"{"channel":"news"}"#).await, Some(108));
        assert_eq!(world.refusal(method, r#"{"channel":"nowhere:1"}"#).await, Some(102));
        assert_eq!(world.refusal(method, "{}").await, Some(107));
    }
}

#[tokio::test]
async fn channels_are_added_up_over_the_shards() {
    let world = open();
    let all = json!({"news": {"num_clients": 5}, "lot:1": {"num_clients": 1}, "lot:22": {"num_clients": 4}});
    assert_eq!(world.call("channels", "{}").await, json!({"result": {"channels": all}}));
    let lots = world.call("channels", r#"{"pattern":"lot:?"}"#).await;
    assert_eq!(lots, json!({"result": {"channels": {"lot:1": {"num_clients": 1}}}}));
    let none = world.call("channels", r#"{"pattern":"none*"}"#).await;
    assert_eq!(none, json!({"result": {"channels": {}}}));
    assert_eq!(world.refusal("channels", r#"{"pattern":"[a"}"#).await, Some(107));
}

#[tokio::test]
async fn info_tells_of_this_node() {
    let answer = open().call("info", "{}").await;
    let expected = json!({"uid": "u1", "name": "here", "version": env!("CARGO_PKG_VERSION"), "num_clients": 4,
        "num_users": 2, "num_subs": 10, "num_channels": 3, "uptime": 0});
    assert_eq!(answer["result"]["nodes"], json!([expected]));
}

#[tokio::test]
async fn an_order_reaches_every_connection_of_its_user() {
    let world = open();
    let calls = [
        ("disconnect", r#"{"user":"ann","disconnect":null}"#),
        ("disconnect", r#"{"user":"bob","whitelist":["c1"],"disconnect":{"code":4500,"reason":"out"}}"#),
        ("unsubscribe", r#"{"user":"bob","channel":"news","client":"c1"}"#),
        ("disconnect", r#"{"user":"nobody"}"#),
        ("disconnect", r#"{"user":"bob","session":"s1"}"#),
    ];
    for (method, body) in calls {
        assert_eq!(world.call(method, body).await, json!({"result": {}}), "{body}");
    }
    let force: Disconnect = DisconnectCode::ForceDisconnect.into();
    let leave = Order::Disconnect { matching: Selector::default(), why: force };
    let others = Selector { except: vec!["c1".into()], ..Selector::default() };
    let out = Order::Disconnect { matching: others, why: Disconnect::custom(4500, "out") };
    let one = Selector { client: Some("c1".into()), ..Selector::default() };
    let unsubscribe = Order::Unsubscribe { matching: one, channel: "news".into() };
    let mut orders = world.orders().await;
    orders.sort_by_key(|(shard, ..)| *shard);
    let of_session = Selector { session: Some("s1".into()), ..Selector::default() };
    let why = DisconnectCode::ForceDisconnect.into();
    let expected = [
        (0, Some(connection(1)), leave.clone()),
        (0, Some(connection(3)), out),
        (0, Some(connection(3)), unsubscribe),
        (0, Some(connection(3)), Order::Disconnect { matching: of_session, why }),
        (1, Some(connection(2)), leave),
    ];
    assert_eq!(format!("{orders:?}"), format!("{expected:?}"));
}

#[tokio::test]
async fn an_order_without_a_user_is_for_anonymous_connections() {
    let world = open();
    world.call("disconnect", "{}").await;
    let orders = world.orders().await;
    assert!(orders.len() == 2 && orders.iter().all(|(_, connection, _)| connection.is_none()), "{orders:?}");
}

#[tokio::test]
async fn orders_that_make_no_sense_are_refused() {
    let world = open();
    for code in ["0", "1000", "2999", "5000", "4294967295"] {
        let body = format!(r#"{{"user":"ann","disconnect":{{"code":{code},"reason":"x"}}}}"#);
        assert_eq!(world.refusal("disconnect", &body).await, Some(107), "{code}");
    }
    assert_eq!(world.refusal("unsubscribe", r#"{"user":"ann"}"#).await, Some(107));
    assert_eq!(world.refusal("unsubscribe", r#"{"user":"ann","channel":"nowhere:1"}"#).await, Some(102));
    assert!(world.orders().await.is_empty());
}

#[tokio::test]
async fn a_batch_answers_each_command_by_its_name() {
    let commands = r#"[{"publish":{"channel":"kept:1","data":1}},{"publish":{"channel":"news","data":2}},
        {"broadcast":{"channels":["news"],"data":3}},{"history":{"channel":"kept:1"}},{"presence":{"channel":"news"}},
        {"disconnect":{"user":"ann"}},{"unsubscribe":{"user":"ann","channel":"news"}},{"channels":{"pattern":"lot:1"}},
        {"history_remove":{"channel":"kept:1"}},{"presence_stats":{"channel":"kept:1"}},{"rpc":{"method":"x"}},
        {"subscribe":{"user":"ann","channel":"news"}},{"refresh":{"user":"ann"}},
        {"publish":null},{},null]"#;
    let answer = open().call("batch", &format!(r#"{{"commands":{commands}}}"#)).await;
    let epoch = &answer["replies"][0]["publish"]["epoch"];
    assert!(epoch.is_string(), "{answer}");
    let unknown = json!({"error": {"code": 104, "message": "method not found"}});
    let expected = json!({"replies": [
        {"publish": {"offset": 1, "epoch": epoch}},
        {"publish": {}},
        {"broadcast": {"responses": [{"result": {}}]}},
        {"history": {"publications": [], "epoch": epoch, "offset": 1}},
        {"error": {"code": 108, "message": "not available"}},
        {"disconnect": {}},
        {"unsubscribe": {}},
        {"channels": {"channels": {"lot:1": {"num_clients": 1}}}},
        {"history_remove": {}},
        {"presence_stats": {"num_clients": 0, "num_users": 0}},
        unknown,
        {"subscribe": {}},
        {"refresh": {}},
        unknown, unknown,
        {"error": {"code": 107, "message": "bad request"}},
    ]});
    assert_eq!(answer, expected);
    assert_eq!(open().call("batch", "{}").await, json!({"replies": []}));
}

#[tokio::test]
async fn a_parallel_batch_answers_in_order_too() {
    let command = |number: usize| match number % 2 {
        0 => json!({"publish": {"channel": "news", "data": number}}),
        _ => json!({"info": {}}),
    };
    let commands: Vec<_> = (0..2500).map(command).collect();
    let answer = open().call("batch", &json!({"parallel": true, "commands": commands}).to_string()).await;
    let replies = answer["replies"].as_array().expect("replies");
    assert_eq!(replies.len(), 2500);
    for (number, reply) in replies.iter().enumerate() {
        assert!(!reply[["publish", "info"][number % 2]].is_null(), "{number}: {reply}");
    }
}

#[tokio::test]
async fn the_api_may_have_another_path() {
    let world = World::configured("[http_api]\nhandler_prefix = \"/rt/api\"");
    let status = async |path: &str, body: &str| {
        let request = Request::post(path).body(body.to_owned().into()).expect("a request");
        world.send(request).await.0
    };
    assert_eq!(status("/rt/api/info", "{}").await, StatusCode::OK);
    assert_eq!(status("/rt/api", r#"{"method":"info"}"#).await, StatusCode::OK);
    assert_eq!(status("/api/info", "{}").await, StatusCode::NOT_FOUND);
}
