//! What the demo says when it is ready: where the page is.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

/// For whoever sits at the terminal of a machine that others know by `network`.
pub(crate) fn lines(address: SocketAddr, network: Option<IpAddr>) -> Vec<String> {
    let here = match address.ip().is_unspecified() {
        true => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
        false => address,
    };
    let mut lines = vec!["Suona's demo is ready. Open".to_owned(), format!("  http://{here}")];
    if address.ip().is_unspecified()
        && let Some(ip) = network
    {
        let there = SocketAddr::new(ip, address.port());
        lines.push(format!("  http://{there}  on a phone in the same network"));
    }
    lines.push("Nothing is kept. Ctrl-C ends it.".to_owned());
    lines
}

/// This machine's address towards others, by asking the system for a route; nothing is sent.
pub(crate) fn local_network() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // An address that is reserved for documentation (RFC 5737).
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 5));

    #[test]
    fn an_address_that_means_any_is_told_as_one_to_open_here_and_one_for_a_phone() {
        let said = lines(SocketAddr::from(([0; 4], 8090)), Some(THERE));
        assert_eq!(said[1], "  http://127.0.0.1:8090");
        assert_eq!(said[2], "  http://192.168.1.5:8090  on a phone in the same network");
    }

    #[test]
    fn a_machine_without_a_network_tells_one_address() {
        let said = lines(SocketAddr::from(([0; 4], 8090)), None);
        assert_eq!((said[1].as_str(), said.len()), ("  http://127.0.0.1:8090", 3));
    }

    #[test]
    fn who_listens_on_this_machine_only_is_told_of_no_other_address() {
        let said = lines(SocketAddr::from(([127, 0, 0, 1], 81)), Some(THERE));
        assert_eq!((said[1].as_str(), said.len()), ("  http://127.0.0.1:81", 3));
    }
}
