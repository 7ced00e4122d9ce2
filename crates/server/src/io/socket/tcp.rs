//! A TCP socket that knows what it is ready for, so that nothing is tried in vain.

use std::{
    io::{self, IoSlice, Read, Write},
    net::{self, Shutdown},
};

use mio::{Interest, Registry, Token, event::Event, net::TcpStream};

/// Whether a change is told of after an attempt that did less than was wanted; elsewhere, only after one that would have
/// blocked.
const TELLS_OF_THE_REST: bool =
    cfg!(any(target_os = "linux", target_os = "android", target_vendor = "apple"));

/// A socket whose poll tells of each change once (edge-triggered), and what it told.
pub(in crate::io) struct Tcp {
    stream: TcpStream,
    /// Whether there may be something to read, an end or an error included.
    readable: bool,
    /// Whether there may be room to write.
    writable: bool,
    /// Whether nothing comes after what can be read.
    ended: bool,
}

impl Tcp {
    /// A socket that does not block; its events have `token`.
    pub(super) fn register(stream: net::TcpStream, registry: &Registry, token: Token) -> io::Result<Self> {
        let mut stream = TcpStream::from_std(stream);
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { stream, readable: false, writable: true, ended: false })
    }

    pub(super) fn note(&mut self, event: &Event) {
        self.ended |= event.is_read_closed() || event.is_error();
        self.readable |= event.is_readable() || self.ended;
        self.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
    }

    /// Whether there may be room to write.
    pub(super) fn is_writable(&self) -> bool {
        self.writable
    }

    /// Whether nothing comes after what can be read.
    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Tells the peer that nothing more is written. May be called again.
    pub(super) fn finish(&self) -> io::Result<()> {
        match self.stream.shutdown(Shutdown::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            done => done,
        }
    }
}

impl Read for Tcp {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let more = !self.ended;
        attempt(&mut self.readable, buffer.len(), more, || self.stream.read(buffer))
    }
}

impl Write for Tcp {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        attempt(&mut self.writable, bytes.len(), true, || self.stream.write(bytes))
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let length = slices.iter().map(|slice| slice.len()).sum();
        attempt(&mut self.writable, length, true, || self.stream.write_vectored(slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Does what a socket is `ready` for, and notes when it is not any more: when it would block, or when it did less than
/// `wanted` and will tell of the rest.
fn attempt(
    ready: &mut bool,
    wanted: usize,
    tells: bool,
    mut act: impl FnMut() -> io::Result<usize>,
) -> io::Result<usize> {
    if !*ready {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    loop {
        let done = act();
        match &done {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => *ready = false,
            Ok(length) if *length > 0 && *length < wanted && tells && TELLS_OF_THE_REST => *ready = false,
            _ => {}
        }
        return done;
    }
}
