//! The backend decides: who connects, who subscribes, who publishes, and what requests return.

mod publishing;
mod requests;
mod subscribing;

use suona_protocol::{Exclude, RpcRequest};

use super::*;
use crate::{
    backend::{ConnectGrant, Inquiry, PublishGrant, Stranger, SubscribeGrant},
    broker::Version,
};

const ASKING: &str = r#"
    [client.proxy.connect]
    enabled = true
    endpoint = "http://127.0.0.1:9/connect"
    emulated_headers = ["X-Visitor"]
    [channel.proxy.subscribe]
    endpoint = "http://127.0.0.1:9/subscribe"
    [channel.proxy.publish]
    endpoint = "http://127.0.0.1:9/publish"
    include_connection_meta = true
    [channel.without_namespace]
    subscribe_proxy_enabled = true
    publish_proxy_enabled = true
    history_size = 10
    history_ttl = "60s"
    allow_recovery = true
    [[channel.namespaces]]
    name = "open"
    allow_subscribe_for_client = true
    allow_subscribe_for_anonymous = true
    history_size = 10
    history_ttl = "60s"
    force_recovery = true
    [rpc.proxy]
    endpoint = "http://127.0.0.1:9/rpc"
    [rpc.without_namespace]
    proxy_enabled = true
    [[rpc.namespaces]]
    name = "mute"
"#;

fn ann() -> ConnectGrant {
    ConnectGrant { user: "ann".to_owned(), ..ConnectGrant::default() }
}

fn connect(grant: ConnectGrant) -> Advice {
    Advice::Granted(Granted::Connect(Some(Box::new(grant))))
}

fn refusal(temporary: bool) -> Advice {
    Advice::Refused(ErrorReply { code: 1000, message: "not today".to_owned(), temporary })
}

fn end() -> Advice {
    Advice::Disconnect(Disconnect::custom(4500, "banned"))
}

fn allowed() -> Advice {
    Advice::Granted(Granted::Subscribe(Box::default()))
}

fn rpc(method: &str) -> Request {
    let (method, idempotency_key) = (method.to_owned(), String::new());
    Request::Rpc(RpcRequest { method, data: Some("1".into()), idempotency_key })
}

fn result(data: &'static str) -> Advice {
    Advice::Granted(Granted::Rpc(Some(data.into())))
}

/// A client that the backend knows as Ann.
fn known() -> Desk {
    let mut desk = Desk::new(ASKING);
    desk.says(1, Request::Connect(Box::default()));
    desk.advises(connect(ann()));
    assert!(desk.session.is_connected(), "{:?}", desk.actions);
    desk.actions.clear();
    desk
}

#[test]
fn a_method_may_be_a_ping_that_nobody_is_asked_about() {
    let mut desk = Desk::connected("[client]\ninsecure = true\n[rpc.ping]\nenabled = true");
    desk.says(2, rpc("ping"));
    desk.says(3, rpc("pong"));
    assert!(matches!(desk.replies()[0], (2, Outcome::Rpc { data: None })), "{:?}", desk.actions);
    assert_eq!(desk.error_code(3), Some(108));
}

