//! Webhooks, called for real: a backend on the loopback that answers as each story wants it.

mod counting;
mod failing;

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode},
};
use serde_json::{Value, json};
use suona_protocol::{ClientInfo, Exclude, Payload};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
};

use super::*;
use crate::{
    broker::{MAX_KEY_LEN, Version},
    config::{WebhookId, config_of},
    metrics::Metrics,
};

/// The gateway's side, with one webhook, and what its backend was asked.
struct World {
    backend: Backend,
    asked: mpsc::UnboundedReceiver<(HeaderMap, Value)>,
}

impl World {
    /// A backend that gives the same answer to everything; `more` are lines for the webhook's section.
    async fn new(status: StatusCode, answer: impl ToString, more: &str) -> Self {
        Self::counted(status, answer, more, &Metrics::new(0)).await
    }

    async fn counted(status: StatusCode, answer: impl ToString, more: &str, metrics: &Metrics) -> Self {
        let (note, asked) = mpsc::unbounded_channel();
        let answer = answer.to_string();
        let handler = async move |headers: HeaderMap, body: Bytes| {
            let _ = note.send((headers, serde_json::from_slice(&body).expect("a question is JSON")));
            (status, answer)
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async { axum::serve(listener, Router::new().fallback(handler)).await });
        Self { backend: counted(&format!("http://{address}/suona"), more, metrics), asked }
    }

    async fn with_answer(answer: Value) -> Self {
        Self::new(StatusCode::OK, answer, "").await
    }

    async fn ask(&self, inquiry: Inquiry) -> Advice {
        ask(&self.backend, inquiry).await
    }

    /// The body of the last question.
    async fn question(&mut self) -> Value {
        self.asked.recv().await.expect("it was asked").1
    }
}

fn backend(endpoint: &str, more: &str) -> Backend {
    counted(endpoint, more, &Metrics::new(0))
}

fn counted(endpoint: &str, more: &str, metrics: &Metrics) -> Backend {
    let toml = format!("[client.proxy.connect]\nenabled = true\nendpoint = \"{endpoint}\"\n{more}");
    Backend::new(&config_of(&toml).webhooks, 1000, metrics.webhooks()).expect("a client can be made")
}

fn consultation(inquiry: Inquiry) -> Consultation {
    let info = ClientInfo { user: "42".to_owned(), client: "me".to_owned(), ..ClientInfo::default() };
    Consultation { webhook: WebhookId(0), info: Arc::new(info), backstage: None, inquiry }
}

fn visit() -> Visit {
    Visit { transport: "websocket", protocol: "json", headers: None }
}

/// An answer, and where it arrives.
fn answer() -> (Answer<Advice>, oneshot::Receiver<Advice>) {
    let (tell, told) = oneshot::channel();
    (Answer::new(move |advice| drop(tell.send(advice.expect("the backend drops no answer")))), told)
}

async fn ask(backend: &Backend, inquiry: Inquiry) -> Advice {
    let (answer, told) = answer();
    backend.ask(consultation(inquiry), visit(), answer);
    told.await.expect("every question is answered")
}

fn rpc(data: &'static str) -> Inquiry {
    let (method, idempotency_key) = ("list".to_owned(), String::new());
    Inquiry::Rpc { method, data: Some(data.into()), idempotency_key }
}

fn stranger() -> Inquiry {
    Inquiry::Connect(Box::new(Stranger {
        data: Some(r#"{"v":2}"#.into()),
        name: "js".to_owned(),
        channels: vec!["news".into()],
        ..Stranger::default()
    }))
}

#[tokio::test]
async fn a_password_in_the_endpoint_goes_along_as_a_header() {
    let (note, mut asked) = mpsc::unbounded_channel();
    let handler = async move |headers: HeaderMap| {
        let _ = note.send(headers["authorization"].clone());
        "{}"
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, Router::new().fallback(handler)).await });
    ask(&backend(&format!("http://suona:s3cret@{address}/"), ""), stranger()).await;
    // RFC 7617: the base64 of `suona:s3cret`.
    assert_eq!(asked.recv().await.unwrap(), "Basic c3VvbmE6czNjcmV0");
}

#[tokio::test]
async fn each_question_has_its_own_members_and_no_others() {
    let mut world = World::with_answer(json!({})).await;
    let base = json!({ "client": "me", "transport": "websocket", "protocol": "json", "encoding": "json" });
    let news = || suona_protocol::Channel::from("news");
    for (inquiry, members) in [
        (stranger(), json!({ "data": { "v": 2 }, "name": "js", "channels": ["news"] })),
        (Inquiry::Refresh, json!({ "user": "42" })),
        (Inquiry::Subscribe { channel: news(), data: None }, json!({ "user": "42", "channel": "news" })),
        (
            Inquiry::Publish { channel: news(), data: "[1]".into() },
            json!({ "user": "42", "channel": "news", "data": [1] }),
        ),
        (rpc("2.50"), json!({ "user": "42", "method": "list", "data": 2.50 })),
        (Inquiry::SubRefresh(news()), json!({ "user": "42", "channel": "news" })),
    ] {
        world.ask(inquiry).await;
        let mut expected = base.clone();
        expected.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        assert_eq!(world.question().await, expected);
    }
}

