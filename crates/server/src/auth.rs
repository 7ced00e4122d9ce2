//! Who a client is, proved by a JWT that the backend signed.
//!
//! The signature is checked before anything that the token says is believed, its times included: a forged
//! token that is expired as well is forged.

mod claims;
mod jwks;
mod keys;
#[cfg(test)]
pub(crate) mod published;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::BTreeMap, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use regex::Regex;
use serde::{Deserialize, de::IgnoredAny};

use crate::{broker::Answer, config::SecretUrl};
use claims::Registered;
pub use claims::{ConnectionClaims, Overrides, SubscriptionClaims, SubscriptionGrant};
use jwks::Jwks;
pub use keys::KeyError;
use keys::Keys;

/// Longer tokens are refused unread; the default limit of a whole client message.
const MAX_TOKEN_LEN: usize = 65_536;

/// Which tokens to believe.
#[derive(Default)]
pub struct TokenOptions {
    /// Verifies HS256, HS384 and HS512; empty for none.
    pub hmac_secret: String,
    /// The secret before the last change, still believed; empty for none.
    pub hmac_previous_secret: String,
    /// Until when the previous secret is believed, since the Unix epoch; for good if absent.
    pub hmac_previous_valid_until: Option<Duration>,
    /// Verifies RS256, RS384 and RS512: PEM, at least 2048 bits; empty for none.
    pub rsa_public_key: String,
    /// Verifies ES256 or ES384, as its curve says: PEM, P-256 or P-384; empty for none.
    pub ecdsa_public_key: String,
    /// Where the keys are published that verify, by their `kid`: those above are not looked at then. Empty for
    /// nowhere.
    pub jwks_endpoint: SecretUrl,
    /// Whether every signature is believed; for trying things out only.
    pub skip_signature: bool,
    /// Who the token must be for; anyone if absent. One fitting `aud` of several is enough.
    pub audience: Option<Pattern>,
    /// Who the token must be from; anyone if absent.
    pub issuer: Option<Pattern>,
    /// The claim that holds the user instead of `sub`; dots lead into objects. Empty for `sub`.
    pub user_id_claim: String,
}

/// What a claim must look like.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// Just this.
    Exact(String),
    /// Anything in which this finds something: without `^` and `$` a part is enough.
    Regex(Regex),
}

impl Pattern {
    fn fits(&self, claim: &str) -> bool {
        match self {
            Self::Exact(expected) => expected == claim,
            Self::Regex(regex) => regex.is_match(claim),
        }
    }
}

/// A token was not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is forged, malformed or meant for somebody else; why is for our log only.
    #[error("the token is invalid: {0}")]
    Invalid(Cow<'static, str>),
    /// It was good once, or will be.
    #[error("the token is expired or not valid yet")]
    Expired,
}

impl TokenError {
    fn invalid(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid(why.into())
    }
}

/// Which commands a token comes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// `connect` and `refresh`.
    Connection,
    /// `subscribe` and `sub_refresh`.
    Subscription,
}

/// Believes tokens that were signed with the right key, and reads their claims. Clones share their keys.
#[derive(Clone)]
pub struct Verifier {
    keys: Source,
    audience: Option<Pattern>,
    issuer: Option<Pattern>,
    user_id_claim: String,
}

/// Where keys come from.
#[derive(Clone)]
enum Source {
    /// No signature is looked at.
    Credulous,
    Configured(Arc<Keys>),
    Published(Arc<Jwks>),
}

impl Source {
    fn of(options: &TokenOptions) -> Result<Self, KeyError> {
        Ok(match options {
            TokenOptions { skip_signature: true, .. } => Self::Credulous,
            options if options.jwks_endpoint.is_empty() => Self::Configured(Arc::new(Keys::new(options)?)),
            options => Self::Published(Arc::new(Jwks::new(options.jwks_endpoint.clone()))),
        })
    }
}

impl Verifier {
    /// Prepares the keys. Without any, every token is invalid.
    pub fn new(options: &TokenOptions) -> Result<Self, KeyError> {
        Ok(Self {
            keys: Source::of(options)?,
            audience: options.audience.clone(),
            issuer: options.issuer.clone(),
            user_id_claim: options.user_id_claim.clone(),
        })
    }

    /// Whether keys come from an endpoint, and have to be fetched.
    pub fn fetches(&self) -> bool {
        matches!(self.keys, Source::Published(_))
    }

