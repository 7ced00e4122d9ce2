//! Hand-written clients, behind plain doors that ask the backend.

use serde_json::json;

use crate::{
    backend::Backend,
    gateway::{Client, Line, gateway},
};

const DOORS: &str = r#"
[[plain]]
path = "/app"
identify = { from = "anonymous" }
channels = ["orders"]
rpc = { method = "method", result = "result" }

[[plain]]
path = "/tickets"
identify = { from = "backend" }
rpc = { method = "method", result = "result" }

[[plain]]
path = "/device"
identify = { from = "backend", first = "message" }
heartbeat = { request = "heartbeat" }
rpc = { method = "method", result = "result" }

[[plain]]
path = "/console"
identify = { from = "message", token = "token" }
channels = ["device:{serial_no}"]

[[plain]]
path = "/jjbidsocket"
identify = { from = "query:userid", pattern = "^(?<lot>[^_]+)_(?<supplier>.+)_[0-9]+$", user = "{supplier}" }
trust_names = true
channels = ["lot:{lot}"]
greeting = "SUCCESS"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_order_desk_asks_and_is_told() {
    let line = Line::new().await;
    let backend = Backend::start(&line.url).await;
    let gateway = gateway(&backend.url, DOORS);
    line.lead_to(&gateway);
    let mut desk = Client::open(&gateway, "/app").await;
    desk.say(&json!({ "method": "list" })).await;
    let reply = desk.message().await;
    assert_eq!((&reply["method"], &reply["result"]["orderNum"]), (&json!("list"), &json!(4)));
    let order = json!({ "title": "新车上牌", "kind": "jdc", "amount": 500 });
    let order = backend.rpc("ann", "order", order).await;
    assert_eq!(desk.message().await, json!({ "method": "notify", "id": order["id"] }));
    desk.say(&json!({ "method": "accept", "id": order["id"] })).await;
    let refusal = desk.message().await;
    assert_eq!((&refusal["method"], &refusal["error"]["code"]), (&json!("accept"), &json!(103)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_in_the_address_says_who_listens_to_what() {
    let line = Line::new().await;
    let backend = Backend::start(&line.url).await;
    let gateway = gateway(&backend.url, DOORS);
    line.lead_to(&gateway);
    let token = backend.login("ann").await;
    let mut ann = Client::open(&gateway, &format!("/tickets?token={token}&channels=lot:1,orders")).await;
    ann.say(&json!({ "method": "bid", "lot": "1", "price": 35_000 })).await;
    // The reply and the publication overtake each other.
    let mut said = [ann.message().await, ann.message().await];
    said.sort_by_key(|message| message["method"].is_string());
    assert_eq!(said[0], said[1]["result"]);
    assert_eq!((&said[0]["supplier"], &said[0]["price"]), (&json!("ann"), &json!(35_000)));
    let mut curious = Client::open(&gateway, &format!("/tickets?token={token}&channels=device:vault")).await;
    assert_eq!(curious.closed().await, 1008);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_shows_its_token_in_the_first_message() {
    let line = Line::new().await;
    let backend = Backend::start(&line.url).await;
    let gateway = gateway(&backend.url, DOORS);
    line.lead_to(&gateway);
    let token = backend.login_device("pump-1", "the-key-of-pump-1").await;
    let mut pump = Client::open(&gateway, "/device").await;
    pump.say(&json!({ "token": token, "channels": ["device:pump-1"] })).await;
    pump.say(&json!({ "method": "pending" })).await;
    assert_eq!(pump.message().await, json!({ "method": "pending", "result": [] }));
    let command = backend.rpc("ann", "turn", json!({ "serial": "pump-1", "turn": "on" })).await;
    assert_eq!(pump.message().await, json!({ "command": command }));
    let mut liar = Client::open(&gateway, "/device").await;
    liar.say(&json!({ "token": "none", "channels": ["device:pump-1"] })).await;
    assert_eq!(liar.closed().await, 4501);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_a_device_proves_its_serial_number_to_the_gateway() {
    let line = Line::new().await;
    let backend = Backend::start(&line.url).await;
    let gateway = gateway(&backend.url, DOORS);
    line.lead_to(&gateway);
    let token = backend.login_device("pump-1", "the-key-of-pump-1").await;
    let mut pump = Client::open(&gateway, "/console").await;
    // What it claims beside the token is nothing.
    pump.say(&json!({ "token": token, "serial_no": "vault" })).await;
    let state = json!({ "running": true, "pressure": 2.4 });
    // It is answered in turn, and so it hears its channel by then.
    pump.say(&json!({ "method": "anything" })).await;
    assert_eq!(pump.message().await["error"]["code"], 107);
    backend.rpc("device:vault", "report", state.clone()).await;
    backend.rpc("device:pump-1", "report", state.clone()).await;
    let command = backend.rpc("ann", "turn", json!({ "serial": "pump-1", "turn": "on" })).await;
    assert_eq!(pump.message().await, json!({ "state": state }));
    assert_eq!(pump.message().await, json!({ "command": command }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_written_quotation_page_hears_the_bids_of_the_others() {
    let line = Line::new().await;
    let backend = Backend::start(&line.url).await;
    let gateway = gateway(&backend.url, DOORS);
    line.lead_to(&gateway);
    let mut page = Client::open(&gateway, "/jjbidsocket?userid=1_Smith_1700000000000").await;
    assert_eq!(page.text().await, "SUCCESS");
    let bid = backend.rpc("ann", "bid", json!({ "lot": "1", "price": 35_000 })).await;
    assert_eq!(page.message().await, bid);
}
