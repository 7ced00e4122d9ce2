//! Where a server is: `ws://` and `wss://` URLs.

use std::{fmt, str::FromStr};

use http::Uri;

/// What is dialled.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address {
    uri: Uri,
    host: String,
    port: u16,
    /// By TLS.
    secure: bool,
}

/// A text that is no address of a WebSocket server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write an address such as wss://example.com/connection/websocket")]
pub struct BadAddress;

impl Address {
    /// The name or the number, without brackets.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn is_secure(&self) -> bool {
        self.secure
    }

    /// Host and port, as `Host` headers have them: a port that goes without saying is left out.
    pub(super) fn authority(&self) -> String {
        let usual = self.port == usual_port(self.secure);
        if usual { bracketed(&self.host) } else { self.host_and_port() }
    }

    /// Host and port, as proxies want them.
    pub(super) fn host_and_port(&self) -> String {
        format!("{}:{}", bracketed(&self.host), self.port)
    }

    /// Path and query.
    pub(super) fn target(&self) -> &str {
        self.uri.path_and_query().map_or("/", |target| target.as_str())
    }
}

fn usual_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let uri: Uri = text.parse().map_err(|_| BadAddress)?;
        let secure = match uri.scheme_str() {
            Some("ws") => false,
            Some("wss") => true,
            _ => return Err(BadAddress),
        };
        let host = uri.host().map(|host| host.trim_matches(['[', ']']).to_owned());
        let host = host.filter(|host| !host.is_empty()).ok_or(BadAddress)?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let port = match authority.rsplit('@').next().and_then(|place| place.rsplit_once(':')) {
            Some((_, port)) if !port.ends_with(']') => port.parse().map_err(|_| BadAddress)?,
            _ => usual_port(secure),
        };
        Ok(Self { uri, host, port, secure })
    }
}

impl fmt::Display for Address {
    /// Without its query, which may hold a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "wss" } else { "ws" };
        write!(f, "{scheme}://{}{}", self.authority(), self.uri.path())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn ports_go_without_saying() {
        assert_eq!(
            (read("ws://h/x").port(), read("wss://h/x?y=1").port(), read("ws://h:8000").port()),
            (80, 443, 8000)
        );
        assert_eq!(
            (read("wss://h:443/").authority(), read("ws://h:443/").authority()),
            ("h".into(), "h:443".into())
        );
        assert_eq!(read("wss://h/x?y=1").target(), "/x?y=1");
    }

    #[test]
    fn an_ipv6_address_has_its_brackets_where_it_needs_them() {
        let address = read("ws://[::1]:8000/x");
        assert_eq!((address.host(), address.host_and_port().as_str()), ("::1", "[::1]:8000"));
    }

    #[test]
    fn a_query_is_not_shown() {
        assert_eq!(read("wss://h/x?token=secret").to_string(), "wss://h/x");
        assert_eq!(format!("{:?}", read("wss://user:secret@h/x")), "wss://h/x");
    }

    #[test]
    fn what_is_no_websocket_address_is_refused() {
        for text in ["", "h", "http://h/", "ws:///x", "ws://", "wss://h:99999/"] {
            assert_eq!(text.parse::<Address>(), Err(BadAddress), "{text}");
        }
    }
}
