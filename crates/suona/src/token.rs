//! `suona token`: makes a token for a client, or looks into one.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::{Args, Subcommand};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Map, Value, json};
use suona_server::{
    auth::Verifier,
    config::{self, Config, parse_duration, show_duration},
};

use crate::{Outcome, config_args::ConfigArgs};

/// Makes a token for a client, signed with the secret of the configuration, or looks into one.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Token {
    #[command(subcommand)]
    action: Option<Action>,
    /// The user; "" for an anonymous one
    #[arg(short, long, required = true)]
    user: Option<String>,
    /// Make a token for subscribing to this channel, instead of one for connecting
    #[arg(long)]
    channel: Option<String>,
    /// How long the token is good; 0 for ever
    #[arg(long, default_value = "1h", value_parser = duration)]
    ttl: Duration,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Subcommand)]
enum Action {
    /// Show what a token says, and with a configuration whether it is good
    Inspect {
        /// The token
        token: String,
        #[command(flatten)]
        config: ConfigArgs,
    },
}

/// A token cannot be made, or not be read.
#[derive(Debug, thiserror::Error)]
enum TokenTrouble {
    #[error("there is no secret to sign with; set {0}.hmac_secret_key, or name the file that has it with -c")]
    NoSecret(&'static str),
    #[error("the token cannot be signed: {0}")]
    Unsigned(#[from] jsonwebtoken::errors::Error),
    #[error("this is no token; it has three parts with dots between them: header.payload.signature")]
    NoToken,
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "write a number with its unit, like \"90s\" or \"1h\"".to_owned())
}

impl Token {
    pub(crate) fn run(self) -> Outcome {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let (said, code) = match self.action {
            Some(Action::Inspect { token, config }) => {
                let config = config.config.is_some().then(|| config.load()).transpose()?;
                inspect(&token, config.as_ref(), now)?
            }
            None => {
                let config = self.config.load()?;
                let user = self.user.as_deref().unwrap_or_default();
                (mint(&config, user, self.channel.as_deref(), self.ttl, now)?, ExitCode::SUCCESS)
            }
        };
        writeln!(io::stdout(), "{said}")?;
        Ok(code)
    }
}

fn mint(
    config: &Config,
    user: &str,
    channel: Option<&str>,
    ttl: Duration,
    now: Duration,
) -> Result<String, TokenTrouble> {
    let (token, at) = match channel {
        Some(_) if config.client.subscription_token.enabled => {
            (config.client.subscription_tokens(), "client.subscription_token")
        }
        _ => (&config.client.token, "client.token"),
    };
    if token.hmac_secret_key.is_empty() {
        return Err(TokenTrouble::NoSecret(at));
    }
    let claims = claims(token, user, channel, ttl, now);
    let key = EncodingKey::from_secret(token.hmac_secret_key.expose().as_bytes());
    Ok(jsonwebtoken::encode(&Header::default(), &claims, &key)?)
}

fn claims(
    token: &config::Token,
    user: &str,
    channel: Option<&str>,
    ttl: Duration,
    now: Duration,
) -> Map<String, Value> {
    let mut claims = Map::new();
    let mut claim = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
    claim("iat", json!(now.as_secs()));
    if !ttl.is_zero() {
        claim("exp", json!((now + ttl).as_secs()));
    }
    if let Some(channel) = channel {
        claim("channel", json!(channel));
    }
    for (name, value) in [("aud", &token.audience), ("iss", &token.issuer)] {
        if !value.is_empty() {
            claim(name, json!(value));
        }
    }
    let (name, rest) = match token.user_id_claim.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None if token.user_id_claim.is_empty() => ("sub", None),
        None => (token.user_id_claim.as_str(), None),
    };
    let nested = rest.into_iter().flat_map(|rest| rest.rsplit('.'));
    claim(name, nested.fold(json!(user), |inner, name| json!({ name: inner })));
    claims
}

/// What a token says; with a configuration also whether it is good, which the exit code tells too.
fn inspect(token: &str, config: Option<&Config>, now: Duration) -> Result<(String, ExitCode), TokenTrouble> {
    let mut parts = token.trim().split('.').map(|part| {
        let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
        serde_json::from_slice::<Value>(&bytes).ok()
    });
    let (Some(Some(header)), Some(Some(claims)), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(TokenTrouble::NoToken);
    };
    let mut said = format!("header {header:#}\nclaims {claims:#}");
    for (name, past, future) in [("exp", "expired", "expires"), ("nbf", "good since", "good only")] {
        if let Some(at) = claims[name].as_u64() {
            said.push_str(&match at.checked_sub(now.as_secs()) {
                Some(left) => format!("\n{future} in {}", show_duration(Duration::from_secs(left))),
                None => format!("\n{past} {} ago", show_duration(Duration::from_secs(now.as_secs() - at))),
            });
        }
    }
    let Some(config) = config else {
        said.push_str("\nnot verified; name the configuration with -c to know whether it is good");
        return Ok((said, ExitCode::SUCCESS));
    };
    let verdict = if claims["channel"].is_string() {
        verify(config.client.subscription_tokens(), |verifier| {
            verifier.verify_subscription(token, now).map(drop)
        })
    } else {
        verify(&config.client.token, |verifier| verifier.verify_connection(token, now).map(drop))
    };
    match verdict {
        Ok(()) => said.push_str("\ngood: this gateway would take it"),
        Err(reason) => {
            said.push_str(&format!("\nnot good: {reason}"));
            return Ok((said, ExitCode::FAILURE));
        }
    }
    Ok((said, ExitCode::SUCCESS))
}

fn verify<E: ToString>(
    token: &config::Token,
    check: impl Fn(&Verifier) -> Result<(), E>,
) -> Result<(), String> {
    let verifier = Verifier::new(&token.options()).map_err(|error| error.to_string())?;
    if verifier.fetches() {
        return Err("its key is published, and only a gateway that runs fetches those".to_owned());
    }
    check(&verifier).map_err(|error| error.to_string())
}
