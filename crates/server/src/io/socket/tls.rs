//! TLS, driven directly: rustls encrypts and decrypts, this moves its bytes.

use std::{
    io::{self, IoSlice, Read, Write},
    pin::Pin,
    task::{Context, Poll, ready},
};

use rustls::ServerConnection;
use tokio::{io::AsyncWrite, net::TcpStream};

use super::poll_read;

/// A TCP socket with a TLS session whose handshake is done.
pub(in crate::io) struct TlsStream {
    stream: TcpStream,
    session: Box<ServerConnection>,
    /// Plain bytes of which not all is written, at most [`HELD`].
    held: usize,
}

/// The most that is encrypted ahead of writing: the largest record of TLS.
const HELD: usize = 16 * 1024;

impl TlsStream {
    pub(super) fn new(stream: TcpStream, mut session: Box<ServerConnection>) -> Self {
        session.set_buffer_limit(Some(HELD));
        Self { stream, session, held: 0 }
    }

    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            match self.session.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // Cut without a farewell, which WebSocket has of its own.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Poll::Ready(Ok(0)),
                read => return Poll::Ready(read),
            }
            let mut socket = Lent { stream: &mut self.stream, cx };
            ready!(pending(self.session.read_tls(&mut socket)))?;
            if let Err(error) = self.session.process_new_packets() {
                // The alert that tells the peer why; the connection ends whether it is written or not.
                let _ = self.poll_flush(cx);
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)));
            }
        }
    }

    /// Encrypts what there is room for, and writes as much of it as the socket takes.
    ///
    /// Comes after [`poll_flush`](Self::poll_flush) was done, so that there is room.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let taken = self.session.writer().write_vectored(slices)?;
        self.held += taken;
        match self.poll_flush(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending | Poll::Ready(Ok(())) => super::took(Ok(taken)),
        }
    }

    pub(super) fn held(&self) -> usize {
        self.held
    }

    pub(super) fn wants_flush(&self) -> bool {
        self.session.wants_write()
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.session.wants_write() {
            let mut socket = Lent { stream: &mut self.stream, cx };
            ready!(super::took(ready!(pending(self.session.write_tls(&mut socket)))))?;
        }
        self.held = 0;
        Poll::Ready(Ok(()))
    }

    pub(super) fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.session.send_close_notify();
        ready!(self.poll_flush(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The socket in the shape that rustls asks for: what is pending would block.
struct Lent<'a, 'b> {
    stream: &'a mut TcpStream,
    cx: &'a mut Context<'b>,
}

impl Read for Lent<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        or_block(poll_read(self.stream, self.cx, buffer))
    }
}

impl Write for Lent<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        or_block(Pin::new(&mut *self.stream).poll_write(self.cx, bytes))
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        or_block(Pin::new(&mut *self.stream).poll_write_vectored(self.cx, slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn or_block(done: Poll<io::Result<usize>>) -> io::Result<usize> {
    match done {
        Poll::Ready(done) => done,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

fn pending(done: io::Result<usize>) -> Poll<io::Result<usize>> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        done => Poll::Ready(done),
    }
}
