//! What the demo says when it is ready: where the page is.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

/// For whoever sits at the terminal.
pub(crate) fn lines(address: SocketAddr) -> Vec<String> {
    let here = match address.ip().is_unspecified() {
        true => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
        false => address,
    };
    let mut lines = vec!["Suona's demo is ready. Open".to_owned(), format!("  http://{here}")];
    if address.ip().is_unspecified()
        && let Some(ip) = local_network()
    {
        let there = SocketAddr::new(ip, address.port());
        lines.push(format!("  http://{there}  on a phone in the same network"));
    }
    lines.push("Nothing is kept. Ctrl-C ends it.".to_owned());
    lines
}

/// This machine's address towards others, by asking the system for a route; nothing is sent.
fn local_network() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // An address that is reserved for documentation (RFC 5737).
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_means_any_is_told_as_one_to_open() {
        let said = lines(SocketAddr::from(([0; 4], 8090))).join("\n");
        assert!(said.contains("http://127.0.0.1:8090\n"), "{said}");
        assert!(!said.contains("0.0.0.0"), "{said}");
    }

    #[test]
    fn who_listens_on_this_machine_only_is_told_of_no_other_address() {
        assert_eq!(lines(SocketAddr::from(([127, 0, 0, 1], 81)))[1], "  http://127.0.0.1:81");
        assert_eq!(lines(SocketAddr::from(([127, 0, 0, 1], 81))).len(), 3);
    }
}
