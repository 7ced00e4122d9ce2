//! `suona publish`: one message through the HTTP API of a running gateway, or as one of its clients.

use std::{
    error::Error,
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Args;
use reqwest::StatusCode;
use serde_json::{Value, json};
use suona_server::config::Secret;

use crate::{
    Outcome,
    client::{ClientArgs, ClientTrouble, USUAL_URL},
    config_args::ConfigArgs,
};

/// Publishes one message.
#[derive(Args)]
pub(crate) struct Publish {
    /// The channel
    channel: String,
    /// The message: JSON, or any other text, which is sent as a JSON string
    data: String,
    /// Where the gateway's API listens [default: http://127.0.0.1:8000], or with --ws, where its clients connect
    /// [default: ws://127.0.0.1:8000/connection/websocket]
    #[arg(long)]
    url: Option<String>,
    /// The API key; otherwise that of the configuration, or of SUONA_HTTP_API_KEY
    #[arg(long)]
    key: Option<String>,
    /// Publish as a client over WebSocket, with its token and its rights
    #[arg(long, conflicts_with_all = ["key", "config"])]
    ws: bool,
    #[command(flatten)]
    client: ClientArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

/// The message was not published.
#[derive(Debug, thiserror::Error)]
enum PublishTrouble {
    #[error("no gateway answers at {url}: {reason}; start one, or name another with --url")]
    NoAnswer { url: String, reason: String },
    #[error("the gateway refused the key; give the right one with --key, -c or SUONA_HTTP_API_KEY")]
    Refused,
    #[error("what answers at {url} is no Suona API (HTTP status {status}); name another with --url")]
    NoApi { url: String, status: StatusCode },
    #[error("not published: {message} (error {code})")]
    Answered { code: u64, message: String },
}

impl Publish {
    pub(crate) fn run(self) -> Outcome {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let data = serde_json::from_str(&self.data).unwrap_or(Value::String(self.data));
        if self.ws {
            let url = self.url.as_deref().unwrap_or(USUAL_URL);
            runtime.block_on(publish(&self.client, url, &self.channel, &data))?;
            writeln!(io::stdout(), "published in {}", self.channel)?;
            return Ok(ExitCode::SUCCESS);
        }
        let api = self.config.load()?.http_api;
        let key = self.key.map_or(api.key, Secret::new);
        let request = json!({ "channel": self.channel, "data": data });
        let url = self.url.as_deref().unwrap_or("http://127.0.0.1:8000");
        let url = format!("{}{}/publish", url.trim_end_matches('/'), api.handler_prefix);
        let result = runtime.block_on(call(&url, &key, &request))?;
        writeln!(io::stdout(), "{}", told(&self.channel, &result))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Publishes as a client.
async fn publish(client: &ClientArgs, url: &str, channel: &str, data: &Value) -> Result<(), ClientTrouble> {
    let suona = client.connect(url).await?;
    suona.publish(channel, data).await.map_err(ClientTrouble::NotPublished)?;
    suona.close().await;
    Ok(())
}

async fn call(url: &str, key: &Secret, request: &Value) -> Result<Value, PublishTrouble> {
    // It fails only if there is one already, and then that one serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let unreachable = |error: reqwest::Error| {
        let mut cause: &dyn Error = &error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        PublishTrouble::NoAnswer { url: url.to_owned(), reason: cause.to_string() }
    };
    let client = reqwest::Client::builder().build().map_err(unreachable)?;
    let mut call = client.post(url).json(request);
    if !key.is_empty() {
        call = call.header("X-API-Key", key.expose());
    }
    let answer = call.send().await.map_err(unreachable)?;
    let status = answer.status();
    if status == StatusCode::UNAUTHORIZED {
        return Err(PublishTrouble::Refused);
    }
    let no_api = || PublishTrouble::NoApi { url: url.to_owned(), status };
    let mut answer: Value = answer.json().await.map_err(|_| no_api())?;
    if let Some(error) = answer.get("error") {
        let message = error["message"].as_str().unwrap_or("no reason given").to_owned();
        return Err(PublishTrouble::Answered { code: error["code"].as_u64().unwrap_or_default(), message });
    }
    answer.get_mut("result").map(Value::take).ok_or_else(no_api)
}

fn told(channel: &str, result: &Value) -> String {
    match result["offset"].as_u64() {
        Some(offset) => format!("published in {channel} at offset {offset}"),
        None => format!("published in {channel}, which keeps no history"),
    }
}
