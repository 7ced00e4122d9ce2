//! Stories of a whole shard, with the real sessions and the real memory broker, without sockets.

mod census;
mod codes;
mod crowd;
mod emulation;
mod events;
mod fairness;
mod farewell;
mod faulty;
mod limits;
mod plain;
mod positions;
mod retries;
mod takeover;
mod webhooks;
mod withheld;

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use rand::RngExt;
use suona_protocol::{Content, Payload};
use tokio::sync::{mpsc, oneshot};

use super::*;
use crate::{
    auth::{TokenOptions, Verifier},
    backend::{Backend, Events},
    broker::{Broker, MemoryBroker, Message as Publish, Surroundings},
    config::config_of,
    door::{Door, Managed},
    hub::{Devices, Hub, Order, Selector},
    limits::Keyed,
    metrics::{Metrics, WebhookMetrics},
    session::{Manners, Rules},
};

/// One shard, its hub and its broker. Nothing is handed on before the test says so.
struct World {
    shard: Shard,
    broker: Arc<dyn Broker>,
    hub: Arc<Hub>,
    deliveries: mpsc::Receiver<Delivery>,
    errands: mpsc::UnboundedReceiver<Errand>,
    now: Now,
}

const OPEN: &str = r#"
    [client]
    insecure = true
    [channel.without_namespace]
    presence = true
    history_size = 100
    history_ttl = "60s"
    force_recovery = true
    [[channel.namespaces]]
    name = "loud"
    join_leave = true
    force_push_join_leave = true
    [[channel.namespaces]]
    name = "raw"
    publication_data_format = "binary"
"#;

/// What the shards of a node share that is configured like this.
fn commons(toml: &str, broker: Arc<dyn Broker>, errands: Vec<mpsc::UnboundedSender<Errand>>) -> Commons {
    let verifier = || {
        let hmac_secret = "a secret of at least thirty-two bytes".to_owned();
        Verifier::new(&TokenOptions { hmac_secret, ..TokenOptions::default() }).expect("a secret is a key")
    };
    let rules = Rules {
        config: config_of(toml),
        connection_tokens: Arc::new(verifier()),
        subscription_tokens: verifier(),
        version: "Suona test".to_owned(),
        node: "this life".into(),
    };
    let user_commands = rules.config.client.rate_limit.user_command.limit();
    let backend = Backend::new(&rules.config.webhooks, 1 << 16, &WebhookMetrics::default())
        .expect("a client can be made");
    Commons {
        rules: Arc::new(rules),
        broker,
        backend: Arc::new(backend),
        events: Events::default(),
        users: Arc::default(),
        devices: Devices::default(),
        ledger: Arc::default(),
        user_commands: (!user_commands.is_none()).then(|| Keyed::new(user_commands)),
        errands,
    }
}

impl World {
    fn new(toml: &str) -> Self {
        Self::with_broker(toml, |hub| Arc::new(MemoryBroker::new(hub, Surroundings::default())))
    }

    fn with_broker(toml: &str, broker: impl FnOnce(Arc<Hub>) -> Arc<dyn Broker>) -> Self {
        let (mailbox, deliveries) = mpsc::channel(10_000);
        let (errands_in, errands) = mpsc::unbounded_channel();
        let hub = Arc::new(Hub::new(vec![mailbox]));
        let broker = broker(hub.clone());
        let commons = Arc::new(commons(toml, broker.clone(), vec![errands_in]));
        let now = Now::read();
        let shard = Shard::new(ShardId(0), commons, Metrics::new(1).shard(0), 1, now);
        Self { shard, broker, hub, deliveries, errands, now }
    }

    /// A connection that has said nothing yet.
    fn enter(&mut self) -> ConnectionId {
        self.enter_with(Manners::default())
    }

    fn enter_with(&mut self, manners: Manners) -> ConnectionId {
        let id = self.shard.outboxes().open();
        let door = Door::Managed(Managed::default());
        let opening = Opening {
            door,
            manners: manners.into(),
            first: None,
            headers: None,
            vouched: None,
            lease: Box::new(()),
        };
        self.shard.opened(id, opening, self.now);
        id
    }

