//! A connection that the runtime learns of when it first has to wait for it.
//!
//! Most bring their opening handshake along and are handed over at once. To register them and take them out again would
//! be two system calls for nothing.

use std::{
    io::{self, ErrorKind, IoSlice, Read as _, Write as _},
    mem,
    net::{self, Shutdown},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// A socket that does not block.
#[derive(Debug)]
pub(super) enum Newcomer {
    /// It had to wait for nothing yet.
    #[cfg_attr(not(unix), allow(dead_code))]
    Unknown(net::TcpStream),
    /// The runtime tells when it is ready.
    Known(TcpStream),
    /// The runtime could not take it.
    Lost,
}

impl Newcomer {
    /// The socket as one that the runtime knows.
    pub(super) fn known(&mut self) -> io::Result<&mut TcpStream> {
        if let Self::Unknown(_) = self
            && let Self::Unknown(socket) = mem::replace(self, Self::Lost)
        {
            *self = Self::Known(TcpStream::from_std(socket)?);
        }
        match self {
            Self::Known(socket) => Ok(socket),
            Self::Unknown(_) | Self::Lost => Err(ErrorKind::NotConnected.into()),
        }
    }

    /// The same, for good.
    pub(super) fn into_known(mut self) -> io::Result<TcpStream> {
        self.known()?;
        match self {
            Self::Known(socket) => Ok(socket),
            Self::Unknown(_) | Self::Lost => Err(ErrorKind::NotConnected.into()),
        }
    }

    /// The socket as one that no runtime knows.
    pub(super) fn into_std(self) -> io::Result<net::TcpStream> {
        match self {
            Self::Unknown(socket) => Ok(socket),
            Self::Known(socket) => socket.into_std(),
            Self::Lost => Err(ErrorKind::NotConnected.into()),
        }
    }

    /// Does what an unknown socket can do without waiting; `None` leaves it to the runtime.
    fn at_once<R>(&self, act: impl FnOnce(&net::TcpStream) -> io::Result<R>) -> Option<io::Result<R>> {
        let Self::Unknown(socket) = self else { return None };
        let done = act(socket);
        let failed = done.as_ref().err().map(io::Error::kind);
        let must_wait = matches!(failed, Some(ErrorKind::WouldBlock | ErrorKind::Interrupted));
        (!must_wait).then_some(done)
    }
}

impl AsyncRead for Newcomer {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(read) = self.at_once(|mut socket| socket.read(buffer.initialize_unfilled())) {
            return Poll::Ready(read.map(|length| buffer.advance(length)));
        }
        Pin::new(self.known()?).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Newcomer {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.at_once(|mut socket| socket.write(bytes)) {
            Some(written) => Poll::Ready(written),
            None => Pin::new(self.known()?).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.at_once(|mut socket| socket.write_vectored(slices)) {
            Some(written) => Poll::Ready(written),
            None => Pin::new(self.known()?).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(())) // nothing is held back
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.at_once(|socket| socket.shutdown(Shutdown::Write)) {
            Some(done) => Poll::Ready(done),
            None => Pin::new(self.known()?).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn pair() -> (TcpStream, Newcomer) {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let socket = listener.accept().await.unwrap().0.into_std().unwrap();
        (peer, Newcomer::Unknown(socket))
    }

    #[tokio::test]
    async fn who_brings_everything_along_stays_unknown() {
        let (mut peer, mut newcomer) = pair().await;
        peer.write_all(b"here I am").await.unwrap();
        // What a peer wrote on this machine is there when the write returns.
        let mut said = [0; 9];
        newcomer.read_exact(&mut said).await.unwrap();
        newcomer.write_all(b"come in").await.unwrap();
        assert!(matches!(newcomer, Newcomer::Unknown(_)));
        assert_eq!(&said, b"here I am");
        newcomer.shutdown().await.unwrap();
        let mut answer = String::new();
        peer.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "come in");
    }

    #[tokio::test]
    async fn who_is_late_is_waited_for() {
        let (mut peer, mut newcomer) = pair().await;
        let late = async {
            let mut said = [0; 4];
            newcomer.read_exact(&mut said).await.unwrap();
            newcomer.write_all(&said).await.unwrap();
            newcomer
        };
        let told = async {
            peer.write_all(b"late").await.unwrap();
            let mut answer = [0; 4];
            peer.read_exact(&mut answer).await.unwrap();
            answer
        };
        let (newcomer, answer) = tokio::join!(late, told);
        assert_eq!(&answer, b"late");
        assert!(matches!(newcomer, Newcomer::Known(_)));
        newcomer.into_std().unwrap();
    }
}
