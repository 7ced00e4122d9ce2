//! Opens sockets, from as many source addresses as their number needs.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use mio::net::TcpStream;
use socket2::{Domain, Socket, Type};

/// How many connections one source address gets. Linux gives out 28,000 ports by default, every other one
/// first; when those are used up, each search for a free one is long.
const PER_SOURCE: usize = 10_000;

/// Begins to connect; the socket becomes writable when that is done.
pub(super) fn dial(address: SocketAddr, number: usize) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    // Thousands of connections that end at once shall not keep their ports for a minute.
    socket.set_linger(Some(Duration::ZERO))?;
    if let Some(source) = source(address, number) {
        socket.bind(&source.into())?;
    }
    match socket.connect(&address.into()) {
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
        connected => connected?,
    }
    Ok(TcpStream::from_std(socket.into()))
}

/// The address to connect from: beyond one address's ports, the next of the loopback network.
fn source(to: SocketAddr, number: usize) -> Option<SocketAddr> {
    let further = u32::try_from(number / PER_SOURCE).unwrap_or(0);
    let from = Ipv4Addr::from(u32::from(Ipv4Addr::LOCALHOST) + further);
    (further > 0 && to.is_ipv4() && to.ip().is_loopback()).then(|| (IpAddr::V4(from), 0).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_connections_come_from_several_addresses() {
        let gateway: SocketAddr = "127.0.0.1:8000".parse().unwrap();
        assert_eq!(source(gateway, 9_999), None);
        assert_eq!(source(gateway, 10_000), Some("127.0.0.2:0".parse().unwrap()));
        assert_eq!(source(gateway, 999_999), Some("127.0.0.100:0".parse().unwrap()));
        assert_eq!(source("192.0.2.1:8000".parse().unwrap(), 20_000), None);
    }
}
