//! The whole configuration: as it is written, and as the gateway needs it.

use ipnet::IpNet;

use super::{
    channel::{ChannelSettings, Namespaces},
    check::Check,
    client::ClientOptions,
    events::{EventOptions, EventSettings},
    node::Node,
    plain::{Identify, PlainDoor, PlainSettings},
    problem::Problem,
    proxy::{NamedProxy, RpcSettings},
    schema::section,
    server::{Health, HttpApi, HttpServer, Log, NodeInfo, Prometheus, Shutdown, WebSocket},
    streams::{Emulation, HttpStream, Sse},
    webhooks::{Registry, Webhooks},
};

section! {
    /// The configuration as it is written: every key, with its default where nothing was said.
    pub struct Settings {
        /// Where HTTP and WebSocket connections are accepted.
        http_server: HttpServer = HttpServer::default(),
        /// Proxies whose word is taken for a client's address, as addresses or ranges.
        trusted_proxies: Vec<IpNet> = Vec::new(),
        /// Whether connections from trusted proxies begin with the PROXY protocol.
        proxy_protocol: bool = false,
        /// What is logged.
        log: Log = Log::default(),
        /// Who may connect, and within which limits.
        client: ClientOptions = ClientOptions::default(),
        /// Channels and their namespaces.
        channel: ChannelSettings = ChannelSettings::default(),
        /// Requests of clients to the backend.
        rpc: RpcSettings = RpcSettings::default(),
        /// Webhooks with names, by which namespaces choose them.
        proxies: Vec<NamedProxy> = Vec::new(),
        /// What the backend is told without being asked: connections and subscriptions that come and go.
        events: EventSettings = EventSettings::default(),
        /// The HTTP API for backends.
        http_api: HttpApi = HttpApi::default(),
        /// The door of managed clients.
        websocket: WebSocket = WebSocket::default(),
        /// The door of managed clients over HTTP streaming, for networks that let no WebSocket through.
        http_stream: HttpStream = HttpStream::default(),
        /// The door of managed clients over server-sent events. JSON only.
        sse: Sse = Sse::default(),
        /// Where clients of both send their commands; it is there if one of them is enabled.
        emulation: Emulation = Emulation::default(),
        /// Doors for clients that know nothing of channels.
        plain: Vec<PlainSettings> = Vec::new(),
        /// Whether the process lives, for probes.
        health: Health = Health::default(),
        /// Counters for Prometheus.
        prometheus: Prometheus = Prometheus::default(),
        /// How the process stops.
        shutdown: Shutdown = Shutdown::default(),
        /// This process among others.
        node: NodeInfo = NodeInfo::default(),
    }
}

/// The configuration as the gateway needs it: patterns compiled, rules checked, namespaces found by name.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where HTTP and WebSocket connections are accepted.
    pub http_server: HttpServer,
    /// Proxies whose word is taken for a client's address.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether connections from trusted proxies begin with the PROXY protocol.
    pub proxy_protocol: bool,
    /// What is logged.
    pub log: Log,
    /// Who may connect, and within which limits.
    pub client: ClientOptions,
    /// The namespaces, found by the name of a channel.
    pub channels: Namespaces,
    /// What the backend is asked, and where.
    pub webhooks: Webhooks,
    /// Where the backend is told of connections and subscriptions, if it is.
    pub events: Option<EventOptions>,
    /// The HTTP API for backends.
    pub http_api: HttpApi,
    /// The door of managed clients.
    pub websocket: WebSocket,
    /// The door of managed clients over HTTP streaming.
    pub http_stream: HttpStream,
    /// The door of managed clients over server-sent events.
    pub sse: Sse,
    /// Where clients of both send their commands.
    pub emulation: Emulation,
    /// Doors for clients that know nothing of channels.
    pub plain: Vec<PlainDoor>,
    /// Whether the process lives, for probes.
    pub health: Health,
    /// Counters for Prometheus.
    pub prometheus: Prometheus,
    /// How the process stops.
    pub shutdown: Shutdown,
    /// This process among others.
    pub node: NodeInfo,
}

impl Default for Config {
    fn default() -> Self {
        Settings::default().resolve(&Node::empty(), &mut Vec::new())
    }
}

