//! Keys of Centrifugo v6 that files carry and this gateway does not serve.

/// What becomes of such a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// A feature that is missing here: starting without it would be a surprise.
    NotYet,
    /// A detail of another implementation, or a saving that we do without: named, and passed over.
    Ignored(&'static str),
}

use Fate::{Ignored, NotYet};

const NO_BUFFERS: Fate = Ignored("idle connections own no buffer");
const ONE_NODE: Fate = Ignored("presence lives in this process and needs no refreshing");
const NO_TIMES: Fate = Ignored("publications carry no time; what is lost is found by its position");

/// The keys, or the sections with all that is in them. `channel.*` stands for the options of every namespace,
/// `client.*` for both kinds of tokens, `client.rate_limit.*` for whatever is limited, `proxy.*` for every webhook.
const KEYS: &[(&str, Fate)] = &[
    ("admin", NotYet),
    ("broker", NotYet),
    ("channel.*.map", NotYet),
    ("channel.*.map_clients_presence_channel_prefix", NotYet),
    ("channel.*.map_users_presence_channel_prefix", NotYet),
    ("channel.*.shared_poll", NotYet),
    ("channel.*.subscribe_stream_proxy_bidirectional", NotYet),
    ("channel.*.subscribe_stream_proxy_enabled", NotYet),
    ("channel.*.subscribe_stream_proxy_name", NotYet),
    ("channel.*.subscription_type", NotYet),
    ("channel.proxy.subscribe_stream", NotYet),
    (
        "client.*.insecure_skip_jwks_endpoint_safety_check",
        Ignored("an endpoint is one URL here, and no template"),
    ),
    ("client.channel_position_max_time_lag", NO_TIMES),
    ("client.concurrency", Ignored("commands of one channel run in order, calls side by side")),
    ("client.connect_code_to_unidirectional_disconnect", NotYet),
    ("client.presence_update_interval", ONE_NODE),
    ("client.rate_limit.*.connect", NotYet),
    ("client.rate_limit.*.default", NotYet),
    ("client.rate_limit.*.dry_run", NotYet),
    ("client.rate_limit.*.history", NotYet),
    ("client.rate_limit.*.max_tracked_ips", Ignored("131072 addresses are known at a time")),
    ("client.rate_limit.*.presence", NotYet),
    ("client.rate_limit.*.presence_stats", NotYet),
    ("client.rate_limit.*.publish", NotYet),
    ("client.rate_limit.*.refresh", NotYet),
    ("client.rate_limit.*.rpc", NotYet),
    ("client.rate_limit.*.sub_refresh", NotYet),
    ("client.rate_limit.*.subscribe", NotYet),
    ("client.rate_limit.client_error", NotYet),
    ("client.rate_limit.redis_user_command", NotYet),
    ("consumers", NotYet),
    ("debug", NotYet),
    ("dev", Ignored("start with --dev instead")),
    ("enable_unreleased_features", Ignored("there are none")),
    ("engine", NotYet),
    ("graphite", NotYet),
    ("grpc_api", NotYet),
    ("http_api.external", NotYet),
    ("http_server.h2c_external", NotYet),
    ("http_server.http3", NotYet),
    ("http_server.internal_tls", NotYet),
    ("http_server.tls.client_ca_pem", NotYet),
    ("http_server.tls.insecure_skip_verify", Ignored("a server verifies no server")),
    ("http_server.tls.server_ca_pem", Ignored("a server verifies no server")),
    ("http_server.tls.server_name", Ignored("a server verifies no server")),
    ("http_server.tls_autocert", NotYet),
    ("http_server.tls_external", NotYet),
    ("init", NotYet),
    ("log.file", NotYet),
    ("map_broker", NotYet),
    ("node.info_metrics_aggregate_interval", Ignored("metrics are counted when they are asked for")),
    ("opentelemetry", NotYet),
    ("pid_file", NotYet),
    ("presence_manager", NotYet),
    ("prometheus.instrument_http_handlers", NotYet),
    ("proxy.*.grpc", NotYet),
    ("proxy.*.grpc_metadata", NotYet),
    ("proxy.*.http.tls", NotYet),
    ("shared_poll", NotYet),
    ("swagger", NotYet),
    ("uni_grpc", NotYet),
    ("uni_http_stream", NotYet),
    ("uni_sse", NotYet),
    ("uni_websocket", NotYet),
    ("usage_stats", Ignored("no usage is reported to anybody")),
    (
        "websocket.decompressed_message_size_limit",
        Ignored("what is compressed may hold as much as any message, websocket.message_size_limit"),
    ),
    ("websocket.read_buffer_size", NO_BUFFERS),
    ("websocket.use_write_buffer_pool", NO_BUFFERS),
    ("websocket.write_buffer_size", NO_BUFFERS),
    ("websocket.write_timeout", Ignored("a slow client is known by client.queue_max_size")),
    ("webtransport", NotYet),
];

