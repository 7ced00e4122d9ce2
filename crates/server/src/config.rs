//! Configuration.
#![allow(missing_docs)]
use crate::broker::Retention;
use regex::Regex;
use std::{collections::HashMap, time::Duration};
use suona_protocol::{Channel, Content};
#[derive(Clone, Debug)]
pub struct Config {
    pub client: ClientOptions,
    pub channels: Namespaces,
}
#[derive(Clone, Debug)]
pub struct ClientOptions {
    pub insecure: bool,
    pub allow_anonymous_connect_without_token: bool,
    pub disallow_anonymous_connection_tokens: bool,
    pub ping_interval: Duration,
    pub pong_timeout: Duration,
    pub stale_close_delay: Duration,
    pub expired_close_delay: Duration,
    pub expired_sub_close_delay: Duration,
    pub channel_limit: usize,
    pub queue_max_size: usize,
    pub user_connection_limit: usize,
    pub history_max_publication_limit: usize,
    pub recovery_max_publication_limit: usize,
    pub connect_include_server_time: bool,
}
impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            insecure: false,
            allow_anonymous_connect_without_token: false,
            disallow_anonymous_connection_tokens: false,
            ping_interval: Duration::from_secs(25),
            pong_timeout: Duration::from_secs(8),
            stale_close_delay: Duration::from_secs(10),
            expired_close_delay: Duration::from_secs(25),
            expired_sub_close_delay: Duration::from_secs(25),
            channel_limit: 128,
            queue_max_size: 1 << 20,
            user_connection_limit: 0,
            history_max_publication_limit: 300,
            recovery_max_publication_limit: 300,
            connect_include_server_time: false,
        }
    }
}
#[derive(Clone, Debug)]
pub struct ChannelOptions {
    pub presence: bool,
    pub join_leave: bool,
    pub force_push_join_leave: bool,
    pub force_positioning: bool,
    pub allow_positioning: bool,
    pub force_recovery: bool,
    pub allow_recovery: bool,
    pub allow_subscribe_for_client: bool,
    pub allow_subscribe_for_anonymous: bool,
    pub allow_publish_for_client: bool,
    pub allow_publish_for_subscriber: bool,
    pub allow_publish_for_anonymous: bool,
    pub allow_presence_for_client: bool,
    pub allow_presence_for_subscriber: bool,
    pub allow_presence_for_anonymous: bool,
    pub allow_history_for_client: bool,
    pub allow_history_for_subscriber: bool,
    pub allow_history_for_anonymous: bool,
    pub allow_user_limited_channels: bool,
    pub channel_regex: Option<Regex>,
    pub publication_data_format: DataFormat,
    pub retention: Retention,
    pub content: Content,
}
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DataFormat {
    #[default]
    NotEmpty,
    Json,
    JsonObject,
    Binary,
}
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct X;
#[derive(Clone, Debug)]
pub struct Namespaces {
    pub max_length: usize,
    pub private_prefix: String,
    pub namespace_boundary: String,
    pub user_boundary: String,
    pub user_separator: String,
    without_namespace: ChannelOptions,
    by_name: HashMap<String, ChannelOptions>,
}
impl Namespaces {
    pub fn get(&self, channel: &Channel) -> Option<&ChannelOptions> {
        match self.split(channel) {
            ("", _) => Some(&self.without_namespace),
            (n, _) => self.by_name.get(n),
        }
    }
    pub fn split<'a>(&self, channel: &'a Channel) -> (&'a str, &'a str) {
        let name = channel.strip_prefix("$").unwrap_or(channel);
        name.split_once(":").unwrap_or(("", name))
    }
}
#[cfg(test)]
pub(crate) fn config_of(_toml: &str) -> Config {
    unimplemented!()
}
