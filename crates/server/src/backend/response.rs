//! How the backend's answer is read.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::{error::Category, value::RawValue};
use suona_protocol::{
    Channel, Disconnect, DisconnectCode, ErrorReply, ExcludeNames, Payload, TooManyNames, json::is_json,
};

use super::{Advice, ConnectGrant, Granted, Inquiry, PublishGrant, RefreshGrant, SubscribeGrant};
use crate::{
    auth::{Overrides, SubscriptionGrant},
    broker::{MAX_KEY_LEN, Version},
    clock::since_epoch,
};

/// The answer is none. The text says why, for our log.
#[derive(Debug, thiserror::Error)]
pub(super) enum Rubbish {
    /// Where it goes wrong, and not with what: the values are our user's.
    #[error("{category} at line {line}, column {column}")]
    NotJson { category: &'static str, line: usize, column: usize },
    #[error(
        "its b64data or b64info is not base64, or its b64data not of JSON though the client reads nothing else"
    )]
    NotBase64,
    #[error("its error has no code")]
    NoCode,
    #[error("its idempotency_key or version_epoch is longer than {MAX_KEY_LEN} bytes")]
    LongKey,
    #[error(transparent)]
    TooManyNames(#[from] TooManyNames),
}

impl From<serde_json::Error> for Rubbish {
    fn from(error: serde_json::Error) -> Self {
        let category = match error.classify() {
            Category::Syntax => "it is no JSON",
            Category::Data => "a member has a wrong type",
            Category::Eof | Category::Io => "its JSON breaks off",
        };
        Self::NotJson { category, line: error.line(), column: error.column() }
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    error: Option<Refusal>,
    disconnect: Option<End>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    code: u32,
    #[serde(default, deserialize_with = "lenient")]
    message: String,
    #[serde(default, deserialize_with = "lenient")]
    temporary: bool,
}

#[derive(Deserialize)]
struct End {
    #[serde(default)]
    code: u32,
    #[serde(default, deserialize_with = "lenient")]
    reason: String,
}

/// Reads the answer to `inquiry`; for clients that read JSON only, every payload must be JSON. The end of the
/// connection wins over an error, and that over a result.
pub(super) fn read(inquiry: &Inquiry, body: &Bytes, json_only: bool) -> Result<Advice, Rubbish> {
    let Envelope { result, error, disconnect } = serde_json::from_slice(body)?;
    if let Some(End { code, reason }) = disconnect {
        return Ok(Advice::Disconnect(match code {
            3000..5000 => Disconnect::custom(code, &reason),
            // No close frame may carry any other code.
            _ => DisconnectCode::ForceDisconnect.into(),
        }));
    }
    match error {
        Some(Refusal { code: 0, .. }) => Err(Rubbish::NoCode),
        Some(Refusal { code, message, temporary }) => {
            let message = if message.is_empty() { "refused".to_owned() } else { message };
            Ok(Advice::Refused(ErrorReply { code, message, temporary }))
        }
        None => granted(inquiry, result.map(RawValue::get), json_only).map(Advice::Granted),
    }
}

fn granted(inquiry: &Inquiry, result: Option<&str>, json_only: bool) -> Result<Granted, Rubbish> {
    let json = result.unwrap_or("{}");
    Ok(match inquiry {
        Inquiry::Connect(_) => Granted::Connect(match result {
            Some(json) => Some(Box::new(serde_json::from_str::<Connect>(json)?.read(json_only)?)),
            None => None,
        }),
        Inquiry::Subscribe { .. } => {
            Granted::Subscribe(Box::new(serde_json::from_str::<Subscribe>(json)?.read(json_only)?))
        }
        Inquiry::Publish { .. } => Granted::Publish(serde_json::from_str::<Publish>(json)?.read()?),
        Inquiry::Rpc { .. } => {
            let Rpc { data, b64data } = serde_json::from_str(json)?;
            Granted::Rpc(payload(data, &b64data, json_only)?)
        }
        Inquiry::Refresh => Granted::Refresh(refreshed(result)?),
        Inquiry::SubRefresh(_) => Granted::SubRefresh(refreshed(result)?),
    })
}

/// No result at all means that it expired.
fn refreshed(result: Option<&str>) -> Result<RefreshGrant, Rubbish> {
    let Some(json) = result else { return Ok(RefreshGrant { expired: true, ..RefreshGrant::default() }) };
    let Refresh { expired, expire_at, info, b64info, meta } = serde_json::from_str(json)?;
    Ok(RefreshGrant {
        expired,
        expires_at: since_epoch(expire_at),
        info: shown(info, &b64info)?,
        meta: meta.map(copy),
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Connect<'a> {
    #[serde(deserialize_with = "lenient")]
    user: String,
    #[serde(deserialize_with = "lenient")]
    expire_at: i64,
    #[serde(borrow)]
    info: Option<&'a RawValue>,
    #[serde(deserialize_with = "lenient")]
    b64info: String,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(deserialize_with = "lenient")]
    b64data: String,
    #[serde(deserialize_with = "lenient")]
    channels: Vec<String>,
    #[serde(borrow, deserialize_with = "lenient")]
    subs: BTreeMap<String, Option<Subscribe<'a>>>,
    #[serde(borrow)]
    meta: Option<&'a RawValue>,
}

impl Connect<'_> {
    fn read(self, json_only: bool) -> Result<ConnectGrant, Rubbish> {
        let mut subs = BTreeMap::new();
        subs.extend(self.channels.into_iter().map(|channel| (channel, SubscribeGrant::default())));
        for (channel, sub) in self.subs {
            subs.insert(channel, sub.unwrap_or_default().read(json_only)?);
        }
        Ok(ConnectGrant {
            user: self.user,
            expires_at: since_epoch(self.expire_at),
            info: shown(self.info, &self.b64info)?,
            data: payload(self.data, &self.b64data, json_only)?,
            subs: subs.into_iter().map(|(channel, grant)| (Channel::new(channel), grant)).collect(),
            meta: self.meta.map(copy),
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Subscribe<'a> {
    #[serde(deserialize_with = "lenient")]
    expire_at: i64,
    #[serde(borrow)]
    info: Option<&'a RawValue>,
    #[serde(deserialize_with = "lenient")]
    b64info: String,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(deserialize_with = "lenient")]
    b64data: String,
    #[serde(rename = "override", deserialize_with = "lenient")]
    overrides: Overrides,
    #[serde(deserialize_with = "lenient")]
    cache_recover: bool,
}

impl Subscribe<'_> {
    fn read(self, json_only: bool) -> Result<SubscribeGrant, Rubbish> {
        let grant = SubscriptionGrant {
            info: shown(self.info, &self.b64info)?,
            data: payload(self.data, &self.b64data, json_only)?,
            overrides: self.overrides,
        };
        let expires_at = since_epoch(self.expire_at);
        Ok(SubscribeGrant { grant, expires_at, cache_recover: self.cache_recover })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Publish<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(deserialize_with = "lenient")]
    b64data: String,
    #[serde(deserialize_with = "lenient")]
    skip_history: bool,
    #[serde(deserialize_with = "lenient")]
    tags: BTreeMap<String, String>,
    #[serde(deserialize_with = "lenient")]
    idempotency_key: String,
    /// 0 means none.
    #[serde(deserialize_with = "lenient")]
    version: u64,
    #[serde(deserialize_with = "lenient")]
    version_epoch: String,
    #[serde(deserialize_with = "lenient")]
    exclude: ExcludeNames,
    #[serde(deserialize_with = "lenient")]
    delta: bool,
}

impl Publish<'_> {
    /// What kind of payload the channel takes is not known here.
    fn read(self) -> Result<PublishGrant, Rubbish> {
        if self.idempotency_key.len().max(self.version_epoch.len()) > MAX_KEY_LEN {
            return Err(Rubbish::LongKey);
        }
        let epoch = self.version_epoch.into();
        Ok(PublishGrant {
            data: payload(self.data, &self.b64data, false)?,
            skip_history: self.skip_history,
            tags: self.tags.into_iter().collect(),
            idempotency_key: Some(self.idempotency_key).filter(|key| !key.is_empty()),
            version: (self.version > 0).then_some(Version { number: self.version, epoch }),
            exclude: self.exclude.read()?,
            delta: self.delta,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rpc<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(deserialize_with = "lenient")]
    b64data: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Refresh<'a> {
    #[serde(deserialize_with = "lenient")]
    expired: bool,
    #[serde(deserialize_with = "lenient")]
    expire_at: i64,
    #[serde(borrow)]
    info: Option<&'a RawValue>,
    #[serde(deserialize_with = "lenient")]
    b64info: String,
    #[serde(borrow)]
    meta: Option<&'a RawValue>,
}

/// `null` is how many languages write what is not there.
fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// What others see of the client. They may read JSON only, so bytes that are none are left out.
fn shown(raw: Option<&RawValue>, base64: &str) -> Result<Option<Payload>, Rubbish> {
    Ok(payload(raw, base64, false)?.filter(|info| is_json(info)))
}

/// JSON as it stands in the answer, or bytes in base64, which win. Copied, so that the answer can go.
fn payload(raw: Option<&RawValue>, base64: &str, must_be_json: bool) -> Result<Option<Payload>, Rubbish> {
    if base64.is_empty() {
        return Ok(raw.map(copy));
    }
    let bytes = STANDARD.decode(base64).ok();
    let bytes = bytes.filter(|bytes| !must_be_json || is_json(bytes));
    bytes.map(|bytes| Some(bytes.into())).ok_or(Rubbish::NotBase64)
}

fn copy(raw: &RawValue) -> Payload {
    Payload::copy_from_slice(raw.get().as_bytes())
}
