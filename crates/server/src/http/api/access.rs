//! Who may call the API.

use std::{fmt, sync::Arc};

use axum::{
    extract::{Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header::AUTHORIZATION},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::ApiState;

/// Who may call the API.
pub enum Access {
    /// Everyone.
    Insecure,
    /// Who knows this key; nobody if it is empty.
    Key(String),
}

impl Access {
    /// Whether the caller may pass. The query is looked at even where a header has a wrong key.
    fn allows(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        let key = match self {
            Self::Insecure => return true,
            Self::Key(key) => key.as_bytes(),
        };
        let is_key = |given: &[u8]| !key.is_empty() && bool::from(key.ct_eq(given));
        in_headers(headers).is_some_and(is_key) || in_query(uri).is_some_and(|given| is_key(given.as_bytes()))
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Insecure => "Insecure",
            Self::Key(_) => "Key(***)",
        })
    }
}

/// Lets only those pass who may, before the body is read.
pub(super) async fn check(State(state): State<Arc<ApiState>>, request: Request, next: Next) -> Response {
    if state.access.allows(request.headers(), request.uri()) {
        next.run(request).await
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

fn in_headers(headers: &HeaderMap) -> Option<&[u8]> {
    let own = headers.get("x-api-key").map(HeaderValue::as_bytes).filter(|key| !key.is_empty());
    own.or_else(|| {
        let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("apikey").then_some(key.trim().as_bytes())
    })
}

fn in_query(uri: &Uri) -> Option<String> {
    #[derive(Deserialize)]
    struct Parameters {
        api_key: String,
    }
    Query::<Parameters>::try_from_uri(uri).ok().map(|Query(parameters)| parameters.api_key)
}
