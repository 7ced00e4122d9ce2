//! For tests elsewhere: a verifier whose keys are published, before and after they were.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::{Source, TokenOptions, Verifier};
use crate::config::SecretUrl;

/// Tokens are believed whose keys an endpoint publishes, which was not asked yet.
pub(crate) fn nothing() -> Verifier {
    let jwks_endpoint = SecretUrl::new("http://127.0.0.1:9/keys");
    Verifier::new(&TokenOptions { jwks_endpoint, ..TokenOptions::default() })
        .expect("no key that could be bad")
}

/// Makes the key of [`token`] known.
pub(crate) fn publish(verifier: &Verifier) {
    let Source::Published(jwks) = &verifier.keys else { panic!("the keys are not published") };
    let jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&key(), Algorithm::ES256).expect("a key of P-256");
    let mut jwk = serde_json::to_value(jwk).expect("a key is JSON");
    jwk["kid"] = "one".into();
    jwks.learn(json!({ "keys": [jwk] }).to_string().as_bytes());
}

/// A token of these claims, signed with the key that is called `one`.
pub(crate) fn token(claims: &Value) -> String {
    let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::ES256) };
    jsonwebtoken::encode(&header, claims, &key()).expect("the key fits")
}

fn key() -> EncodingKey {
    EncodingKey::from_ec_pem(include_bytes!("tests/p256.pem")).expect("a good key")
}
