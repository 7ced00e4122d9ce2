//! What bytes go over: a socket, with TLS or without, that never blocks.

use std::{
    io::{self, Read, Write},
    sync::Arc,
};

use mio::net::TcpStream;
use rustls::{ClientConfig, ClientConnection};
use rustls_pki_types::ServerName;

/// Whom certificates of measured servers are made for.
pub const SERVER_NAME: &str = "localhost";

/// A connection to a server.
pub(super) enum Line {
    Plain(TcpStream),
    Tls(TcpStream, Box<ClientConnection>),
}

impl Line {
    /// Over a socket that may still be connecting. With `tls` the handshake begins with the first write.
    pub(super) fn new(socket: TcpStream, tls: Option<&Arc<ClientConfig>>) -> io::Result<Self> {
        let Some(config) = tls else { return Ok(Self::Plain(socket)) };
        let name = ServerName::try_from(SERVER_NAME).expect("it is a name");
        let mut session = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        session.set_buffer_limit(None);
        Ok(Self::Tls(socket, Box::new(session)))
    }

    pub(super) fn socket(&self) -> &TcpStream {
        let (Self::Plain(socket) | Self::Tls(socket, _)) = self;
        socket
    }

    /// Whether a read that does not fill its buffer has taken all that the socket had.
    pub(super) fn reads_all_at_once(&self) -> bool {
        matches!(self, Self::Plain(_))
    }
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (socket, session) = match self {
            Self::Plain(socket) => return socket.read(buffer),
            Self::Tls(socket, session) => (socket, session),
        };
        loop {
            match session.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
            if session.read_tls(socket)? == 0 {
                return Ok(0);
            }
            session.process_new_packets().map_err(io::Error::other)?;
            flush(socket, session)?;
        }
    }
}

impl Write for Line {
    /// With TLS it takes all, and holds what the socket has no room for.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(socket, session) => {
                let taken = session.writer().write(bytes)?;
                flush(socket, session).map(|()| taken)
            }
        }
    }

    /// Writes what the session holds, as far as the socket takes it.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls(socket, session) => flush(socket, session),
        }
    }
}

fn flush(socket: &mut TcpStream, session: &mut ClientConnection) -> io::Result<()> {
    while session.wants_write() {
        match session.write_tls(socket) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            written => drop(written?),
        }
    }
    Ok(())
}
