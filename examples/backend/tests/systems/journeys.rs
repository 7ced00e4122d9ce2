//! From a client to the backend and back to all, through a real gateway, which may go and come.

use serde_json::{Value, json};

use crate::{
    backend::Backend,
    gateway::{Client, Line, gateway},
};

/// A bid on the first lot.
fn bid(price: i64) -> Value {
    json!({ "lot": "1", "price": price })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bid_reaches_each_subscriber_once_and_its_repeats_none() {
    let line = Line::new().await;
    let backend = Backend::start(&line.url).await;
    let gateway = gateway(&backend.url, "");
    line.lead_to(&gateway);
    let mut ann = Client::connect(&gateway, &backend.login("ann").await).await;
    let mut bob = Client::connect(&gateway, &backend.login("bob").await).await;
    for client in [&mut ann, &mut bob] {
        client.subscribe("lot:1").await;
    }
    let first = ann.rpc("bid", bid(35_000), "k1").await;
    assert_eq!(ann.rpc("bid", bid(35_000), "k1").await, first);
    // A page that was opened anew sends what it does not know the outcome of.
    let mut again = Client::connect(&gateway, &backend.login("ann").await).await;
    assert_eq!(again.rpc("bid", bid(35_000), "k1").await, first);
    let second = bob.rpc("bid", bid(34_000), "k1").await;
    for client in [&mut ann, &mut bob] {
        assert_eq!([client.heard().await, client.heard().await], [first.clone(), second.clone()]);
    }
    let refused = bob.ask(json!({ "rpc": { "method": "bid", "data": bid(34_000) } })).await;
    assert_eq!(refused["error"], json!({ "code": 1003, "message": "要低于 34000 元" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_after_a_restart_of_the_gateway_is_the_same_bid() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let token = backend.login("ann").await;
    let mut answers = Vec::new();
    // The second one has never heard of that key.
    for _ in 0..2 {
        let gateway = gateway(&backend.url, "");
        let mut ann = Client::connect(&gateway, &token).await;
        answers.push(ann.rpc("bid", bid(35_000), "k1").await);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(backend.rpc("ann", "bids", json!({ "lot": "1" })).await, json!([answers[0]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_acknowledged_while_the_gateway_was_away_reach_the_device() {
    let line = Line::new().await;
    let backend = Backend::start(&line.url).await;
    let first = gateway(&backend.url, "\n[shutdown]\ntimeout = \"7s\"\n");
    line.lead_to(&first);
    let mut ann = Client::connect(&first, &backend.login("ann").await).await;
    let mut pump = Client::connect(&first, &backend.login_device("pump-1", "the-key-of-pump-1").await).await;
    let position = pump.subscribe("device:pump-1").await;
    let known = ann.rpc("turn", json!({ "serial": "pump-1", "turn": "on" }), "k1").await;
    assert_eq!(pump.heard().await["command"], known);
    drop((ann, pump));

    line.cut();
    first.drain().await;
    // They come in by another way, and are acknowledged.
    let mut missed = Vec::new();
    for turn in ["off", "on"] {
        missed.push(backend.rpc("ann", "turn", json!({ "serial": "pump-1", "turn": turn })).await);
    }
    assert_eq!(backend.health().await["outbox"]["waiting"], 2);

    let second = gateway(&backend.url, "");
    let mut pump = Client::connect(&second, &backend.login_device("pump-1", "the-key-of-pump-1").await).await;
    let since =
        json!({ "channel": "device:pump-1", "recover": true, "epoch": position["epoch"], "offset": 1 });
    let recovery = pump.ask(json!({ "subscribe": since })).await;
    // It is told of one gap, asks what it has to do, and whatever else comes, comes in order and once.
    assert_ne!(recovery["subscribe"]["recovered"], true, "{recovery}");
    let pending = pump.rpc("pending", json!({}), "").await;
    assert_eq!(pending, json!([known, missed[0], missed[1]]));
    line.lead_to(&second);
    for command in &missed {
        assert_eq!(pump.heard().await["command"], *command);
    }

    let mut ann = Client::connect(&second, &backend.login("ann").await).await;
    ann.subscribe("device:pump-1").await;
    let done = json!({ "id": missed[1]["id"], "status": "done" });
    let done = pump.rpc("acknowledge", done, "k2").await;
    assert_eq!(ann.heard().await["command"], done);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_was_away_gets_its_commands_by_recovery() {
    let line = Line::new().await;
    let backend = Backend::start(&line.url).await;
    let gateway = gateway(&backend.url, "");
    line.lead_to(&gateway);
    let token = backend.login_device("pump-1", "the-key-of-pump-1").await;
    let mut pump = Client::connect(&gateway, &token).await;
    let position = pump.subscribe("device:pump-1").await;
    drop(pump);

    let mut ann = Client::connect(&gateway, &backend.login("ann").await).await;
    ann.subscribe("device:pump-1").await;
    let command = ann.rpc("turn", json!({ "serial": "pump-1", "turn": "on" }), "k1").await;
    ann.heard().await;

    let mut pump = Client::connect(&gateway, &token).await;
    let (epoch, offset) = (&position["epoch"], &position["offset"]);
    let since = json!({ "channel": "device:pump-1", "recover": true, "epoch": epoch, "offset": offset });
    let recovery = pump.ask(json!({ "subscribe": since })).await["subscribe"].clone();
    assert_eq!(recovery["recovered"], true);
    let missed: Vec<_> = recovery["publications"].as_array().unwrap().iter().map(|it| &it["data"]).collect();
    assert_eq!(missed, [&json!({ "command": command })]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_hears_a_device_of_others_or_comes_without_a_token() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let gateway = gateway(&backend.url, "");
    let mut ann = Client::connect(&gateway, &backend.login("ann").await).await;
    let refused = ann.ask(json!({ "subscribe": { "channel": "device:vault" } })).await;
    assert_eq!(refused["error"]["code"], 103);
    let mut stranger = Client::open(&gateway, "/connection/websocket").await;
    stranger.say(&json!({ "id": 1, "connect": {} })).await;
    assert_eq!(stranger.closed().await, 4501);
}
