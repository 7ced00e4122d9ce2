//! Which question goes to which webhook, with every name looked up and every header checked.

mod resolve;

use std::{collections::HashMap, time::Duration};

use axum::http::{HeaderMap, HeaderName};
use suona_protocol::{Disconnect, ErrorReply};

use super::{
    channel::ChannelOptions,
    check::Check,
    node::label,
    proxy::{ChannelProxies, NamedProxy, Proxy, RpcOptions, RpcSettings, SwitchedProxy},
    secret::SecretUrl,
};

pub(super) use resolve::{check_endpoint, static_headers};

/// Names one of [`Webhooks::all`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookId(pub usize);

/// The backend's webhooks, and which of them is asked what. Those of channels stand with their namespaces.
#[derive(Clone, Debug, Default)]
pub struct Webhooks {
    /// All that are in use.
    pub all: Vec<Webhook>,
    /// Who is a managed client that has no token?
    pub connect: Option<WebhookId>,
    /// Who is a client of a plain door that leaves it to the backend?
    pub introduce: Option<WebhookId>,
    /// May a connection that expires stay?
    pub refresh: Option<WebhookId>,
    /// Who answers requests.
    pub rpc: RpcRoutes,
}

/// One webhook.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where it stands in the configuration, for messages.
    pub at: String,
    /// The URL.
    pub endpoint: SecretUrl,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Headers of every request; their values are not printed.
    pub static_headers: HeaderMap,
    /// Headers passed on from the client's HTTP request.
    pub http_headers: Vec<HeaderName>,
    /// Headers passed on from the client's connect command.
    pub emulated_headers: Vec<HeaderName>,
    /// Whether payloads go as base64.
    pub binary_encoding: bool,
    /// Whether the connection's `meta` goes along.
    pub include_connection_meta: bool,
    /// What other statuses than 200 mean.
    pub transforms: Vec<(u16, Transform)>,
}

/// What an HTTP status means to the client.
#[derive(Clone, Debug)]
pub enum Transform {
    /// An error.
    Error(ErrorReply),
    /// The end of its connection.
    Disconnect(Disconnect),
}

/// Who answers the requests of which method.
#[derive(Clone, Debug, Default)]
pub struct RpcRoutes {
    boundary: String,
    ping: Option<String>,
    without_namespace: Option<WebhookId>,
    by_namespace: HashMap<String, Option<WebhookId>>,
}

/// Why no webhook answers a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoute {
    /// Its namespace is unknown.
    UnknownNamespace,
    /// Its namespace has none.
    Disabled,
}

impl RpcRoutes {
    /// Whether no method is answered at all.
    pub(super) fn are_none(&self) -> bool {
        self.without_namespace.is_none() && self.by_namespace.values().all(Option::is_none)
    }

    /// Whether `method` is answered at once, and with nothing.
    pub fn is_ping(&self, method: &str) -> bool {
        self.ping.as_deref() == Some(method)
    }

    /// The webhook for `method`.
    pub fn find(&self, method: &str) -> Result<WebhookId, NoRoute> {
        let route = match method.split_once(self.boundary.as_str()) {
            Some((namespace, _)) if !self.boundary.is_empty() => {
                *self.by_namespace.get(namespace).ok_or(NoRoute::UnknownNamespace)?
            }
            _ => self.without_namespace,
        };
        route.ok_or(NoRoute::Disabled)
    }
}

impl Webhooks {
    /// The headers of HTTP requests that some webhook wants to see.
    pub fn http_headers(&self) -> Vec<HeaderName> {
        distinct(self.all.iter().flat_map(|webhook| &webhook.http_headers))
    }

    /// Whether some webhook wants to see this header of connect commands.
    pub fn wants_emulated(&self, name: &str) -> bool {
        self.all.iter().flat_map(|webhook| &webhook.emulated_headers).any(|wanted| wanted == name)
    }
}

fn distinct<'a>(names: impl Iterator<Item = &'a HeaderName>) -> Vec<HeaderName> {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(name) {
            distinct.push(name.clone());
        }
    }
    distinct
}

/// The webhooks, while the configuration is put together: only those that somebody asks are kept.
pub(super) struct Registry {
    named: Vec<(String, NamedProxy)>,
    all: Vec<Webhook>,
}

impl Registry {
    pub(super) fn new(named: Vec<NamedProxy>, check: &mut Check<'_>) -> Self {
        let mut registry = Self { named: Vec::new(), all: Vec::new() };
        for (index, proxy) in named.into_iter().enumerate() {
            let at = format!("proxies[{}]", label(&proxy.name, index));
            if proxy.name.is_empty() || proxy.name == "default" {
                check.wrong(&at, &["name"], "needs a name of its own, by which namespaces choose it");
            }
            if registry.named.iter().any(|(_, other)| other.name == proxy.name) {
                let message = format!("{:?} is the name of two webhooks; rename one", proxy.name);
                check.wrong(&at, &["name"], &message);
            }
            registry.named.push((at, proxy));
        }
        registry
    }

