//! What browsers must be told before they let a page of another origin send requests here.

use axum::{
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
            ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ALLOW,
            ORIGIN, VARY,
        },
    },
    response::{IntoResponse, Response},
};

use super::Site;

impl Site {
    /// The headers of every answer to a page that may connect; none for whoever is no page. `None` if it may not.
    pub(super) fn share(&self, request: &HeaderMap) -> Option<HeaderMap> {
        let mut shared = HeaderMap::new();
        if let Some(origin) = request.get(ORIGIN) {
            shared.insert(ACCESS_CONTROL_ALLOW_ORIGIN, copy(origin));
            shared.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            shared.insert(VARY, HeaderValue::from_static("origin"));
        }
        self.origins.allow(request).then_some(shared)
    }
}

/// The answer to a page that may not connect.
pub(super) fn forbidden() -> Response {
    (StatusCode::FORBIDDEN, "this page's origin may not connect: add it to client.allowed_origins\n")
        .into_response()
}

/// The answer to a browser that asks what it may send.
pub(super) fn preflight(request: &HeaderMap, methods: &'static str) -> Response {
    let fixed = [(ACCESS_CONTROL_ALLOW_METHODS, methods), (ACCESS_CONTROL_MAX_AGE, "300")];
    let mut answer = (StatusCode::NO_CONTENT, fixed).into_response();
    if let Some(wanted) = request.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_HEADERS, copy(wanted));
    }
    answer
}

/// The answer to any other method than those.
pub(super) fn other_method(methods: &'static str) -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, methods)], format!("only {methods} are answered here\n"))
        .into_response()
}

/// Shares no buffer with the request.
fn copy(value: &HeaderValue) -> HeaderValue {
    HeaderValue::from_bytes(value.as_bytes()).expect("it is a header's value already")
}
