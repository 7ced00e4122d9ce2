//! A connection's socket, with TLS or without, that never blocks.

mod tcp;
mod tls;

use std::{
    io::{self, IoSlice, Read as _, Write as _},
    task::{Poll, ready},
};

use mio::{Registry, Token, event::Event};

use super::Stream;
use tcp::Tcp;
use tls::TlsStream;

/// A socket of one shard. What is pending would block; the poll that it is registered with tells when to try again.
pub(super) enum Socket {
    Plain(Tcp),
    Tls(TlsStream),
}

/// More slices than this the kernel would take, but the array lives on the stack.
const SLICES: usize = 64;

impl Socket {
    /// Registers the socket with the poll of its shard, which tells of it by `token`.
    pub(super) fn register(stream: Stream, registry: &Registry, token: Token) -> io::Result<Self> {
        Ok(match stream {
            Stream::Plain(stream) => Self::Plain(Tcp::register(stream, registry, token)?),
            Stream::Tls(stream, session) => {
                Self::Tls(TlsStream::new(Tcp::register(stream, registry, token)?, session))
            }
        })
    }

    /// The poll told of the socket.
    pub(super) fn note(&mut self, event: &Event) {
        match self {
            Self::Plain(stream) => stream.note(event),
            Self::Tls(stream) => stream.note(event),
        }
    }

    /// Whether nothing comes after what can be read now.
    pub(super) fn is_ended(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_ended(),
            Self::Tls(stream) => stream.is_ended(),
        }
    }

    /// Reads into `buffer`; 0 is the end.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => pending(stream.read(buffer)),
            Self::Tls(stream) => stream.read(buffer),
        }
    }

    /// Gives the socket as many of the frames as go into one write, and says how many bytes it took.
    ///
    /// Small frames are joined in `scratch`: copying a few kilobytes is cheaper than a write with many slices.
    pub(super) fn write<'a>(
        &mut self,
        mut frames: impl Iterator<Item = &'a [u8]>,
        scratch: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        // Nothing is joined in vain.
        if matches!(self, Self::Plain(stream) if !stream.is_writable()) {
            return Poll::Pending;
        }
        let Some(first) = frames.next() else { return Poll::Ready(Ok(0)) };
        let Some(second) = frames.next() else { return self.write_one(first) };
        let frames = [first, second].into_iter().chain(frames);
        if first.len() + second.len() <= scratch.len() {
            let filled = fill(scratch, frames);
            return self.write_one(&scratch[..filled]);
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let mut count = 0;
        for (slice, frame) in slices.iter_mut().zip(frames) {
            *slice = IoSlice::new(frame);
            count += 1;
        }
        self.write_slices(&slices[..count])
    }

    /// How many bytes the socket took and did not write yet.
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Plain(_) => 0,
            Self::Tls(stream) => stream.held(),
        }
    }

    /// Whether [`flush`](Self::flush) has something to do.
    pub(super) fn wants_flush(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(stream) => stream.wants_flush(),
        }
    }

    /// Writes what the socket holds.
    pub(super) fn flush(&mut self) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(_) => Poll::Ready(Ok(())),
            Self::Tls(stream) => stream.flush(),
        }
    }

    /// Tells the peer that nothing more is written. May be called again.
    pub(super) fn finish(&mut self) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => Poll::Ready(stream.finish()),
            Self::Tls(stream) => stream.finish(),
        }
    }

    fn write_one(&mut self, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => took(ready!(pending(stream.write(bytes)))),
            Self::Tls(stream) => stream.write(&[IoSlice::new(bytes)]),
        }
    }

    fn write_slices(&mut self, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => took(ready!(pending(stream.write_vectored(slices)))),
            Self::Tls(stream) => stream.write(slices),
        }
    }
}

fn pending<T>(done: io::Result<T>) -> Poll<io::Result<T>> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        done => Poll::Ready(done),
    }
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
