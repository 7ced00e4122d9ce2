//! Gateways of the Centrifuge protocol: Suona and Centrifugo, which have the same keys.

use std::{net::SocketAddr, path::Path, process::Command, sync::Arc};

use super::{Certificate, Process, Running, secret};
use crate::{
    Door, Plan, Trouble,
    crowd::Publishing,
    wire::{self, Wire},
};

/// The keys by which they let clients in who recover, publish and ask, and announce no joins. Histories hold what
/// a storm misses.
const KEYS: [(&str, &str); 7] = [
    ("CLIENT_CHANNEL_LIMIT", "10000"),
    ("CHANNEL_WITHOUT_NAMESPACE_ALLOW_SUBSCRIBE_FOR_CLIENT", "true"),
    ("CHANNEL_WITHOUT_NAMESPACE_ALLOW_PUBLISH_FOR_CLIENT", "true"),
    ("CHANNEL_WITHOUT_NAMESPACE_HISTORY_SIZE", "100"),
    ("CHANNEL_WITHOUT_NAMESPACE_HISTORY_TTL", "300s"),
    ("CHANNEL_WITHOUT_NAMESPACE_ALLOW_RECOVERY", "true"),
    ("RPC_WITHOUT_NAMESPACE_PROXY_ENABLED", "true"),
];

/// What clients of a gateway speak.
pub(super) fn wire(door: Door, secret: Option<String>) -> Box<dyn Wire> {
    match door {
        Door::Json => Box::new(wire::Json { secret }),
        Door::Protobuf => Box::new(wire::Protobuf { secret }),
        Door::Plain => Box::new(wire::Plain),
    }
}

pub(super) fn suona(
    exe: &Path,
    plan: &Plan,
    port: u16,
    backend: SocketAddr,
    certificate: Option<Certificate>,
) -> Result<Running, Trouble> {
    let secrets = Secrets::random();
    let process = Process::start("Suona", exe, plan.pin, |command| {
        if let Some(certificate) = &certificate {
            command
                .env("SUONA_HTTP_SERVER_TLS_ENABLED", "true")
                .env("SUONA_HTTP_SERVER_TLS_CERT_PEM", certificate.chain())
                .env("SUONA_HTTP_SERVER_TLS_KEY_PEM", certificate.key());
        }
        configure(command, "SUONA", plan, backend, &secrets)
            .env("SUONA_PLAIN", wire::Plain::door())
            .args(["serve", "--address", "127.0.0.1", "--port"])
            .arg(port.to_string())
    })?;
    let publishing = Publishing::Batch(Some(secrets.key));
    let mut running = process.running(publishing, wire(plan.door, Some(secrets.token)), plan.compress);
    running.entrance.tls = certificate.as_ref().map(|certificate| Arc::clone(&certificate.clients));
    running._certificate = certificate;
    Ok(running)
}

pub(super) fn centrifugo(
    exe: &Path,
    plan: &Plan,
    port: u16,
    backend: SocketAddr,
) -> Result<Running, Trouble> {
    let secrets = Secrets::random();
    let process = Process::start_at("Centrifugo", exe, plan.pin, port, |command, address| {
        configure(command, "CENTRIFUGO", plan, backend, &secrets)
            .env("CENTRIFUGO_HTTP_SERVER_ADDRESS", address.ip().to_string())
            .env("CENTRIFUGO_HTTP_SERVER_PORT", address.port().to_string())
            .env("CENTRIFUGO_LOG_LEVEL", "error")
    })?;
    let publishing = Publishing::Batch(Some(secrets.key));
    Ok(process.running(publishing, wire(plan.door, Some(secrets.token)), plan.compress))
}

/// What those have to know who publish, and who sign tokens.
struct Secrets {
    key: String,
    token: String,
}

impl Secrets {
    fn random() -> Self {
        Self { key: secret(), token: secret() }
    }
}

fn configure<'c>(
    command: &'c mut Command,
    prefix: &str,
    plan: &Plan,
    backend: SocketAddr,
    secrets: &Secrets,
) -> &'c mut Command {
    for (key, value) in KEYS {
        command.env(format!("{prefix}_{key}"), value);
    }
    command
        .env(format!("{prefix}_WEBSOCKET_COMPRESSION"), plan.compress.to_string())
        .env(format!("{prefix}_RPC_PROXY_ENDPOINT"), format!("http://{backend}/rpc"))
        .env(format!("{prefix}_CLIENT_TOKEN_HMAC_SECRET_KEY"), &secrets.token)
        .env(format!("{prefix}_HTTP_API_KEY"), &secrets.key)
}
