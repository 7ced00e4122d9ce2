//! The section `channel`: namespaces and what is allowed in them.

use std::{collections::HashMap, time::Duration};

use regex::Regex;
use suona_protocol::{Channel, Content, json};

use super::{
    check::Check,
    node::label,
    proxy::ChannelProxies,
    rate_limit::Buckets,
    schema::section,
    value::choice,
    webhooks::{Registry, WebhookId},
};
use crate::{broker::Retention, limits::Limit};

section! {
    /// Channels and their namespaces, as written.
    pub struct ChannelSettings {
        /// The rules of channels that have no namespace.
        without_namespace: ChannelOptions = ChannelOptions::default(),
        /// The rules of channels whose name begins with that of a namespace and `:`.
        namespaces: Vec<Namespace> = Vec::new(),
        /// How long a stream's position outlives its last use; namespaces may say otherwise.
        history_meta_ttl: Duration = Duration::from_secs(720 * 3600),
        /// What may be published; namespaces may say otherwise.
        publication_data_format: DataFormat = DataFormat::NotEmpty,
        /// The longest name that a client may subscribe to, in bytes.
        max_length: usize = 255,
        /// What the names of channels begin with that need a token; none if empty.
        private_prefix: String = "$".to_owned(),
        /// What ends the namespace in a channel's name.
        namespace_boundary: String = ":".to_owned(),
        /// What begins the list of users in a channel's name.
        user_boundary: String = "#".to_owned(),
        /// What separates the users in that list.
        user_separator: String = ",".to_owned(),
        /// What the backend is asked about channels, in namespaces that enable it.
        proxy: ChannelProxies = ChannelProxies::default(),
    }
}

section! {
    /// A namespace and its rules.
    pub struct Namespace {
        /// Its name: at least two letters, digits, `-`, `_` or `.`.
        name: String = String::new(),
    }
    flatten {
        /// Its rules.
        options: ChannelOptions,
    }
}

section! {
    /// The rules of a namespace.
    pub struct ChannelOptions {
        /// Whether it is known who is in a channel.
        presence: bool = false,
        /// Whether coming and going is told to subscribers that ask for it.
        join_leave: bool = false,
        /// Whether coming and going is told to all subscribers.
        force_push_join_leave: bool = false,
        /// How many publications a channel keeps; 0 for none.
        history_size: usize = 0,
        /// How long after the last publication they are kept.
        history_ttl: Duration = Duration::ZERO,
        /// How long a channel's position outlives its last use; as in all namespaces if 0.
        history_meta_ttl: Duration = Duration::ZERO,
        /// Whether all subscribers learn their position in the stream.
        force_positioning: bool = false,
        /// Whether subscribers that ask for it do.
        allow_positioning: bool = false,
        /// Whether all subscribers get what they missed.
        force_recovery: bool = false,
        /// Whether subscribers that ask for it do.
        allow_recovery: bool = false,
        /// What was missed: every publication ("stream"), or only the latest ("cache").
        force_recovery_mode: RecoveryMode = RecoveryMode::Default,
        /// Whether every subscription brings the latest publication, asked for or not; needs force_recovery and
        /// the recovery mode "cache".
        auto_cache_recover: bool = false,
        /// Whether every user may subscribe.
        allow_subscribe_for_client: bool = false,
        /// Whether "every user" includes the anonymous one, here and below.
        allow_subscribe_for_anonymous: bool = false,
        /// Whether every user may publish.
        allow_publish_for_client: bool = false,
        /// Whether every subscriber may publish.
        allow_publish_for_subscriber: bool = false,
        /// Whether that includes the anonymous user.
        allow_publish_for_anonymous: bool = false,
        /// Whether every user may ask who is present.
        allow_presence_for_client: bool = false,
        /// Whether every subscriber may ask who is present.
        allow_presence_for_subscriber: bool = false,
        /// Whether that includes the anonymous user.
        allow_presence_for_anonymous: bool = false,
        /// Whether every user may read the history.
        allow_history_for_client: bool = false,
        /// Whether every subscriber may read the history.
        allow_history_for_subscriber: bool = false,
        /// Whether that includes the anonymous user.
        allow_history_for_anonymous: bool = false,
        /// Whether channels may end in `#` and the users who may subscribe.
        allow_user_limited_channels: bool = false,
        /// What the name after the namespace must match; any ASCII name if empty.
        channel_regex: Option<Regex> = None,
        /// What may be published: "json", "json_object", "binary", or, if empty, anything but nothing.
        publication_data_format: DataFormat = DataFormat::NotEmpty,
        /// How many commands about these channels a connection may send, instead of what
        /// `client.rate_limit.client_command` allows it; that if not enabled.
        rate_limit: Buckets = Buckets::default(),
        /// Whether subscribers that ask for it get only what has changed since the publication before, which
        /// needs history. Otherwise only for publications with `delta`.
        delta_publish: bool = false,
        /// Which formats of such differences they may ask for: "fossil", or none.
        allowed_delta_types: Vec<DeltaType> = Vec::new(),
        /// Whether subscribers may filter publications by their tags.
        allow_tags_filter: bool = false,
        /// How much time lies at least between two publications that a subscriber gets; of those between it
        /// gets the latest. Everything if 0.
        conflate: Duration = Duration::ZERO,
        /// Whether the backend is asked who may subscribe; the options above do not permit it then.
        subscribe_proxy_enabled: bool = false,
        /// Which webhook is asked.
        subscribe_proxy_name: String = "default".to_owned(),
        /// Whether the backend is asked who may publish; the options above do not permit it then.
        publish_proxy_enabled: bool = false,
        /// Which webhook is asked.
        publish_proxy_name: String = "default".to_owned(),
        /// Whether the backend is asked when a subscription expires; clients do not refresh it then.
        sub_refresh_proxy_enabled: bool = false,
        /// Which webhook is asked.
        sub_refresh_proxy_name: String = "default".to_owned(),
    }
    derived {
        /// Who is asked about subscribing.
        subscribe_webhook: Option<WebhookId> = None,
        /// Who is asked about publishing.
        publish_webhook: Option<WebhookId> = None,
        /// Who is asked when a subscription expires.
        sub_refresh_webhook: Option<WebhookId> = None,
        /// How many commands about them a connection may send, and the number of this limit among others.
        command_limit: Option<(usize, Limit)> = None,
        /// How streams are kept, by the history options.
        retention: Retention = Retention { size: 0, ttl: Duration::ZERO, meta_ttl: Duration::ZERO },
        /// What kind of payload it takes, by the data format.
        content: Content = Content::Json,
    }
}

