//! What `subscribe` and `refresh` tell the connections of a user.

use serde_json::json;
use suona_protocol::{Epoch, RecoverFrom};

use super::{open, world::connection};
use crate::{
    backend::RefreshGrant,
    hub::{Order, Selector},
    session::ServerSub,
};

/// What the one connection of Bob is told when the API is called so.
async fn told(method: &str, body: &str) -> Order {
    let world = open();
    assert_eq!(world.call(method, body).await, json!({"result": {}}), "{body}");
    let [(0, Some(id), order)] = &world.orders().await[..] else { panic!("one order") };
    assert_eq!(*id, connection(3));
    order.clone()
}

async fn subscribed(body: &str) -> (Selector, ServerSub) {
    match told("subscribe", body).await {
        Order::Subscribe { matching, sub } => (matching, (*sub).clone()),
        order => panic!("{order:?}"),
    }
}

async fn refreshed(body: &str) -> RefreshGrant {
    match told("refresh", body).await {
        Order::Refresh { grant, .. } => grant,
        order => panic!("{order:?}"),
    }
}

#[tokio::test]
async fn a_subscription_may_bring_whatever_a_token_could() {
    let body = r#"{"user":"bob","client":"c1","session":"s1","channel":"kept:1","info":{"a": 1.50},
        "b64data":"WzFd","expire_at":4102444800,"recover_since":{"offset":3,"epoch":"aBcDeFgH"},
        "override":{"presence":{"value":true},"force_recovery":{"value":false}}}"#;
    let (matching, sub) = subscribed(body).await;
    assert_eq!((matching.client.as_deref(), matching.session.as_deref()), (Some("c1"), Some("s1")));
    assert_eq!((sub.channel.as_str(), sub.proved), ("kept:1", true));
    assert_eq!(sub.grant.info.as_deref(), Some(br#"{"a": 1.50}"#.as_slice()));
    assert_eq!(sub.grant.data.as_deref(), Some(b"[1]".as_slice()));
    assert_eq!(sub.expires_at.map(|at| at.as_secs()), Some(4_102_444_800));
    assert_eq!(sub.since, RecoverFrom { recover: true, offset: 3, epoch: Epoch::parse("aBcDeFgH") });
    let overrides = sub.grant.overrides;
    assert_eq!(
        (overrides.presence, overrides.force_recovery, overrides.join_leave),
        (Some(true), Some(false), None)
    );
}

#[tokio::test]
async fn a_subscription_may_bring_nothing_and_say_so_with_null() {
    let nulls = r#"{"user":"bob","channel":"news","client":null,"info":null,"data":null,"override":null,
        "recover_since":null,"expire_at":null,"b64info":null}"#;
    let never = r#"{"user":"bob","channel":"news","expire_at":-1}"#;
    for body in [r#"{"user":"bob","channel":"news"}"#, nulls, never] {
        let (matching, sub) = subscribed(body).await;
        assert!(matching.client.is_none() && matching.session.is_none());
        assert!(sub.grant.info.is_none() && sub.grant.data.is_none() && sub.expires_at.is_none());
        assert!(!sub.since.recover);
    }
}

#[tokio::test]
async fn a_subscription_that_makes_no_sense_is_refused() {
    let world = open();
    for (body, code) in [
        (r#"{"user":"bob"}"#, 107),
        (r#"{"user":"bob","channel":"nowhere:1"}"#, 102),
        (r#"{"user":"bob","channel":"news","b64info":"?"}"#, 107),
        (r#"{"user":"bob","channel":"news","b64data":"Bw=="}"#, 107),
        (r#"{"user":"bob","channel":"news","expire_at":1}"#, 107),
    ] {
        assert_eq!(world.refusal("subscribe", body).await, Some(code), "{body}");
    }
    assert!(world.orders().await.is_empty());
    let nobody = world.call("subscribe", r#"{"user":"nobody","channel":"news"}"#).await;
    assert_eq!(nobody, json!({"result": {}}), "no connection is no error");
}

#[tokio::test]
async fn a_connection_gets_another_end_or_none_or_ends_now() {
    let grant = refreshed(r#"{"user":"bob","expire_at":4102444800,"info":[1]}"#).await;
    assert_eq!((grant.expired, grant.expires_at.map(|at| at.as_secs())), (false, Some(4_102_444_800)));
    assert_eq!(grant.info.as_deref(), Some(b"[1]".as_slice()));
    assert_eq!(refreshed(r#"{"user":"bob"}"#).await, RefreshGrant::default());
    assert_eq!(refreshed(r#"{"user":"bob","expire_at":-1}"#).await, RefreshGrant::default());
    assert!(refreshed(r#"{"user":"bob","expired":true}"#).await.expired);
}

#[tokio::test]
async fn there_are_no_methods_of_extensions() {
    assert_eq!(open().refusal("rpc", r#"{"method":"x","params":{}}"#).await, Some(104));
}
