//! TLS, driven directly: rustls encrypts and decrypts, this moves its bytes.

use std::{
    io::{self, IoSlice, Read as _, Write as _},
    task::{Poll, ready},
};

use mio::event::Event;
use rustls::ServerConnection;

use super::{pending, tcp::Tcp, took};

/// A TCP socket with a TLS session whose handshake is done.
pub(in crate::io) struct TlsStream {
    stream: Tcp,
    session: Box<ServerConnection>,
    /// Plain bytes of which not all is written, at most [`HELD`].
    held: usize,
}

/// The most that is encrypted ahead of writing: the largest record of TLS.
const HELD: usize = 16 * 1024;

impl TlsStream {
    pub(super) fn new(stream: Tcp, mut session: Box<ServerConnection>) -> Self {
        session.set_buffer_limit(Some(HELD));
        Self { stream, session, held: 0 }
    }

    pub(super) fn note(&mut self, event: &Event) {
        self.stream.note(event);
    }

    pub(super) fn is_ended(&self) -> bool {
        self.stream.is_ended()
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            match self.session.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // Cut without a farewell, which WebSocket has of its own.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Poll::Ready(Ok(0)),
                read => return Poll::Ready(read),
            }
            ready!(pending(self.session.read_tls(&mut self.stream)))?;
            if let Err(error) = self.session.process_new_packets() {
                // The alert that tells the peer why; the connection ends whether it is written or not.
                let _ = self.flush();
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)));
            }
        }
    }

    /// Encrypts what there is room for, and writes as much of it as the socket takes.
    ///
    /// Comes after [`flush`](Self::flush) was done, so that there is room.
    pub(super) fn write(&mut self, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let taken = self.session.writer().write_vectored(slices)?;
        self.held += taken;
        match self.flush() {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending | Poll::Ready(Ok(())) => took(Ok(taken)),
        }
    }

    pub(super) fn held(&self) -> usize {
        self.held
    }

    pub(super) fn wants_flush(&self) -> bool {
        self.session.wants_write()
    }

    pub(super) fn flush(&mut self) -> Poll<io::Result<()>> {
        while self.session.wants_write() {
            ready!(took(ready!(pending(self.session.write_tls(&mut self.stream)))))?;
        }
        self.held = 0;
        Poll::Ready(Ok(()))
    }

    pub(super) fn finish(&mut self) -> Poll<io::Result<()>> {
        self.session.send_close_notify();
        ready!(self.flush())?;
        Poll::Ready(self.stream.finish())
    }
}
