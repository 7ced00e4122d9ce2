//! Streams that HTTP is done with.

use std::io;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

use super::newcomer::Newcomer;
use crate::io::Stream;

/// A stream that can be taken from its runtime.
pub(super) trait TakeApart: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    fn take_apart(self) -> io::Result<Stream>;
}

impl TakeApart for Newcomer {
    fn take_apart(self) -> io::Result<Stream> {
        self.into_std().map(Stream::Plain)
    }
}

impl TakeApart for TlsStream<TcpStream> {
    fn take_apart(self) -> io::Result<Stream> {
        let (socket, session) = self.into_inner();
        Ok(Stream::Tls(socket.into_std()?, Box::new(session)))
    }
}
