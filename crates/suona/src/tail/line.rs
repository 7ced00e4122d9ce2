//! One WebSocket connection to the managed door, as commands and messages.

use std::{collections::VecDeque, str::FromStr, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use suona_server::config::Secret;
use tokio::{net::TcpStream, time};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message as Frame, http::Uri},
};

use super::{
    trouble::TailTrouble,
    wire::{Answer, Connected, Message},
};

/// How long a dial and each answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How late a ping may be.
const LATE: Duration = Duration::from_secs(10);

/// Where the gateway's clients connect: `ws://…` or `wss://…`.
#[derive(Clone, Debug)]
pub(super) struct Url(Uri);

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = || "write an address such as ws://127.0.0.1:8000/connection/websocket".to_owned();
        let uri: Uri = text.parse().map_err(|_| wanted())?;
        match (uri.scheme_str(), uri.host()) {
            (Some("ws" | "wss"), Some(host)) if !host.is_empty() => Ok(Self(uri)),
            _ => Err(wanted()),
        }
    }
}

/// An open connection.
pub(super) struct Line {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    last_id: u64,
    /// A frame may carry several messages.
    waiting: VecDeque<Message>,
    /// After so much silence the line is dead.
    silence: Duration,
    answers_pings: bool,
}

impl Line {
    /// Connects, and is let in.
    pub(super) async fn dial(url: &Url, token: Option<&Secret>) -> Result<Self, TailTrouble> {
        // It fails only if there is one already, and then that one serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let unreachable = |reason: &dyn ToString| TailTrouble::unreachable(&url.0, reason);
        let opened = time::timeout(PATIENCE, connect_async(&url.0)).await;
        let opened = opened.map_err(|_| unreachable(&"no answer for ten seconds"))?;
        let (socket, _) = opened.map_err(|error| TailTrouble::undialled(&url.0, error))?;
        let mut line =
            Self { socket, last_id: 0, waiting: VecDeque::new(), silence: PATIENCE, answers_pings: false };
        let token = token.map_or("", Secret::expose);
        let id = line.send(json!({ "connect": { "token": token, "name": "suona-tail" } })).await?;
        let message = line.next().await?;
        if message.id != id {
            return Err(TailTrouble::NoProtocol);
        }
        let connected: Connected = answer(message)?;
        line.answers_pings = connected.pong;
        line.silence = match connected.ping {
            0 => Duration::MAX,
            seconds => Duration::from_secs(seconds) + LATE,
        };
        Ok(line)
    }

    /// Sends a command, and says by which number it will be answered.
    pub(super) async fn send(&mut self, mut command: Value) -> Result<u64, TailTrouble> {
        self.last_id += 1;
        command["id"] = self.last_id.into();
        self.write(command.to_string()).await?;
        Ok(self.last_id)
    }

    /// The next message that is no ping.
    pub(super) async fn next(&mut self) -> Result<Message, TailTrouble> {
        loop {
            while let Some(message) = self.waiting.pop_front() {
                if message.id != 0 || message.push.is_some() {
                    return Ok(message);
                }
                if self.answers_pings {
                    self.write("{}".to_owned()).await?;
                }
            }
            let frame = time::timeout(self.silence, self.socket.next()).await;
            match frame.map_err(|_| TailTrouble::Silent)? {
                Some(Ok(Frame::Text(text))) => self.read(&text)?,
                Some(Ok(Frame::Close(Some(close)))) => {
                    return Err(TailTrouble::closed(u16::from(close.code).into(), &close.reason));
                }
                Some(Ok(Frame::Close(None))) | None => return Err(TailTrouble::cut(&"it was closed")),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(TailTrouble::cut(&error)),
            }
        }
    }

    fn read(&mut self, text: &str) -> Result<(), TailTrouble> {
        for one in text.lines().filter(|one| !one.is_empty()) {
            self.waiting.push_back(serde_json::from_str(one).map_err(|_| TailTrouble::NoProtocol)?);
        }
        Ok(())
    }

    async fn write(&mut self, text: String) -> Result<(), TailTrouble> {
        let sent = time::timeout(PATIENCE, self.socket.send(Frame::text(text))).await;
        sent.map_err(|_| TailTrouble::Silent)?.map_err(|error| TailTrouble::cut(&error))
    }
}

/// What the gateway answered.
pub(super) fn answer<T: Answer>(message: Message) -> Result<T, TailTrouble> {
    match message.error {
        Some(refusal) => Err(TailTrouble::refused(refusal)),
        None => T::take(message).ok_or(TailTrouble::NoProtocol),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_websocket_addresses_are_taken() {
        assert!("ws://127.0.0.1:8000/connection/websocket".parse::<Url>().is_ok());
        assert!("wss://example.org".parse::<Url>().is_ok());
        for wrong in ["http://127.0.0.1:8000", "127.0.0.1:8000", "ws://", "", "ws:// /"] {
            assert!(wrong.parse::<Url>().is_err(), "{wrong}");
        }
    }
}
