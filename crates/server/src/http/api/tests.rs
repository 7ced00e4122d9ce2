mod granting;
mod legacy;
mod methods;
mod publishing;
mod world;

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use serde_json::json;

use super::{Access, MAX_BODY_LEN};
use world::World;

/// A world that everyone may call.
fn open() -> World {
    World::new(Access::Insecure)
}

/// The status of a call with these headers and query.
async fn status(key: &str, headers: &[(&str, &str)], query: &str) -> StatusCode {
    let world = World::new(Access::Key(key.into()));
    let mut request = Request::post(format!("/api/info{query}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (status, body) = world.send(request.body("{}".into()).expect("a request")).await;
    assert_eq!(body.is_empty(), status == StatusCode::UNAUTHORIZED);
    status
}

#[tokio::test]
async fn the_key_comes_in_either_header_or_the_query() {
    let good: [(&[(&str, &str)], &str); 6] = [
        (&[("X-API-Key", "key")], ""),
        (&[("Authorization", "apikey key")], ""),
        (&[("authorization", "APIKEY key")], ""),
        (&[], "?api_key=key"),
        (&[("X-API-Key", "wrong")], "?x=1&api_key=key"),
        (&[("X-API-Key", "")], "?api_key=%6bey"),
    ];
    for (headers, query) in good {
        assert_eq!(status("key", headers, query).await, StatusCode::OK, "{headers:?} {query}");
    }
}

#[tokio::test]
async fn who_does_not_know_the_key_hears_nothing() {
    let bad: [(&[(&str, &str)], &str); 9] = [
        (&[], ""),
        (&[("X-API-Key", "wrong")], ""),
        (&[("X-API-Key", "ke")], ""),
        (&[("X-API-Key", "keys")], ""),
        (&[("X-API-Key", "wrong"), ("Authorization", "apikey key")], ""),
        (&[("Authorization", "key")], ""),
        (&[("Authorization", "Bearer key")], ""),
        (&[], "?api_key="),
        (&[], "?api_key=key&api_key=key"),
    ];
    for (headers, query) in bad {
        assert_eq!(status("key", headers, query).await, StatusCode::UNAUTHORIZED, "{headers:?} {query}");
    }
}

#[tokio::test]
async fn a_body_is_not_read_for_those_who_do_not_know_the_key() {
    let (status, _) =
        World::new(Access::Key("key".into())).post("publish", &" ".repeat(MAX_BODY_LEN + 1)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_empty_key_opens_nothing() {
    for headers in [&[][..], &[("X-API-Key", "")], &[("Authorization", "apikey ")]] {
        assert_eq!(status("", headers, "?api_key=").await, StatusCode::UNAUTHORIZED, "{headers:?}");
    }
}

#[test]
fn the_key_is_never_printed() {
    assert_eq!(format!("{:?}", Access::Key("key".into())), "Key(***)");
}

#[tokio::test]
async fn only_known_methods_by_post_are_answered() {
    let world = World::new(Access::Key("key".into()));
    let get = Request::get("/api/publish").body(Body::empty()).expect("a request");
    assert_eq!(world.send(get).await.0, StatusCode::METHOD_NOT_ALLOWED);
    for path in ["nonsense", "publish/", "", "Publish"] {
        assert_eq!(world.post(path, "{}").await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_a_bad_request() {
    let world = open();
    for body in ["", "{", "null", r#"{"channel":7}"#, r#"{"channel":"a"} x"#, r#"{"tags":{"a":1}}"#] {
        let (status, why) = world.post("publish", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert!(why.starts_with("The body is not a request"), "{why}");
    }
    assert_eq!(
        world.post("batch", r#"{"commands":[{"publish":{"channel":1}}]}"#).await.0,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(world.post("info", &"[".repeat(1 << 20)).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_error_has_a_status_where_the_request_asks_for_one() {
    let world = open();
    let ask = async |mode: &str, method: &str, body: &str| {
        let request = Request::post(format!("/api/{method}")).header("X-Centrifugo-Error-Mode", mode);
        world.send(request.body(body.to_owned().into()).expect("a request")).await
    };
    let errors = [
        (
            "publish",
            r#"{"channel":"nowhere:1","data":1}"#,
            404,
            r#"{"code":102,"message":"unknown channel"}"#,
        ),
        ("publish", r#"{"channel":"news"}"#, 400, r#"{"code":107,"message":"bad request"}"#),
        ("presence", r#"{"channel":"news"}"#, 400, r#"{"code":108,"message":"not available"}"#),
        (
            "history",
            r#"{"channel":"kept:1","since":{"offset":1,"epoch":"other"}}"#,
            416,
            r#"{"code":112,"message":"unrecoverable position"}"#,
        ),
    ];
    for (method, body, status, error) in errors {
        let (told, text) = ask("transport", method, body).await;
        assert_eq!((told.as_u16(), text.as_str()), (status, error));
        let enveloped = format!(r#"{{"error":{error}}}"#);
        assert_eq!(ask("reply", method, body).await, (StatusCode::OK, enveloped));
    }
    let good = ask("transport", "publish", r#"{"channel":"news","data":1}"#).await;
    assert_eq!(good, (StatusCode::OK, r#"{"result":{}}"#.to_owned()));
    let batch = ask("transport", "batch", r#"{"commands":[{}]}"#).await;
    assert_eq!(batch.0, StatusCode::OK);
    let broadcast = ask("transport", "broadcast", r#"{"channels":["nowhere:1"],"data":1}"#).await;
    assert_eq!(broadcast.0, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_never_answers_is_status_500_where_the_request_asks_for_one() {
    let request = Request::post("/api/publish").header("X-Centrifugo-Error-Mode", "transport");
    let request = request.body(r#"{"channel":"news","data":1}"#.into()).expect("a request");
    let (status, body) = World::faulty().send(request).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(body, r#"{"code":100,"message":"internal server error"}"#);
}

#[tokio::test]
async fn the_configuration_may_ask_for_a_status_on_behalf_of_everybody() {
    let world = World::configured("http_api.error_mode = \"transport\"");
    let unknown = r#"{"code":102,"message":"unknown channel"}"#.to_owned();
    let (status, body) = world.post("publish", r#"{"channel":"nowhere:1","data":1}"#).await;
    assert_eq!((status, body), (StatusCode::NOT_FOUND, unknown));
    assert_eq!(world.call("publish", r#"{"channel":"news","data":1}"#).await, json!({"result": {}}));
}

#[tokio::test]
async fn a_body_has_a_longest_length() {
    let (status, _) = open().post("publish", &" ".repeat(MAX_BODY_LEN + 1)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn unknown_fields_and_nulls_are_passed_over() {
    let body =
        r#"{"channel":"news","data":1,"delta":true,"tags":null,"b64data":null,"skip_history":null,"x":{}}"#;
    assert_eq!(open().call("publish", body).await, json!({"result": {}}));
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_never_answers_is_an_internal_error() {
    let world = World::faulty();
    let begun = tokio::time::Instant::now();
    assert_eq!(world.refusal("publish", r#"{"channel":"news","data":1}"#).await, Some(100));
    let answer = world.call("broadcast", r#"{"channels":["a","b","c"],"data":1}"#).await;
    assert_eq!(answer["result"]["responses"][2]["error"]["code"], 100);
    let command = r#"{"publish":{"channel":"news","data":1}}"#;
    for parallel in [true, false] {
        let batch = format!(r#"{{"parallel":{parallel},"commands":[{command},{command}]}}"#);
        assert_eq!(world.call("batch", &batch).await["replies"][1]["error"]["code"], 100);
    }
    assert_eq!(begun.elapsed().as_secs(), 40, "ten seconds for each request, however many things it asks");
}

#[tokio::test(start_paused = true)]
async fn a_question_that_the_broker_loses_is_an_internal_error_at_once() {
    let world = World::faulty();
    let begun = tokio::time::Instant::now();
    let asked = world.refusal("publish", r#"{"channel":"news","data":1}"#);
    // The request is polled first, so its question is on the line when that breaks.
    let lose = async {
        world.broker.disconnect();
        world.broker.settle();
    };
    let (code, ()) = tokio::join!(asked, lose);
    assert_eq!(code, Some(100));
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn a_shard_without_room_is_an_internal_error_to_the_publisher() {
    let mut world = open();
    world.hear("kept:1");
    let publish = r#"{"channel":"kept:1","data":1}"#;
    while world.refusal("publish", publish).await.is_none() {}
    assert_eq!(world.refusal("publish", publish).await, Some(100));
    assert!(world.deliveries.try_recv().is_ok());
    assert_eq!(world.refusal("publish", publish).await, None);
    let top = world.call("history", r#"{"channel":"kept:1"}"#).await;
    assert_eq!(top["result"]["offset"], 5, "what was refused was not kept");
}
