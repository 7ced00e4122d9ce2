//! The doors of one gateway: their paths, and how a connection comes through each.

use std::sync::Arc;

use crate::{
    config::Config,
    door::{Door, Encoding, Managed, Plain, PlainRules},
    http::{DoorKind, DoorPath, UpgradeRequest},
    hub::Opening,
    session::{Manners, PingSchedule, Rules},
};

/// All doors, in the order of their paths.
pub(super) struct Doors {
    rules: Arc<Rules>,
    doors: Vec<Kind>,
}

/// One door.
enum Kind {
    Managed,
    Plain(Arc<PlainRules>),
}

impl Doors {
    /// Where each door is found.
    pub(super) fn paths(config: &Config) -> Vec<DoorPath> {
        let managed = DoorPath { path: config.websocket.handler_prefix.clone(), kind: DoorKind::Managed };
        let managed = (!config.websocket.disabled).then_some(managed);
        let plain =
            config.plain.iter().map(|door| DoorPath { path: door.path.clone(), kind: DoorKind::Plain });
        managed.into_iter().chain(plain).collect()
    }

    pub(super) fn new(rules: Arc<Rules>) -> Self {
        let managed = (!rules.config.websocket.disabled).then_some(Kind::Managed);
        let plain = rules.config.plain.iter().map(|door| {
            Kind::Plain(Arc::new(PlainRules::new(door.clone(), rules.connection_tokens.clone())))
        });
        Self { doors: managed.into_iter().chain(plain).collect(), rules }
    }

    /// The longest message taken from a client, in bytes.
    pub(super) fn max_message(&self) -> usize {
        self.rules.config.websocket.message_size_limit
    }

    /// Lets a connection in.
    pub(super) fn open(&self, request: UpgradeRequest) -> Opening {
        tracing::debug!(remote = %request.remote, door = request.door, "a connection was opened");
        let vouched = request.vouched.clone();
        let (door, manners) = match &self.doors[request.door] {
            Kind::Managed => {
                let door = managed(&request);
                let manners = Manners {
                    ping: self.ping(),
                    announces_pings: !door.protocol_pings,
                    reads_binary: door.encoding == Encoding::Protobuf,
                    ..Manners::default()
                };
                (Door::Managed(door), manners)
            }
            Kind::Plain(rules) => {
                let plain = Plain::new(rules.clone(), &request.query);
                (Door::Plain(Box::new(plain)), rules.manners(self.ping()))
            }
        };
        let headers = (!request.headers.is_empty()).then(|| Arc::new(request.headers));
        Opening { door, manners, headers, vouched, lease: Box::new(request.place) }
    }

    fn ping(&self) -> Option<PingSchedule> {
        let client = &self.rules.config.client;
        let pong_timeout = Some(client.pong_timeout).filter(|timeout| !timeout.is_zero());
        let schedule = PingSchedule { interval: client.ping_interval, pong_timeout };
        (!client.ping_interval.is_zero()).then_some(schedule)
    }
}

/// The encoding is chosen by sub-protocol or query; protocol pings by query alone.
fn managed(request: &UpgradeRequest) -> Managed {
    let asks = |parameter: &str| request.query.split('&').any(|given| given == parameter);
    let protobuf = request.sub_protocol.as_deref() == Some("centrifuge-protobuf")
        || asks("format=protobuf")
        || asks("cf_protocol=protobuf");
    let encoding = if protobuf { Encoding::Protobuf } else { Encoding::Json };
    Managed { encoding, protocol_pings: asks("cf_ws_frame_ping_pong=true") }
}
