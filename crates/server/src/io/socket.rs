//! A connection's socket, with TLS or without, that never blocks and wakes a doorbell instead.

mod tls;

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::Stream;
use tls::TlsStream;

/// A socket of one shard.
pub(super) enum Socket {
    Plain(TcpStream),
    Tls(TlsStream),
}

/// More slices than this the kernel would take, but the array lives on the stack.
const SLICES: usize = 64;

impl Socket {
    /// Registers the socket with the runtime of this thread.
    pub(super) fn register(stream: Stream) -> io::Result<Self> {
        Ok(match stream {
            Stream::Plain(stream) => Self::Plain(TcpStream::from_std(stream)?),
            Stream::Tls(stream, session) => Self::Tls(TlsStream::new(TcpStream::from_std(stream)?, session)),
        })
    }

    /// Reads into `buffer`; 0 is the end.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => poll_read(stream, cx, buffer),
            Self::Tls(stream) => stream.poll_read(cx, buffer),
        }
    }

    /// Gives the socket as many of the frames as go into one write, and says how many bytes it took.
    ///
    /// Small frames are joined in `scratch`: copying a few kilobytes is cheaper than a write with many slices.
    pub(super) fn poll_write<'a>(
        &mut self,
        cx: &mut Context<'_>,
        mut frames: impl Iterator<Item = &'a [u8]>,
        scratch: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let Some(first) = frames.next() else { return Poll::Ready(Ok(0)) };
        let Some(second) = frames.next() else { return self.poll_write_one(cx, first) };
        let frames = [first, second].into_iter().chain(frames);
        if first.len() + second.len() <= scratch.len() {
            let filled = fill(scratch, frames);
            return self.poll_write_one(cx, &scratch[..filled]);
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let mut count = 0;
        for (slice, frame) in slices.iter_mut().zip(frames) {
            *slice = IoSlice::new(frame);
            count += 1;
        }
        self.poll_write_slices(cx, &slices[..count])
    }

    /// How many bytes the socket took and did not write yet.
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Plain(_) => 0,
            Self::Tls(stream) => stream.held(),
        }
    }

    /// Whether [`poll_flush`](Self::poll_flush) has something to do.
    pub(super) fn wants_flush(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(stream) => stream.wants_flush(),
        }
    }

    /// Writes what the socket holds.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(_) => Poll::Ready(Ok(())),
            Self::Tls(stream) => stream.poll_flush(cx),
        }
    }

    /// Tells the peer that nothing more is written. May be called again.
    pub(super) fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => stream.poll_finish(cx),
        }
    }

    fn poll_write_one(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => took(ready!(Pin::new(stream).poll_write(cx, bytes))),
            Self::Tls(stream) => stream.poll_write(cx, &[IoSlice::new(bytes)]),
        }
    }

    fn poll_write_slices(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => took(ready!(Pin::new(stream).poll_write_vectored(cx, slices))),
            Self::Tls(stream) => stream.poll_write(cx, slices),
        }
    }
}

fn poll_read(stream: &mut TcpStream, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
    let mut buffer = ReadBuf::new(buffer);
    ready!(Pin::new(stream).poll_read(cx, &mut buffer))?;
    Poll::Ready(Ok(buffer.filled().len()))
}

/// A socket that takes nothing of something would be asked for ever.
fn took(written: io::Result<usize>) -> Poll<io::Result<usize>> {
    Poll::Ready(match written {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        written => written,
    })
}

/// Copies as many whole frames as there is room for, and says how many bytes that are.
fn fill<'a>(scratch: &mut [u8], frames: impl Iterator<Item = &'a [u8]>) -> usize {
    let mut filled = 0;
    for frame in frames {
        let Some(room) = scratch.get_mut(filled..filled + frame.len()) else { break };
        room.copy_from_slice(frame);
        filled += frame.len();
    }
    filled
}
