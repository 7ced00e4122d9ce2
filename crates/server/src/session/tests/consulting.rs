//! The backend decides: who connects, who subscribes, who publishes, and what requests return.

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
fn a_wish_in_the_connect_command_does_not_get_round_the_subscribe_webhook() {
    let mut desk = Desk::new(ASKING);
    let subs = vec![("news".into(), RecoverFrom::default()), ("open:a".into(), RecoverFrom::default())];
    desk.says(1, Request::Connect(Box::new(ConnectRequest { subs, ..ConnectRequest::default() })));
    desk.advises(connect(ann()));
    assert_eq!(desk.questions(), 1, "open:a alone");
}

#[test]
fn the_backend_says_who_subscribes_and_wishes_are_not_consulted() {
    let mut desk = known();
    let request =
        SubscribeRequest { recoverable: true, positioned: true, ..SubscribeRequest::new("news".into()) };
    desk.says(2, Request::Subscribe(Box::new(request)));
    desk.says(3, publish("news"));
    assert_eq!(desk.names(), ["consult"], "the channel's next command waits");
    let grant = SubscriptionGrant { data: Some("5".into()), ..SubscriptionGrant::default() };
    let expires_at = Some(desk.now.unix + Duration::from_secs(60));
    let granted = SubscribeGrant { grant, expires_at, ..SubscribeGrant::default() };
    desk.advises(Advice::Granted(Granted::Subscribe(Box::new(granted))));
    desk.hears(Input::Answered(desk.asked(), Ok(Answered::Subscribed(None))));
    let replies = desk.replies();
    let [(2, Outcome::Subscribe(result))] = replies[..] else { panic!("{replies:?}") };
    assert_eq!((result.recoverable, result.position, result.ttl), (false, None, Some(60)));
    assert_eq!(result.data.as_deref(), Some(b"5".as_slice()));
    assert!(matches!(desk.consulted().1.inquiry, Inquiry::Publish { .. }), "now it is its turn");
}

#[test]
fn what_the_subscribe_webhook_refuses_or_cannot_say_is_an_error_and_other_channels_go_on() {
    let mut desk = known();
    desk.says(2, subscribe("a"));
    desk.says(3, subscribe("open:b"));
    assert_eq!(desk.questions(), 1, "another channel waits for nothing");
    desk.advises(refusal(true));
    assert!(desk.error(2).is_some_and(|error| error.code == 1000 && error.temporary));
    desk.says(4, subscribe("a"));
    desk.advises(Advice::Unavailable);
    assert!(desk.error(4).is_some_and(|error| error.code == 100 && error.temporary));
    desk.says(5, subscribe("a"));
    let ask = desk.consulted().0;
    desk.hears(Input::Answered(ask, Err(BrokerError::Unreachable)));
    assert_eq!(desk.error_code(5), Some(100), "an answer that got lost is none");
    desk.says(6, subscribe("a"));
    desk.advises(end());
    assert_eq!(desk.closed(), Some(4500));
}

#[test]
fn private_channels_need_a_token_whatever_the_backend_would_say() {
    let mut desk = known();
    desk.says(2, subscribe("$news"));
    assert_eq!(desk.error_code(2), Some(103));
}

#[test]
fn a_recovery_waits_for_room_after_the_backend_has_agreed_and_holds_up_nobody_before() {
    let mut desk = known();
    desk.says(2, recover("slow", 3));
    desk.says(3, recover("open:a", 3));
    assert_eq!(desk.questions(), 1, "a webhook does not hold up another recovery");
    let (first, recovery) = (desk.consulted().0, desk.asked());
    desk.advises_on(first, allowed());
    desk.says(4, publish("slow"));
    assert_eq!(desk.questions(), 1, "one recovery at a time");
    desk.hears(Input::Answered(recovery, Ok(Answered::Subscribed(Some(page(3))))));
    desk.hears(Input::Drained);
    assert_eq!(desk.questions(), 2);
    assert_ne!(desk.asked(), recovery);
    let order: Vec<_> = desk.replies().iter().map(|(id, _)| *id).collect();
    assert_eq!(order, [3], "command 4 still waits for 2");
}

#[test]
fn the_backend_says_who_publishes_and_what() {
    let mut desk = known();
    desk.says(2, publish("news"));
    let grant = PublishGrant {
        data: Some("2".into()),
        skip_history: true,
        tags: vec![("a".to_owned(), "b".to_owned())],
        version: Some(Version { number: 7, epoch: "e".into() }),
        delta: true,
        ..PublishGrant::default()
    };
    desk.advises(Advice::Granted(Granted::Publish(grant)));
    let Some(Action::Ask(ask, Question::Publish { message, .. })) = desk.actions.last() else {
        panic!("{:?}", desk.actions)
    };
    assert_eq!((&message.data[..], message.skip_history, message.tags.len()), (&b"2"[..], true, 1));
    assert!(message.delta && message.exclude.is_none());
    assert_eq!(
        (message.version.as_ref().map(|version| version.number), &message.idempotency_key),
        (Some(7), &None)
    );
    assert_eq!(message.info.as_ref().map(|info| info.user.as_str()), Some("ann"));
    desk.hears(Input::Answered(*ask, Ok(Answered::Published)));
    assert!(matches!(desk.replies()[..], [(2, Outcome::Publish)]));

    desk.says(3, publish("news"));
    desk.advises(refusal(false));
    assert_eq!(desk.error_code(3), Some(1000));
    desk.says(4, publish("news"));
    let no_json = PublishGrant { data: Some("{".into()), ..PublishGrant::default() };
    desk.advises(Advice::Granted(Granted::Publish(no_json)));
    assert_eq!(desk.error_code(4), Some(100), "what the channel does not take is not published");
    desk.says(5, publish("open:a"));
    assert_eq!(desk.error_code(5), Some(103), "here the namespace decides");
}

