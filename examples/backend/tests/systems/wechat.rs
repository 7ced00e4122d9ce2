//! A stand-in for WeChat's `jscode2session`, which knows the documented errors.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use axum::{
    Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;

pub(crate) const SECRET: &str = "the-app-secret-of-the-tests";

/// A running one.
pub(crate) struct WeChat {
    pub(crate) url: String,
    asked: Arc<AtomicU32>,
}

#[derive(Deserialize)]
struct Question {
    appid: String,
    secret: String,
    js_code: String,
    grant_type: String,
}

impl WeChat {
    pub(crate) async fn start() -> Self {
        let asked = Arc::new(AtomicU32::new(0));
        let router = Router::new().route("/sns/jscode2session", get(answer)).with_state(asked.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, asked }
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }
}

/// The code says what is to be answered.
async fn answer(State(asked): State<Arc<AtomicU32>>, Query(question): Query<Question>) -> Response {
    let time = asked.fetch_add(1, Ordering::Relaxed);
    assert_eq!(
        (question.appid.as_str(), question.grant_type.as_str()),
        ("wx-of-the-tests", "authorization_code")
    );
    let (errcode, errmsg) = match question.js_code.as_str() {
        _ if question.secret != SECRET => (40125, "invalid appsecret"),
        "invalid" => (40029, "invalid code"),
        "used" => (40163, "code been used"),
        "often" => (45011, "api minute-quota reach limit"),
        "blocked" => (40226, "code blocked"),
        "busy" => (-1, "system error"),
        "busy-once" if time == 0 => (-1, "system error"),
        "silent" => pending().await,
        "broken" => return (StatusCode::BAD_GATEWAY, "<html>").into_response(),
        "no-json" => return "<html>".into_response(),
        openid => return said(&json!({ "openid": openid, "session_key": "of nobody's business" })),
    };
    said(&json!({ "errcode": errcode, "errmsg": errmsg }))
}

/// WeChat calls its JSON plain text.
fn said(answer: &serde_json::Value) -> Response {
    ([("content-type", "text/plain")], answer.to_string()).into_response()
}