impl Settings {
    /// Makes the configuration, as far as it can be made; every broken rule becomes a problem.
    pub(super) fn resolve(mut self, tree: &Node, problems: &mut Vec<Problem>) -> Config {
        let check = &mut Check::new(tree, problems);
        self.http_server.check(check);
        self.client.check(check);
        self.websocket.check(check);
        self.http_stream.check(check);
        self.sse.check(check);
        self.emulation.check(check);
        self.check_paths(check);
        if self.proxy_protocol && self.trusted_proxies.is_empty() {
            let message = "needs trusted_proxies, the addresses that may speak it";
            check.wrong("", &["proxy_protocol", "trusted_proxies"], message);
        }
        let doors = self.plain.into_iter().enumerate();
        let plain: Vec<PlainDoor> =
            doors.filter_map(|(i, door)| door.resolve(check, &format!("plain[{i}]"))).collect();
        let mut registry = Registry::new(self.proxies, check);
        let channels = self.channel.resolve(&mut registry, check);
        self.client.subscribe_to_user_personal_channel.check(&channels, check);
        let introduces = plain.iter().any(|door| matches!(door.identify, Identify::Backend { .. }));
        let proxies = &self.client.proxy;
        let webhooks = registry.finish(&proxies.connect, &proxies.refresh, &self.rpc, introduces, check);
        for (index, door) in plain.iter().enumerate() {
            door.check_methods(&webhooks.rpc, check, &format!("plain[{index}]"));
        }
        Config {
            http_server: self.http_server,
            trusted_proxies: self.trusted_proxies,
            proxy_protocol: self.proxy_protocol,
            log: self.log,
            client: self.client,
            channels,
            webhooks,
            events: self.events.resolve(check),
            http_api: self.http_api,
            websocket: self.websocket,
            http_stream: self.http_stream,
            sse: self.sse,
            emulation: self.emulation,
            plain,
            health: self.health,
            prometheus: self.prometheus,
            shutdown: self.shutdown,
            node: self.node,
        }
    }

    /// No two handlers may answer at one path.
    fn check_paths(&self, check: &mut Check<'_>) {
        let mut taken: Vec<(String, String)> =
            ["/", "/ready"].map(|path| (path.to_owned(), "the gateway".to_owned())).into();
        claim_route(&self.health.handler_prefix, "health", &mut taken, check);
        claim_route(&self.prometheus.handler_prefix, "prometheus", &mut taken, check);
        claim_route(&self.http_api.handler_prefix, HTTP_API, &mut taken, check);
        if !self.websocket.disabled {
            claim(&self.websocket.handler_prefix, "websocket", "handler_prefix", &mut taken, check);
        }
        if self.http_stream.enabled {
            claim(&self.http_stream.handler_prefix, "http_stream", "handler_prefix", &mut taken, check);
        }
        if self.sse.enabled {
            claim(&self.sse.handler_prefix, "sse", "handler_prefix", &mut taken, check);
        }
        if self.http_stream.enabled || self.sse.enabled {
            claim(&self.emulation.handler_prefix, "emulation", "handler_prefix", &mut taken, check);
        }
        for (index, door) in self.plain.iter().enumerate() {
            claim(&door.path, &format!("plain[{index}]"), "path", &mut taken, check);
        }
    }
}

/// The section whose path has all others below it.
const HTTP_API: &str = "http_api";

/// Takes a path for one of the gateway's own handlers, which is a route: some characters mean something there.
fn claim_route(path: &str, at: &str, taken: &mut Vec<(String, String)>, check: &mut Check<'_>) {
    if path.ends_with('/') || path.contains(['{', '}', ':', '*']) {
        let message = format!("{path:?} does not do; it ends with no '/' and has no '{{', '}}', ':' or '*'");
        check.wrong(at, &["handler_prefix"], &message);
    } else {
        claim(path, at, "handler_prefix", taken, check);
    }
}

/// Takes a path for the section `at`: one that begins with `/`, has nothing that ends one, and is still free.
fn claim(path: &str, at: &str, key: &str, taken: &mut Vec<(String, String)>, check: &mut Check<'_>) {
    let is_below = |other: &str| path.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'));
    let owner = taken.iter().find(|(other, owner)| other == path || owner == HTTP_API && is_below(other));
    let owner = owner.map(|(_, owner)| owner.as_str());
    if !path.starts_with('/') || path.contains(|c: char| c == '?' || c == '#' || c.is_whitespace()) {
        let message = format!("{path:?} is no path; it begins with \"/\" and has no '?', '#' or space");
        check.wrong(at, &[key], &message);
    } else if let Some(owner) = owner {
        check.wrong(at, &[key], &format!("{path:?} is a path of {owner} already; choose another"));
    } else {
        taken.push((path.to_owned(), at.to_owned()));
    }
}