    /// Fetches published keys from now on, if that is where they come from; must be called within a tokio
    /// runtime. Until then every token with such a key is invalid.
    pub fn start_fetching(&self, client: &reqwest::Client) {
        if let Source::Published(jwks) = &self.keys {
            jwks.start(client.clone());
        }
    }

    /// Whether the key of this token may be published, but is not known yet: see [`fetch_keys`](Self::fetch_keys).
    pub fn lacks_key(&self, token: &str) -> bool {
        match &self.keys {
            Source::Published(jwks) => jwks::key_id(token).is_some_and(|id| !jwks.knows(&id)),
            Source::Configured(_) | Source::Credulous => false,
        }
    }

    /// Answers once the published keys have been fetched anew; a token whose key is still unknown then is
    /// invalid. If they cannot be had, the question is dropped.
    pub fn fetch_keys(&self, answer: Answer<()>) {
        if let Source::Published(jwks) = &self.keys {
            jwks.fetch(answer);
        }
    }

    /// Verifies the token of a `connect` or `refresh`; `now` counts from the Unix epoch.
    pub fn verify_connection(&self, token: &str, now: Duration) -> Result<ConnectionClaims, TokenError> {
        let payload = self.verify_signature(token, now)?;
        let registered = self.check(&payload, now)?;
        ConnectionClaims::read(&payload, registered)
    }

    /// Verifies a token like [`verify_connection`](Self::verify_connection), and reads all its claims that are
    /// texts besides, the application's own among them.
    pub fn verify_with_texts(
        &self,
        token: &str,
        now: Duration,
    ) -> Result<(ConnectionClaims, BTreeMap<String, String>), TokenError> {
        let payload = self.verify_signature(token, now)?;
        let registered = self.check(&payload, now)?;
        Ok((ConnectionClaims::read(&payload, registered)?, claims::texts(&payload)?))
    }

    /// Verifies the token of a `subscribe` or `sub_refresh`; `now` counts from the Unix epoch.
    ///
    /// That user, channel and client are those who ask is for the caller to check.
    pub fn verify_subscription(&self, token: &str, now: Duration) -> Result<SubscriptionClaims, TokenError> {
        let payload = self.verify_signature(token, now)?;
        let registered = self.check(&payload, now)?;
        SubscriptionClaims::read(&payload, registered)
    }

    /// The payload of `token`, if one of our keys signed it.
    fn verify_signature(&self, token: &str, now: Duration) -> Result<Vec<u8>, TokenError> {
        if token.len() > MAX_TOKEN_LEN {
            return Err(TokenError::invalid("it is longer than 64 KiB"));
        }
        let (message, signature) = token.rsplit_once('.').unwrap_or_default();
        let (header, payload) = message.split_once('.').unwrap_or_default();
        let header = decode(header)?;
        let header = serde_json::from_slice::<Header>(&header)
            .map_err(|_| TokenError::invalid("its header is no JOSE header"))?;
        if header.crit.is_some() {
            return Err(TokenError::invalid("its header asks for an extension by `crit`"));
        }
        match &self.keys {
            Source::Credulous => {}
            Source::Configured(keys) => keys.verify(&header.alg, message, signature, now)?,
            Source::Published(jwks) => jwks.verify(token, &header.alg, message, signature)?,
        }
        decode(payload)
    }

    /// The claims that every kind of token has, if they let it pass now.
    fn check(&self, payload: &[u8], now: Duration) -> Result<Registered, TokenError> {
        let registered = Registered::read(payload, &self.user_id_claim)?;
        if self
            .audience
            .as_ref()
            .is_some_and(|audience| !registered.audiences.iter().any(|aud| audience.fits(aud)))
        {
            return Err(TokenError::invalid("its `aud` is not the audience that the configuration names"));
        }
        if self.issuer.as_ref().is_some_and(|issuer| !issuer.fits(&registered.issuer)) {
            return Err(TokenError::invalid("its `iss` is not the issuer that the configuration names"));
        }
        if !registered.is_valid_at(now) {
            return Err(TokenError::Expired);
        }
        Ok(registered)
    }
}

/// What we read of a token's first part; `typ` and `kid` say nothing that we need.
#[derive(Deserialize)]
struct Header {
    alg: String,
    crit: Option<IgnoredAny>,
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    if part.is_empty() {
        return Err(TokenError::invalid("it is not of the form `header.payload.signature`"));
    }
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| TokenError::invalid("a part of it is not base64url without padding"))
}
