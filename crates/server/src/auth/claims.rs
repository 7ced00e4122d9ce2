//! What tokens claim, read into values.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::{Value, value::RawValue};
use suona_protocol::{Channel, Payload, json::is_json};

use super::TokenError;

/// The last second of the year 9999: later times mean the same and leave room to calculate.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// What a connection token says about a client.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionClaims {
    /// The user; empty for an anonymous one.
    pub user: String,
    /// When the connection expires, since the Unix epoch. Past only if the token says so by `expire_at`.
    pub expires_at: Option<Duration>,
    /// What others see of the client: JSON.
    pub info: Option<Payload>,
    /// Server-side subscriptions, sorted by channel, each channel once.
    pub subs: Vec<(Channel, SubscriptionGrant)>,
    /// What only the backend sees of the client: a JSON object.
    pub meta: Option<Payload>,
}

/// What a subscription token says about a client and a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct SubscriptionClaims {
    /// The user who may subscribe; empty for an anonymous one.
    pub user: String,
    /// The channel, never empty.
    pub channel: Channel,
    /// The only connection that may subscribe, if the token names one.
    pub client: Option<String>,
    /// When the subscription expires, since the Unix epoch. Past only if the token says so by `expire_at`.
    pub expires_at: Option<Duration>,
    /// What comes with the subscription.
    pub grant: SubscriptionGrant,
}

/// What a token attaches to one subscription.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SubscriptionGrant {
    /// What others see of the client in this channel: JSON.
    pub info: Option<Payload>,
    /// What the client gets with the reply: JSON, or bytes that only some clients can read.
    pub data: Option<Payload>,
    /// Where the namespace's rules do not apply.
    pub overrides: Overrides,
}

/// Rules of a namespace that hold differently for one subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Overrides {
    /// Whether the client is present in the channel.
    #[serde(deserialize_with = "flag")]
    pub presence: Option<bool>,
    /// Whether others are told that the client joins and leaves.
    #[serde(deserialize_with = "flag")]
    pub join_leave: Option<bool>,
    /// Whether the client is told who joins and leaves.
    #[serde(deserialize_with = "flag")]
    pub force_push_join_leave: Option<bool>,
    /// Whether the subscription is positioned.
    #[serde(deserialize_with = "flag")]
    pub force_positioning: Option<bool>,
    /// Whether the subscription is recoverable.
    #[serde(deserialize_with = "flag")]
    pub force_recovery: Option<bool>,
}

impl ConnectionClaims {
    pub(super) fn read(payload: &[u8], registered: Registered) -> Result<Self, TokenError> {
        #[derive(Deserialize)]
        struct Claims<'a> {
            #[serde(borrow)]
            info: Option<&'a RawValue>,
            b64info: Option<String>,
            channels: Option<Vec<String>>,
            #[serde(borrow)]
            subs: Option<BTreeMap<String, Option<Grant<'a>>>>,
            #[serde(borrow)]
            meta: Option<&'a RawValue>,
            channel: Option<IgnoredAny>,
        }
        let claims: Claims = parse(payload)?;
        if claims.channel.is_some() {
            return Err(TokenError::invalid("it has a `channel`, so it is a subscription token"));
        }
        if claims.meta.is_some_and(|meta| !meta.get().starts_with('{')) {
            return Err(TokenError::invalid("its `meta` is not an object"));
        }
        let mut subs = claims.subs.unwrap_or_default();
        if subs.is_empty() {
            subs = claims.channels.unwrap_or_default().into_iter().map(|channel| (channel, None)).collect();
        }
        Ok(Self {
            user: registered.user,
            expires_at: registered.expires_at,
            info: info(claims.info, claims.b64info.as_deref())?,
            subs: subs
                .into_iter()
                .map(|(channel, grant)| Ok((Channel::new(channel), grant.unwrap_or_default().read()?)))
                .collect::<Result<_, TokenError>>()?,
            meta: claims.meta.map(copy),
        })
    }
}

impl SubscriptionClaims {
    pub(super) fn read(payload: &[u8], registered: Registered) -> Result<Self, TokenError> {
        #[derive(Deserialize)]
        struct Claims {
            channel: Option<String>,
            client: Option<String>,
        }
        let claims: Claims = parse(payload)?;
        let channel = claims.channel.filter(|channel| !channel.is_empty());
        Ok(Self {
            user: registered.user,
            channel: Channel::new(channel.ok_or_else(|| TokenError::invalid("it names no `channel`"))?),
            client: claims.client.filter(|client| !client.is_empty()),
            expires_at: registered.expires_at,
            grant: parse::<Grant>(payload)?.read()?,
        })
    }
}

/// The claims that every kind of token has.
pub(super) struct Registered {
    pub(super) user: String,
    pub(super) audiences: Vec<String>,
    pub(super) issuer: String,
    pub(super) expires_at: Option<Duration>,
    not_before: Option<Duration>,
    not_after: Option<Duration>,
}