    /// The webhook called `name`, for what `key` of the section `at` says; "default" stands at `default_at`.
    pub(super) fn find(
        &mut self,
        name: &str,
        (default_at, default): (&str, &Proxy),
        (at, key): (&str, &str),
        check: &mut Check<'_>,
    ) -> Option<WebhookId> {
        if matches!(name, "" | "default") {
            return self.add(default_at, default, check);
        }
        let Some((at, named)) = self.named.iter().find(|(_, proxy)| proxy.name == name).cloned() else {
            let message = format!("{name:?} is the name of no webhook; add it to proxies");
            check.wrong(at, &[key], &message);
            return None;
        };
        self.add(&at, &named.proxy, check)
    }

    fn switched(&mut self, at: &str, switched: &SwitchedProxy, check: &mut Check<'_>) -> Option<WebhookId> {
        if switched.enabled { self.add(at, &switched.proxy, check) } else { None }
    }

    /// `None` if it cannot be asked; then `check` knows why.
    pub(super) fn add(&mut self, at: &str, proxy: &Proxy, check: &mut Check<'_>) -> Option<WebhookId> {
        if let Some(known) = self.all.iter().position(|webhook| webhook.at == at) {
            return Some(WebhookId(known));
        }
        self.all.push(resolve::webhook(at, proxy, check)?);
        Some(WebhookId(self.all.len() - 1))
    }

    /// What remains: the webhooks of connections and requests. `introduces` tells whether a plain door asks.
    pub(super) fn finish(
        mut self,
        connect: &SwitchedProxy,
        refresh: &SwitchedProxy,
        rpc: &RpcSettings,
        introduces: bool,
        check: &mut Check<'_>,
    ) -> Webhooks {
        let at = "client.proxy.connect";
        Webhooks {
            connect: self.switched(at, connect, check),
            introduce: if introduces { self.add(at, &connect.proxy, check) } else { None },
            refresh: self.switched("client.proxy.refresh", refresh, check),
            rpc: self.routes(rpc, check),
            all: self.all,
        }
    }

    fn routes(&mut self, rpc: &RpcSettings, check: &mut Check<'_>) -> RpcRoutes {
        let mut route = |options: &RpcOptions, at: &str, check: &mut Check<'_>| {
            let default = ("rpc.proxy", &rpc.proxy);
            if options.proxy_enabled {
                self.find(&options.proxy_name, default, (at, "proxy_name"), check)
            } else {
                None
            }
        };
        let without_namespace = route(&rpc.without_namespace, "rpc.without_namespace", check);
        let mut by_namespace = HashMap::new();
        for (index, namespace) in rpc.namespaces.iter().enumerate() {
            let at = format!("rpc.namespaces[{}]", label(&namespace.name, index));
            let webhook = route(&namespace.options, &at, check);
            if namespace.name.is_empty() || by_namespace.insert(namespace.name.clone(), webhook).is_some() {
                check.wrong(&at, &["name"], "needs a name that no other has");
            }
        }
        let ping = rpc.ping.enabled.then(|| rpc.ping.method.clone());
        RpcRoutes { boundary: rpc.namespace_boundary.clone(), ping, without_namespace, by_namespace }
    }
}

impl ChannelOptions {
    /// Looks up who is asked about the channels of this namespace.
    pub(super) fn find_webhooks(
        &mut self,
        proxies: &ChannelProxies,
        registry: &mut Registry,
        check: &mut Check<'_>,
        at: &str,
    ) {
        let mut find = |enabled: bool, name: &str, default: (&str, &Proxy), key: &str| match enabled {
            true => registry.find(name, default, (at, key), check),
            false => None,
        };
        let default = ("channel.proxy.subscribe", &proxies.subscribe);
        let (enabled, name) = (self.subscribe_proxy_enabled, &self.subscribe_proxy_name);
        self.subscribe_webhook = find(enabled, name, default, "subscribe_proxy_name");
        let default = ("channel.proxy.publish", &proxies.publish);
        let (enabled, name) = (self.publish_proxy_enabled, &self.publish_proxy_name);
        self.publish_webhook = find(enabled, name, default, "publish_proxy_name");
        let default = ("channel.proxy.sub_refresh", &proxies.sub_refresh);
        let (enabled, name) = (self.sub_refresh_proxy_enabled, &self.sub_refresh_proxy_name);
        self.sub_refresh_webhook = find(enabled, name, default, "sub_refresh_proxy_name");
    }
}
