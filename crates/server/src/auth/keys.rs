//! The keys that verify tokens, each for its own family of algorithms only.

mod secret;

use std::time::Duration;

use jsonwebtoken::{
    Algorithm, DecodingKey,
    crypto::{self, rust_crypto::DEFAULT_PROVIDER},
};

use super::{TokenError, TokenOptions, decode};
use secret::Secret;

/// RFC 7518 §3.3 forbids shorter ones.
pub(super) const MIN_RSA_BITS: usize = 2048;

/// A configured key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not the public half of an RSA key.
    #[error(
        "rsa_public_key is not an RSA public key in PEM form; it begins with `-----BEGIN PUBLIC KEY-----`"
    )]
    NotRsa,
    /// An RSA key that can be broken.
    #[error("rsa_public_key has {0} bits; use a key of {MIN_RSA_BITS} bits or more")]
    WeakRsa(usize),
    /// Not the public half of a key on a curve that we know; P-521 (ES512) is not among them.
    #[error(
        "ecdsa_public_key is not a public key on P-256 (ES256) or P-384 (ES384) in PEM form; \
             it begins with `-----BEGIN PUBLIC KEY-----`, and ES512 is not supported"
    )]
    NotEcdsa,
}

/// The keys, ready for use.
pub(super) struct Keys {
    hmac: Option<Secret>,
    hmac_previous: Option<(Secret, Option<Duration>)>,
    rsa: Option<DecodingKey>,
    /// A curve goes with one algorithm.
    ecdsa: Option<(Algorithm, DecodingKey)>,
}

/// One of them.
enum Key<'a> {
    Secret(&'a Secret),
    Public(&'a DecodingKey),
}

impl Key<'_> {
    fn signed(&self, algorithm: Algorithm, message: &str, signature: &str) -> bool {
        match self {
            Self::Secret(secret) => {
                decode(signature).is_ok_and(|signature| secret.signed(algorithm, message, &signature))
            }
            Self::Public(key) => {
                matches!(crypto::verify(signature, message.as_bytes(), key, algorithm), Ok(true))
            }
        }
    }
}

impl Keys {
    pub(super) fn new(options: &TokenOptions) -> Result<Self, KeyError> {
        let secret = |secret: &str| given(secret).map(Secret::new);
        Ok(Self {
            hmac: secret(&options.hmac_secret),
            hmac_previous: secret(&options.hmac_previous_secret)
                .map(|key| (key, options.hmac_previous_valid_until)),
            rsa: given(&options.rsa_public_key).map(rsa_key).transpose()?,
            ecdsa: given(&options.ecdsa_public_key).map(ecdsa_key).transpose()?,
        })
    }

    /// Whether one of the keys for `algorithm` signed `message`.
    pub(super) fn verify(
        &self,
        algorithm: &str,
        message: &str,
        signature: &str,
        now: Duration,
    ) -> Result<(), TokenError> {
        let (algorithm, keys) = match algorithm {
            "HS256" => (Algorithm::HS256, self.secrets(now)),
            "HS384" => (Algorithm::HS384, self.secrets(now)),
            "HS512" => (Algorithm::HS512, self.secrets(now)),
            "RS256" => (Algorithm::RS256, [self.rsa(), None]),
            "RS384" => (Algorithm::RS384, [self.rsa(), None]),
            "RS512" => (Algorithm::RS512, [self.rsa(), None]),
            "ES256" => (Algorithm::ES256, [self.point(Algorithm::ES256), None]),
            "ES384" => (Algorithm::ES384, [self.point(Algorithm::ES384), None]),
            _ => {
                return Err(TokenError::invalid(
                    "its algorithm is not one of HS256–512, RS256–512, ES256, ES384",
                ));
            }
        };
        if keys.iter().all(Option::is_none) {
            return Err(TokenError::invalid(format!("no key for {algorithm:?} is configured")));
        }
        if keys.into_iter().flatten().any(|key| key.signed(algorithm, message, signature)) {
            Ok(())
        } else {
            Err(TokenError::invalid("its signature does not match"))
        }
    }

    fn secrets(&self, now: Duration) -> [Option<Key<'_>>; 2] {
        let previous = self.hmac_previous.as_ref().filter(|(_, until)| until.is_none_or(|until| now < until));
        [self.hmac.as_ref(), previous.map(|(secret, _)| secret)].map(|secret| secret.map(Key::Secret))
    }

    fn rsa(&self) -> Option<Key<'_>> {
        self.rsa.as_ref().map(Key::Public)
    }

    fn point(&self, algorithm: Algorithm) -> Option<Key<'_>> {
        self.ecdsa.as_ref().filter(|(curve, _)| *curve == algorithm).map(|(_, key)| Key::Public(key))
    }
}

fn given(key: &str) -> Option<&str> {
    Some(key).filter(|key| !key.is_empty())
}

fn rsa_key(pem: &str) -> Result<DecodingKey, KeyError> {
    let key = public(pem).and_then(|pem| DecodingKey::from_rsa_pem(pem).ok()).ok_or(KeyError::NotRsa)?;
    let der = key.try_get_as_bytes().map_err(|_| KeyError::NotRsa)?;
    let (modulus, _) =
        (DEFAULT_PROVIDER.key_utils.rsa_pub_components_from_public_key)(der).map_err(|_| KeyError::NotRsa)?;
    let bits = modulus.len() * 8;
    if bits < MIN_RSA_BITS { Err(KeyError::WeakRsa(bits)) } else { Ok(key) }
}

fn ecdsa_key(pem: &str) -> Result<(Algorithm, DecodingKey), KeyError> {
    let key = public(pem).and_then(|pem| DecodingKey::from_ec_pem(pem).ok()).ok_or(KeyError::NotEcdsa)?;
    // Making a verifier checks that the point lies on the curve, which tells the two apart.
    let fits = |algorithm: &Algorithm| (DEFAULT_PROVIDER.verifier_factory)(algorithm, &key).is_ok();
    let algorithm = [Algorithm::ES256, Algorithm::ES384].into_iter().find(fits).ok_or(KeyError::NotEcdsa)?;
    Ok((algorithm, key))
}

/// The PEM text, unless it is a private key or a certificate.
fn public(pem: &str) -> Option<&[u8]> {
    pem.contains("PUBLIC KEY-----").then_some(pem.as_bytes())
}
