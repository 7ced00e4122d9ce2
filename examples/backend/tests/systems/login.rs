//! Logging in, by WeChat and otherwise.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    backend::{Backend, WEBHOOK_KEY, client},
    wechat::{self, WeChat},
};

const KEYS: [&str; 6] = [
    "--api-key",
    "the-backend-publishes-with-this",
    "--token-key",
    "the-examples-sign-their-tokens-with-this",
    "--webhook-key",
    WEBHOOK_KEY,
];

async fn backend(wechat: &WeChat, secret: &str, timeout: &str) -> Backend {
    let app = ["--app-id", "wx-of-the-tests", "--app-secret", secret];
    let server = ["--wechat-url", &wechat.url, "--wechat-timeout", timeout];
    Backend::start_with(&[&KEYS[..], &app, &server].concat()).await
}

async fn by_code(backend: &Backend, code: &str) -> (u16, Value) {
    backend.post("/login", &json!({ "code": code })).await
}

#[tokio::test]
async fn a_code_of_wx_login_becomes_a_token() {
    let wechat = WeChat::start().await;
    let backend = backend(&wechat, wechat::SECRET, "5000").await;
    let (status, first) = by_code(&backend, "openid-of-ann").await;
    assert_eq!((status, &first["user"]), (200, &json!("微信用户1")));
    assert!(first["expiresAt"].is_i64());
    assert_eq!(by_code(&backend, "openid-of-bob").await.1["user"], "微信用户2");
    // It is the same person whenever she comes, and her openid goes nowhere.
    let again = by_code(&backend, "openid-of-ann").await.1;
    assert_eq!(again["user"], "微信用户1");
    assert!(!again.to_string().contains("openid"));
    assert!(!again.to_string().contains("session_key"));
}

#[tokio::test]
async fn each_error_of_wechat_says_what_to_do() {
    let wechat = WeChat::start().await;
    let backend = backend(&wechat, wechat::SECRET, "5000").await;
    for (code, status, word) in [
        ("invalid", 401, "invalid_code"),
        ("used", 401, "invalid_code"),
        ("often", 429, "too_often"),
        ("blocked", 403, "blocked"),
        ("broken", 502, "trouble"),
        ("no-json", 502, "trouble"),
        ("", 400, "no_code"),
        ("two words", 400, "no_code"),
    ] {
        let answer = by_code(&backend, code).await;
        assert_eq!((answer.0, &answer.1["error"]["code"]), (status, &json!(word)), "{code}");
        assert!(!answer.1["error"]["message"].as_str().unwrap().is_empty());
    }
    // None of them was asked again; what is no code was not asked at all.
    assert_eq!(wechat.asked(), 6);
}

#[tokio::test]
async fn wechat_is_asked_again_when_it_is_busy() {
    let wechat = WeChat::start().await;
    let backend = backend(&wechat, wechat::SECRET, "5000").await;
    assert_eq!(by_code(&backend, "busy-once").await.0, 200);
    assert_eq!(wechat.asked(), 2);
    let (status, answer) = by_code(&backend, "busy").await;
    assert_eq!((status, &answer["error"]["code"]), (503, &json!("busy")));
    assert_eq!(wechat.asked(), 5);
}

#[tokio::test]
async fn a_silent_wechat_is_not_waited_for() {
    let wechat = WeChat::start().await;
    let backend = backend(&wechat, wechat::SECRET, "50").await;
    let (status, answer) = by_code(&backend, "silent").await;
    assert_eq!((status, &answer["error"]["code"]), (504, &json!("timed_out")));
}

#[tokio::test]
async fn our_own_mistakes_are_not_the_users_business() {
    let wechat = WeChat::start().await;
    let backend = backend(&wechat, "another-secret", "5000").await;
    let (status, answer) = by_code(&backend, "openid-of-ann").await;
    assert_eq!((status, &answer["error"]["code"]), (502, &json!("trouble")));
    assert!(!answer.to_string().contains("secret"));
}

#[tokio::test]
async fn names_alone_are_taken_only_with_dev() {
    let strict = Backend::start_with(&KEYS).await;
    for (proof, status, word) in [
        (json!({ "name": "ann" }), 403, "names_are_off"),
        (json!({ "code": "x" }), 501, "no_wechat"),
        (json!({ "serial": "pump-1", "key": "the-key-of-pump-1" }), 401, "not_that_device"),
    ] {
        let (given, answer) = strict.post("/login", &proof).await;
        assert_eq!((given, &answer["error"]["code"]), (status, &json!(word)));
    }
    let dev = Backend::start("http://127.0.0.1:9").await;
    dev.login("ann").await;
    for name in ["device:pump-1", "微信用户1"] {
        let (status, answer) = dev.post("/login", &json!({ "name": name })).await;
        assert_eq!((status, &answer["error"]["code"]), (400, &json!("bad_name")));
    }
}

#[tokio::test]
async fn a_request_that_says_nothing_is_told_what_to_say() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    for proof in
        [json!({}), json!({ "serial": "pump-1" }), json!({ "name": "" }), json!({ "code": 7 }), json!([])]
    {
        let (status, answer) = backend.post("/login", &proof).await;
        assert_eq!((status, &answer["error"]["code"]), (400, &json!("bad_request")), "{proof}");
    }
    let (status, answer) = backend.post("/refresh", &json!({})).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!("bad_request")));
    assert!(answer["error"]["message"].as_str().unwrap().contains("token"));
}

#[tokio::test]
async fn a_device_logs_in_by_its_own_key() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    backend.login_device("pump-1", "the-key-of-pump-1").await;
    for (serial, key) in [("pump-1", "the-key-of-the-vault"), ("none", "the-key-of-pump-1")] {
        let (status, _) = backend.post("/login", &json!({ "serial": serial, "key": key })).await;
        assert_eq!(status, 401);
    }
}

#[tokio::test]
async fn who_has_a_good_token_gets_another() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let token = backend.login("ann").await;
    let (status, answer) = backend.post("/refresh", &json!({ "token": token })).await;
    assert_eq!((status, &answer["user"]), (200, &json!("ann")));
    let forged = token.replace(token.split('.').nth(1).unwrap(), "eyJzdWIiOiJib2IiLCJleHAiOjQxMDI0NDQ4MDB9");
    for bad in [forged.as_str(), "", "x.y.z"] {
        let (status, answer) = backend.post("/refresh", &json!({ "token": bad })).await;
        assert_eq!((status, &answer["error"]["code"]), (401, &json!("bad_token")));
    }
}

#[tokio::test]
async fn a_page_from_elsewhere_may_log_in_and_ask_nothing_else() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    for (path, allowed) in [("/login", true), ("/refresh", true), ("/hooks/rpc", false)] {
        let request = client().request(Method::OPTIONS, format!("{}{path}", backend.url));
        let request = request.header("Origin", "http://localhost:5173");
        let request = request.header("Access-Control-Request-Method", "POST");
        let answer = request.header("Access-Control-Request-Headers", "content-type").send().await.unwrap();
        assert_eq!(answer.headers().contains_key("access-control-allow-origin"), allowed, "{path}");
    }
}
