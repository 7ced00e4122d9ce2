//! What the demo serves at its one port: the page, its switches, and the lines.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::{
        HeaderMap, HeaderName, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN},
    },
    middleware::{self, Next},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::{any, get, post},
};
use futures_util::{Stream, stream};
use tokio::time::Instant;

use crate::{
    lines::Lines,
    stage::{Seat, Stage, Switch},
};

/// The page needs nothing but itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// All routes.
pub(crate) fn site(lines: Arc<Lines>) -> Router {
    let stage = lines.stage.clone();
    let switches = Router::new().route("/switch", post(turn)).route("/scene", get(scene)).with_state(stage);
    let lines = Router::new()
        .route("/{user}/connection/websocket", any(websocket))
        .route("/{user}/login", post(login))
        .with_state(lines);
    Router::new()
        .route("/", get(|| file("text/html; charset=utf-8", include_str!("../page/dist/index.html"))))
        .route(
            "/page.js",
            get(|| file("text/javascript; charset=utf-8", include_str!("../page/dist/page.js"))),
        )
        .route("/page.css", get(|| file("text/css; charset=utf-8", include_str!("../page/dist/page.css"))))
        .nest("/demo", switches)
        .nest("/line", lines)
        .layer(middleware::from_fn(only_our_page))
}

async fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers: [(HeaderName, &str); 3] =
        [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache"), (CONTENT_SECURITY_POLICY, POLICY)];
    (headers, text)
}

/// `POST /demo/switch`.
async fn turn(State(stage): State<Arc<Stage>>, Json(switch): Json<Switch>) -> StatusCode {
    match stage.turn(&switch, Instant::now()) {
        true => StatusCode::NO_CONTENT,
        false => StatusCode::NOT_FOUND,
    }
}

/// `GET /demo/scene`: how everything stands, again whenever it changes.
async fn scene(State(stage): State<Arc<Stage>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let scenes = stream::unfold(stage.seat(), |mut seat: Seat| async {
        seat.scene.changed().await.ok()?;
        let shown = seat.scene.borrow_and_update().shown(Instant::now());
        Some((Ok(Event::default().data(shown.to_string())), seat))
    });
    Sse::new(scenes).keep_alive(KeepAlive::default())
}

async fn websocket(
    State(lines): State<Arc<Lines>>,
    Path(user): Path<String>,
    request: Request,
) -> Result<Response, StatusCode> {
    lines.to_gateway(&user, request).await
}

async fn login(
    State(lines): State<Arc<Lines>>,
    Path(user): Path<String>,
    request: Request,
) -> Result<Response, StatusCode> {
    lines.to_login(&user, request).await
}

/// Other pages, open in the same browser, have no business here.
async fn only_our_page(request: Request, next: Next) -> Response {
    match is_ours(request.headers()) {
        true => next.run(request).await,
        false => (StatusCode::FORBIDDEN, "this is for the demo's own page").into_response(),
    }
}

/// Browsers name the page that asks, except where it is only looked at.
fn is_ours(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let site = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    site.is_some_and(|(_, authority)| headers.get(HOST).is_some_and(|host| host == authority))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_by(origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "192.168.1.5:8090".parse().unwrap());
        headers.extend(origin.map(|origin| (ORIGIN, origin.parse().unwrap())));
        is_ours(&headers)
    }

    #[test]
    fn only_the_page_of_this_very_address_may_ask() {
        assert!(asked_by(Some("http://192.168.1.5:8090")));
        assert!(asked_by(None));
        for other in ["http://192.168.1.5", "http://example.com", "null", "file://", ""] {
            assert!(!asked_by(Some(other)), "{other}");
        }
    }
}
