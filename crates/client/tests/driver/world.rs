//! A gateway, its backend, and a way to cut lines.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{Json, Router, extract::State, routing::post};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};
use suona_client::{Builder, Suona, link};
use suona_server::{config::Sources, serve::Gateway};
use tokio::{runtime::Runtime, sync::Notify};

use crate::relay::Relay;

/// What the backend was asked.
#[derive(Default)]
pub(crate) struct Backend {
    pub(crate) calls: AtomicU32,
    pub(crate) called: Notify,
}

/// A gateway on a runtime of its own, so that the client's tasks can be counted.
pub(crate) struct World {
    pub(crate) backend: Arc<Backend>,
    pub(crate) relay: Relay,
    gateway: Option<Gateway>,
    runtime: Option<Runtime>,
    config: String,
    address: String,
}

const SECRET: &str = "0123456789abcdef0123456789abcdef";

const CONFIG: &str = r#"
http_server = { address = "127.0.0.1", port = 0 }
rpc.proxy = { endpoint = "http://BACKEND/rpc" }
rpc.without_namespace.proxy_enabled = true
shutdown.timeout = "1s"
[channel.without_namespace]
history_size = 100
history_ttl = "1h"
force_recovery = true
presence = true
allow_subscribe_for_client = true
allow_subscribe_for_anonymous = true
allow_publish_for_client = true
allow_publish_for_anonymous = true
allow_history_for_client = true
allow_history_for_anonymous = true
allow_presence_for_client = true
allow_presence_for_anonymous = true
[[channel.namespaces]]
name = "closed"
"#;

const OPEN: &str = "client.allow_anonymous_connect_without_token = true\n";

impl World {
    /// One that lets everybody in.
    pub(crate) fn new() -> Self {
        Self::with(&format!("{OPEN}{CONFIG}"))
    }

    /// One that wants tokens, which last for very few seconds.
    pub(crate) fn with_tokens() -> Self {
        Self::with(&format!("client.token.hmac_secret_key = \"{SECRET}\"\n{CONFIG}"))
    }

    pub(crate) fn with_tls(certificate: &std::path::Path, key: &std::path::Path) -> Self {
        let tls = format!(
            "http_server.tls = {{ enabled = true, cert_pem = {certificate:?}, key_pem = {key:?} }}\n"
        );
        Self::with(&format!(
            "{tls}{OPEN}{}",
            CONFIG.replace(
                "http_server = { address = \"127.0.0.1\", port = 0 }",
                "http_server.address = \"127.0.0.1\"\nhttp_server.port = 0"
            )
        ))
    }

    fn with(config: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let backend = Arc::new(Backend::default());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let config = config.replace("BACKEND", &listener.local_addr().unwrap().to_string());
        let routes = Router::new().route("/rpc", post(rpc)).with_state(backend.clone());
        let entered = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        runtime.spawn(async { axum::serve(listener, routes).await });
        let gateway = gateway(&config);
        let relay = Relay::start(gateway.local_addr());
        drop(entered);
        let address = gateway.local_addr().to_string();
        Self { backend, relay, gateway: Some(gateway), runtime: Some(runtime), config, address }
    }

    /// Ends the gateway, which says goodbye to nobody, and starts another, to which the relay leads from now on.
    pub(crate) fn restart(&mut self) {
        drop(self.gateway.take());
        let _entered = self.runtime.as_ref().map(Runtime::enter);
        let gateway = gateway(&self.config);
        self.relay.lead_to(gateway.local_addr());
        self.address = gateway.local_addr().to_string();
        self.gateway = Some(gateway);
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/connection/websocket", self.address)
    }

    /// A client that comes straight here.
    pub(crate) fn client(&self) -> Builder {
        Suona::connect(&self.url()).link(quick())
    }

    /// A client whose line can be cut.
    pub(crate) fn client_over_relay(&self) -> Builder {
        Suona::connect(&format!("ws://{}/connection/websocket", self.relay.address())).link(quick())
    }

    /// Mints tokens that last for so many seconds.
    pub(crate) fn tokens(&self) -> impl Fn(u64) -> String + Send + Sync + 'static {
        |seconds| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
            // Another second for the rounding of both sides.
            let claims = json!({ "sub": "42", "exp": now + seconds + 1 });
            jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes()))
                .unwrap()
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.gateway.take());
        self.runtime.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

fn gateway(config: &str) -> Gateway {
    let file = temporary("toml");
    std::fs::write(&file, config).unwrap();
    let reading = Sources { file: Some(&file), ..Sources::default() }.read();
    std::fs::remove_file(&file).unwrap();
    let (config, _) = reading.accept(false).unwrap();
    Gateway::start(config).unwrap()
}

async fn rpc(State(backend): State<Arc<Backend>>, Json(question): Json<Value>) -> Json<Value> {
    let data = if question["method"] == "count" {
        let calls = backend.calls.fetch_add(1, Ordering::SeqCst) + 1;
        backend.called.notify_one();
        json!(calls)
    } else {
        question["data"].clone()
    };
    Json(json!({ "result": { "data": data } }))
}

/// Waits that do not make a test long.
pub(crate) fn quick() -> link::Options {
    let wait = Duration::from_millis(20);
    link::Options { first_wait: wait, longest_wait: wait, ..link::Options::default() }
}

/// A file of this test's own.
pub(crate) fn temporary(extension: &str) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("suona-client-{}-{count}.{extension}", std::process::id()))
}
