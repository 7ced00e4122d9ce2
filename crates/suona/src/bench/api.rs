//! Publishes through the HTTP API, many at once.

use std::net::SocketAddr;

use serde_json::{Value, json};
use suona_server::config::Secret;

use super::BenchTrouble;

/// The API of a gateway, and what to publish there.
pub(super) struct Api {
    client: reqwest::Client,
    url: String,
    key: Option<Secret>,
    publish: Value,
}

impl Api {
    /// Will publish `size` bytes of JSON in `channel`.
    pub(super) fn new(address: SocketAddr, key: Option<&Secret>, channel: &str, size: u32) -> Self {
        // It fails only if there is one already, and then that one serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // The quotes count.
        let data = "x".repeat(size as usize - 2);
        Self {
            client: reqwest::Client::new(),
            url: format!("http://{address}/api/batch"),
            key: key.cloned(),
            publish: json!({ "publish": { "channel": channel, "data": data } }),
        }
    }

    /// Publishes so many at once, in one request.
    pub(super) async fn publish(&self, count: u64) -> Result<(), BenchTrouble> {
        let commands = vec![&self.publish; usize::try_from(count).unwrap_or(usize::MAX)];
        let mut call = self.client.post(&self.url).json(&json!({ "commands": commands }));
        if let Some(key) = &self.key {
            call = call.header("X-API-Key", key.expose());
        }
        let trouble = |error: reqwest::Error| BenchTrouble::Publish(error.without_url().to_string());
        let answer = call.send().await.and_then(reqwest::Response::error_for_status).map_err(trouble)?;
        let answer: Value = answer.json().await.map_err(trouble)?;
        let replies = answer["replies"].as_array().map_or(&[][..], Vec::as_slice);
        match replies.iter().find(|reply| reply.get("publish").is_none()) {
            Some(refused) => Err(BenchTrouble::Publish(refused.to_string())),
            None if replies.len() as u64 == count => Ok(()),
            None => Err(BenchTrouble::Publish("this API knows no batch".to_owned())),
        }
    }
}
