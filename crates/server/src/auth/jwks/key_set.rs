//! A JSON Web Key Set (RFC 7517), read into keys that verify.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    crypto::rust_crypto::DEFAULT_PROVIDER,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

use super::super::keys::MIN_RSA_BITS;

/// More keys are not looked at: providers publish two or three, large ones a dozen.
const MAX_KEYS: usize = 64;

/// The document is no key set at all. A single key that is of no use here is no such reason.
#[derive(Debug, thiserror::Error)]
#[error("the answer is no JSON Web Key Set, an object with an array `keys`")]
pub(super) struct NotKeySet;

/// The keys of an endpoint that verify signatures.
#[derive(Debug, Default)]
pub(super) struct KeySet(Vec<PublicKey>);

struct PublicKey {
    id: String,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PublicKey").field(&self.id).finish()
    }
}

impl KeySet {
    /// Reads a document. Keys for other purposes, of unknown kinds, weak or broken ones are left out.
    pub(super) fn read(document: &[u8]) -> Result<Self, NotKeySet> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }
        let document: Document = serde_json::from_slice(document).map_err(|_| NotKeySet)?;
        let keys = document.keys.into_iter().take(MAX_KEYS);
        let keys = keys.filter_map(|key| public_key(&serde_json::from_value(key).ok()?));
        Ok(Self(keys.collect()))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a key is called so.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.0.iter().any(|one| one.id == id)
    }

    /// The key called so, if it is one for this algorithm, by the name that tokens give it.
    pub(super) fn find(&self, id: &str, algorithm: &str) -> Option<(Algorithm, &DecodingKey)> {
        self.0.iter().filter(|one| one.id == id).find_map(|one| {
            let algorithm = one.algorithms.iter().find(|known| format!("{known:?}") == algorithm)?;
            Some((*algorithm, &one.key))
        })
    }
}

fn public_key(jwk: &Jwk) -> Option<PublicKey> {
    let common = &jwk.common;
    if common.public_key_use.as_ref().is_some_and(|purpose| *purpose != PublicKeyUse::Signature) {
        return None;
    }
    let mut algorithms = match &jwk.algorithm {
        AlgorithmParameters::RSA(rsa) if bits(&rsa.n) >= MIN_RSA_BITS => {
            vec![Algorithm::RS256, Algorithm::RS384, Algorithm::RS512]
        }
        AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P256 => {
            vec![Algorithm::ES256]
        }
        AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P384 => {
            vec![Algorithm::ES384]
        }
        // The library takes 32 bytes for granted.
        AlgorithmParameters::OctetKeyPair(pair)
            if pair.curve == EllipticCurve::Ed25519 && length(&pair.x) == 32 =>
        {
            vec![Algorithm::EdDSA]
        }
        _ => return None,
    };
    if let Some(only) = common.key_algorithm {
        algorithms.retain(|algorithm| format!("{algorithm:?}") == only.to_string());
    }
    let key = DecodingKey::from_jwk(jwk).ok()?;
    // Making a verifier checks that a point lies on its curve.
    let usable = |algorithm: &Algorithm| (DEFAULT_PROVIDER.verifier_factory)(algorithm, &key).is_ok();
    algorithms.retain(usable);
    let id = common.key_id.clone().filter(|_| !algorithms.is_empty())?;
    Some(PublicKey { id, algorithms, key })
}

/// The length of a number, in bytes.
fn length(number: &str) -> usize {
    URL_SAFE_NO_PAD.decode(number).map_or(0, |bytes| bytes.len())
}

/// The length of an RSA modulus.
fn bits(modulus: &str) -> usize {
    let bytes = URL_SAFE_NO_PAD.decode(modulus).unwrap_or_default();
    bytes.iter().skip_while(|byte| **byte == 0).count() * 8
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(keys: &[Value]) -> KeySet {
        KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).expect("a key set")
    }

    fn ed25519() -> Value {
        // The key of RFC 8037, appendix A.2.
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" })
    }

    #[test]
    fn a_key_verifies_its_own_algorithm_and_no_other() {
        let keys = read(&[ed25519()]);
        assert!(keys.find("ed", "EdDSA").is_some());
        for other in ["HS256", "RS256", "ES256", "none", "eddsa", ""] {
            assert!(keys.find("ed", other).is_none(), "{other}");
        }
        assert!(keys.find("other", "EdDSA").is_none() && !keys.knows("other"));
    }

    #[test]
    fn what_is_of_no_use_is_left_out_and_spoils_nothing() {
        let with = |member: &str, value: &str| {
            let mut key = ed25519();
            key[member] = value.into();
            key
        };
        let nameless = json!({ "kty": "OKP", "crv": "Ed25519", "x": ed25519()["x"] });
        let shared = json!({ "kty": "oct", "kid": "hmac", "alg": "HS256", "k": "c2VjcmV0" });
        let weak = json!({ "kty": "RSA", "kid": "weak", "n": "u1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0g", "e": "AQAB" });
        let useless = [
            with("use", "enc"),
            with("alg", "RS256"),
            with("x", "AAAA"),
            with("crv", "X25519"),
            json!({ "kty": "EC", "crv": "P-256", "kid": "off", "x": "AAAA", "y": "AAAA" }),
            nameless,
            shared,
            weak,
            json!("no key"),
            json!({}),
        ];
        for key in useless {
            let keys = read(&[key.clone(), with("kid", "good")]);
            assert_eq!(keys.len(), 1, "{key}");
            assert!(keys.knows("good"));
        }
    }

    #[test]
    fn only_a_key_set_is_one_and_only_so_much_of_it_is_read() {
        for document in ["", "{}", "[]", r#"{"keys":{}}"#, "<html>"] {
            assert!(KeySet::read(document.as_bytes()).is_err(), "{document}");
        }
        assert_eq!(read(&vec![ed25519(); 1000]).len(), MAX_KEYS);
    }
}
