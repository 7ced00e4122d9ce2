//! Who the client is, when proxies stand in between.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

/// The proxies whose word about a client's address is believed.
#[derive(Clone, Debug, Default)]
pub(super) struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    pub(super) fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    pub(super) fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client's address: the right-most hop of `X-Forwarded-For` that is no trusted proxy.
    ///
    /// `peer` is whom the connection comes from. Whatever stands left of an untrusted hop was written by
    /// that hop and proves nothing; an illegible hop ends the walk too.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines = headers.get_all("x-forwarded-for").iter().rev();
        let mut hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        while self.trust(client) {
            let Some(hop) = hops.next().and_then(parse_hop) else { break };
            client = hop;
        }
        client
    }
}

impl TrustedProxies {
    /// The user whom the proxy at `peer` names; if no proxies are known, whoever it is. Named twice is not at all:
    /// one of the two may be the client's own.
    pub(super) fn vouched(&self, peer: IpAddr, headers: &HeaderMap, name: &HeaderName) -> Option<String> {
        let mut lines = headers.get_all(name).iter();
        let (user, more) = (lines.next()?, lines.next());
        let doubt = match std::str::from_utf8(user.as_bytes()) {
            _ if more.is_some() => "it comes twice",
            _ if !self.0.is_empty() && !self.trust(peer) => "it comes from no trusted proxy",
            Err(_) => "it is no UTF-8",
            Ok("") => return None,
            Ok(user) => return Some(user.to_owned()),
        };
        tracing::debug!(%peer, header = %name, "the header that names the user is not believed: {doubt}");
        None
    }
}

/// An address as proxies write it: bare, with a port, or in brackets.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse().ok().or_else(|| Some(hop.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        let headers =
            forwarded.iter().map(|line| ("x-forwarded-for".parse().unwrap(), line.parse().unwrap()));
        proxies.client(peer.parse().unwrap(), &headers.collect()).to_string()
    }

    #[test]
    fn a_stranger_cannot_forge_its_address() {
        assert_eq!(client("203.0.113.5", &["198.51.100.1"]), "203.0.113.5");
        assert_eq!(client("10.0.0.1", &["1.1.1.1, 203.0.113.5"]), "203.0.113.5");
        assert_eq!(client("10.0.0.1", &["1.1.1.1", "203.0.113.5, 10.9.9.9"]), "203.0.113.5");
    }

    #[test]
    fn trusted_proxies_are_passed_over_from_the_right() {
        assert_eq!(client("10.0.0.1", &["203.0.113.5, 10.1.1.1,10.2.2.2"]), "203.0.113.5");
        assert_eq!(client("fd00::1", &["2001:db8::7"]), "2001:db8::7");
        assert_eq!(client("::ffff:10.0.0.1", &["203.0.113.5"]), "203.0.113.5");
    }

    #[test]
    fn a_request_from_a_proxy_itself_has_the_proxys_address() {
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["10.3.3.3"]), "10.3.3.3");
    }

    #[test]
    fn hops_may_have_ports_and_brackets() {
        assert_eq!(client("10.0.0.1", &["203.0.113.5:4711"]), "203.0.113.5");
        assert_eq!(client("10.0.0.1", &["[2001:db8::7]:4711"]), "2001:db8::7");
        assert_eq!(client("10.0.0.1", &["[2001:db8::7]"]), "2001:db8::7");
    }

    #[test]
    fn only_a_trusted_proxy_names_users_and_only_one() {
        let name = HeaderName::from_static("x-user");
        let vouched = |networks: &[&str], peer: &str, users: &[&str]| {
            let proxies = TrustedProxies::new(networks.iter().map(|net| net.parse().unwrap()).collect());
            let users = users
                .iter()
                .map(|user| (name.clone(), axum::http::HeaderValue::from_bytes(user.as_bytes()).unwrap()));
            proxies.vouched(peer.parse().unwrap(), &users.collect(), &name)
        };
        assert_eq!(vouched(&["10.0.0.0/8"], "10.0.0.1", &["ann"]).as_deref(), Some("ann"));
        assert_eq!(vouched(&["10.0.0.0/8"], "203.0.113.5", &["ann"]), None);
        assert_eq!(vouched(&["10.0.0.0/8"], "10.0.0.1", &["root", "ann"]), None);
        assert_eq!(vouched(&["10.0.0.0/8"], "10.0.0.1", &[""]), None);
        assert_eq!(vouched(&["10.0.0.0/8"], "10.0.0.1", &["小红"]).as_deref(), Some("小红"));
        assert_eq!(vouched(&[], "203.0.113.5", &["ann"]).as_deref(), Some("ann"));
        assert_eq!(vouched(&[], "203.0.113.5", &[]), None);
    }

    #[test]
    fn an_illegible_hop_ends_the_walk() {
        assert_eq!(client("10.0.0.1", &["203.0.113.5, unknown, 10.1.1.1"]), "10.1.1.1");
        assert_eq!(client("10.0.0.1", &["203.0.113.5, "]), "10.0.0.1");
    }
}