choice! {
    /// What a subscriber that missed something gets.
    pub enum RecoveryMode {
        /// Every publication.
        Default = "",
        /// Every publication.
        Stream = "stream",
        /// Only the latest publication.
        Cache = "cache",
    }
}

choice! {
    /// A format of differences between publications.
    pub enum DeltaType {
        /// That of the Fossil version control system.
        Fossil = "fossil",
    }
}

choice! {
    /// What may be published.
    pub enum DataFormat {
        /// Any JSON.
        NotEmpty = "",
        /// Any JSON.
        Json = "json",
        /// A JSON object.
        JsonObject = "json_object",
        /// Any bytes.
        Binary = "binary",
    }
}

/// The namespaces, found by the name of a channel.
#[derive(Clone, Debug)]
pub struct Namespaces {
    /// The longest name that a client may subscribe to, in bytes.
    pub max_length: usize,
    /// What the names of channels begin with that need a token; none if empty.
    pub private_prefix: String,
    /// What ends the namespace in a channel's name.
    pub namespace_boundary: String,
    /// What begins the list of users in a channel's name.
    pub user_boundary: String,
    /// What separates the users in that list.
    pub user_separator: String,
    without_namespace: ChannelOptions,
    by_name: HashMap<String, ChannelOptions>,
}

impl Namespaces {
    /// The rules of `channel`; `None` if its namespace is unknown.
    pub fn get(&self, channel: &Channel) -> Option<&ChannelOptions> {
        match self.split(channel) {
            ("", _) => Some(&self.without_namespace),
            (namespace, _) => self.by_name.get(namespace),
        }
    }

    /// The namespace of `channel`, empty if it has none, and what follows it.
    pub fn split<'a>(&self, channel: &'a Channel) -> (&'a str, &'a str) {
        let name = match self.private_prefix.as_str() {
            "" => channel.as_str(),
            prefix => channel.strip_prefix(prefix).unwrap_or(channel),
        };
        name.split_once(self.namespace_boundary.as_str()).unwrap_or(("", name))
    }

    /// All rules with their namespace, "" for channels without one.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ChannelOptions)> {
        let named = self.by_name.iter().map(|(name, options)| (name.as_str(), options));
        std::iter::once(("", &self.without_namespace)).chain(named)
    }
}

