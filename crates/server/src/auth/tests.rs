mod claims;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::*;

const NOW: Duration = Duration::from_secs(1_800_000_000);

fn options() -> TokenOptions {
    TokenOptions { hmac_secret: "secret".into(), ..TokenOptions::default() }
}

fn verifier() -> Verifier {
    Verifier::new(&options()).expect("no key that could be bad")
}

/// What the verifier says of claims that were signed with its secret.
fn connection(claims: &Value) -> Result<ConnectionClaims, TokenError> {
    verifier().verify_connection(&hs256("secret", claims), NOW)
}

fn subscription(claims: &Value) -> Result<SubscriptionClaims, TokenError> {
    verifier().verify_subscription(&hs256("secret", claims), NOW)
}

fn hs256(secret: &str, claims: &Value) -> String {
    sign(Algorithm::HS256, &EncodingKey::from_secret(secret.as_bytes()), claims)
}

fn sign(algorithm: Algorithm, key: &EncodingKey, claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, key).expect("the key fits")
}

/// A token of any header and payload text, rightly signed with HS256.
fn signed(header: &str, payload: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let key = EncodingKey::from_secret(b"secret");
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).expect("a secret signs");
    format!("{message}.{signature}")
}

/// A verifier with every kind of key, and the private half of each.
fn all_keys() -> (Verifier, [(Vec<Algorithm>, EncodingKey); 3]) {
    let options = TokenOptions {
        rsa_public_key: include_str!("tests/rsa.pub.pem").into(),
        ecdsa_public_key: include_str!("tests/p256.pub.pem").into(),
        ..options()
    };
    let rsa = EncodingKey::from_rsa_pem(include_bytes!("tests/rsa.pem")).expect("a good key");
    let p256 = EncodingKey::from_ec_pem(include_bytes!("tests/p256.pem")).expect("a good key");
    let keys = [
        (vec![Algorithm::HS256, Algorithm::HS384, Algorithm::HS512], EncodingKey::from_secret(b"secret")),
        (vec![Algorithm::RS256, Algorithm::RS384, Algorithm::RS512], rsa),
        (vec![Algorithm::ES256], p256),
    ];
    (Verifier::new(&options).expect("good keys"), keys)
}

fn is_invalid<T>(outcome: &Result<T, TokenError>) -> bool {
    matches!(outcome, Err(TokenError::Invalid(_)))
}

#[test]
fn each_algorithm_is_verified_with_its_own_key() {
    let (verifier, keys) = all_keys();
    for (algorithms, key) in keys {
        for algorithm in algorithms {
            let token = sign(algorithm, &key, &json!({"sub": "ann"}));
            assert_eq!(verifier.verify_connection(&token, NOW).expect("signed").user, "ann", "{algorithm:?}");
            let (message, _) = token.rsplit_once('.').expect("three parts");
            for forged in
                [format!("{message}."), format!("{message}.AAAA"), message.to_owned(), format!("{token}A")]
            {
                assert!(is_invalid(&verifier.verify_connection(&forged, NOW)), "{algorithm:?} {forged}");
            }
        }
    }
}

#[test]
fn a_p384_key_verifies_es384_alone() {
    let options = TokenOptions {
        ecdsa_public_key: include_str!("tests/p384.pub.pem").into(),
        ..TokenOptions::default()
    };
    let verifier = Verifier::new(&options).expect("a good key");
    let p384 = EncodingKey::from_ec_pem(include_bytes!("tests/p384.pem")).expect("a good key");
    let p256 = EncodingKey::from_ec_pem(include_bytes!("tests/p256.pem")).expect("a good key");
    assert!(verifier.verify_connection(&sign(Algorithm::ES384, &p384, &json!({})), NOW).is_ok());
    assert!(is_invalid(&verifier.verify_connection(&sign(Algorithm::ES256, &p256, &json!({})), NOW)));
}

#[test]
fn an_algorithm_without_its_key_verifies_nothing() {
    let (_, keys) = all_keys();
    let keyless = Verifier::new(&TokenOptions::default()).expect("no key that could be bad");
    for (algorithms, key) in keys {
        let token = sign(algorithms[0], &key, &json!({}));
        assert!(is_invalid(&keyless.verify_connection(&token, NOW)), "{algorithms:?}");
    }
}

