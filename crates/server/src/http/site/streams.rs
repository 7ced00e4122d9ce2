//! Opening an HTTP stream: a response that never ends, for clients that cannot open a WebSocket.

use std::future::pending;

use axum::{
    body::Body,
    http::{HeaderMap, Method, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use suona_protocol::{Request, json};

use super::{
    super::{
        StreamRequest, UpgradeRequest, origin,
        visit::{Departure, Visit},
    },
    Door, DoorKind, Site, body, cors,
};
use crate::metrics::UpgradeOutcome;

/// Answers a request at a stream's path. One that opens a stream is never answered here: the connection is taken
/// from HTTP with the head of the response, and all that follows is written by a shard.
pub(super) async fn open(site: &Site, door: &Door, head: &Parts, body: Body, visit: &Visit) -> Response {
    let Some(shared) = site.share(&head.headers) else { return site.refuse(UpgradeOutcome::Origin) };
    if head.method == Method::GET && origin::comes_from_elsewhere(&head.headers) {
        return site.refuse(UpgradeOutcome::Origin);
    }
    let mut answer = match read(site, door.kind, head, body).await {
        Err(answer) => answer,
        Ok(stream) => match site.admit(door, head, visit) {
            Err(outcome) => site.refuse(outcome),
            Ok(request) => {
                let head = beginning(door.kind, stream.is_protobuf, &shared);
                let request = UpgradeRequest { stream: Some(stream), ..request };
                visit.take_over(Departure { head, request });
                site.metrics.count_upgrade(UpgradeOutcome::Accepted);
                pending().await
            }
        },
    };
    answer.headers_mut().extend(shared);
    answer
}

/// What the client says first, or the answer to a request that opens no stream.
async fn read(site: &Site, kind: DoorKind, head: &Parts, body: Body) -> Result<StreamRequest, Response> {
    let (methods, max_body) = match kind {
        DoorKind::HttpStream { max_body } => ("POST, OPTIONS", max_body),
        DoorKind::Events { max_body } => ("GET, POST, OPTIONS", max_body),
        DoorKind::Managed | DoorKind::Plain => unreachable!("no stream is opened there"),
    };
    let is_events = matches!(kind, DoorKind::Events { .. });
    match head.method {
        Method::OPTIONS => Err(cors::preflight(&head.headers, methods)),
        Method::GET if is_events => match in_query(head) {
            Some(stream) if introduces_only(&stream.first) => Ok(stream),
            Some(_) => Err(broken(site, OTHER_COMMAND)),
            None => Err(broken(site, NO_COMMAND)),
        },
        Method::POST => match site.bodies.read(body, max_body).await {
            Ok(first) => {
                let is_protobuf = !is_events && body::is_protobuf(&head.headers);
                Ok(StreamRequest { first, is_protobuf })
            }
            Err(unread) => Err(broken(site, unread)),
        },
        _ => Err(cors::other_method(methods)),
    }
}

const NO_COMMAND: (StatusCode, &str) =
    (StatusCode::BAD_REQUEST, "the query has no cf_connect, the connect command of a Centrifuge client\n");

const OTHER_COMMAND: (StatusCode, &str) = (
    StatusCode::BAD_REQUEST,
    "cf_connect holds another command than connect: send that to the emulation endpoint once you are connected\n",
);

fn broken(site: &Site, answer: impl IntoResponse) -> Response {
    site.metrics.count_upgrade(UpgradeOutcome::Broken);
    answer.into_response()
}

/// Browsers open event streams with GET, so the command stands in the query.
fn in_query(head: &Parts) -> Option<StreamRequest> {
    let mut query = form_urlencoded::parse(head.uri.query()?.as_bytes());
    let (_, command) = query.find(|(name, command)| name == "cf_connect" && !command.is_empty())?;
    Some(StreamRequest { first: Bytes::from(command.into_owned()), is_protobuf: false })
}

/// Whether a message holds nothing but connect: any page can make a browser send a GET, which must do nothing.
/// What is no command at all does nothing either, and the session says so.
fn introduces_only(message: &[u8]) -> bool {
    let mut commands = json::decode_commands(message).map_while(Result::ok);
    commands.all(|command| matches!(command.request, Request::Connect(_) | Request::Pong))
}

/// The head of the response, and what stands before the first message.
///
/// Its body ends with the connection. Proxies that speak HTTP/1.0 to us, as nginx does unless told otherwise,
/// understand nothing else.
fn beginning(kind: DoorKind, is_protobuf: bool, shared: &HeaderMap) -> Vec<u8> {
    let (content_type, first) = match kind {
        DoorKind::Events { .. } => ("text/event-stream; charset=utf-8", "\r\n"),
        _ if is_protobuf => ("application/octet-stream", ""),
        _ => ("application/x-ndjson", ""),
    };
    let mut head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nCache-Control: no-store, no-transform\r\n\
         X-Accel-Buffering: no\r\nConnection: close\r\n"
    )
    .into_bytes();
    for (name, value) in shared {
        head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    head.extend([b"\r\n", first.as_bytes()].concat());
    head
}
