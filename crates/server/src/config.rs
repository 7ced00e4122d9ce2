//! What the operator wrote, in files, environment and flags, made into what the gateway needs.
//!
//! Start reading at [`Sources::read`]: it stops at no mistake, so that all of them are told at once.

mod channel;
mod check;
mod client;
mod danger;
mod duration;
mod environment;
mod events;
mod format;
mod identity;
mod known;
mod node;
mod plain;
mod problem;
mod proxy;
mod rate_limit;
mod schema;
mod secret;
mod server;
mod settings;
mod show;
mod streams;
mod template;
#[cfg(test)]
mod tests;
mod value;
mod webhooks;

use std::path::Path;

pub use channel::{ChannelOptions, ChannelSettings, DataFormat, Namespace, Namespaces, RecoveryMode};
pub use client::{ClientOptions, SubscriptionToken, Token};
pub use duration::{parse_duration, show_duration};
pub use events::{EventHttp, EventOptions, EventSettings};
pub use identity::PersonalChannel;
pub use node::Origin;
pub use plain::{Frames, Heartbeat, Identify, IdentifySettings, PlainDoor, PlainRpc, PlainSettings};
pub use problem::{Problem, Severity};
pub use proxy::{
    ChannelProxies, ClientProxies, NamedProxy, Proxy, ProxyHttp, RpcNamespace, RpcOptions, RpcSettings,
    StaticHeaders, StatusTransform, SwitchedProxy, ToDisconnect, ToError,
};
pub use rate_limit::{AddressLimit, BucketSettings, Buckets, CommandLimit, RateLimit};
pub use secret::{Secret, SecretUrl};
pub use server::{
    ErrorMode, Health, HttpApi, HttpServer, Log, LogLevel, NodeInfo, Prometheus, Shutdown, Tls, WebSocket,
};
pub use settings::{Config, Settings};
pub use streams::{Emulation, HttpStream, Sse};
pub use template::{NoTemplate, Template, Unfilled};
pub use webhooks::{NoRoute, RpcRoutes, Transform, Webhook, WebhookId, Webhooks};

use node::{Node, Value};

/// Where a configuration comes from. Each source wins over those above it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sources<'a> {
    /// Whether to begin with what makes a first try easy, and nothing safe.
    pub dev: bool,
    /// A file in TOML, JSON or YAML.
    pub file: Option<&'a Path>,
    /// Environment variables: all of them, names and values.
    pub environment: &'a [(String, String)],
    /// Flags of the command line: the flag's name, the dotted key, the value.
    pub flags: &'a [(&'static str, &'a str, String)],
}

/// A configuration as far as it could be read, and everything that is wrong with it.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Every key with its value.
    pub settings: Settings,
    /// What the gateway would run with.
    pub config: Config,
    /// What is wrong, in the order of the places.
    pub problems: Vec<Problem>,
}

/// The configuration cannot be used; every reason on a line of its own.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", lines(.0))]
pub struct Unusable(pub Vec<Problem>);

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

impl Sources<'_> {
    /// Reads all sources.
    pub fn read(&self) -> Reading {
        let mut problems = Vec::new();
        let mut tree = Node::empty();
        if self.dev {
            tree.merge(dev());
        }
        if let Some(file) = self.file {
            match read_file(file) {
                Ok(node) => tree.merge(node),
                Err(problem) => problems.push(problem),
            }
        }
        environment::overlay(&mut tree, self.environment, &mut problems);
        for (flag, key, value) in self.flags {
            let node = Node { value: Value::Text(value.clone()), origin: Origin::Flag(flag) };
            tree.set(&key.split('.').collect::<Vec<_>>(), node);
        }
        let mut settings = Settings::default();
        schema::read_section(&mut settings, &tree, "", &mut problems);
        let config = settings.clone().resolve(&tree, &mut problems);
        problems.sort_by(|a, b| a.origin.cmp(&b.origin));
        Reading { settings, config, problems }
    }
}

impl Reading {
    /// The configuration with the warnings about it, if it may be used.
    ///
    /// `lenient` lets keys pass that the gateway does not serve.
    pub fn accept(self, lenient: bool) -> Result<(Config, Vec<Problem>), Unusable> {
        let (errors, warnings): (Vec<_>, Vec<_>) =
            self.problems.into_iter().partition(|problem| problem.is_error(lenient));
        if errors.is_empty() { Ok((self.config, warnings)) } else { Err(Unusable(errors)) }
    }
}

impl Problem {
    /// Whether it keeps the gateway from starting.
    pub fn is_error(&self, lenient: bool) -> bool {
        match self.severity {
            Severity::Wrong => true,
            Severity::Unserved => !lenient,
            Severity::Notice => false,
        }
    }
}

fn read_file(file: &Path) -> Result<Node, Problem> {
    let place = || Origin::File(file.display().to_string().into(), None);
    match std::fs::read_to_string(file) {
        Ok(text) => Node::parse(file, text.trim_start_matches('\u{feff}')),
        Err(error) => Err(Problem::wrong(place(), "", &format!("cannot be read: {error}"))),
    }
}

/// What `--dev` begins with: everything is open, and channels without a namespace can do everything.
fn dev() -> Node {
    Node::from_json(
        serde_json::json!({
            "client": { "insecure": true, "allowed_origins": ["*"] },
            "http_api": { "insecure": true },
            "prometheus": { "enabled": true },
            "channel": { "without_namespace": {
                "presence": true,
                "join_leave": true,
                "force_push_join_leave": true,
                "history_size": 100,
                "history_ttl": "300s",
                "force_recovery": true,
            } },
        }),
        &Origin::Dev,
    )
}

/// The configuration that `toml` makes, for tests. It must be right.
#[cfg(test)]
pub(crate) fn config_of(toml: &str) -> Config {
    let mut problems = Vec::new();
    let tree = Node::parse(Path::new("test.toml"), toml).expect("the test's TOML is valid");
    let mut settings = Settings::default();
    schema::read_section(&mut settings, &tree, "", &mut problems);
    let config = settings.resolve(&tree, &mut problems);
    assert!(problems.is_empty(), "{}", lines(&problems));
    config
}