#[test]
fn a_public_key_is_no_secret() {
    let (verifier, _) = all_keys();
    for pem in [include_str!("tests/rsa.pub.pem"), include_str!("tests/p256.pub.pem")] {
        assert!(is_invalid(&verifier.verify_connection(&hs256(pem, &json!({"sub": "root"})), NOW)));
    }
}

#[test]
fn only_a_signature_over_an_algorithm_that_we_know_counts() {
    let claims = r#"{"sub":"ann"}"#;
    assert!(verifier().verify_connection(&signed(r#"{"alg":"HS256"}"#, claims), NOW).is_ok());
    let headers = [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None"}"#,
        r#"{"alg":""}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":"PS256"}"#,
        r#"{"alg":"ES512"}"#,
        r#"{"alg":"EdDSA"}"#,
        r#"{"alg":256}"#,
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        r#"{"typ":"JWT"}"#,
        "HS256",
        "",
    ];
    for header in headers {
        assert!(is_invalid(&verifier().verify_connection(&signed(header, claims), NOW)), "{header}");
    }
}

#[test]
fn what_is_no_token_is_invalid() {
    let good = hs256("secret", &json!({"sub": "ann"}));
    let tokens = [
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
        "a.b.c".into(),
        "\u{0}.\u{1f600}.=".into(),
        good.replace('.', ".."),
        format!("{good}.{good}"),
        format!(" {good}"),
        format!("{good}="),
        good.repeat(20_000),
    ];
    for token in &tokens {
        assert!(is_invalid(&verifier().verify_connection(token, NOW)), "{}", &token[..token.len().min(99)]);
        assert!(is_invalid(&verifier().verify_subscription(token, NOW)));
    }
    let huge = hs256("secret", &json!({"sub": "ann", "info": "x".repeat(1 << 20)}));
    assert!(is_invalid(&verifier().verify_connection(&huge, NOW)));
}

#[test]
fn the_previous_secret_counts_until_its_time() {
    let until = |hmac_previous_valid_until| {
        let options =
            TokenOptions { hmac_previous_secret: "older".into(), hmac_previous_valid_until, ..options() };
        let verifier = Verifier::new(&options).expect("no key that could be bad");
        assert!(verifier.verify_connection(&hs256("secret", &json!({})), NOW).is_ok());
        verifier.verify_connection(&hs256("older", &json!({})), NOW).is_ok()
    };
    assert!(until(None));
    assert!(until(Some(NOW + Duration::from_secs(1))));
    assert!(!until(Some(NOW)));
}

#[test]
fn times_are_believed_only_after_the_signature() {
    let expired = json!({"exp": NOW.as_secs() - 1});
    assert_eq!(connection(&expired), Err(TokenError::Expired));
    assert!(is_invalid(&verifier().verify_connection(&hs256("forged", &expired), NOW)));
}

#[test]
fn a_key_that_cannot_be_used_is_named_at_start() {
    let rsa = |pem: &str| Verifier::new(&TokenOptions { rsa_public_key: pem.into(), ..options() }).err();
    let ecdsa = |pem: &str| Verifier::new(&TokenOptions { ecdsa_public_key: pem.into(), ..options() }).err();
    let p256 = include_str!("tests/p256.pub.pem");
    assert_eq!(rsa(include_str!("tests/rsa.pub.pem")), None);
    assert_eq!(rsa("nonsense"), Some(KeyError::NotRsa));
    assert_eq!(rsa(p256), Some(KeyError::NotRsa));
    assert_eq!(
        rsa(include_str!("tests/rsa.pem")),
        Some(KeyError::NotRsa),
        "a private key does not belong here"
    );
    assert_eq!(rsa(include_str!("tests/rsa1024.pub.pem")), Some(KeyError::WeakRsa(1024)));
    assert_eq!(ecdsa(p256), None);
    assert_eq!(ecdsa(&p256[..60]), Some(KeyError::NotEcdsa));
    assert_eq!(ecdsa(&p256.replace("jKF4", "jKF5")), Some(KeyError::NotEcdsa), "not a point of the curve");
    assert_eq!(ecdsa(include_str!("tests/p521.pub.pem")), Some(KeyError::NotEcdsa));
    assert_eq!(ecdsa(include_str!("tests/rsa.pub.pem")), Some(KeyError::NotEcdsa));
}