#[test]
fn the_backend_says_who_connects_and_what_it_hears() {
    let mut desk = Desk::new(ASKING);
    let headers = vec![("x-visitor".to_owned(), "7".to_owned()), ("cookie".to_owned(), "x".to_owned())];
    let request = ConnectRequest {
        data: Some("{}".into()),
        name: "shop".to_owned(),
        subs: vec![("news".into(), RecoverFrom { recover: true, offset: 3, epoch: None })],
        headers,
        ..ConnectRequest::default()
    };
    desk.says(1, Request::Connect(Box::new(request)));
    assert_eq!(desk.names(), ["consult"]);
    let Inquiry::Connect(stranger) = &desk.consulted().1.inquiry else { panic!("who?") };
    assert_eq!((stranger.name.as_str(), stranger.data.as_deref()), ("shop", Some(b"{}".as_slice())));
    assert_eq!(stranger.channels, ["news".into()]);
    let backstage = desk.consulted().1.backstage.clone().expect("headers are wanted");
    assert_eq!(backstage.emulated, [("x-visitor".to_owned(), "7".to_owned())], "and no others");

    desk.actions.clear();
    desk.advises_on(
        Ask(1),
        connect(ConnectGrant {
            data: Some("[1]".into()),
            info: Some("{}".into()),
            meta: Some(r#"{"ip":1}"#.into()),
            subs: vec![("news".into(), SubscribeGrant::default())],
            ..ann()
        }),
    );
    desk.hears(Input::Answered(desk.asked(), Ok(Answered::Subscribed(None))));
    let replies = desk.replies();
    let [(1, Outcome::Connect(result))] = replies[..] else { panic!("{replies:?}") };
    assert_eq!((result.data.as_deref(), result.subs.len()), (Some(b"[1]".as_slice()), 1));
    assert_eq!(desk.session.info().user, "ann");
    desk.says(2, publish("news"));
    let meta = desk.consulted().1.backstage.as_ref().and_then(|backstage| backstage.meta.clone());
    assert_eq!(meta.as_deref(), Some(br#"{"ip":1}"#.as_slice()));
}

#[test]
fn a_token_needs_no_backend() {
    let mut desk = Desk::new(ASKING);
    desk.says(1, connect_with(token(&serde_json::json!({ "sub": "42" }))));
    assert!(desk.session.is_connected());
}

#[test]
fn whom_the_backend_does_not_let_in_hears_why() {
    let told = |advice: Advice| {
        let mut desk = Desk::new(ASKING);
        desk.says(1, Request::Connect(Box::default()));
        desk.advises(advice);
        assert!(!desk.session.is_connected());
        (desk.closed(), desk.error_code(1))
    };
    assert_eq!(told(refusal(false)), (None, Some(1000)));
    assert_eq!(told(end()), (Some(4500), None));
    assert_eq!(told(Advice::Unavailable), (None, Some(100)));
    assert_eq!(told(Advice::Granted(Granted::Connect(None))), (Some(3501), None), "no credentials");
    let unknown = ConnectGrant { subs: vec![("unheard:of".into(), SubscribeGrant::default())], ..ann() };
    assert_eq!(told(connect(unknown)), (None, Some(102)));
}

#[test]
fn an_anonymous_user_may_be_the_backend_s_word() {
    let toml = format!("client.disallow_anonymous_connection_tokens = true\n{ASKING}");
    let mut desk = Desk::new(&toml);
    desk.says(1, Request::Connect(Box::default()));
    desk.advises(connect(ConnectGrant::default()));
    assert!(desk.session.is_connected());
}

#[test]
fn everything_waits_for_connecting_and_then_goes_on_in_order() {
    let mut desk = Desk::new(ASKING);
    desk.says(1, Request::Connect(Box::default()));
    desk.says(2, subscribe("open:a"));
    desk.says(3, Request::Ping);
    assert_eq!(desk.names(), ["consult"]);
    desk.advises(connect(ann()));
    assert_eq!(desk.names(), ["consult", "register", "reply", "ask", "reply"]);
    assert!(matches!(desk.replies()[..], [(1, Outcome::Connect(_)), (3, Outcome::Ping)]));
}

#[test]
fn a_client_that_went_away_meanwhile_wants_no_answer() {
    for request in [rpc("list"), subscribe("news"), publish("news")] {
        let mut desk = known();
        desk.says(2, request);
        let ask = desk.consulted().0;
        desk.session.lost(&mut desk.actions);
        desk.actions.clear();
        desk.advises_on(ask, end());
        assert!(desk.actions.is_empty(), "{:?}", desk.actions);
    }
}

/// A client of a plain door whose clients the backend knows.
fn through_door(subs: Vec<ServerSub>) -> Desk {
    let toml = format!("{ASKING}\n[[plain]]\npath = \"/x\"\nidentify = {{ from = \"backend\" }}");
    let mut desk = Desk::with_manners(config_of(&toml), Manners::default());
    desk.hears(Input::Stranger { id: 1, stranger: Box::<Stranger>::default(), subs });
    desk
}

#[test]
fn a_door_may_leave_it_to_the_backend_who_comes() {
    let mut desk = through_door(vec![ServerSub::new("open:all".into(), true)]);
    desk.advises(connect(ConnectGrant { subs: vec![("news".into(), SubscribeGrant::default())], ..ann() }));
    assert_eq!(desk.questions(), 2, "the backend's channel and the door's");
    for (advice, code, reason) in [
        (refusal(false), 3501, "not today"),
        (Advice::Unavailable, 3004, "internal server error"),
        (end(), 4500, "banned"),
    ] {
        let mut desk = through_door(Vec::new());
        desk.advises(advice);
        let [.., Action::Close(why)] = &desk.actions[..] else { panic!("{:?}", desk.actions) };
        assert_eq!((why.code(), why.reason()), (code, reason), "it understands no error reply");
        assert!(desk.replies().is_empty());
    }
}

#[test]
fn a_channel_that_is_merely_named_passes_the_subscribe_webhook() {
    let introduce = |advice: Advice| {
        let mut desk = Desk::new(ASKING);
        let subs = vec![ServerSub::new("news".into(), false)];
        let introduction = Box::new(Introduction { subs, ..Introduction::default() });
        desk.hears(Input::Introduced { id: 1, introduction });
        assert_eq!(desk.names(), ["consult"]);
        desk.advises(advice);
        desk
    };
    let mut desk = introduce(allowed());
    desk.hears(Input::Answered(desk.asked(), Ok(Answered::Subscribed(None))));
    assert!(desk.session.is_connected());
    assert_eq!(introduce(refusal(false)).closed(), Some(3501));
    assert_eq!(introduce(Advice::Unavailable).closed(), Some(3004));
    assert_eq!(introduce(end()).closed(), Some(4500));
}
