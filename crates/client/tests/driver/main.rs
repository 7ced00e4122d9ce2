//! The client and the gateway, over real sockets: what apps see of it.

mod hints;
mod relay;
mod roads;
mod slow;
mod socket;
mod world;

use std::{
    net::TcpListener,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::{Value, json};
use suona_client::{
    Builder, ChannelEvent, Code, Fault, Messages, Publications, ReliableSocket, Subscription, Suona,
    client::{Standing, SubscribeOptions},
    link::State,
};
use suona_protocol::heard::Publication;
use tokio::task::JoinHandle;

use relay::Mode;
use world::{World, quick};

/// The next event of a channel, but not if it takes for ever.
async fn next(subscription: &mut Subscription) -> ChannelEvent {
    let event = tokio::time::timeout(Duration::from_secs(20), subscription.next()).await;
    event.expect("an event").expect("it goes on")
}

async fn publication(subscription: &mut Subscription) -> Value {
    match next(subscription).await {
        ChannelEvent::Publication(Publication { data, .. }) => serde_json::from_slice(&data).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Waits until the server has us.
async fn online(suona: &Suona) {
    suona.status().wait_for(|status| status.state == State::Online).await.unwrap();
}

#[tokio::test]
async fn what_is_published_is_heard_and_can_be_read_again() {
    let world = World::new();
    let suona = world.client().build().unwrap();
    let mut news = suona.subscribe("news");
    assert_eq!(next(&mut news).await, ChannelEvent::Subscribed(Standing::Fresh));
    suona.publish("news", &json!({ "text": "你好" })).await.unwrap();
    assert_eq!(publication(&mut news).await, json!({ "text": "你好" }));

    let history = suona.latest("news", 10).await.unwrap();
    assert_eq!((history.publications.len(), history.top.offset), (1, 1));
    let who = suona.presence("news").await.unwrap();
    assert_eq!((who.len(), suona.presence_stats("news").await.unwrap().num_clients), (1, 1));
    suona.close().await;
}

#[tokio::test]
async fn what_is_no_text_is_refused_and_ends_nothing() {
    let world = World::new();
    let suona = world.client().build().unwrap();
    let refused = suona.publish_payload("news", b"\"\xff\"".to_vec().into()).await.unwrap_err();
    assert_eq!(refused.code, Code::NotJson);
    suona.publish("news", &1).await.unwrap();
}

#[tokio::test]
async fn protobuf_means_the_same() {
    let world = World::new();
    let suona = world.client().protobuf().build().unwrap();
    let mut news = suona.subscribe("news").publications();
    suona.rpc::<Value>("echo", &json!([1])).await.unwrap();
    suona.publish("news", &5).await.unwrap();
    let heard = news.next().await.unwrap();
    assert_eq!((heard.data.as_ref(), heard.offset), (&b"5"[..], 1));
    assert_eq!(suona.history("news", 10, None).await.unwrap().publications[0].data, "5");
}

#[tokio::test]
async fn all_who_listen_share_a_subscription_until_the_last_is_gone() {
    let world = World::new();
    let suona = world.client().build().unwrap();
    let (mut first, second) = (suona.subscribe("news"), suona.subscribe("news"));
    assert_eq!(next(&mut first).await, ChannelEvent::Subscribed(Standing::Fresh));
    suona.publish("news", &1).await.unwrap();
    let both: Vec<_> = first.publications().zip(second.publications()).take(1).collect().await;
    assert_eq!(both[0].0, both[0].1);
    // The stream is gone, and the channel with it.
    let mut again = suona.subscribe("news");
    assert_eq!(next(&mut again).await, ChannelEvent::Subscribed(Standing::Fresh));
    assert_eq!(suona.presence_stats("news").await.unwrap().num_clients, 1);
}

#[tokio::test]
async fn what_was_missed_in_a_break_follows_in_order() {
    let world = World::new();
    let (near, far) = (world.client().build().unwrap(), world.client_over_relay().build().unwrap());
    let mut news = far.subscribe_with("news", SubscribeOptions { keep: true, ..SubscribeOptions::default() });
    assert_eq!(next(&mut news).await, ChannelEvent::Subscribed(Standing::Fresh));
    assert!(matches!(next(&mut news).await, ChannelEvent::Position(Some(_))));

    world.relay.set(Mode::Cut);
    far.status().wait_for(|status| status.state != State::Online).await.unwrap();
    for number in 1..=3 {
        near.publish("news", &number).await.unwrap();
    }
    world.relay.set(Mode::Open);
    assert_eq!(next(&mut news).await, ChannelEvent::Subscribed(Standing::Recovered));
    for number in 1..=3 {
        assert_eq!(publication(&mut news).await, number);
        let ChannelEvent::Position(Some(position)) = next(&mut news).await else { panic!() };
        assert_eq!(position.offset, number);
    }
}

/// Asks the backend to count: the question arrives, and the answer does not, for the line is cut then.
async fn ask_without_an_answer(world: &World, suona: Suona) -> JoinHandle<Result<u32, Fault>> {
    world.relay.set(Mode::Deaf);
    let asked = tokio::spawn(async move { suona.rpc("count", &json!({})).await });
    world.backend.called.notified().await;
    world.relay.set(Mode::Cut);
    asked
}

#[tokio::test]
async fn a_call_is_carried_out_once_however_often_it_must_be_asked() {
    let world = World::new();
    let suona = world.client_over_relay().build().unwrap();
    online(&suona).await;
    let doubts = suona.doubts();
    let asked = ask_without_an_answer(&world, suona).await;
    world.relay.set(Mode::Open);
    assert_eq!(asked.await.unwrap(), Ok(1));
    assert_eq!((world.backend.calls.load(Ordering::SeqCst), *doubts.borrow()), (1, 0));
}

#[tokio::test]
async fn a_call_that_may_have_happened_in_two_lives_of_the_gateway_is_in_doubt() {
    let mut world = World::new();
    let suona = world.client_over_relay().build().unwrap();
    online(&suona).await;
    let doubts = suona.doubts();
    let asked = ask_without_an_answer(&world, suona).await;
    // The next gateway knows nothing of it.
    world.restart();
    world.relay.set(Mode::Open);
    assert_eq!(asked.await.unwrap(), Ok(2));
    assert_eq!((world.backend.calls.load(Ordering::SeqCst), *doubts.borrow()), (2, 1));
}

#[tokio::test]
async fn a_refusal_has_a_code_a_hint_and_no_second_try() {
    let world = World::new();
    let suona = world.client().build().unwrap();
    let fault = suona.publish("closed:1", &1).await.unwrap_err();
    assert_eq!((fault.code, fault.may_retry()), (Code::PermissionDenied, false));
    assert_eq!(
        (fault.code.to_string().as_str(), fault.hint()),
        ("permission-denied", "The user may not do this.")
    );
    let fault = suona.rpc::<String>("echo", &json!([1])).await.unwrap_err();
    assert_eq!(fault.code, Code::BadAnswer);

    let mut refused = suona.subscribe("closed:1");
    let ChannelEvent::Ended(fault) = next(&mut refused).await else { panic!() };
    assert_eq!(fault.code, Code::PermissionDenied);
    assert_eq!(refused.next().await, None);
}

#[tokio::test]
async fn a_token_is_replaced_before_the_server_lets_go() {
    let world = World::with_tokens();
    let (asked, mut tokens) = tokio::sync::mpsc::unbounded_channel();
    let token = world.tokens();
    let find = move |channel| {
        asked.send(channel).unwrap();
        let token = token(1);
        async move { Ok::<_, String>(Some(token)) }
    };
    let suona = Suona::connect(&world.url()).link(quick()).get_token(find).build().unwrap();
    online(&suona).await;
    let mut status = suona.status();
    status.mark_unchanged();
    for _ in 0..2 {
        assert_eq!(tokens.recv().await, Some(None));
    }
    suona.presence_stats("news").await.unwrap();
    assert!(!status.has_changed().unwrap(), "{:?}", status.borrow());
}

#[tokio::test]
async fn who_has_no_token_stays_offline_and_may_start_again() {
    let world = World::with_tokens();
    let token = world.tokens();
    let logged_in = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let log_in = logged_in.clone();
    let find = move |_| {
        let token = log_in.load(Ordering::SeqCst).then(|| token(60));
        async move { Ok::<_, String>(token) }
    };
    let suona = Suona::connect(&world.url()).link(quick()).get_token(find).build().unwrap();
    let mut status = suona.status();
    let refused = status.wait_for(|status| status.fault.is_some()).await.unwrap().clone();
    assert_eq!((refused.state, refused.fault.unwrap().code), (State::Offline, Code::NoToken));
    logged_in.store(true, Ordering::SeqCst);
    suona.start();
    online(&suona).await;
}

#[tokio::test]
async fn an_app_that_panics_over_a_token_is_asked_again() {
    let world = World::with_tokens();
    let (token, asked) = (world.tokens(), AtomicU32::new(0));
    let find = move |_| {
        assert!(asked.fetch_add(1, Ordering::SeqCst) > 0, "the first time it fails");
        let token = token(60);
        async move { Ok::<_, String>(Some(token)) }
    };
    let suona = Suona::connect(&world.url()).link(quick()).get_token(find).build().unwrap();
    let mut status = suona.status();
    let failed = status.wait_for(|status| status.fault.is_some()).await.unwrap().fault.clone().unwrap();
    assert_eq!(failed.code, Code::TokenFailed);
    online(&suona).await;
}

#[tokio::test]
async fn a_command_waits_as_long_as_it_may() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let suona = Suona::connect(&format!("ws://{nobody}/")).outbox_commands(1).build().unwrap();
    let (patient, hasty) = (suona.with_ttl(Duration::MAX), suona.with_ttl(Duration::ZERO));
    assert_eq!(hasty.publish("news", &1).await.unwrap_err().code, Code::Expired);
    let mut waiting = std::pin::pin!(patient.publish("news", &1));
    assert!(waiting.as_mut().now_or_never().is_none());
    assert_eq!(suona.publish("news", &1).await.unwrap_err().code, Code::OutboxFull);
    suona.close().await;
    assert_eq!(waiting.await.unwrap_err().code, Code::Stopped);
}

#[test]
fn a_runtime_that_ends_leaves_nobody_waiting() {
    let world = World::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (suona, mut news, mut messages) = runtime.block_on(async {
        let suona = world.client().build().unwrap();
        let (mut news, messages) = (suona.subscribe("news"), suona.messages());
        assert_eq!(next(&mut news).await, ChannelEvent::Subscribed(Standing::Fresh));
        (suona, news, messages)
    });
    runtime.shutdown_background();
    let other = tokio::runtime::Builder::new_current_thread().build().unwrap();
    other.block_on(async {
        let mut status = suona.status();
        assert_eq!(status.wait_for(|status| status.fault.is_some()).await.unwrap().state, State::Offline);
        assert_eq!((news.next().await, messages.next().await), (None, None));
        assert_eq!(suona.publish("news", &1).await.unwrap_err().code, Code::Stopped);
        assert_eq!(suona.subscribe("more").next().await, None);
        suona.close().await;
    });
}

#[test]
fn whatever_an_app_holds_can_go_to_another_thread() {
    fn can_move<T: Send + Sync + Unpin + 'static>() {}
    can_move::<Suona>();
    can_move::<Builder>();
    can_move::<Subscription>();
    can_move::<Publications>();
    can_move::<Messages>();
    can_move::<ReliableSocket>();
}

#[tokio::test]
async fn what_is_asked_just_before_the_end_still_leaves() {
    let world = World::new();
    let (near, far) = (world.client().build().unwrap(), world.client().build().unwrap());
    let mut news = near.subscribe("news");
    assert_eq!(next(&mut news).await, ChannelEvent::Subscribed(Standing::Fresh));
    online(&far).await;
    // The client is told of both at once.
    let mut asked = std::pin::pin!(far.publish("news", &1));
    assert!(asked.as_mut().now_or_never().is_none());
    far.clone().close().await;
    assert_eq!(asked.await.unwrap_err().code, Code::UnknownOutcome);
    assert_eq!(publication(&mut news).await, 1);
}

#[tokio::test]
async fn closing_leaves_nothing() {
    let world = World::new();
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let suona = world.client().build().unwrap();
    let mut news = suona.subscribe("news");
    assert_eq!(next(&mut news).await, ChannelEvent::Subscribed(Standing::Fresh));
    let late = suona.clone();
    suona.close().await;
    assert_eq!(news.next().await, None);
    assert_eq!(late.publish("news", &1).await.unwrap_err().code, Code::Stopped);
    assert_eq!(tasks(), before);

    // So does dropping it.
    let dropped = world.client().build().unwrap();
    online(&dropped).await;
    let mut status = dropped.status();
    drop(dropped);
    while status.changed().await.is_ok() {}
    assert_eq!(tasks(), before);
}
