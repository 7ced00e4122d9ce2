//! The short way in: an opening handshake that came whole with the first read needs no HTTP server.
//!
//! Only what surely is one goes this way, so that everything else is told by the usual one what is wrong with it.

use std::mem::MaybeUninit;

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, request::Parts},
    response::Response,
};
use bytes::Bytes;
use httparse::Status;

use super::{Departure, Site, Visit, handshake};

/// Requests with more headers go the usual way.
const HEADERS: usize = 32;

/// A handshake that was answered.
pub(in crate::http) struct Shortcut {
    /// How many bytes it had.
    pub(in crate::http) length: usize,
    /// What was opened, or the answer if nothing was.
    pub(in crate::http) outcome: Result<Departure, Box<Response>>,
}

impl Site {
    /// Answers the handshake that these first bytes of a connection begin with, if it is one at a door.
    pub(in crate::http) fn shortcut(&self, bytes: &Bytes, visit: &Visit) -> Option<Shortcut> {
        let (length, head) = head_of(bytes)?;
        let door = self.doors.get(head.uri.path()).filter(|door| !door.kind.is_stream())?;
        if !handshake::is_wanted(&head.headers) {
            return None;
        }
        Some(Shortcut { length, outcome: self.upgrade(door, &head, visit) })
    }
}

/// The head of a GET request, and how long it is, if it is complete and there is nothing odd about it.
fn head_of(bytes: &Bytes) -> Option<(usize, Parts)> {
    let mut headers = [const { MaybeUninit::uninit() }; HEADERS];
    let mut request = httparse::Request::new(&mut []);
    let Ok(Status::Complete(length)) = request.parse_with_uninit_headers(bytes, &mut headers) else {
        return None;
    };
    if request.method != Some("GET") || request.version != Some(1) {
        return None;
    }
    let (mut head, ()) = Request::new(()).into_parts();
    head.uri = Uri::from_maybe_shared(bytes.slice_ref(request.path?.as_bytes())).ok()?;
    head.headers = HeaderMap::with_capacity(request.headers.len());
    for header in request.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
        head.headers.append(name, HeaderValue::from_maybe_shared(bytes.slice_ref(header.value)).ok()?);
    }
    Some((length, head))
}

#[cfg(test)]
mod tests {
    use axum::http::{Method, Version};

    use super::*;

    #[test]
    fn a_head_is_read_as_the_http_server_reads_it() {
        let bytes = Bytes::from_static(b"GET /a?b=c HTTP/1.1\r\nHost: d\r\nX: 1 \r\nx: \xE4\r\n\r\nearly");
        let (length, head) = head_of(&bytes).unwrap();
        assert_eq!(&bytes[length..], b"early");
        assert_eq!((head.method, head.version), (Method::GET, Version::HTTP_11));
        assert_eq!((head.uri.path(), head.uri.query()), ("/a", Some("b=c")));
        let all: Vec<_> = head.headers.get_all("x").iter().map(HeaderValue::as_bytes).collect();
        assert_eq!((head.headers.len(), all), (3, vec![b"1".as_slice(), b"\xE4"]));
    }

    #[test]
    fn whatever_is_odd_goes_the_usual_way() {
        let many = "X: 1\r\n".repeat(HEADERS + 1);
        for request in [
            "GET / HTTP/1.1\r\nHost: d\r\n",
            "POST / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
            "GET / HTTP/1.1\r\nNo name\r\n\r\n",
            "GET / HTTP/1.1\r\nX : 1\r\n\r\n",
            "GET a b HTTP/1.1\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\n",
            &format!("GET / HTTP/1.1\r\n{many}\r\n"),
            "",
        ] {
            assert!(head_of(&Bytes::copy_from_slice(request.as_bytes())).is_none(), "{request}");
        }
    }
}