#[tokio::test]
async fn payloads_pass_as_they_are_and_bytes_as_base64() {
    let number = "123456789012345678901234567890.50";
    let answer = format!(r#"{{"result":{{"data":  [{number}] }}}}"#);
    let world = World::new(StatusCode::OK, &answer, "").await;
    let Advice::Granted(Granted::Rpc(Some(data))) = world.ask(rpc(number)).await else { panic!("a result") };
    assert_eq!(data, format!("[{number}]"));

    let mut world =
        World::new(StatusCode::OK, r#"{"result":{"b64data":"WzFd"}}"#, "binary_encoding = true").await;
    let Advice::Granted(Granted::Rpc(Some(data))) = world.ask(rpc("\u{7}")).await else { panic!("a result") };
    assert_eq!(data, "[1]");
    let question = world.question().await;
    assert_eq!((&question["b64data"], &question["encoding"]), (&json!("Bw=="), &json!("binary")));
    assert!(question.get("data").is_none());
}

#[tokio::test]
async fn a_payload_that_is_no_json_is_a_bad_request_where_only_json_goes() {
    let world = World::with_answer(json!({})).await;
    assert!(matches!(world.ask(rpc("\u{7}")).await, Advice::Refused(error) if error.code == 107));
}

#[tokio::test]
async fn headers_of_the_request_win_over_those_of_the_command_and_those_over_fixed_ones() {
    let more = r#"
        http_headers = ["Cookie", "X-Both"]
        emulated_headers = ["Authorization", "X-Both"]
        http = { static_headers = { Authorization = "fixed", X-Fixed = "1" } }
    "#;
    let mut world = World::new(StatusCode::OK, "{}", more).await;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let emulated = vec![
        pair("authorization", "mine"),
        pair("x-both", "mine"),
        pair("x-other", "1"),
        pair("cookie", "no"),
    ];
    let headers = [("cookie", "a=1"), ("x-both", "real"), ("x-secret", "1")];
    let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    let backstage = Backstage { meta: None, emulated };
    let asked = Consultation { backstage: Some(Arc::new(backstage)), ..consultation(rpc("1")) };
    let (answer, told) = answer();
    world.backend.ask(
        asked,
        Visit { headers: Some(Arc::new(headers.into_iter().collect())), ..visit() },
        answer,
    );
    told.await.unwrap();
    let (headers, _) = world.asked.recv().await.unwrap();
    let read = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    assert_eq!(read("authorization"), Some("mine"));
    assert_eq!((read("cookie"), read("x-both"), read("x-fixed")), (Some("a=1"), Some("real"), Some("1")));
    assert_eq!((read("x-other"), read("x-secret")), (None, None));
    assert_eq!(read("content-type"), Some("application/json"));
}

#[tokio::test]
async fn meta_goes_along_only_where_it_is_wanted_and_never_with_connect() {
    for (more, wanted) in [("include_connection_meta = true", true), ("", false)] {
        let mut world = World::new(StatusCode::OK, "{}", more).await;
        for (inquiry, expected) in [(rpc("1"), wanted), (stranger(), false)] {
            let backstage = Backstage { meta: Some(r#"{"ip":1}"#.into()), emulated: Vec::new() };
            let asked = Consultation { backstage: Some(Arc::new(backstage)), ..consultation(inquiry) };
            let (answer, told) = answer();
            world.backend.ask(asked, visit(), answer);
            told.await.unwrap();
            assert_eq!(world.question().await.get("meta").is_some(), expected);
        }
    }
}

#[tokio::test]
async fn the_end_of_the_connection_wins_over_an_error_and_that_over_a_result() {
    let error = json!({ "code": 1000, "message": "no", "temporary": true });
    let end = json!({ "code": 4500, "reason": "banned" });
    let world = World::with_answer(json!({ "result": {}, "error": error, "disconnect": end })).await;
    assert!(matches!(world.ask(rpc("1")).await, Advice::Disconnect(why) if why.code() == 4500));
    let world = World::with_answer(json!({ "result": {}, "error": error, "disconnect": null })).await;
    let Advice::Refused(told) = world.ask(rpc("1")).await else { panic!("an error") };
    assert_eq!((told.code, told.message.as_str(), told.temporary), (1000, "no", true));
    let world = World::with_answer(json!({ "disconnect": { "code": 1006 } })).await;
    assert!(
        matches!(world.ask(rpc("1")).await, Advice::Disconnect(why) if why.code() == 3503),
        "no close frame may carry 1006"
    );
}

#[tokio::test]
async fn who_connects_is_read_with_all_that_comes_with_it() {
    let result = json!({
        "user": "56", "expire_at": 1_766_003_600, "info": { "n": "Ann" }, "data": [1], "meta": { "ip": "x" },
        "channels": ["b", "a"],
        "subs": { "a": { "override": { "presence": { "value": true } }, "data": 7, "expire_at": 5,
            "cache_recover": true }, "b": null },
    });
    let world = World::with_answer(json!({ "result": result })).await;
    let Advice::Granted(Granted::Connect(Some(grant))) = world.ask(stranger()).await else {
        panic!("a user")
    };
    assert_eq!((grant.user.as_str(), grant.expires_at.map(|at| at.as_secs())), ("56", Some(1_766_003_600)));
    let json =
        |payload: &Option<Payload>| payload.as_ref().map(|json| String::from_utf8_lossy(json).into_owned());
    assert_eq!(json(&grant.info).as_deref(), Some(r#"{"n":"Ann"}"#));
    assert_eq!(
        (json(&grant.data).as_deref(), json(&grant.meta).as_deref()),
        (Some("[1]"), Some(r#"{"ip":"x"}"#))
    );
    let [(a, sub), (b, plain)] = &grant.subs[..] else { panic!("{:?}", grant.subs) };
    assert_eq!((a.as_str(), b.as_str()), ("a", "b"), "each once");
    assert_eq!(sub.grant.overrides.presence, Some(true));
    assert_eq!(
        (json(&sub.grant.data).as_deref(), sub.expires_at.map(|at| at.as_secs())),
        (Some("7"), Some(5))
    );
    assert!(sub.cache_recover);
    assert_eq!(plain, &SubscribeGrant::default());
}

#[tokio::test]
async fn what_is_published_may_be_withheld_from_some() {
    let publish = || Inquiry::Publish { channel: "news".into(), data: "[1]".into() };
    let exclude = json!({ "client": "c-1", "user": ["ann"] });
    let world = World::with_answer(json!({ "result": { "exclude": exclude, "delta": true } })).await;
    let Advice::Granted(Granted::Publish(grant)) = world.ask(publish()).await else {
        panic!("a publication")
    };
    assert_eq!(grant.exclude, Exclude::new(vec!["c-1".into()], vec!["ann".into()]).ok());
    assert!(grant.delta);
    let many: Vec<_> = (0..=Exclude::MAX_NAMES).map(|n| n.to_string()).collect();
    let world = World::with_answer(json!({ "result": { "exclude": { "user": many } } })).await;
    assert!(matches!(world.ask(publish()).await, Advice::Unavailable));
}

#[tokio::test]
async fn what_is_published_may_have_a_name_and_a_version() {
    let publish = || Inquiry::Publish { channel: "news".into(), data: "[1]".into() };
    let granted = async |result: Value| match World::with_answer(json!({ "result": result }))
        .await
        .ask(publish())
        .await
    {
        Advice::Granted(Granted::Publish(grant)) => Some((grant.idempotency_key, grant.version)),
        _ => None,
    };
    let longest = "k".repeat(MAX_KEY_LEN);
    let named = json!({ "idempotency_key": longest, "version": 7, "version_epoch": "e" });
    let version = Version { number: 7, epoch: "e".into() };
    assert_eq!(granted(named).await, Some((Some(longest), Some(version))));
    let none = json!({ "idempotency_key": "", "version": 0, "version_epoch": null });
    assert_eq!(granted(none).await, Some((None, None)));
    for member in ["idempotency_key", "version_epoch"] {
        assert_eq!(granted(json!({ member: "k".repeat(MAX_KEY_LEN + 1) })).await, None, "{member}");
    }
}

#[tokio::test]
async fn nothing_is_a_success_that_brings_nothing() {
    for nothing in [json!({}), json!({ "result": null, "error": null }), json!({ "result": null })] {
        let world = World::with_answer(nothing).await;
        assert!(matches!(world.ask(stranger()).await, Advice::Granted(Granted::Connect(None))));
        assert!(matches!(world.ask(rpc("1")).await, Advice::Granted(Granted::Rpc(None))));
        let Advice::Granted(Granted::Refresh(grant)) = world.ask(Inquiry::Refresh).await else {
            panic!("a refresh")
        };
        assert!(grant.expired, "a refresh without a result is none");
    }
    let anonymous = World::with_answer(json!({ "result": { "user": null, "subs": null } })).await;
    let Advice::Granted(Granted::Connect(Some(grant))) = anonymous.ask(stranger()).await else {
        panic!("a user")
    };
    assert_eq!(*grant, ConnectGrant::default());
}
