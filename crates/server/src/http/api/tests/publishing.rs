//! `publish` and `broadcast`, and what makes them safe to repeat.

use serde_json::json;
use suona_protocol::ClientInfo;

use super::{World, open};
use crate::hub::Delivery;

/// The payload and the tags of the next publication that the hub was given.
fn heard(world: &mut World) -> (String, Vec<(String, String)>) {
    match world.deliveries.try_recv() {
        Ok(Delivery::Publication(encoded)) => {
            let publication = encoded.publication();
            (format!("{:?}", publication.data), publication.tags.clone())
        }
        other => panic!("no publication but {other:?}"),
    }
}

#[tokio::test]
async fn a_publication_is_told_its_position() {
    let world = open();
    assert_eq!(world.call("publish", r#"{"channel":"news","data":{"a":1.50}}"#).await, json!({"result": {}}));
    let kept = world.call("publish", r#"{"channel":"kept:1","data":null}"#).await;
    let top = world.call("history", r#"{"channel":"kept:1"}"#).await;
    assert_eq!(kept, json!({"result": {"offset": 1, "epoch": top["result"]["epoch"]}}));
    let skipped = world.call("publish", r#"{"channel":"kept:1","data":1,"skip_history":true}"#).await;
    assert_eq!(skipped, json!({"result": {}}));
}

#[tokio::test]
async fn a_publication_reaches_the_hub_as_it_came() {
    let mut world = open();
    world.hear("news");
    let (data, tags) = (r#"{"a": 1.50}"#, r#"{"b":"2","a":"1"}"#);
    world.call("publish", &format!(r#"{{"channel":"news","data": {data} ,"tags":{tags}}}"#)).await;
    let tags = vec![("a".into(), "1".into()), ("b".into(), "2".into())];
    assert_eq!(heard(&mut world), (r#"b"{\"a\": 1.50}""#.into(), tags));
    world.hear("bytes:1");
    world.call("publish", r#"{"channel":"bytes:1","b64data":"AAEC","data":1}"#).await;
    assert_eq!(heard(&mut world), (r#"b"\0\x01\x02""#.into(), Vec::new()));
}

#[tokio::test]
async fn what_cannot_be_published_is_refused() {
    let world = open();
    let long = format!(r#"{{"channel":"news","data":"{}"}}"#, "x".repeat(2048));
    let refused = [
        (r#"{}"#, 107),
        (r#"{"channel":"","data":1}"#, 107),
        (r#"{"channel":"news"}"#, 107),
        (r#"{"channel":"nowhere:1","data":1}"#, 102),
        (r#"{"channel":"news","b64data":"*"}"#, 107),
        (r#"{"channel":"news","b64data":"AAEC"}"#, 107),
        (r#"{"channel":"news","b64data":"Iv8i"}"#, 107),
        (r#"{"channel":"object:1","data":[1]}"#, 107),
        (r#"{"channel":"object:1","b64data":"WzFd"}"#, 107),
        (&long, 107),
    ];
    for (body, code) in refused {
        assert_eq!(world.refusal("publish", body).await, Some(code), "{body}");
    }
    let taken = [
        r#"{"channel":"news","b64data":"WzFd","data":"not this"}"#,
        r#"{"channel":"object:1","data": {"a":1}}"#,
        r#"{"channel":"bytes:1","b64data":"AAEC"}"#,
        r#"{"channel":"bytes:1","data":"text"}"#,
    ];
    for body in taken {
        assert_eq!(world.refusal("publish", body).await, None, "{body}");
    }
}

#[tokio::test]
async fn a_broadcast_answers_for_each_channel_in_order() {
    let world = open();
    let answer = world.call("broadcast", r#"{"channels":["kept:1","nowhere:1","","news"],"data":1}"#).await;
    let epoch = &answer["result"]["responses"][0]["result"]["epoch"];
    assert!(epoch.is_string(), "{answer}");
    let expected = json!({"result": {"responses": [
        {"result": {"offset": 1, "epoch": epoch}},
        {"error": {"code": 102, "message": "unknown channel"}},
        {"error": {"code": 107, "message": "bad request"}},
        {"result": {}},
    ]}});
    assert_eq!(answer, expected);
    assert_eq!(world.refusal("broadcast", r#"{"channels":[],"data":1}"#).await, Some(107));
    assert_eq!(world.refusal("broadcast", r#"{"channels":["news"]}"#).await, Some(107));
}

#[tokio::test]
async fn a_repeated_key_publishes_nothing_and_is_answered_as_the_first() {
    let mut world = open();
    world.hear("kept:1");
    let publish = r#"{"channel":"kept:1","data":1,"idempotency_key":"k"}"#;
    let first = world.call("publish", publish).await;
    assert_eq!(first["result"]["offset"], 1);
    assert_eq!(world.call("publish", publish).await, first);
    assert_eq!(heard(&mut world).0, r#"b"1""#);
    assert!(world.deliveries.try_recv().is_err());
    let broadcast = r#"{"channels":["kept:1","news","kept:2"],"data":1,"idempotency_key":"k"}"#;
    let told = world.call("broadcast", broadcast).await;
    assert_eq!(
        (&told["result"]["responses"][0], &told["result"]["responses"][1]),
        (&first, &json!({"result": {}}))
    );
    assert_eq!(told["result"]["responses"][2]["result"]["offset"], 1);
    assert_eq!(world.call("broadcast", broadcast).await, told);
    let no_key = r#"{"channel":"kept:1","data":1,"idempotency_key":""}"#;
    assert_eq!(world.call("publish", no_key).await["result"]["offset"], 2);
    assert_eq!(world.call("publish", no_key).await["result"]["offset"], 3);
}

#[tokio::test]
async fn a_key_that_is_too_long_or_used_for_another_payload_is_refused() {
    let world = open();
    let keyed = |data: u32, len| {
        json!({"channel": "news", "data": data, "idempotency_key": "k".repeat(len)}).to_string()
    };
    assert_eq!(world.refusal("publish", &keyed(1, 255)).await, None);
    assert_eq!(world.refusal("publish", &keyed(1, 255)).await, None);
    assert_eq!(world.refusal("publish", &keyed(2, 255)).await, Some(107));
    assert_eq!(world.refusal("publish", &keyed(1, 256)).await, Some(107));
}

#[tokio::test]
async fn an_outdated_version_is_told_where_the_stream_stands() {
    let mut world = open();
    world.hear("kept:1");
    let publish = async |version: &str| {
        let answer = world.call("publish", &format!(r#"{{"channel":"kept:1","data":1{version}}}"#)).await;
        answer["result"]["offset"].as_u64().expect("a number")
    };
    assert_eq!(publish(r#","version":3"#).await, 1);
    assert_eq!(publish(r#","version":3,"version_epoch":null"#).await, 1);
    assert_eq!(publish(r#","version":2,"version_epoch":"b""#).await, 2);
    assert_eq!(publish(r#","version":0,"version_epoch":"b""#).await, 3);
    let long = json!({"channel": "kept:1", "data": 1, "version": 9, "version_epoch": "e".repeat(256)});
    assert_eq!(world.refusal("publish", &long.to_string()).await, Some(107));
    for _ in 0..3 {
        heard(&mut world);
    }
    assert!(world.deliveries.try_recv().is_err());
}

#[tokio::test]
async fn a_broadcast_reaches_more_channels_than_are_asked_for_at_once() {
    let channels: Vec<_> = (0..3000).map(|number| format!("kept:{number}")).collect();
    let answer = open().call("broadcast", &json!({"channels": channels, "data": 1}).to_string()).await;
    let responses = answer["result"]["responses"].as_array().expect("responses");
    assert!(responses.len() == 3000 && responses.iter().all(|response| response["result"]["offset"] == 1));
}

#[tokio::test]
async fn a_publication_names_whom_it_excludes_but_not_too_many() {
    let mut world = open();
    world.hear("news");
    let exclude = r#"{"client":"c-1","user":["ann","ben"]}"#;
    world.call("publish", &format!(r#"{{"channel":"news","data":1,"exclude":{exclude}}}"#)).await;
    let Ok(Delivery::Publication(encoded)) = world.deliveries.try_recv() else { panic!("no publication") };
    let names = |user: &str, client: &str| {
        let client = ClientInfo { user: user.into(), client: client.into(), ..ClientInfo::default() };
        encoded.publication().exclude.as_ref().expect("somebody").names(&client)
    };
    assert!(names("", "c-1") && names("ann", "c-2") && names("ben", "") && !names("eve", "c-2"));

    let many = serde_json::to_string(&(0..=100).map(|n| n.to_string()).collect::<Vec<_>>()).unwrap();
    let too_many = format!(r#"{{"channel":"news","data":1,"exclude":{{"user":{many}}}}}"#);
    assert_eq!(world.call("publish", &too_many).await["error"]["code"], 107);
    world.call("publish", r#"{"channel":"news","data":1,"exclude":null}"#).await;
    let Ok(Delivery::Publication(encoded)) = world.deliveries.try_recv() else { panic!("no publication") };
    assert!(encoded.publication().exclude.is_none());
}
