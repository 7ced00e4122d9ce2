//! The listening socket, whose connections no runtime knows yet.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
};

#[cfg(unix)]
use tokio::io::{Interest, unix::AsyncFd};
use tokio::net::TcpSocket;

use super::{BindError, accept::Source, newcomer::Newcomer};

/// A listener that is waited for by tokio, and accepts without it.
#[cfg(unix)]
pub(super) struct Listener(AsyncFd<mio::net::TcpListener>);

/// Elsewhere, tokio accepts.
#[cfg(not(unix))]
pub(super) struct Listener(tokio::net::TcpListener);

impl Listener {
    /// Listens on `address`; must be called within a tokio runtime.
    ///
    /// Without `SO_REUSEPORT`, so that a second gateway cannot start unnoticed on the same port.
    pub(super) fn bind(address: SocketAddr) -> Result<Self, BindError> {
        listen(address).and_then(Self::new).map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => BindError::PortInUse(address),
            ErrorKind::PermissionDenied => BindError::PortForbidden(address),
            ErrorKind::AddrNotAvailable => BindError::NoSuchAddress(address),
            _ => BindError::Listen(address, error),
        })
    }

    /// Where it listens.
    pub(super) fn local_addr(&self) -> Result<SocketAddr, BindError> {
        #[cfg(unix)]
        let address = self.0.get_ref().local_addr();
        #[cfg(not(unix))]
        let address = self.0.local_addr();
        address.map_err(|error| BindError::Listen(SocketAddr::from(([0; 4], 0)), error))
    }

    #[cfg(unix)]
    #[expect(unsafe_code, reason = "nothing else waits for a socket without taking it over")]
    fn new(listener: tokio::net::TcpListener) -> io::Result<Self> {
        let listener = mio::net::TcpListener::from_std(listener.into_std()?);
        // SAFETY: a listener of mio owns its descriptor, and names the same one as long as it lives.
        Ok(Self(unsafe { AsyncFd::register_with_interest(listener, Interest::READABLE) }?))
    }

    #[cfg(not(unix))]
    fn new(listener: tokio::net::TcpListener) -> io::Result<Self> {
        Ok(Self(listener))
    }
}

impl Source for Listener {
    type Socket = Newcomer;

    #[cfg(unix)]
    async fn accept(&mut self) -> io::Result<(Newcomer, SocketAddr)> {
        let (socket, peer) = self.0.async_io(Interest::READABLE, mio::net::TcpListener::accept).await?;
        #[cfg(not(target_os = "linux"))]
        let _ = socket.set_nodelay(true); // fails only on a socket that is closed already
        Ok((Newcomer::Unknown(socket.into()), peer))
    }

    #[cfg(not(unix))]
    async fn accept(&mut self) -> io::Result<(Newcomer, SocketAddr)> {
        let (socket, peer) = self.0.accept().await?;
        let _ = socket.set_nodelay(true); // fails only on a socket that is closed already
        Ok((Newcomer::Known(socket), peer))
    }
}

fn listen(address: SocketAddr) -> io::Result<tokio::net::TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Lets a restart bind while old connections linger; on Windows it would allow a second listener.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    // Linux hands this down to every connection that is accepted, which saves a call for each.
    socket.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    wake_for_those_who_speak(&socket);
    socket.bind(address)?;
    socket.listen(4096) // Linux's own ceiling (`somaxconn`): a whole node may reconnect at once
}

/// Has connections accepted when their first bytes are there, and not one by one before; silent ones a second later.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "no library has this option")]
fn wake_for_those_who_speak(socket: &TcpSocket) {
    use std::os::fd::AsRawFd as _;

    let seconds: libc::c_int = 1;
    let length = size_of::<libc::c_int>() as libc::socklen_t;
    let value = (&raw const seconds).cast();
    // SAFETY: the descriptor is open, and `value` points to as many bytes as are said.
    unsafe {
        // A kernel without this option accepts at once.
        libc::setsockopt(socket.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, value, length);
    }
}
