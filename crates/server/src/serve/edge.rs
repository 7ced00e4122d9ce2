//! What the edge is told: how it is set up, and where it gives what it is done with.

use std::{net::SocketAddr, sync::Arc};

use super::{StartError, doors::Doors, emulation::Listeners};
use crate::{
    backend::Backend,
    broker::{Broker, MemoryBroker},
    config::Config,
    http::{EdgeOptions, HandOver, Hooks, Ready, TlsFiles, Upgraded},
    hub::{Shard, ShardId},
    io::{Handover, ShardSender},
    session::Rules,
};

pub(super) fn options(config: &Config) -> Result<EdgeOptions, StartError> {
    let server = &config.http_server;
    let address = |key: &'static str, value: &str, port: u16| {
        let ip = if value.is_empty() { Ok([0; 4].into()) } else { value.parse() };
        let ip = ip.map_err(|_| StartError::Address { key, value: value.to_owned() })?;
        Ok::<_, StartError>(SocketAddr::new(ip, port))
    };
    let internal =
        if server.internal_address.is_empty() { &server.address } else { &server.internal_address };
    let internal_address =
        server.internal_port.map(|port| address("internal_address", internal, port)).transpose()?;
    let tls = server
        .tls
        .enabled
        .then(|| TlsFiles { certificate: server.tls.cert_pem.clone(), key: server.tls.key_pem.clone() });
    Ok(EdgeOptions {
        internal_address,
        allowed_origins: config.client.allowed_origins.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
        proxy_protocol: config.proxy_protocol,
        tls,
        connection_limit: config.client.connection_limit,
        connection_rate_limit: u32::try_from(config.client.connection_rate_limit).unwrap_or(u32::MAX),
        address_limit: config.client.rate_limit.ip_connect.most(),
        address_rate_limit: config.client.rate_limit.ip_connect.limit(),
        health: config.health.enabled.then(|| config.health.handler_prefix.clone()),
        metrics: config.prometheus.enabled.then(|| config.prometheus.handler_prefix.clone()),
        api: config.http_api.handler_prefix.clone(),
        kept_headers: config.webhooks.http_headers(),
        emulation: Doors::emulation(config),
        user_header: config.client.user_header.clone(),
        deflate: config.websocket.compression,
        ..EdgeOptions::new(address("address", &server.address, server.port)?, Doors::paths(config))
    })
}

pub(super) fn hooks(
    rules: &Arc<Rules>,
    shards: &[ShardSender<Shard>],
    broker: Arc<MemoryBroker>,
    backend: Arc<Backend>,
) -> Hooks {
    Hooks {
        hand_over: hand_over(Doors::new(rules.clone()), shards.to_vec()),
        emulate: Listeners::new(rules.node.clone(), shards).emulate(),
        ready: ready(broker, backend),
    }
}

/// Gives each upgraded connection to the shard that has the fewest.
fn hand_over(doors: Doors, shards: Vec<ShardSender<Shard>>) -> HandOver {
    Box::new(move |upgraded: Upgraded| {
        let Upgraded { stream, read_ahead, request } = upgraded;
        let numbered = shards.iter().zip(0..);
        let (shard, number) =
            numbered.min_by_key(|(shard, _)| shard.connections()).expect("there is a shard");
        let deflate = request.deflate;
        let opening = doors.open(request, ShardId(number));
        let max_message = doors.max_message(&opening.door);
        shard.hand_over(Handover { stream, read_ahead, opening, max_message, deflate });
    })
}

fn ready(broker: Arc<MemoryBroker>, backend: Arc<Backend>) -> Ready {
    Box::new(move || match broker.is_ready() {
        true => backend.ready(),
        false => Err("the broker cannot be reached".to_owned()),
    })
}