    /// A client that is connected and has read what it was told.
    fn client(&mut self) -> ConnectionId {
        let id = self.enter();
        self.says(id, r#"{"id":1,"connect":{}}"#);
        assert!(self.hears(id)[0].contains(r#""connect":{"client":"#));
        id
    }

    /// A client of this user, connected by a token.
    fn user(&mut self, user: &str) -> ConnectionId {
        self.user_with(user, &serde_json::json!({})).0
    }

    /// A client of this user that sends these headers with its connect command, and the reply to that.
    fn user_with(&mut self, user: &str, headers: &serde_json::Value) -> (ConnectionId, serde_json::Value) {
        let id = self.enter();
        let token = token(&serde_json::json!({ "sub": user }));
        let connect = serde_json::json!({ "id": 1, "connect": { "token": token, "headers": headers } });
        self.says(id, &connect.to_string());
        let reply: serde_json::Value = serde_json::from_str(&self.hears(id)[0]).unwrap();
        assert!(reply["connect"]["client"].is_string(), "{reply}");
        (id, reply["connect"].clone())
    }

    fn subscriber(&mut self, channel: &str) -> ConnectionId {
        let id = self.client();
        self.says(id, &format!(r#"{{"id":2,"subscribe":{{"channel":"{channel}"}}}}"#));
        assert!(self.hears(id)[0].contains(r#""subscribe":{"#));
        id
    }

    fn says(&mut self, id: ConnectionId, text: &str) {
        self.shard.received(id, Message::Text(text), self.now);
        self.settle();
    }

    fn publish(&mut self, channel: &str, data: &str) {
        let retention =
            self.shard.commons.rules.config.channels.get(&channel.into()).expect("known").retention;
        let data = Payload::copy_from_slice(data.as_bytes());
        let message = Publish::new(data, Content::Json);
        self.broker.publish(&channel.into(), message, retention, crate::broker::Answer::ignored());
    }

    /// Hands on everything that waits in the mailboxes.
    fn settle(&mut self) {
        loop {
            if let Ok(delivery) = self.deliveries.try_recv() {
                self.shard.deliver(delivery, self.now);
            } else if let Ok(errand) = self.errands.try_recv() {
                self.shard.errand(errand, self.now);
            } else {
                return;
            }
        }
    }

    /// What a client that reads finds in its outbox, message by message.
    fn hears(&mut self, id: ConnectionId) -> Vec<String> {
        let outboxes = self.shard.outboxes();
        let bytes: Vec<u8> = outboxes.unsent(id).flatten().copied().collect();
        outboxes.advance(id, bytes.len(), 0);
        if outboxes.take_notice(id) {
            self.shard.drained(id, self.now);
        }
        messages(&bytes)
    }

    fn cut(&mut self, id: ConnectionId) {
        self.shard.lost(id, &Loss::Cut, self.now);
        self.shard.outboxes().remove(id);
        self.settle();
    }

    fn after(&mut self, by: Duration) {
        self.now = self.now.after(by);
        self.shard.woke(self.now);
        self.settle();
    }
}

/// A connection token of these claims.
fn token(claims: &serde_json::Value) -> String {
    let key = jsonwebtoken::EncodingKey::from_secret(b"a secret of at least thirty-two bytes");
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), claims, &key).expect("claims are JSON")
}

/// The messages of a server's frames: texts, and close frames as `close CODE REASON`.
fn messages(mut bytes: &[u8]) -> Vec<String> {
    let mut messages = Vec::new();
    while let [opcode, length, rest @ ..] = bytes {
        let (length, rest) = match *length {
            126 => (usize::from(u16::from_be_bytes([rest[0], rest[1]])), &rest[2..]),
            127 => (u64::from_be_bytes(rest[..8].try_into().unwrap()) as usize, &rest[8..]),
            length => (usize::from(length), rest),
        };
        let (payload, rest) = rest.split_at(length);
        messages.push(match opcode & 0x0F {
            0x8 => {
                let code = u16::from_be_bytes([payload[0], payload[1]]);
                format!("close {code} {}", String::from_utf8_lossy(&payload[2..]))
            }
            _ => String::from_utf8(payload.to_vec()).unwrap(),
        });
        bytes = rest;
    }
    messages
}
