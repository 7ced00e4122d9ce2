//! An API with a broker in memory, and two shards of a hub that note what they are told.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use serde_json::Value;
use suona_protocol::Channel;
use tokio::sync::mpsc;
use tower::ServiceExt;

use crate::{
    auth::{TokenOptions, Verifier},
    broker::{
        Answer, Broker, MemoryBroker, Surroundings,
        faulty::{Faults, FaultyBroker},
    },
    config::config_of,
    http::api::{Access, ApiState, Node, Shards, router},
    hub::{Address, Delivery, Errand, Hub, Order, ShardId, Users},
    io::ConnectionId,
    metrics::Metrics,
    session::Rules,
};

/// How many deliveries fit into the mailbox of the shard that hears them.
const ROOM: usize = 4;

/// The router, and what lies behind it.
pub(super) struct World<B = MemoryBroker> {
    api: Router,
    pub(super) broker: Arc<B>,
    /// What shard 0 was told to deliver.
    pub(super) deliveries: mpsc::Receiver<Delivery>,
    orders: Noted,
    rules: Arc<Rules>,
}

/// Which shard was told what about which connection.
type Noted = Arc<Mutex<Vec<(usize, Option<ConnectionId>, Order)>>>;

impl World {
    /// A world with a good broker.
    pub(super) fn new(access: Access) -> Self {
        Self::with(access, "", |hub| MemoryBroker::new(hub, Surroundings::default()))
    }

    /// A world that everyone may call, with more in its configuration.
    pub(super) fn configured(more: &str) -> Self {
        Self::with(Access::Insecure, more, |hub| MemoryBroker::new(hub, Surroundings::default()))
    }
}

impl World<FaultyBroker> {
    /// A world that everyone may call, and whose broker does nothing by itself.
    pub(super) fn faulty() -> Self {
        Self::with(Access::Insecure, "", |hub| {
            FaultyBroker::new(hub, Surroundings::default(), Faults::default(), 7)
        })
    }
}

impl<B: Broker> World<B> {
    fn with(access: Access, more: &str, broker: impl FnOnce(Arc<Hub>) -> B) -> Self {
        let (mailbox, deliveries) = mpsc::channel(ROOM);
        let broker = Arc::new(broker(Arc::new(Hub::new(vec![mailbox]))));
        let orders = Noted::default();
        let rules = Arc::new(rules(more));
        let state = ApiState {
            access,
            broker: broker.clone(),
            rules: rules.clone(),
            metrics: Arc::new(Metrics::new(1)),
            shards: Shards {
                errands: vec![
                    shard(0, &[("news", 2), ("lot:1", 1)], &orders),
                    shard(1, &[("news", 3), ("lot:22", 4)], &orders),
                ],
                users: Arc::new(users()),
            },
            node: Node {
                uid: "u1".into(),
                name: "here".into(),
                started: Instant::now(),
                connections: Box::new(|| 4),
            },
        };
        Self { api: router(state), broker, deliveries, orders, rules }
    }

    /// Lets shard 0 hear `channel`.
    pub(super) fn hear(&self, channel: &str) {
        let channel = Channel::from(channel);
        let retention = self.rules.config.channels.get(&channel).expect("a known channel").retention;
        self.broker.subscribe(&channel, ShardId(0), None, retention, Answer::ignored());
    }

    /// The orders that were noted so far, once the shards have seen all of them.
    pub(super) async fn orders(&self) -> Vec<(usize, Option<ConnectionId>, Order)> {
        self.call("channels", "{}").await;
        self.orders.lock().expect("no test panics here").clone()
    }

    /// What the API says to a body sent to a method.
    pub(super) async fn post(&self, method: &str, body: &str) -> (StatusCode, String) {
        let request = Request::post(format!("/api/{method}")).body(body.to_owned().into());
        self.send(request.expect("a request")).await
    }

    /// The same for one that is understood.
    pub(super) async fn call(&self, method: &str, body: &str) -> Value {
        let (status, body) = self.post(method, body).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// The code of the error that a request is answered with.
    pub(super) async fn refusal(&self, method: &str, body: &str) -> Option<u64> {
        let answer = self.call(method, body).await;
        assert!(answer["error"].is_null() || answer["error"]["message"].is_string(), "{answer}");
        answer["error"]["code"].as_u64()
    }

    pub(super) async fn send(&self, request: Request<Body>) -> (StatusCode, String) {
        let response = self.api.clone().oneshot(request).await.expect("routers do not fail");
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.expect("a whole body");
        (status, String::from_utf8(body.into()).expect("text"))
    }
}

/// The namespaces `kept`, `bytes` and `object`, and channels without one.
fn rules(more: &str) -> Rules {
    const NAMESPACES: &str = r#"
        [client]
        queue_max_size = 4096
        [[channel.namespaces]]
        name = "kept"
        presence = true
        history_size = 10
        history_ttl = "60s"
        [[channel.namespaces]]
        name = "bytes"
        publication_data_format = "binary"
        history_size = 10
        history_ttl = "60s"
        [[channel.namespaces]]
        name = "object"
        publication_data_format = "json_object"
    "#;
    let config = config_of(&format!("{more}\n{NAMESPACES}"));
    let verifier = || Verifier::new(&TokenOptions::default()).expect("no keys are no bad keys");
    Rules {
        config,
        connection_tokens: Arc::new(verifier()),
        subscription_tokens: verifier(),
        version: "Suona test".to_owned(),
        node: "this life".into(),
    }
}

/// The id of the connection in a slot.
pub(super) fn connection(slot: u32) -> ConnectionId {
    ConnectionId { slot, generation: 0 }
}

/// Ann has a connection on each shard, Bob one on the first.
fn users() -> Users {
    let users = Users::default();
    for (user, shard, slot) in [("ann", 0, 1), ("ann", 1, 2), ("bob", 0, 3)] {
        let address = Address { shard: ShardId(shard), id: connection(slot) };
        users.add(user, address, 0).expect("there is no limit");
    }
    users
}

/// A shard with these numbers of subscribers, which notes its orders.
fn shard(
    number: usize,
    audiences: &[(&'static str, usize)],
    orders: &Noted,
) -> mpsc::UnboundedSender<Errand> {
    let (sender, mut errands) = mpsc::unbounded_channel();
    let audiences: Vec<_> = audiences.iter().map(|(name, len)| (Channel::from(*name), *len)).collect();
    let orders = orders.clone();
    tokio::spawn(async move {
        while let Some(errand) = errands.recv().await {
            match errand {
                Errand::Survey(answer) => answer.send(audiences.clone()).expect("somebody asked"),
                Errand::Order(id, order) => {
                    orders.lock().expect("no test panics here").push((number, id, order));
                }
                _ => unreachable!("the API has no such errand"),
            }
        }
    });
    sender
}
