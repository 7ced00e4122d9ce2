//! Tokens whose keys have to be fetched first.

use super::*;
use crate::auth::published;

/// A device whose token names a key that is not known yet, and the message that it sends.
fn waiting() -> (Desk, Verifier, String) {
    let tokens = published::nothing();
    let mut desk = Desk::with_tokens(door(DEVICE), "", tokens.clone());
    let token = published::token(&json!({ "sub": "d1", "serial_no": "7" }));
    let message = json!({ "token": token }).to_string();
    assert_eq!(desk.says(&message), ["fetch keys"]);
    (desk, tokens, message)
}

#[test]
fn a_client_is_heard_in_order_once_its_key_is_known() {
    let (mut desk, tokens, message) = waiting();
    assert_eq!(desk.says("heartbeat"), ["alive"], "that is no secret");
    assert!(desk.says(&message).is_empty() && desk.says("[1]").is_empty());
    published::publish(&tokens);
    let heard = desk.fetched(true);
    assert_eq!(heard[..3], [r#"this is "d1"! in device:7!"#, "alive", "alive"]);
    assert!(heard[3].starts_with("answer"), "{heard:?}");
    assert!(desk.fetched(true).is_empty(), "once");
}

#[test]
fn a_key_that_does_not_exist_makes_the_token_forged_and_one_that_nobody_can_look_up_does_not() {
    let (mut desk, ..) = waiting();
    assert_eq!(desk.fetched(true), ["refuse 3500 invalid token"]);
    let (mut desk, _, message) = waiting();
    assert_eq!(desk.fetched(false), ["refuse 3004 the token cannot be checked now"]);
    assert!(desk.says(&message).is_empty(), "it is not heard any more");
}

#[test]
fn what_is_kept_meanwhile_is_bounded() {
    let (mut desk, ..) = waiting();
    let message = "x".repeat(64 << 10);
    let heard: Vec<_> = (0..20).flat_map(|_| desk.says(&message)).collect();
    assert_eq!(heard, ["refuse 3013 too many requests"]);
    let (mut desk, ..) = waiting();
    let heard: Vec<_> = (0..2000).flat_map(|_| desk.says("x")).collect();
    assert_eq!(heard, ["refuse 3013 too many requests"]);
}
