//! Reading the bodies that clients send, of which nobody is trusted with much.

use std::{future::poll_fn, pin::Pin, time::Duration};

use axum::{
    body::{Body, HttpBody},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use tokio::{sync::Semaphore, time::timeout};

/// Bytes of all bodies under way on this node: a thousand of the longest that are usual.
const UNDER_WAY_MAX: u32 = 64 * 1024 * 1024;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unread {
    #[error("the body is longer than {0} bytes")]
    TooLong(usize),
    #[error("the body did not come in time")]
    TooLate,
    #[error("the body ended early")]
    Broken,
    #[error("too many bodies are under way; come again later")]
    Busy,
}

impl IntoResponse for Unread {
    fn into_response(self) -> Response {
        let status = match self {
            Self::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooLate => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, format!("{self}\n")).into_response()
    }
}

/// The bodies that are just being read.
#[derive(Debug)]
pub(super) struct Bodies {
    /// The bytes that more of them may have.
    left: Semaphore,
    /// How long each may take.
    patience: Duration,
}

impl Bodies {
    pub(super) fn new(patience: Duration) -> Self {
        Self { left: Semaphore::new(UNDER_WAY_MAX as usize), patience }
    }

    /// Reads a body of at most `limit` bytes. It is copied, so that none of hyper's buffers outlives the request.
    pub(super) async fn read(&self, mut body: Body, limit: usize) -> Result<Bytes, Unread> {
        let length = body.size_hint().upper().and_then(|length| usize::try_from(length).ok());
        let most = length.map_or(limit, |length| length.min(limit));
        let share = u32::try_from(most).unwrap_or(UNDER_WAY_MAX).min(UNDER_WAY_MAX);
        let _share = self.left.try_acquire_many(share).map_err(|_| Unread::Busy)?;
        let reading = async {
            // Sized once, for a buffer that doubles holds twice as much while the rest does not come.
            let mut read = BytesMut::with_capacity(length.map_or(0, |_| most));
            while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
                if read.len() + data.len() > limit {
                    return Err(Unread::TooLong(limit));
                }
                read.extend_from_slice(&data);
            }
            Ok(read.freeze())
        };
        timeout(self.patience, reading).await.unwrap_or(Err(Unread::TooLate))
    }
}

/// Whether a body is Protobuf. Everything else is JSON.
pub(super) fn is_protobuf(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/octet-stream")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_bodies_under_way_have_so_many_bytes_and_no_more() {
        let bodies = Bodies::new(Duration::from_secs(10));
        let others = bodies.left.try_acquire_many(UNDER_WAY_MAX - 10).unwrap();
        let read = async |length: usize| bodies.read(Body::from("x".repeat(length)), 100).await;
        assert_eq!(read(11).await, Err(Unread::Busy));
        assert_eq!(read(10).await.unwrap().len(), 10);
        assert_eq!(read(10).await.unwrap().len(), 10, "what was read is under way no more");
        drop(others);
        assert_eq!(read(11).await.unwrap().len(), 11);
        assert_eq!(read(101).await, Err(Unread::TooLong(100)));
    }
}
