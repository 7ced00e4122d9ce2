//! Reading the bodies that clients send, of which nobody is trusted with much.

use std::{future::poll_fn, pin::Pin, time::Duration};

use axum::{
    body::{Body, HttpBody},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use tokio::time::timeout;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unread {
    #[error("the body is longer than {0} bytes")]
    TooLong(usize),
    #[error("the body did not come in time")]
    TooLate,
    #[error("the body ended early")]
    Broken,
}

impl IntoResponse for Unread {
    fn into_response(self) -> Response {
        let status = match self {
            Self::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooLate => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
        };
        (status, format!("{self}\n")).into_response()
    }
}

/// Reads a body of at most `limit` bytes. It is copied, so that none of hyper's buffers outlives the request.
pub(super) async fn read(mut body: Body, limit: usize, patience: Duration) -> Result<Bytes, Unread> {
    let reading = async {
        let mut read = BytesMut::new();
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
            if read.len() + data.len() > limit {
                return Err(Unread::TooLong(limit));
            }
            read.extend_from_slice(&data);
        }
        Ok(read.freeze())
    };
    timeout(patience, reading).await.unwrap_or(Err(Unread::TooLate))
}

/// Whether a body is Protobuf. Everything else is JSON.
pub(super) fn is_protobuf(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/octet-stream")
}
