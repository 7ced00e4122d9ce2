//! The doors of one gateway: their paths, and how a connection comes through each.

use std::sync::Arc;

use crate::{
    config::Config,
    door::{Door, Emulation, Encoding, Managed, Plain, PlainRules, SessionKey, Stream},
    http::{DoorKind, DoorPath, EmulationPath, UpgradeRequest},
    hub::{Opening, ShardId},
    session::{Manners, PingSchedule, Rules},
};

/// All doors, in the order of their paths.
pub(super) struct Doors {
    rules: Arc<Rules>,
    doors: Vec<Kind>,
    /// How managed clients are treated: by whether they have protocol pings, and read Protobuf.
    managed: [[Arc<Manners>; 2]; 2],
}

/// One door.
enum Kind {
    Managed,
    Stream(Stream),
    Plain(Arc<PlainRules>, Arc<Manners>),
}

impl Doors {
    /// Where each door is found.
    pub(super) fn paths(config: &Config) -> Vec<DoorPath> {
        let plain =
            config.plain.iter().map(|door| DoorPath { path: door.path.clone(), kind: DoorKind::Plain });
        managed_doors(config).map(|(path, _)| path).chain(plain).collect()
    }

    /// Where the clients of streams speak.
    pub(super) fn emulation(config: &Config) -> Option<EmulationPath> {
        let path = config.emulation.handler_prefix.clone();
        let max_body = config.emulation.max_request_body_size;
        (config.http_stream.enabled || config.sse.enabled).then_some(EmulationPath { path, max_body })
    }

    pub(super) fn new(rules: Arc<Rules>) -> Self {
        let ping = ping(&rules.config);
        let plain = rules.config.plain.iter().map(|door| {
            let door = PlainRules::new(door.clone(), rules.connection_tokens.clone());
            let manners = Arc::new(door.manners(ping));
            Kind::Plain(Arc::new(door), manners)
        });
        let doors = managed_doors(&rules.config).map(|(_, kind)| kind).chain(plain).collect();
        let treated = |announces_pings, reads_binary| {
            Arc::new(Manners { ping, announces_pings, reads_binary, ..Manners::default() })
        };
        let managed = [true, false].map(|announces| [false, true].map(|binary| treated(announces, binary)));
        Self { doors, rules, managed }
    }

    /// The longest message taken from a client on its connection, in bytes; `None` if it only listens there.
    pub(super) fn max_message(&self, door: &Door) -> Option<usize> {
        door.emulation().is_none().then_some(self.rules.config.websocket.message_size_limit)
    }

    /// Lets a connection in, which `shard` will own.
    pub(super) fn open(&self, request: UpgradeRequest, shard: ShardId) -> Opening {
        tracing::debug!(remote = %request.remote, door = request.door, "a connection was opened");
        let vouched = request.vouched.clone();
        let (door, manners) = match &self.doors[request.door] {
            Kind::Managed => self.managed(managed(&request)),
            Kind::Stream(stream) => {
                let session = SessionKey::draw(shard);
                let emulation = Emulation { stream: *stream, session, node: self.rules.node.clone() };
                let is_protobuf = request.stream.as_ref().is_some_and(|stream| stream.is_protobuf);
                let encoding = if is_protobuf { Encoding::Protobuf } else { Encoding::Json };
                self.managed(Managed { encoding, emulation: Some(Box::new(emulation)), ..Managed::default() })
            }
            Kind::Plain(rules, manners) => {
                let plain = Plain::new(rules.clone(), &request.query);
                (Door::Plain(Box::new(plain)), manners.clone())
            }
        };
        let headers = (!request.headers.is_empty()).then(|| Arc::new(request.headers));
        let first = request.stream.map(|stream| stream.first);
        Opening { door, manners, first, headers, vouched, lease: Box::new(request.place) }
    }

    fn managed(&self, door: Managed) -> (Door, Arc<Manners>) {
        let binary = door.encoding == Encoding::Protobuf;
        let manners = self.managed[usize::from(door.protocol_pings)][usize::from(binary)].clone();
        (Door::Managed(door), manners)
    }
}

fn ping(config: &Config) -> Option<PingSchedule> {
    let client = &config.client;
    let pong_timeout = Some(client.pong_timeout).filter(|timeout| !timeout.is_zero());
    let schedule = PingSchedule { interval: client.ping_interval, pong_timeout };
    (!client.ping_interval.is_zero()).then_some(schedule)
}

/// The doors of managed clients, by whatever they come.
fn managed_doors(config: &Config) -> impl Iterator<Item = (DoorPath, Kind)> {
    let (http_stream, sse) = (&config.http_stream, &config.sse);
    let of_http = DoorKind::HttpStream { max_body: http_stream.max_request_body_size };
    let of_sse = DoorKind::Events { max_body: sse.max_request_body_size };
    [
        (!config.websocket.disabled, &config.websocket.handler_prefix, DoorKind::Managed, Kind::Managed),
        (http_stream.enabled, &http_stream.handler_prefix, of_http, Kind::Stream(Stream::Http)),
        (sse.enabled, &sse.handler_prefix, of_sse, Kind::Stream(Stream::Events)),
    ]
    .into_iter()
    .filter(|(enabled, ..)| *enabled)
    .map(|(_, path, kind, door)| (DoorPath { path: path.clone(), kind }, door))
}

/// The encoding is chosen by sub-protocol or query; protocol pings by query alone.
fn managed(request: &UpgradeRequest) -> Managed {
    let asks = |parameter: &str| request.query.split('&').any(|given| given == parameter);
    let protobuf = request.sub_protocol.as_deref() == Some("centrifuge-protobuf")
        || asks("format=protobuf")
        || asks("cf_protocol=protobuf");
    let encoding = if protobuf { Encoding::Protobuf } else { Encoding::Json };
    Managed { encoding, protocol_pings: asks("cf_ws_frame_ping_pong=true"), emulation: None }
}
