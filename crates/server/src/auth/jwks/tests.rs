//! Keys fetched for real, from an endpoint on the loopback that does as each story wants it.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use axum::{Router, http::StatusCode};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot};

use super::{super::TokenOptions, *};
use crate::auth::Verifier;

const NOW: Duration = Duration::from_secs(1_800_000_000);

/// Quick enough for a test; what is fetched unasked is so late that it does not happen.
const QUICK: Pace = Pace {
    pause: Duration::from_millis(1),
    patience: Duration::from_secs(20),
    refresh: Duration::from_secs(3600),
};

/// An endpoint, and what it answers.
struct World {
    verifier: Verifier,
    answer: Arc<Mutex<(StatusCode, String)>>,
    fetches: Arc<AtomicUsize>,
}

impl World {
    async fn publishing(keys: &[Value]) -> Self {
        Self::at_pace(QUICK, keys).await
    }

    /// An endpoint that has been asked once.
    async fn at_pace(pace: Pace, keys: &[Value]) -> Self {
        let answer = Arc::new(Mutex::new((StatusCode::OK, json!({ "keys": keys }).to_string())));
        let fetches = Arc::<AtomicUsize>::default();
        let (said, counted) = (answer.clone(), fetches.clone());
        let handler = async move || {
            counted.fetch_add(1, SeqCst);
            said.lock().unwrap().clone()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let jwks_endpoint = SecretUrl::new(format!("http://{}/keys", listener.local_addr().unwrap()));
        tokio::spawn(async { axum::serve(listener, Router::new().fallback(handler)).await });
        let verifier = Verifier::new(&TokenOptions { jwks_endpoint, ..TokenOptions::default() }).unwrap();
        let crate::auth::Source::Published(jwks) = &verifier.keys else { panic!("keys are published") };
        jwks.start_at(pace, crate::backend::client().unwrap());
        let world = Self { verifier, answer, fetches };
        assert!(world.fetch().await);
        world
    }

    fn publish(&self, status: StatusCode, answer: impl Into<String>) {
        *self.answer.lock().unwrap() = (status, answer.into());
    }

    /// Whether the keys could be had.
    async fn fetch(&self) -> bool {
        self.question().await.unwrap()
    }

    fn question(&self) -> oneshot::Receiver<bool> {
        let (answer, told) = answer();
        self.verifier.fetch_keys(answer);
        told
    }

    fn user_of(&self, token: &str) -> Option<String> {
        self.verifier.verify_connection(token, NOW).ok().map(|claims| claims.user)
    }
}

/// An answer, and where it arrives whether there are keys.
fn answer() -> (Answer<()>, oneshot::Receiver<bool>) {
    let (tell, told) = oneshot::channel();
    let answer = Answer::new(move |outcome: Result<(), _>| {
        let _ = tell.send(outcome.is_ok());
    });
    (answer, told)
}

/// The public half of a private key, under this name.
fn published(key: &EncodingKey, algorithm: Algorithm, kid: &str) -> Value {
    let jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(key, algorithm).expect("a key of this algorithm");
    let mut jwk = serde_json::to_value(jwk).unwrap();
    jwk["kid"] = kid.into();
    jwk["use"] = "sig".into();
    jwk
}

fn signed(key: &EncodingKey, algorithm: Algorithm, kid: &str) -> String {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, &json!({ "sub": "ann" }), key).unwrap()
}

fn rsa() -> EncodingKey {
    EncodingKey::from_rsa_pem(include_bytes!("../tests/rsa.pem")).unwrap()
}

fn p256() -> EncodingKey {
    EncodingKey::from_ec_pem(include_bytes!("../tests/p256.pem")).unwrap()
}

fn p384() -> EncodingKey {
    EncodingKey::from_ec_pem(include_bytes!("../tests/p384.pem")).unwrap()
}

/// The private key of RFC 8037, appendix A.1, as PKCS #8.
fn ed25519() -> EncodingKey {
    let pem = "-----BEGIN PRIVATE KEY-----\n\
               MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
               -----END PRIVATE KEY-----\n";
    EncodingKey::from_ed_pem(pem.as_bytes()).unwrap()
}