impl ChannelSettings {
    pub(super) fn resolve(mut self, registry: &mut Registry, check: &mut Check<'_>) -> Namespaces {
        for (key, boundary) in [
            ("namespace_boundary", &self.namespace_boundary),
            ("user_boundary", &self.user_boundary),
            ("user_separator", &self.user_separator),
        ] {
            if boundary.is_empty() {
                check.wrong("channel", &[key], "must not be empty; remove it for the default");
            }
        }
        let defaults = (self.history_meta_ttl, self.publication_data_format);
        let at = "channel.without_namespace";
        self.without_namespace.find_webhooks(&self.proxy, registry, check, at);
        self.without_namespace.find_limit(0);
        let without_namespace = self.without_namespace.resolve(defaults, check, at);
        let mut by_name = HashMap::with_capacity(self.namespaces.len());
        for (index, Namespace { name, mut options }) in self.namespaces.into_iter().enumerate() {
            let is_taken = by_name.contains_key(&name);
            let label = if is_taken { index.to_string() } else { label(&name, index) };
            let at = format!("channel.namespaces[{label}]");
            if is_taken {
                check.wrong(&at, &["name"], &format!("{name:?} is the name of two namespaces; rename one"));
            }
            if !is_namespace(&name) {
                let message =
                    format!("{name:?} is no name; use at least two letters, digits, '-', '_' or '.'");
                check.wrong(&at, &["name"], &message);
            }
            options.find_webhooks(&self.proxy, registry, check, &at);
            options.find_limit(index + 1);
            by_name.insert(name, options.resolve(defaults, check, &at));
        }
        Namespaces {
            max_length: self.max_length,
            private_prefix: self.private_prefix,
            namespace_boundary: self.namespace_boundary,
            user_boundary: self.user_boundary,
            user_separator: self.user_separator,
            without_namespace,
            by_name,
        }
    }
}

/// Whether a namespace may be called so.
fn is_namespace(name: &str) -> bool {
    name.len() >= 2 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

impl ChannelOptions {
    /// Whether subscribers may ask for fossil deltas.
    pub fn allows_fossil(&self) -> bool {
        self.allowed_delta_types.contains(&DeltaType::Fossil)
    }

    /// Whether `data` may be published: something, and of the right format. What `is_json` already is not
    /// parsed again.
    pub fn accepts(&self, data: &[u8], is_json: bool) -> bool {
        let is_json = || is_json || json::is_json(data);
        match self.publication_data_format {
            DataFormat::Binary => !data.is_empty(),
            DataFormat::NotEmpty | DataFormat::Json => !data.is_empty() && is_json(),
            DataFormat::JsonObject => data.trim_ascii_start().starts_with(b"{") && is_json(),
        }
    }

    fn resolve(mut self, defaults: (Duration, DataFormat), check: &mut Check<'_>, at: &str) -> Self {
        if self.history_meta_ttl.is_zero() {
            self.history_meta_ttl = defaults.0;
        }
        if self.publication_data_format == DataFormat::NotEmpty {
            self.publication_data_format = defaults.1;
        }
        self.check(check, at);
        self.retention =
            Retention { size: self.history_size, ttl: self.history_ttl, meta_ttl: self.history_meta_ttl };
        if self.publication_data_format == DataFormat::Binary {
            self.content = Content::Binary;
        }
        self
    }

    fn find_limit(&mut self, number: usize) {
        self.command_limit = Some((number, self.rate_limit.limit())).filter(|(_, limit)| !limit.is_none());
    }

    fn check(&self, check: &mut Check<'_>, at: &str) {
        self.rate_limit.check(check, &format!("{at}.rate_limit"));
        let keeps = self.history_size > 0 && !self.history_ttl.is_zero();
        if self.history_size > 0 && !keeps {
            let message = "needs history_ttl beside it, such as \"300s\"; history has both or neither";
            check.wrong(at, &["history_size", "history_ttl"], message);
        }
        if !self.history_ttl.is_zero() && !keeps {
            let message = "needs history_size beside it, such as 100; history has both or neither";
            check.wrong(at, &["history_ttl", "history_size"], message);
        }
        if self.auto_cache_recover
            && !(self.force_recovery && self.force_recovery_mode == RecoveryMode::Cache)
        {
            let message = "needs force_recovery, and \"cache\" as force_recovery_mode";
            check.wrong(at, &["auto_cache_recover", "force_recovery", "force_recovery_mode"], message);
        }
        if !self.conflate.is_zero() && self.delta_publish {
            let message = "leaves out what a delta is based on; remove delta_publish or conflate";
            check.wrong(at, &["conflate", "delta_publish"], message);
        }
        if !self.conflate.is_zero() && self.allows_fossil() {
            let message = "leaves out what a delta is based on; remove allowed_delta_types or conflate";
            check.wrong(at, &["conflate", "allowed_delta_types"], message);
        }
        if self.history_meta_ttl < self.history_ttl {
            let message = "is longer than history_meta_ttl; the position must outlive the publications";
            check.wrong(at, &["history_ttl", "history_meta_ttl"], message);
        }
        if self.force_recovery && !keeps {
            let message = "needs history to recover from; set history_size and history_ttl";
            check.wrong(at, &["force_recovery", "history_size", "history_ttl"], message);
        }
    }
}
