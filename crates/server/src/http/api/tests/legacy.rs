//! Commands that name their method, in one body.

use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use super::{Access, World, open};

/// The lines that a body sent to `/api` is answered with.
async fn lines(world: &World, body: &str) -> Vec<Value> {
    let (status, text) = send(world, body).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    text.split('\n').map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

async fn send(world: &World, body: &str) -> (StatusCode, String) {
    world.send(Request::post("/api").body(body.to_owned().into()).expect("a request")).await
}

#[tokio::test]
async fn every_command_is_answered_with_a_line_in_order() {
    let body = r#"{"id":1,"method":"publish","params":{"channel":"news","data":1}}
        {"id":2,"method":"PRESENCE_STATS","params":{"channel":"kept:1"}}{"method":"channels"}
        {"id":4,"method":"History","params":{"channel":"news"}} {"id":5,"method":"broadcast","params":{"channels":["news"],"data":1}}
        {"id":6,"method":"presence","params":{"channel":"kept:1"}} {"id":7,"method":"disconnect","params":{"user":"x"}}"#;
    let channels =
        json!({"news": {"num_clients": 5}, "lot:1": {"num_clients": 1}, "lot:22": {"num_clients": 4}});
    let expected = [
        json!({"id": 1, "result": {}}),
        json!({"id": 2, "result": {"num_clients": 0, "num_users": 0}}),
        json!({"result": {"channels": channels}}),
        json!({"id": 4, "error": {"code": 108, "message": "not available"}}),
        json!({"id": 5, "result": {"responses": [{"result": {}}]}}),
        json!({"id": 6, "result": {"presence": {}}}),
        json!({"id": 7, "result": {}}),
    ];
    assert_eq!(lines(&open(), body).await, expected);
}

#[tokio::test]
async fn one_request_holds_only_so_many_commands_on_either_path() {
    let world = open();
    let (most, one_more) = (10_000, 10_001);
    let lined = |count| r#"{"method":"presence","params":7}"#.repeat(count);
    assert_eq!(lines(&world, &lined(most)).await.len(), most);
    let batch = |count| format!(r#"{{"commands":[{}]}}"#, vec!["{}"; count].join(","));
    assert_eq!(world.post("batch", &batch(most)).await.0, StatusCode::OK);
    for (status, text) in [send(&world, &lined(one_more)).await, world.post("batch", &batch(one_more)).await]
    {
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(text.contains("more than 10000 commands; send them in several requests"), "{text}");
    }
}

#[tokio::test]
async fn payloads_pass_as_they_came() {
    let world = open();
    let publish = r#"{"method":"publish","params":{"channel":"kept:1","data":{"a": 1.50}}}"#;
    assert_eq!(lines(&world, publish).await[0]["result"]["offset"], 1);
    let history = r#"{"id":9,"method":"history","params":{"channel":"kept:1","limit":1}}"#;
    let (_, text) = send(&world, history).await;
    assert!(
        text.starts_with(r#"{"id":9,"result":{"publications":[{"data":{"a": 1.50},"offset":1,"#),
        "{text}"
    );
}

#[tokio::test]
async fn a_method_may_be_a_number_of_which_0_may_be_left_out() {
    let world = open();
    let publish = r#"{"channel":"kept:1","data":1}"#;
    let body = format!(
        r#"{{"method":0,"params":{publish}}} {{"params":{publish}}} {{"method":6,"params":{{"channel":"kept:1"}}}}
           {{"method":7,"params":{{"channel":"kept:1"}}}} {{"method":9,"params":null}}"#
    );
    let told = lines(&world, &body).await;
    let offsets: Vec<_> = told[..3].iter().map(|line| line["result"]["offset"].as_u64()).collect();
    assert_eq!(offsets, [Some(1), Some(2), Some(2)]);
    assert_eq!(told[3], json!({"result": {}}));
    assert_eq!(told[4]["result"]["nodes"][0]["uid"], "u1");
}

#[tokio::test]
async fn a_command_that_makes_no_sense_leaves_the_others_alone() {
    let commands = [
        (r#"{"method":"rpc","params":{}}"#, 104),
        (r#"{"method":10}"#, 104),
        (r#"{"method":13}"#, 104),
        (r#"{"method":"batch","params":{}}"#, 104),
        (r#"{"method":"publish"}"#, 107),
        (r#"{"method":"publish","params":[7]}"#, 107),
        (r#"{"method":"publish","params":{"channel":7}}"#, 107),
        (r#"{"method":"publish","params":{"channel":"nowhere:1","data":1}}"#, 102),
    ];
    let body: String = commands.iter().flat_map(|(command, _)| [command, "\n"]).collect();
    let told = lines(&open(), &(body + r#"{"method":"info"}"#)).await;
    for ((command, code), line) in commands.iter().zip(&told) {
        assert_eq!(line["error"]["code"], *code, "{command}");
    }
    assert!(told[8]["result"].is_object());
}

#[tokio::test]
async fn a_body_that_cannot_be_read_whole_does_nothing() {
    let world = open();
    let publish = r#"{"method":"publish","params":{"channel":"kept:1","data":1}}"#;
    for body in ["", " \n", "[]", "null", r#"{"id":-1}"#, r#"{"method":{}}"#, &format!("{publish}{{")] {
        let (status, why) = send(&world, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert!(why.starts_with("The body is not a request"), "{why}");
    }
    assert_eq!(lines(&world, publish).await[0]["result"]["offset"], 1);
}

#[tokio::test]
async fn the_key_is_asked_for_here_too() {
    let world = World::new(Access::Key("key".into()));
    assert_eq!(send(&world, r#"{"method":"info"}"#).await, (StatusCode::UNAUTHORIZED, String::new()));
    let get = Request::get("/api").header("X-API-Key", "key").body("".into()).expect("a request");
    assert_eq!(world.send(get).await.0, StatusCode::METHOD_NOT_ALLOWED);
}