#[test]
fn the_backends_name_for_a_publication_wins_over_the_clients() {
    let mut desk = known();
    let mut published_as = |id, granted: Option<&str>| {
        let Request::Publish(request) = publish("news") else { panic!("a publication") };
        desk.says(id, Request::Publish(PublishRequest { idempotency_key: "k".to_owned(), ..request }));
        let idempotency_key = granted.map(str::to_owned);
        let grant = PublishGrant { idempotency_key, ..PublishGrant::default() };
        desk.advises(Advice::Granted(Granted::Publish(grant)));
        let Some(Action::Ask(ask, Question::Publish { message, attempt, .. })) = desk.actions.last() else {
            panic!("{:?}", desk.actions)
        };
        let known_here = attempt.as_ref().map(|attempt| attempt.broker_key());
        let (ask, names) = (*ask, (message.idempotency_key.clone(), known_here));
        desk.hears(Input::Answered(ask, Ok(Answered::Published)));
        names
    };
    let (of_backend, known_here) = published_as(2, Some("order 5"));
    assert_eq!(of_backend.as_deref(), Some("order 5"));
    assert!(known_here.is_some(), "the client's own repeats are known by its own name");
    let (of_client, known_here) = published_as(3, None);
    assert!(of_client.is_some() && of_client == known_here, "without the backend's the client's counts");
}

#[test]
fn both_the_backend_and_the_client_may_keep_a_publication_from_somebody() {
    let mut desk = known();
    let Request::Publish(request) = publish("news") else { panic!("a publication") };
    desk.says(2, Request::Publish(PublishRequest { exclude_self: true, ..request }));
    let exclude = Exclude::new(Vec::new(), vec!["ben".to_owned()]).ok();
    desk.advises(Advice::Granted(Granted::Publish(PublishGrant { exclude, ..PublishGrant::default() })));
    let Some(Action::Ask(_, Question::Publish { message, .. })) = desk.actions.last() else {
        panic!("{:?}", desk.actions)
    };
    let exclude = message.exclude.as_ref().expect("two are named");
    let client = |user: &str, client: &str| ClientInfo {
        user: user.into(),
        client: client.into(),
        ..ClientInfo::default()
    };
    assert!(exclude.names(&client("ann", "me")) && exclude.names(&client("ben", "c-2")));
    assert!(!exclude.names(&client("ann", "c-3")), "the user's other connections hear it");
}

#[test]
fn requests_run_side_by_side_and_the_seventeenth_waits() {
    let mut desk = known();
    for id in 2..19 {
        desk.says(id, rpc("list"));
    }
    assert_eq!(desk.names(), ["consult"; 16]);
    let Action::Consult(second, _) = desk.actions[1] else { panic!("a request") };
    desk.advises_on(second, result("2"));
    assert!(matches!(desk.replies()[..], [(3, Outcome::Rpc { .. })]), "in whatever order they are answered");
    assert_eq!(desk.names().last(), Some(&"consult"), "now the seventeenth");
    desk.says(30, Request::Ping);
    assert!(matches!(desk.replies().last(), Some((30, Outcome::Ping))));
}

#[test]
fn requests_whose_replies_look_alike_run_one_after_another() {
    let manners = Manners { rpcs_in_turn: true, ..Manners::default() };
    let mut desk = Desk::with_manners(config_of(ASKING), manners);
    desk.says(1, connect_with(token(&serde_json::json!({ "sub": "42" }))));
    desk.actions.clear();
    for id in 2..5 {
        desk.says(id, rpc("list"));
    }
    assert_eq!(desk.names(), ["consult"]);
    desk.advises(Advice::Unavailable);
    assert_eq!(desk.names(), ["consult", "reply", "consult"]);
    desk.advises(result("3"));
    let replies: Vec<_> = desk.replies().iter().map(|(id, _)| *id).collect();
    assert_eq!(replies, [2, 3]);
}

#[test]
fn methods_that_nobody_answers_are_named_so() {
    let mut desk = known();
    desk.says(2, rpc("mute:list"));
    desk.says(3, rpc("nowhere:list"));
    assert_eq!((desk.error_code(2), desk.error_code(3)), (Some(108), Some(104)));
}

#[test]
fn long_results_wait_for_room_one_at_a_time() {
    let mut desk = known();
    let long = || Advice::Granted(Granted::Rpc(Some(Payload::from(vec![b'1'; 100_000]))));
    let asks: Vec<_> = (2..5)
        .map(|id| {
            desk.says(id, rpc("list"));
            desk.consulted().0
        })
        .collect();
    desk.room = false;
    desk.advises_on(asks[0], long());
    desk.advises_on(asks[1], long());
    assert!(desk.replies().is_empty() && desk.session.is_waiting());
    desk.advises_on(asks[2], result("1"));
    assert_eq!(desk.replies().len(), 1, "a short one needs none");
    desk.room = true;
    desk.hears(Input::Drained);
    assert_eq!(desk.replies().len(), 2);
    desk.hears(Input::Drained);
    assert_eq!(desk.replies().len(), 3);
    assert!(!desk.session.is_waiting());
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
