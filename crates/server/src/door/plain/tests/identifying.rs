//! Who a client is, and what it proves and merely claims.

use super::*;

fn device(message: &serde_json::Value) -> Vec<String> {
    Desk::new(door(DEVICE), "").says(&message.to_string())
}

#[test]
fn an_address_that_does_not_tell_is_refused() {
    let refusal = |query: &str| Desk::new(door(BIDS), query).heard().remove(0);
    assert_eq!(refusal(""), "refuse 3501 userid is missing in the address");
    assert_eq!(refusal("user=7_acme_1"), "refuse 3501 userid is missing in the address");
    assert_eq!(refusal("userid=7_acme"), "refuse 3501 userid in the address is malformed");
    assert_eq!(refusal("userid=7_acme_1&userid=8_acme_1"), r#"this is "acme" in lot:7!"#);
}

#[test]
fn no_value_leaves_its_place_in_a_channel() {
    for lot in
        ["..%2F7", "a:b", "*", "a%23b", "%E5%8F%B7", "$a", "a,b", "a%00", "a+b", "%ff", &"x".repeat(65)]
    {
        let heard = Desk::new(door(BIDS), &format!("userid={lot}_acme_1")).heard();
        assert_eq!(heard, ["refuse 3501 lot must be 1 to 64 letters, digits, '-', '_' or '.'"], "{lot}");
        let message = json!({ "token": token(&json!({ "sub": "42" })), "serial_no": lot });
        let heard = device(&message);
        assert_eq!(
            heard,
            ["refuse 3501 serial_no must be 1 to 64 letters, digits, '-', '_' or '.'"],
            "{lot}"
        );
    }
}

#[test]
fn a_pattern_that_fits_a_part_takes_just_that_part() {
    let toml = r#"
        path = "/x"
        identify = { from = "query:id", pattern = "lot=(?<lot>[^;]*)(;by=(?<by>.*))?", user = "{lot}" }
        channels = ["lot:{lot}"]
    "#;
    let opened = |query| Desk::new(door(toml), query).heard().remove(0);
    assert_eq!(opened("id=../lot%3D7;x"), r#"this is "7" in lot:7"#, "claimed, so not proved");
    assert_eq!(opened("id=lot%3D"), "refuse 3501 lot must be 1 to 64 letters, digits, '-', '_' or '.'");
    let by = toml.replace("lot:{lot}", "by:{by}");
    let heard = Desk::new(door(&by), "id=lot%3D7").heard();
    assert_eq!(heard, ["refuse 3501 by is missing"], "the group took no part in the match");
}

#[test]
fn the_device_of_the_field_is_understood_and_its_serial_number_is_merely_claimed() {
    let good = token(&json!({ "sub": "42" }));
    let heard = device(&json!({ "token": good, "serial_no": "A1" }));
    assert_eq!(heard, [r#"this is "42"! in device:A1"#]);
    assert_eq!(device(&json!({ "token": good })), ["refuse 3501 serial_no is missing"]);
    assert_eq!(device(&json!({ "token": good, "serial_no": 7 })), ["refuse 3501 serial_no is missing"]);
}

#[test]
fn what_the_token_claims_is_proved_and_wins() {
    let good = token(&json!({ "sub": "42", "serial_no": "A1", "channels": ["news", "device:A1"] }));
    let heard = device(&json!({ "token": good, "serial_no": "B2", "sub": "43", "user": "43" }));
    assert_eq!(heard, [r#"this is "42"! in device:A1! news!"#]);
}

#[test]
fn a_user_is_proved_only_if_all_of_its_name_is() {
    let toml = r#"
        path = "/x"
        identify = { from = "message", token = "token", user = "{user}.{desk}" }
        channels = ["mine:{user}", "ours:{user}-{desk}"]
    "#;
    let says = |claims: serde_json::Value| {
        let message = json!({ "token": token(&claims), "desk": "9", "user": "root" });
        Desk::new(door(toml), "").says(&message.to_string()).remove(0)
    };
    assert_eq!(says(json!({ "sub": "42", "desk": "1" })), r#"this is "42.1"! in mine:42! ours:42-1!"#);
    assert_eq!(says(json!({ "sub": "42" })), r#"this is "42.9" in mine:42! ours:42-9"#);
    assert_eq!(says(json!({})), r#"this is "root.9" in mine:root ours:root-9"#, "nobody proved to be root");
}

#[test]
fn a_token_that_is_not_believed_is_refused_with_the_reason() {
    let says = |token: &str| device(&json!({ "token": token, "serial_no": "A1" })).remove(0);
    let good = token(&json!({ "sub": "42" }));
    let other = token(&json!({ "sub": "43" }));
    let (head, signature) = (good.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1);
    assert_eq!(says(&format!("{head}.{signature}")), "refuse 3500 invalid token");
    assert_eq!(says("eyJhbGciOiJub25lIn0.eyJzdWIiOiI0MiJ9."), "refuse 3500 invalid token");
    assert_eq!(says(""), "refuse 3500 invalid token");
    assert_eq!(says(&token(&json!({ "exp": 1 }))), "refuse 3500 token expired or not valid yet");
    let heard = device(&json!({ "token": 7, "serial_no": "A1" }));
    assert_eq!(heard, ["refuse 3501 token is missing in the first message"]);
}

#[test]
fn whoever_is_refused_is_not_heard_any_more() {
    let mut desk = Desk::new(door(DEVICE), "");
    assert_eq!(desk.says(r#"{"token":"x"}"#), ["refuse 3500 invalid token"]);
    let good = json!({ "token": token(&json!({})), "serial_no": "A1" }).to_string();
    for message in [&good, "heartbeat", "x"] {
        assert!(desk.says(message).is_empty());
    }
    assert!(desk.sends(Message::Binary(b"\xff")).is_empty());
}

#[test]
fn before_it_is_known_a_client_may_send_heartbeats_and_anything_else_is_an_error() {
    let mut desk = Desk::new(door(DEVICE), "");
    assert!(desk.heard().is_empty());
    assert_eq!(desk.says("heartbeat"), ["alive"]);
    let deep = r#"{"token":"#.repeat(10_000);
    for message in ["", "heartbeat ", "[]", "null", &deep, &"{".repeat(1 << 20)] {
        let [alive, answer] = &desk.says(message)[..] else { panic!("{message}") };
        assert_eq!(alive, "alive");
        assert!(answer.starts_with(r#"answer {"error":{"code":107,"message":"the first message must be"#));
    }
    let deep = "[".repeat(20_000) + &"]".repeat(20_000);
    let good = token(&json!({ "sub": "42" }));
    let message = format!(r#"{{"x":{deep},"serial_no":"Z","token":"{good}","serial_no":"A1"}}"#);
    assert_eq!(desk.says(&message), [r#"this is "42"! in device:A1"#], "however deep; of two names the last");
}

#[test]
fn who_says_again_who_it_is_changes_nothing() {
    let mut desk = Desk::new(PlainDoor { on_message: Some("all".to_owned()), ..door(DEVICE) }, "");
    let message = json!({ "token": token(&json!({ "sub": "42" })), "serial_no": "A1" }).to_string();
    assert_eq!(desk.says(&message), [r#"this is "42"! in device:A1"#]);
    assert_eq!(desk.says(&message), ["alive"]);
    let renewed = json!({ "token": token(&json!({ "sub": "43" })), "serial_no": "B2" });
    assert_eq!(desk.says(&renewed.to_string()), ["alive"]);

    let claimed = DEVICE.replace(r#", token = "token""#, "");
    let mut desk = Desk::new(PlainDoor { on_message: Some("all".to_owned()), ..door(&claimed) }, "");
    assert_eq!(desk.says(r#"{"serial_no":"A1"}"#), [r#"this is "" in device:A1"#]);
    assert_eq!(desk.says(r#"{"serial_no":"A1"}"#), ["alive"]);
    assert_eq!(desk.says(r#"{"serial_no":"B2"}"#), [r#"rpc 2 all {"serial_no":"B2"}"#]);
}

const ASKING: &str = r#"
    path = "/asking"
    identify = { from = "backend" }
    channels = ["orders"]
    heartbeat = { request = "heartbeat", reply = "heartbeat" }
    [client.proxy.connect]
    endpoint = "http://127.0.0.1:9/connect"
"#;

#[test]
fn the_backend_is_asked_about_whom_it_knows_by_its_address() {
    let mut desk = Desk::new(door(ASKING), "ticket=7&x=%20");
    assert_eq!(desk.heard(), [r#"who is 1? /asking "ticket=7&x=%20"  in orders"#]);
    assert_eq!(desk.says("heartbeat"), ["alive", "answer heartbeat"]);
}

#[test]
fn or_by_its_first_message_as_well_which_may_come_again() {
    let toml = ASKING.replace(r#""backend""#, r#""backend", first = "message""#);
    let mut desk = Desk::new(door(&toml), "a=1");
    assert!(desk.heard().is_empty());
    assert_eq!(desk.says("heartbeat"), ["alive", "answer heartbeat"], "which says nothing of who it is");
    let first = r#"{"ticket":7}"#;
    assert_eq!(desk.says(first), [format!(r#"who is 1? /asking "a=1" {first} in orders"#)]);
    assert_eq!(desk.says(first), ["alive"]);
    let mut desk = Desk::new(door(&toml), "");
    assert_eq!(desk.says("ticket 7"), [r#"who is 1? /asking "" "ticket 7" in orders"#], "JSON in any case");
}
