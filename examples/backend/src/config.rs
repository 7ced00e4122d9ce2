//! Everything that can be set, by flags or by the environment.

use std::{
    fmt::{self, Debug, Formatter},
    path::PathBuf,
    time::Duration,
};

use clap::{Args, builder::ArgPredicate};

/// What the backend needs to know. `--dev` brings the keys of `examples/backend/gateway.toml`, which everybody can
/// read; without it each key must be given.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// The SQLite file; made if there is none
    #[arg(long, env = "BACKEND_DATABASE", default_value = "backend.sqlite3")]
    pub database: PathBuf,
    /// Where the gateway's HTTP API is
    #[arg(long, env = "BACKEND_GATEWAY", default_value = "http://127.0.0.1:8000")]
    pub gateway: String,
    /// The gateway's http_api.key
    #[arg(
        long,
        env = "BACKEND_API_KEY",
        hide_env_values = true,
        required = false,
        required_unless_present = "dev"
    )]
    #[arg(default_value_if("dev", ArgPredicate::IsPresent, "the-backend-publishes-with-this"))]
    pub api_key: Secret,
    /// The gateway's client.token.hmac_secret_key, by which tokens are signed
    #[arg(
        long,
        env = "BACKEND_TOKEN_KEY",
        hide_env_values = true,
        required = false,
        required_unless_present = "dev"
    )]
    #[arg(default_value_if("dev", ArgPredicate::IsPresent, "the-examples-sign-their-tokens-with-this"))]
    pub token_key: Secret,
    /// What the gateway's webhooks bring: `Authorization: Bearer KEY`
    #[arg(
        long,
        env = "BACKEND_WEBHOOK_KEY",
        hide_env_values = true,
        required = false,
        required_unless_present = "dev"
    )]
    #[arg(default_value_if("dev", ArgPredicate::IsPresent, "the-gateway-asks-the-backend-with-this"))]
    pub webhook_key: Secret,
    /// The mini-program, for logging in by WeChat
    #[command(flatten)]
    pub wechat: WeChatConfig,
    /// For a first try: everybody may log in by a name, and there are lots, devices and orders to play with
    #[arg(long)]
    pub dev: bool,
}

/// By what WeChat knows the mini-program. Without an app ID nobody logs in by WeChat.
#[derive(Args, Clone, Debug)]
pub struct WeChatConfig {
    /// The AppID of the mini-program
    #[arg(long, env = "BACKEND_WECHAT_APP_ID", requires = "app_secret")]
    pub app_id: Option<String>,
    /// Its AppSecret
    #[arg(long, env = "BACKEND_WECHAT_APP_SECRET", hide_env_values = true, requires = "app_id")]
    pub app_secret: Option<Secret>,
    /// Where WeChat's server is
    #[arg(long, env = "BACKEND_WECHAT_URL", default_value = "https://api.weixin.qq.com")]
    pub wechat_url: String,
    /// How long it may take, in milliseconds
    #[arg(long, env = "BACKEND_WECHAT_TIMEOUT_MS", default_value = "5000", value_parser = milliseconds)]
    pub wechat_timeout: Duration,
}

/// A text that is shown nowhere.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Debug for Secret {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

fn milliseconds(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.parse().map(Duration::from_millis)
}
