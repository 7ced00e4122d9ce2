//! How a caller hears of an error: in the envelope with status 200, or by a status of its own.

use axum::{
    Json,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use suona_protocol::ErrorCode;

use super::{Envelope, ErrorObject, Outcome};
use crate::config::ErrorMode;

/// The header by which a request chooses.
const HEADER: &str = "x-centrifugo-error-mode";

impl ErrorMode {
    /// What a request asks for, if it asks for anything that there is; else what the configuration says.
    pub(super) fn asked_by(self, headers: &HeaderMap) -> Self {
        let asked = headers.get(HEADER).is_some_and(|mode| mode == Self::Transport.as_str());
        if asked { Self::Transport } else { self }
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
