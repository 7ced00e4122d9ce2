//! What the clients of HTTP streams say: each of their frames in a request of its own.

use axum::{
    body::Body,
    http::{Method, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use suona_protocol::EmulationRequest;

use super::{Site, body, cors};

const METHODS: &str = "POST, OPTIONS";

/// Answers a request at the emulation path.
pub(super) async fn answer(site: &Site, max_body: usize, head: &Parts, body: Body) -> Response {
    let Some(shared) = site.share(&head.headers) else { return cors::forbidden() };
    let mut answer = match head.method {
        Method::OPTIONS => cors::preflight(&head.headers, METHODS),
        Method::POST => pass_on(site, max_body, head, body).await,
        _ => cors::other_method(METHODS),
    };
    answer.headers_mut().extend(shared);
    answer
}

/// Hands a frame to its session. Where there is none any more, 404 makes the client connect again.
async fn pass_on(site: &Site, max_body: usize, head: &Parts, body: Body) -> Response {
    let body = match site.bodies.read(body, max_body).await {
        Ok(body) => body,
        Err(unread) => return unread.into_response(),
    };
    let is_protobuf = body::is_protobuf(&head.headers);
    let decode = if is_protobuf { EmulationRequest::from_protobuf } else { EmulationRequest::from_json };
    match decode(&body) {
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
        Ok(request) => match (site.emulate)(request).await {
            true => StatusCode::NO_CONTENT.into_response(),
            false => (StatusCode::NOT_FOUND, "this gateway has no such session\n").into_response(),
        },
    }
}
