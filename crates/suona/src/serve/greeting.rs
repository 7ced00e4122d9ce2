//! What `serve` says when it is ready: where it can be reached, and what to try first.

use std::{
    env,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
};

use suona_server::serve::Gateway;

/// Where the gateway listens, a line each.
pub(super) fn addresses(gateway: &Gateway, tls: bool) -> Vec<String> {
    let scheme = if tls { "https" } else { "http" };
    let mut lines = vec![format!("listening on {scheme}://{}", reachable(gateway.local_addr()))];
    if gateway.local_addr().ip().is_unspecified()
        && let Some(ip) = local_network()
    {
        let address = SocketAddr::new(ip, gateway.local_addr().port());
        lines.push(format!("local network  {scheme}://{address}"));
    }
    if let Some(internal) = gateway.internal_addr() {
        lines.push(format!("listening on http://{} for the API, health and metrics", reachable(internal)));
    }
    lines
}

/// Three lines to paste into another terminal.
pub(super) fn first_steps(address: SocketAddr, path: &str, api: &str) -> Vec<String> {
    let address = reachable(address);
    let exe = env::current_exe().map_or_else(|_| "suona".to_owned(), |exe| exe.display().to_string());
    vec![
        String::new(),
        "Clients connect to:".to_owned(),
        format!("  ws://{address}{path}"),
        String::new(),
        "Try it in another terminal:".to_owned(),
        format!("  {exe} publish news '{{\"hello\":\"world\"}}' --url http://{address}"),
        format!("  {exe} tail news --recent 10 --count 1 --url ws://{address}{path}"),
        format!("  curl -s -X POST http://{address}{api}/history -d '{{\"channel\":\"news\",\"limit\":10}}'"),
        String::new(),
    ]
}

/// An address to connect to: "any" becomes "this machine".
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    SocketAddr::new(ip, address.port())
}

/// This machine's address towards others, by asking the system for a route; nothing is sent.
fn local_network() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // An address that is reserved for documentation (RFC 5737).
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
}