#[tokio::test]
async fn every_kind_of_published_key_verifies_its_tokens_and_no_others() {
    let ed = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    let all = [
        (rsa(), Algorithm::RS256, "rsa"),
        (p256(), Algorithm::ES256, "p256"),
        (p384(), Algorithm::ES384, "p384"),
    ];
    let mut keys: Vec<_> = all.iter().map(|(key, algorithm, kid)| published(key, *algorithm, kid)).collect();
    keys.push(ed);
    let world = World::publishing(&keys).await;
    for (key, algorithm, kid) in all.into_iter().chain([(ed25519(), Algorithm::EdDSA, "ed")]) {
        let token = signed(&key, algorithm, kid);
        assert_eq!(world.user_of(&token).as_deref(), Some("ann"), "{kid}");
        let (message, _) = token.rsplit_once('.').unwrap();
        assert_eq!(world.user_of(&format!("{message}.AAAA")), None, "{kid}");
        for other in ["rsa", "p256", "p384", "ed", "nobody", ""].into_iter().filter(|other| *other != kid) {
            assert_eq!(world.user_of(&signed(&key, algorithm, other)), None, "{kid} as {other}");
        }
    }
}

#[tokio::test]
async fn a_shared_secret_is_no_published_key_and_a_token_must_name_its_key() {
    let world = World::publishing(&[published(&rsa(), Algorithm::RS256, "rsa")]).await;
    let secret = EncodingKey::from_secret(b"secret");
    assert_eq!(world.user_of(&signed(&secret, Algorithm::HS256, "rsa")), None);
    let nameless = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &json!({ "sub": "ann" }), &rsa());
    assert_eq!(world.user_of(&nameless.unwrap()), None);
}

#[tokio::test]
async fn a_key_that_is_published_later_is_known_after_a_fetch_and_one_withdrawn_is_not() {
    let world = World::publishing(&[published(&rsa(), Algorithm::RS256, "old")]).await;
    let (old, new) = (signed(&rsa(), Algorithm::RS256, "old"), signed(&p256(), Algorithm::ES256, "new"));
    assert!(world.verifier.lacks_key(&new) && !world.verifier.lacks_key(&old));
    world.publish(
        StatusCode::OK,
        json!({ "keys": [published(&p256(), Algorithm::ES256, "new")] }).to_string(),
    );
    assert!(world.fetch().await);
    assert_eq!((world.user_of(&new).as_deref(), world.user_of(&old)), (Some("ann"), None));
}

#[tokio::test]
async fn an_endpoint_in_trouble_leaves_the_known_keys_as_they_are() {
    let world = World::publishing(&[published(&rsa(), Algorithm::RS256, "rsa")]).await;
    let token = signed(&rsa(), Algorithm::RS256, "rsa");
    for (status, answer) in [
        (StatusCode::INTERNAL_SERVER_ERROR, r#"{"keys":[]}"#.to_owned()),
        (StatusCode::FOUND, String::new()),
        (StatusCode::OK, "<html>".to_owned()),
        (StatusCode::OK, format!(r#"{{"keys":[],"more":"{}"}}"#, "x".repeat(MAX_BODY))),
    ] {
        world.publish(status, answer);
        assert!(!world.fetch().await, "{status}");
        assert_eq!(world.user_of(&token).as_deref(), Some("ann"));
    }
}

#[tokio::test]
async fn however_many_ask_the_endpoint_is_asked_once_for_all_of_them() {
    let world = World::at_pace(Pace { pause: Duration::from_millis(300), ..QUICK }, &[]).await;
    let before = world.fetches.load(SeqCst);
    let questions: Vec<_> = (0..1000).map(|_| world.question()).collect();
    for question in questions {
        assert!(question.await.unwrap());
    }
    let fetches = world.fetches.load(SeqCst) - before;
    assert!((1..=2).contains(&fetches), "{fetches} fetches for a thousand questions");
}

#[tokio::test]
async fn the_first_to_ask_after_the_start_waits_for_no_pause() {
    let pace = Pace { pause: Duration::from_secs(3600), ..QUICK };
    let world = World::at_pace(pace, &[published(&rsa(), Algorithm::RS256, "rsa")]).await;
    let fetches = world.fetches.load(SeqCst);
    assert!((1..=2).contains(&fetches), "the start's and the question's, or one for both: {fetches}");
}

#[tokio::test]
async fn what_cannot_wait_is_answered_at_once() {
    let nobody_fetches = Verifier::new(&TokenOptions {
        jwks_endpoint: SecretUrl::new("http://127.0.0.1:1/keys"),
        ..TokenOptions::default()
    })
    .unwrap();
    let (answer_of_nobody, told) = answer();
    nobody_fetches.fetch_keys(answer_of_nobody);
    assert!(!told.await.unwrap());

    let (never, _asked) = mpsc::channel(1);
    let full =
        Jwks { endpoint: SecretUrl::default(), known: RwLock::default(), waiting: OnceLock::from(never) };
    full.fetch(answer().0);
    let (second, told) = answer();
    full.fetch(second);
    assert!(!told.await.unwrap(), "there is no place to wait");
}