impl Registered {
    /// Reads them; the user is found at `user_id_claim` unless that is empty.
    pub(super) fn read(payload: &[u8], user_id_claim: &str) -> Result<Self, TokenError> {
        #[derive(Deserialize)]
        struct Claims {
            sub: Option<String>,
            aud: Option<Audiences>,
            iss: Option<String>,
            exp: Option<f64>,
            nbf: Option<f64>,
            expire_at: Option<f64>,
        }
        let claims: Claims = parse(payload)?;
        Ok(Self {
            user: if user_id_claim.is_empty() {
                claims.sub.unwrap_or_default()
            } else {
                user_at(user_id_claim, payload)?
            },
            audiences: claims.aud.map(Audiences::into_vec).unwrap_or_default(),
            issuer: claims.iss.unwrap_or_default(),
            expires_at: claims.expire_at.or(claims.exp).filter(|at| *at > 0.0).map(since_epoch),
            not_before: claims.nbf.map(since_epoch),
            not_after: claims.exp.map(since_epoch),
        })
    }

    pub(super) fn is_valid_at(&self, now: Duration) -> bool {
        self.not_before.is_none_or(|from| from <= now) && self.not_after.is_none_or(|until| now < until)
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "`aud` must be a string or an array of strings")]
enum Audiences {
    One(String),
    Several(Vec<String>),
}

impl Audiences {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(audience) => vec![audience],
            Self::Several(audiences) => audiences,
        }
    }
}

/// A [`SubscriptionGrant`] as tokens write it.
#[derive(Default, Deserialize)]
struct Grant<'a> {
    #[serde(borrow)]
    info: Option<&'a RawValue>,
    b64info: Option<String>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    b64data: Option<String>,
    #[serde(rename = "override")]
    overrides: Option<Overrides>,
}

impl Grant<'_> {
    fn read(self) -> Result<SubscriptionGrant, TokenError> {
        Ok(SubscriptionGrant {
            info: info(self.info, self.b64info.as_deref())?,
            data: payload(self.data, self.b64data.as_deref())?,
            overrides: self.overrides.unwrap_or_default(),
        })
    }
}

/// Every claim that is a text.
pub(super) fn texts(payload: &[u8]) -> Result<BTreeMap<String, String>, TokenError> {
    let claims: BTreeMap<String, &RawValue> = parse(payload)?;
    let text = |(name, value): (_, &RawValue)| Some((name, serde_json::from_str(value.get()).ok()?));
    Ok(claims.into_iter().filter_map(text).collect())
}

fn parse<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Result<T, TokenError> {
    serde_json::from_slice(payload)
        .map_err(|error| TokenError::invalid(format!("its claims are malformed: {error}")))
}

fn user_at(claim: &str, payload: &[u8]) -> Result<String, TokenError> {
    let claims: Value = parse(payload)?;
    // Names that are URLs have dots of their own.
    let whole = claims.get(claim);
    match whole.or_else(|| claim.split('.').try_fold(&claims, |object, name| object.get(name))) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(user)) => Ok(user.clone()),
        Some(_) => Err(TokenError::invalid("the claim that `user_id_claim` names is not a string")),
    }
}

/// A time as tokens write it: Unix seconds, perhaps with a fraction.
fn since_epoch(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.clamp(0.0, LAST_SECOND))
}

/// What others see of a client. Bytes that are not JSON are left out: they would end up inside the messages of
/// JSON clients, and are no reason to refuse this one.
fn info(raw: Option<&RawValue>, base64: Option<&str>) -> Result<Option<Payload>, TokenError> {
    let info = payload(raw, base64)?;
    Ok(info.filter(|info| {
        let is_json = is_json(info);
        if !is_json {
            tracing::debug!("the b64info of a token is not JSON, so nobody is shown it");
        }
        is_json
    }))
}

/// JSON as it stands in the token, or any bytes in base64, which win.
fn payload(raw: Option<&RawValue>, base64: Option<&str>) -> Result<Option<Payload>, TokenError> {
    match base64 {
        None | Some("") => Ok(raw.map(copy)),
        Some(base64) => {
            let why = |_| TokenError::invalid("its `b64info` or `b64data` is not base64");
            Ok(Some(STANDARD.decode(base64).map_err(why)?.into()))
        }
    }
}

/// Copied, so that a client does not keep its whole token in memory.
fn copy(raw: &RawValue) -> Payload {
    Payload::copy_from_slice(raw.get().as_bytes())
}

/// Reads `{"value": bool}`.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    #[derive(Deserialize)]
    struct Flag {
        #[serde(default)]
        value: bool,
    }
    Ok(Option::<Flag>::deserialize(deserializer)?.map(|flag| flag.value))
}
