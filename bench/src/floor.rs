//! The floor of a fan-out: a bare epoll loop on one thread that writes the bytes of a gateway to each socket.
//!
//! It understands no command. The address of the WebSocket says what is heard, publications come in by the same
//! API as a gateway's, and for each batch of them every connection gets one write, whole, or the floor gives up.

mod audience;
mod guest;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use mio::{Events, Interest, Poll, Token, net::TcpListener};
use socket2::{Domain, Socket, Type};
use suona_protocol::{Wire, ws::accept_key};

use crate::{Door, http};
use audience::{Audiences, Batch};
use guest::{Guest, Received};

/// A server that does nothing but write.
pub struct Floor {
    poll: Poll,
    listener: TcpListener,
    guests: Vec<Option<Guest>>,
    vacant: Vec<usize>,
    /// Connections so far; the id of the latest.
    latest: u64,
    audiences: Audiences,
    buffer: Vec<u8>,
}

const LISTENER: Token = Token(usize::MAX);

impl Floor {
    /// Listens on a port of the loopback address, 0 for a free one, for clients that read what those of `door` read.
    pub fn listen(door: Door, port: u16) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        // Another floor may have ended there a moment ago.
        socket.set_reuse_address(true)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
        // The same as the gateway's, so that a storm finds the same door.
        socket.listen(4096)?;
        let mut listener = TcpListener::from_std(socket.into());
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let audiences = Audiences::new(match door {
            Door::Json => Wire::Json,
            Door::Protobuf => Wire::Protobuf,
            Door::Plain => Wire::PlainText,
        });
        let (guests, vacant, buffer) = (Vec::new(), Vec::new(), vec![0; 64 * 1024]);
        Ok(Self { poll, listener, guests, vacant, latest: 0, audiences, buffer })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until a socket takes less than a whole write.
    pub fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            self.poll.poll(&mut events, None)?;
            for event in &events {
                match event.token() {
                    LISTENER => self.accept()?,
                    Token(place) => self.ready(place)?,
                }
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // It went away again.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            let place = self.vacant.pop().unwrap_or(self.guests.len());
            self.poll.registry().register(&mut stream, Token(place), Interest::READABLE)?;
            self.guests.resize_with(self.guests.len().max(place + 1), || None);
            self.latest += 1;
            self.guests[place] = Some(Guest::new(stream, self.latest));
        }
    }

    /// Reads what there is. Clients come and go; only a write that is not whole is an error.
    fn ready(&mut self, place: usize) -> io::Result<()> {
        while let Some(guest) = &mut self.guests[place] {
            match guest.read(&mut self.buffer) {
                Ok(Received::Nothing) => return Ok(()),
                Ok(Received::Request(head, body)) => self.answer(place, &head, &body)?,
                Ok(Received::Part) => {}
                Err(_) => self.close(place),
            }
        }
        Ok(())
    }

    fn answer(&mut self, place: usize, head: &http::Head, body: &[u8]) -> io::Result<()> {
        let Some(guest) = &mut self.guests[place] else { return Ok(()) };
        let Some(key) = &head.key else { return self.publish(place, body) };
        let (channels, since) = wanted(&head.target.1);
        let mut answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {}\r\n\r\n",
            accept_key(key)
        )
        .into_bytes();
        guest.channels = channels.map(|name| self.audiences.join(name, place, guest.id)).collect();
        for channel in &guest.channels {
            answer.extend(self.audiences.missed(*channel, since));
        }
        guest.open();
        guest.write(&answer)
    }

    /// Publishes a batch, and says how many writes that took.
    fn publish(&mut self, place: usize, body: &[u8]) -> io::Result<()> {
        let Ok(batch) = serde_json::from_slice::<Batch>(body) else {
            self.close(place);
            return Ok(());
        };
        let count = batch.len();
        let writes = self.audiences.publish(batch, &mut self.guests)?;
        let replies = vec![r#"{"publish":{}}"#; count].join(",");
        let answer = format!(r#"{{"replies":[{replies}],"writes":{writes}}}"#);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", answer.len());
        let Some(guest) = &mut self.guests[place] else { return Ok(()) };
        guest.write((head + &answer).as_bytes())
    }

    fn close(&mut self, place: usize) {
        if let Some(guest) = self.guests[place].take() {
            self.audiences.leave(&guest.channels);
            self.vacant.push(place);
        }
    }
}

/// The channels that an address names, and what its client heard last.
fn wanted(path: &str) -> (impl Iterator<Item = &str>, Option<u64>) {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let value = |name| query.split('&').find_map(|pair| pair.strip_prefix(name));
    let channels = value("channels=").unwrap_or("").split(',').filter(|name| !name.is_empty());
    (channels, value("since=").and_then(|since| since.parse().ok()))
}
