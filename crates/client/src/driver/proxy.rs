//! Proxies, as the environment names them.

use std::{env, net::IpAddr};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::Uri;

use super::Address;

/// A proxy that opens tunnels by HTTP CONNECT.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    /// The value of `Proxy-Authorization`, if the proxy wants one.
    pub(super) authorization: Option<String>,
}

/// The environment names a proxy of a kind that this client cannot use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the proxy in {0} cannot be used: give one that begins with http://, or name the server in NO_PROXY")]
pub(super) struct BadProxy(&'static str);

impl Proxy {
    /// The proxy for an address: that of `HTTPS_PROXY` (`HTTP_PROXY` without TLS), else of `ALL_PROXY`, unless
    /// `NO_PROXY` names the host, or it is this machine. Names in lower case come first.
    pub(super) fn of_environment(to: &Address) -> Result<Option<Self>, BadProxy> {
        Self::find(to, |name| env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn find(to: &Address, variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, BadProxy> {
        let excluded = variable("no_proxy").or_else(|| variable("NO_PROXY"));
        if is_this_machine(to.host())
            || excluded.is_some_and(|list| list.split(',').any(|rule| excludes(rule.trim(), to)))
        {
            return Ok(None);
        }
        let names = match to.is_secure() {
            true => ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
            false => ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
        };
        let named = names.into_iter().find_map(|name| Some((name, variable(name)?)));
        named.map(|(name, value)| Self::parse(&value).ok_or(BadProxy(name))).transpose()
    }

    /// Reads `http://user:password@host:port`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let uri: Uri = with_scheme.parse().ok()?;
        let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http"))?;
        let user = authority.as_str().rsplit_once('@').map(|(user, _)| percent_decoded(user));
        Some(Self {
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(80),
            authorization: user.map(|user| format!("Basic {}", BASE64_STANDARD.encode(user))),
        })
    }
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Whether a rule of `NO_PROXY` names the host: `*`, the host itself with or without a port, or a domain above it.
fn excludes(rule: &str, to: &Address) -> bool {
    let rule = rule.to_ascii_lowercase();
    let host = to.host().to_ascii_lowercase();
    let domain = rule.trim_start_matches("*.").trim_start_matches('.');
    let above = host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    rule == "*" || (!domain.is_empty() && above) || rule == to.host_and_port().to_ascii_lowercase()
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        let digits =
            others.get(..2).and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok());
        match digits.filter(|_| *first == b'%') {
            Some(byte) => {
                out.push(byte);
                rest = &others[2..];
            }
            None => {
                out.push(*first);
                rest = others;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(url: &str, variables: &[(&str, &str)]) -> Result<Option<(String, u16)>, BadProxy> {
        let variable =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Proxy::find(&url.parse().unwrap(), variable).map(|found| found.map(|proxy| (proxy.host, proxy.port)))
    }

    #[test]
    fn each_scheme_has_its_variable_and_one_is_for_all() {
        let all = [("HTTPS_PROXY", "http://a:1"), ("http_proxy", "b:2"), ("ALL_PROXY", "http://c:3")];
        assert_eq!(proxy("wss://h/", &all), Ok(Some(("a".to_owned(), 1))));
        assert_eq!(proxy("ws://h/", &all), Ok(Some(("b".to_owned(), 2))));
        assert_eq!(proxy("ws://h/", &all[2..]), Ok(Some(("c".to_owned(), 3))));
        assert_eq!(proxy("ws://h/", &[]), Ok(None));
        assert_eq!(proxy("ws://127.0.0.1:8000/", &all), Ok(None));
    }

    #[test]
    fn hosts_and_domains_are_excluded() {
        let without = |list| {
            proxy("ws://a.example.com:81/", &[("ALL_PROXY", "http://c:3"), ("NO_PROXY", list)]) == Ok(None)
        };
        for list in
            ["*", "b, a.example.com", ".example.com", "example.com", "*.example.com", "a.example.com:81"]
        {
            assert!(without(list), "{list}");
        }
        for list in ["", "b", "ple.com", "a.example.com:82", "example.org", ","] {
            assert!(!without(list), "{list}");
        }
    }

    #[test]
    fn a_proxy_may_want_a_password() {
        let found = Proxy::parse("http://me:p%40ss@h:3128").unwrap();
        assert_eq!(found.authorization.as_deref(), Some("Basic bWU6cEBzcw=="));
    }

    #[test]
    fn a_proxy_of_another_kind_is_named() {
        assert_eq!(proxy("ws://h/", &[("all_proxy", "socks5://h:1080")]), Err(BadProxy("all_proxy")));
    }
}
