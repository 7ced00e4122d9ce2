//! The WebSocket opening handshake: is it one, is it right, and if not, what is wrong with it.

use std::borrow::Cow;

use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Version,
    header::{
        CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
        SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
    },
    request::Parts,
};
use suona_protocol::ws::{self, BadUpgrade, Window};

/// What is wrong with an opening handshake; the text is for whoever set up the client or the proxy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    #[error("a WebSocket is opened with GET")]
    Method,
    #[error("a WebSocket needs HTTP/1.1, and this request is older; {NGINX}")]
    HttpVersion,
    #[error("{0}; {NGINX}")]
    Hop(BadUpgrade),
    #[error("{0}")]
    Header(BadUpgrade),
    #[error("a request that opens a WebSocket has no body")]
    Body,
}

const NGINX: &str = "nginx passes WebSockets on with `proxy_http_version 1.1; \
                     proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\"`";

impl From<BadUpgrade> for Broken {
    fn from(bad: BadUpgrade) -> Self {
        match bad {
            BadUpgrade::NotUpgrade | BadUpgrade::NotConnection => Self::Hop(bad),
            BadUpgrade::Version | BadUpgrade::NoKey | BadUpgrade::Key => Self::Header(bad),
        }
    }
}

/// Whether the sender wants a WebSocket, rightly or not.
///
/// Some HTTP clients offer `Upgrade: h2c` with every request, and a proxy that is not set up for WebSockets
/// removes `Upgrade` and leaves the rest.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let other_than_h2c = |value: &HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"h2c");
    headers.contains_key(SEC_WEBSOCKET_KEY)
        || headers.contains_key(SEC_WEBSOCKET_VERSION)
        || headers.get_all(UPGRADE).iter().any(other_than_h2c)
}

/// Checks the handshake; what comes back is the value of `Sec-WebSocket-Accept`.
pub(super) fn check(head: &Parts) -> Result<HeaderValue, Broken> {
    let headers = &head.headers;
    if head.method != Method::GET {
        return Err(Broken::Method);
    }
    if head.version < Version::HTTP_11 {
        return Err(Broken::HttpVersion);
    }
    let value = |name| joined(headers, name);
    let (connection, upgrade) = (value(&CONNECTION), value(&UPGRADE));
    let (version, key) = (value(&SEC_WEBSOCKET_VERSION), value(&SEC_WEBSOCKET_KEY));
    let request = ws::Upgrade {
        connection: connection.as_deref(),
        upgrade: upgrade.as_deref(),
        version: version.as_deref(),
        key: key.as_deref(),
    };
    let accept = request.accept()?;
    let no_body = headers.get(CONTENT_LENGTH).is_none_or(|length| length == "0");
    if !no_body || headers.contains_key(TRANSFER_ENCODING) {
        return Err(Broken::Body);
    }
    Ok(accept.parse().expect("base64 is ASCII"))
}

/// The first sub-protocol offered that `speaks` knows.
pub(super) fn sub_protocol(headers: &HeaderMap, speaks: impl Fn(&str) -> bool) -> Option<&str> {
    lists(headers, &SEC_WEBSOCKET_PROTOCOL).find(|offered| speaks(offered))
}

/// The window for compression, if the client offers any.
pub(super) fn deflate(headers: &HeaderMap) -> Option<Window> {
    lines(headers, &SEC_WEBSOCKET_EXTENSIONS).find_map(Window::offered)
}

/// The elements of a comma-separated header, of all its lines.
fn lists<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let words = lines(headers, name).flat_map(|line| line.split(','));
    words.map(str::trim).filter(|word| !word.is_empty())
}

/// All lines of one header as one; `None` without any.
fn joined<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Cow<'a, str>> {
    let mut lines = lines(headers, name);
    let first = lines.next()?;
    Some(lines.fold(Cow::Borrowed(first), |all, line| Cow::Owned(format!("{all},{line}"))))
}

/// The lines of one header; those that are not ASCII count as empty.
fn lines<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).into_iter().map(|line| line.to_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    /// The example of RFC 6455 §1.2, with each of `changes` made: a value replaced, or removed if empty.
    fn handshake(changes: &[(&'static str, &str)]) -> Parts {
        let (mut head, ()) = Request::get("/chat")
            .header("host", "server.example.com")
            .header("upgrade", "websocket")
            .header("connection", "keep-alive, Upgrade")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .header("sec-websocket-protocol", "chat, superchat")
            .header("sec-websocket-version", "13")
            .body(())
            .unwrap()
            .into_parts();
        for (name, value) in changes {
            head.headers.remove(*name);
            if !value.is_empty() {
                head.headers.insert(*name, value.parse().unwrap());
            }
        }
        head
    }

    #[test]
    fn the_example_of_the_rfc_is_accepted() {
        assert_eq!(check(&handshake(&[])).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(check(&handshake(&[("upgrade", "WebSocket"), ("connection", "upgrade")])).is_ok());
    }

    #[test]
    fn whatever_is_wrong_is_named() {
        let broken = |changes| check(&handshake(changes)).unwrap_err();
        assert_eq!(broken(&[("upgrade", "")]), Broken::Hop(BadUpgrade::NotUpgrade));
        assert_eq!(broken(&[("connection", "close")]), Broken::Hop(BadUpgrade::NotConnection));
        assert_eq!(broken(&[("sec-websocket-version", "8")]), Broken::Header(BadUpgrade::Version));
        assert_eq!(broken(&[("sec-websocket-key", "")]), Broken::Header(BadUpgrade::NoKey));
        assert_eq!(broken(&[("content-length", "5")]), Broken::Body);
        assert_eq!(broken(&[("transfer-encoding", "chunked")]), Broken::Body);
        let mut posted = handshake(&[]);
        posted.method = Method::POST;
        assert_eq!(check(&posted), Err(Broken::Method));
        let mut old = handshake(&[]);
        old.version = Version::HTTP_10;
        assert_eq!(check(&old), Err(Broken::HttpVersion));
    }

    #[test]
    fn lines_of_one_header_are_read_as_one() {
        let mut split = handshake(&[("connection", "keep-alive")]);
        split.headers.append(CONNECTION, "Upgrade".parse().unwrap());
        assert!(check(&split).is_ok());
        let mut two_keys = handshake(&[]);
        two_keys.headers.append(SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==".parse().unwrap());
        assert_eq!(check(&two_keys), Err(Broken::Header(BadUpgrade::Key)));
    }

    #[test]
    fn a_handshake_whose_upgrade_a_proxy_removed_is_still_one() {
        assert!(is_wanted(&handshake(&[("upgrade", ""), ("connection", "close")]).headers));
        let plain = [("sec-websocket-key", ""), ("sec-websocket-version", "")];
        assert!(is_wanted(&handshake(&plain).headers));
        assert!(!is_wanted(&handshake(&[plain[0], plain[1], ("upgrade", "")]).headers));
        assert!(!is_wanted(&handshake(&[plain[0], plain[1], ("upgrade", "h2c")]).headers));
    }

    #[test]
    fn the_first_sub_protocol_spoken_is_chosen() {
        let headers = handshake(&[]).headers;
        assert_eq!(sub_protocol(&headers, |_| true), Some("chat"));
        assert_eq!(sub_protocol(&headers, |offered| offered == "superchat"), Some("superchat"));
        assert_eq!(sub_protocol(&headers, |_| false), None);
    }
}
