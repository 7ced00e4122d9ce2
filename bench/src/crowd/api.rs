//! Publishes through the HTTP API, one request after another, in the crowd's own event loop.

use std::{
    io::{self, Read as _, Write as _},
    time::{Duration, Instant},
};

use mio::{Interest, Registry, Token, net::TcpStream};

use super::{Entrance, line::Line};
use crate::{Trouble, http};

/// The API of a server.
pub(super) struct Api {
    entrance: Entrance,
    connection: Option<Connection>,
    writes: Option<u64>,
}

struct Connection {
    line: Line,
    unsent: Vec<u8>,
    received: Vec<u8>,
    /// Commands of the request under way.
    awaited: Option<usize>,
    used: Instant,
}

/// After so long without a request a server may have closed the connection.
const FRESH: Duration = Duration::from_secs(2);

impl Api {
    pub(super) fn new(entrance: Entrance) -> Self {
        Self { entrance, connection: None, writes: None }
    }

    pub(super) fn is_free(&self) -> bool {
        self.connection.as_ref().is_none_or(|connection| connection.awaited.is_none())
    }

    pub(super) fn take_writes(&mut self) -> Option<u64> {
        self.writes.take()
    }

    /// Publishes pairs of channel and text.
    pub(super) fn publish(
        &mut self,
        registry: &Registry,
        token: Token,
        publications: &[(String, String)],
    ) -> Result<(), Trouble> {
        let request = self.entrance.publishing.request(self.entrance.address, publications);
        let connection = self.connection(registry, token)?;
        connection.awaited = Some(publications.len());
        connection.used = Instant::now();
        connection.unsent = request;
        connection.write()?;
        Ok(())
    }

    fn connection(&mut self, registry: &Registry, token: Token) -> Result<&mut Connection, Trouble> {
        self.connection = self.connection.take().filter(|connection| connection.used.elapsed() < FRESH);
        if self.connection.is_none() {
            let stream = std::net::TcpStream::connect(self.entrance.address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
            let line = Line::new(stream, self.entrance.tls.as_ref())?;
            let (unsent, received, used) = (Vec::new(), Vec::new(), Instant::now());
            self.connection = Some(Connection { line, unsent, received, awaited: None, used });
        }
        Ok(self.connection.as_mut().expect("it was made if there was none"))
    }

    /// Something happened to the connection.
    pub(super) fn ready(&mut self) -> Result<(), Trouble> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        connection.write()?;
        let mut open = connection.read()?;
        if let Some(awaited) = connection.awaited
            && let Some(answer) = http::take_answer(&mut connection.received).map_err(Trouble::Publish)?
        {
            connection.awaited = None;
            open &= !answer.closes;
            self.writes = self.entrance.publishing.check(&answer.body, awaited)?;
        }
        if !open {
            let lost = connection.awaited.is_some();
            self.connection = None;
            if lost {
                return Err(Trouble::Publish("the server closed the connection of its API".to_owned()));
            }
        }
        Ok(())
    }
}

impl Connection {
    fn write(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match self.line.write(&self.unsent) {
                Ok(length) => drop(self.unsent.drain(..length)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.line.flush()
    }

    /// Reads all there is; says whether the connection is still open.
    fn read(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.line.read(&mut buffer) {
                Ok(0) => return Ok(false),
                Ok(length) => self.received.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            }
        }
    }
}
