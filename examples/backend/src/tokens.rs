//! Connection tokens: what the gateway believes, because we signed it.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::{
    config::Secret,
    request::{Caller, device_user},
};

/// How long a token opens connections, in seconds. A connection that is open lives on as long as the refresh
/// webhook says.
pub(crate) const LIFETIME: i64 = 3600;

/// Signs and reads tokens.
pub(crate) struct Tokens {
    signing: EncodingKey,
    reading: DecodingKey,
}

#[derive(Deserialize, Serialize)]
struct Claims {
    sub: String,
    /// Seconds since 1970.
    exp: i64,
    /// By this claim a plain door knows which device it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    serial_no: Option<String>,
}

/// A token, as it goes to the client.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Issued {
    pub(crate) token: String,
    pub(crate) user: String,
    /// Milliseconds since 1970.
    pub(crate) expires_at: i64,
}

impl Tokens {
    pub(crate) fn new(key: &Secret) -> Self {
        let key = key.expose().as_bytes();
        Self { signing: EncodingKey::from_secret(key), reading: DecodingKey::from_secret(key) }
    }

    /// A token for that user, good for [`LIFETIME`] from `now` in milliseconds.
    pub(crate) fn issue(&self, caller: Caller, now: i64) -> jsonwebtoken::errors::Result<Issued> {
        let exp = now / 1000 + LIFETIME;
        let (user, serial_no) = match caller {
            Caller::Device(serial) => (device_user(&serial), Some(serial)),
            Caller::Person(name) => (name, None),
            Caller::Nobody => (String::new(), None),
        };
        let claims = Claims { sub: user.clone(), exp, serial_no };
        let token = jsonwebtoken::encode(&Header::default(), &claims, &self.signing)?;
        Ok(Issued { token, user, expires_at: exp * 1000 })
    }

    /// Whose token that is, and when it ends in seconds since 1970; `None` if it is not ours or has ended.
    pub(crate) fn read(&self, token: &str) -> Option<(String, i64)> {
        let validation = Validation::new(Algorithm::HS256);
        let claims = jsonwebtoken::decode::<Claims>(token, &self.reading, &validation).ok()?.claims;
        (!claims.sub.is_empty()).then_some((claims.sub, claims.exp))
    }
}