/// What becomes of the key at `path`, if it is one of these.
pub(super) fn fate(path: &str) -> Option<Fate> {
    let path = general(path);
    KEYS.iter()
        .find(|(key, _)| path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
        .map(|(_, fate)| *fate)
}

/// What becomes of an environment variable of this name, prefix removed.
pub(super) fn fate_of_variable(name: &str) -> Option<Fate> {
    let name = name.to_lowercase();
    let stands_for = |key: &str| {
        let key = key.replace('.', "_");
        match key.split_once('*') {
            // A namespace's name is anybody's guess here: any name will do.
            Some((before, after)) => name.starts_with(before) && name.ends_with(after),
            None => name.strip_prefix(&key).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')),
        }
    };
    KEYS.iter().find(|(key, _)| stands_for(key)).map(|(_, fate)| *fate)
}

/// The path with the name of its namespace, or kind of token, taken out.
fn general(path: &str) -> String {
    let mut steps: Vec<&str> = path.split('.').collect();
    let wild = match steps.as_slice() {
        ["channel", namespace, _, ..] => {
            namespace.starts_with("namespaces[") || *namespace == "without_namespace"
        }
        ["client", token, _, ..] => matches!(*token, "token" | "subscription_token"),
        _ => false,
    };
    if wild {
        steps[1] = "*";
    }
    if let ["client", "rate_limit", limited @ ("client_command" | "user_command" | "ip_connect"), _, ..] =
        steps.as_mut_slice()
    {
        *limited = "*";
    }
    let of_webhook = match steps.as_slice() {
        ["client" | "channel", "proxy", kind, ..] if *kind != "subscribe_stream" => Some(3),
        ["rpc", "proxy", ..] => Some(2),
        [first, ..] if first.starts_with("proxies[") => Some(1),
        _ => None,
    };
    match of_webhook.filter(|begin| *begin < steps.len()) {
        Some(begin) => format!("proxy.*.{}", steps[begin..].join(".")),
        None => steps.join("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_wherever_they_may_stand() {
        assert_eq!(fate("engine.redis.address"), Some(NotYet));
        assert_eq!(fate("channel.namespaces[chat].subscription_type"), Some(NotYet));
        assert!(matches!(
            fate("client.subscription_token.insecure_skip_jwks_endpoint_safety_check"),
            Some(Ignored(_))
        ));
        assert_eq!(fate("client.proxy.connect.grpc.tls"), Some(NotYet));
        assert_eq!(fate("proxies[rpc1].http.tls.enabled"), Some(NotYet));
        assert_eq!(fate("rpc.proxy.grpc_metadata"), Some(NotYet));
        assert_eq!(fate("channel.proxy.subscribe_stream.endpoint"), Some(NotYet));
        for key in [
            "client_command.default",
            "client_command.publish.buckets",
            "user_command.rpc",
            "ip_connect.dry_run",
        ] {
            assert_eq!(fate(&format!("client.rate_limit.{key}")), Some(NotYet), "{key}");
        }
        assert_eq!(fate("client.rate_limit.client_error.enabled"), Some(NotYet));
        assert!(matches!(fate("client.rate_limit.ip_connect.max_tracked_ips"), Some(Ignored(_))));
        assert_eq!(fate("client.rate_limit.client_command.totals"), None);
        assert_eq!(fate("engineer"), None);
        assert_eq!(fate("client.engine"), None);
    }

    #[test]
    fn variables_are_found_too() {
        assert_eq!(fate_of_variable("ENGINE_REDIS_ADDRESS"), Some(NotYet));
        assert_eq!(fate_of_variable("CHANNEL_NAMESPACES_CHAT_SUBSCRIPTION_TYPE"), Some(NotYet));
        assert_eq!(fate_of_variable("ENGINEER"), None);
    }
}
