//! How a caller hears of an error: in the envelope with status 200, or by a status of its own.

use axum::{
    Json,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use suona_protocol::ErrorCode;

use super::{Envelope, ErrorObject, Outcome};

/// The header by which a request chooses.
const HEADER: &str = "x-centrifugo-error-mode";

/// How a caller hears of an error.
#[derive(Clone, Copy)]
pub(super) enum ErrorMode {
    /// `{"error":…}` with status 200.
    Envelope,
    /// The error object alone, with a status that callers and proxies in between count as a failure.
    Transport,
}

impl ErrorMode {
    /// What the request asks for; an unknown mode is none.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let asked = headers.get(HEADER).is_some_and(|mode| mode == "transport");
        if asked { Self::Transport } else { Self::Envelope }
    }

    /// An outcome on its way out.
    pub(super) fn respond<R: Serialize>(self, outcome: Outcome<R>) -> Response {
        match (self, outcome) {
            (Self::Transport, Err(code)) => (status(code), Json(ErrorObject::from(code))).into_response(),
            (_, outcome) => Json(Envelope::from(outcome)).into_response(),
        }
    }
}

fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::UnknownChannel | ErrorCode::MethodNotFound => StatusCode::NOT_FOUND,
        ErrorCode::BadRequest | ErrorCode::NotAvailable => StatusCode::BAD_REQUEST,
        ErrorCode::UnrecoverablePosition => StatusCode::RANGE_NOT_SATISFIABLE,
        // The API gives no other but "internal".
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
