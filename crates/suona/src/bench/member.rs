//! One client of the crowd: as few bytes of memory and as little work as it takes to count what comes.

use std::{io, net::SocketAddr};

use suona_protocol::ws::{Decoder, Event, Message, Opcode, Role, accept_key, masked_frame};
use tokio::net::{TcpSocket, TcpStream};

/// Any key will do, as nobody is fooled by a cached answer here.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// Messages of a gateway are no longer.
const MAX_MESSAGE: usize = 1 << 20;

/// An open connection.
pub(super) struct Member {
    stream: TcpStream,
    decoder: Decoder,
}

/// What came, in one read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// Publications of the channel.
    pub(super) publications: u64,
    /// A reply, if there was one.
    pub(super) reply: Option<String>,
    /// Whether the gateway wants to know that we live.
    pub(super) pinged: bool,
}

impl Member {
    /// Connects from `source`, and opens a WebSocket.
    pub(super) async fn dial(address: SocketAddr, source: Option<SocketAddr>) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(source) = source {
            socket.bind(source)?;
        }
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        // Thousands of connections that end at once shall not keep their ports for a minute.
        stream.set_zero_linger()?;
        let member = Self { stream, decoder: Decoder::new(Role::Client, MAX_MESSAGE) };
        let request = format!(
            "GET /connection/websocket HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
        );
        member.write(request.as_bytes()).await?;
        member.upgraded().await?;
        Ok(member)
    }

    /// Reads the answer to the upgrade. Behind it nothing follows unasked.
    async fn upgraded(&self) -> io::Result<()> {
        let mut answer = Vec::with_capacity(512);
        while !answer.ends_with(b"\r\n\r\n") {
            self.stream.readable().await?;
            match self.stream.try_read_buf(&mut answer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) if answer.len() > 4096 => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        let answer = String::from_utf8_lossy(&answer);
        if answer.starts_with("HTTP/1.1 101 ") && answer.contains(&accept_key(KEY)) {
            return Ok(());
        }
        let first = answer.lines().next().unwrap_or_default();
        Err(io::Error::other(format!("no WebSocket was opened: {first}")))
    }

    /// Sends a command, or several with newlines between them.
    pub(super) async fn say(&self, text: &str) -> io::Result<()> {
        self.write(&masked_frame(Opcode::Text, text.as_bytes(), rand::random())).await
    }

    /// Waits for bytes, and counts what they mean. `prefix` is how a publication begins.
    pub(super) async fn hear(&mut self, buffer: &Buffer, prefix: &str) -> io::Result<Heard> {
        loop {
            self.stream.readable().await?;
            let mut buffer = buffer.borrow_mut();
            match self.stream.try_read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => return count(&mut self.decoder, &mut buffer[..length], prefix),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.stream.writable().await?;
            match self.stream.try_write(bytes) {
                Ok(length) => bytes = &bytes[length..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Where all members read, one after another.
pub(super) type Buffer = std::cell::RefCell<Vec<u8>>;

fn count(decoder: &mut Decoder, mut bytes: &mut [u8], prefix: &str) -> io::Result<Heard> {
    let mut heard = Heard::default();
    while let Some(event) = decoder.decode(&mut bytes).map_err(io::Error::other)? {
        match event {
            Event::Message(Message::Text(text)) if text.starts_with(prefix) => heard.publications += 1,
            Event::Message(Message::Text("{}")) => heard.pinged = true,
            Event::Message(Message::Text(text)) => heard.reply = Some(text.to_owned()),
            Event::Close(why) => {
                let (code, reason) = why.unwrap_or((1005, "no reason given"));
                return Err(io::Error::other(format!("closed with {code} {reason}")));
            }
            Event::Message(_) | Event::Ping(_) => {}
        }
    }
    Ok(heard)
}

#[cfg(test)]
mod tests {
    use suona_protocol::ws::{close_frame, frame};

    use super::*;

    #[test]
    fn publications_are_counted_however_the_bytes_are_cut() {
        let push = frame(Opcode::Text, br#"{"push":{"channel":"a","pub":{"data":1}}}"#);
        let stream = [&push[..], &frame(Opcode::Text, b"{}"), &push].concat();
        for cut in 0..stream.len() {
            let mut decoder = Decoder::new(Role::Client, MAX_MESSAGE);
            let (first, second) = stream.split_at(cut);
            let heard = [first, second].map(|part| {
                count(&mut decoder, &mut part.to_vec(), r#"{"push":{"channel":"a","pub":"#).unwrap()
            });
            assert_eq!(heard[0].publications + heard[1].publications, 2, "cut at {cut}");
            assert!(heard[0].pinged != heard[1].pinged);
        }
    }

    #[test]
    fn a_close_is_told_with_its_code() {
        let mut decoder = Decoder::new(Role::Client, MAX_MESSAGE);
        let error = count(&mut decoder, &mut close_frame(3008, "slow").to_vec(), "x").unwrap_err();
        assert_eq!(error.to_string(), "closed with 3008 slow");
    }
}
