//! The backend of the examples: what stands behind a Suona gateway, in one small server.
//!
//! A request of a client comes in by `webhooks`, becomes an entry in the database by one of the `systems`, and what
//! others are to hear of it goes out by the `publisher`.

mod app;
mod checked;
mod config;
mod database;
mod direct;
mod login;
mod money;
mod once;
mod outbox;
mod publisher;
mod refusal;
mod request;
mod samples;
mod systems;
mod tokens;
mod webhooks;
mod wechat;

use std::{future::Future, io, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    http::{
        StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE},
    },
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinSet, time};
use tower_http::cors::{Any, CorsLayer};

pub use config::{Config, Secret, WeChatConfig};
pub use database::DatabaseError;

use app::App;
use publisher::Publisher;

/// The gateway takes messages of 64 KiB from clients, and adds a little.
const MAX_BODY: usize = 128 * 1024;

const SWEEP: Duration = Duration::from_secs(600);

/// The backend could not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// There is no HTTP client.
    #[error("no HTTP client can be made: {0}")]
    Http(#[from] reqwest::Error),
    /// Listening ended.
    #[error("the backend can listen no longer: {0}")]
    Listen(#[from] io::Error),
}

/// Serves until `stop` is ready. What is not published by then is published after the next start.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let app = Arc::new(App::open(&config, http_client().build()?).await?);
    // The gateway is a neighbour, whatever the environment says about proxies to the world.
    let gateway = http_client().no_proxy().build()?;
    let publisher = Publisher::new(&config, app.database.clone(), gateway);
    // They end with this function.
    let mut tasks = JoinSet::new();
    tasks.spawn(publisher.run());
    tasks.spawn(sweep(app.clone()));
    Ok(axum::serve(listener, router(app)).with_graceful_shutdown(stop).await?)
}

fn router(app: Arc<App>) -> Router {
    let hooks = Router::new()
        .route("/connect", post(webhooks::connect))
        .route("/refresh", post(webhooks::refresh))
        .route("/subscribe", post(webhooks::subscribe))
        .route("/rpc", post(webhooks::rpc))
        .layer(middleware::from_fn_with_state(app.clone(), webhooks::only_the_gateway));
    // Whatever page asks, it must bring what it logs in with: there is nothing that a browser adds by itself.
    let from_anywhere = CorsLayer::new().allow_origin(Any).allow_headers([AUTHORIZATION, CONTENT_TYPE]);
    Router::new()
        .route("/login", post(login::login))
        .route("/refresh", post(login::refresh))
        .route("/rpc", post(direct::rpc))
        .layer(from_anywhere)
        .nest("/hooks", hooks)
        .route("/health", get(health))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(app)
}

/// Whether the database answers, and what waits.
async fn health(State(app): State<Arc<App>>) -> Response {
    let exhausted = app.database.exhausted();
    match app.database.read(|transaction| outbox::backlog(transaction)).await {
        Ok(outbox) => {
            Json(json!({ "outbox": outbox, "database": { "exhausted": exhausted } })).into_response()
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}

async fn sweep(app: Arc<App>) {
    let mut interval = time::interval(SWEEP);
    loop {
        interval.tick().await;
        let swept = app.database.write(|transaction| once::sweep(transaction, database::now())).await;
        if let Err(error) = swept {
            tracing::error!(%error, "old outcomes cannot be removed");
        }
    }
}

fn http_client() -> reqwest::ClientBuilder {
    // Somebody may have been faster; it is the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none())
}
