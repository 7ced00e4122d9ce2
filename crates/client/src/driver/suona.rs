//! The client as an app uses it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use serde::{Serialize, de::DeserializeOwned};
use suona_protocol::{
    Channel, ClientInfo, Payload, PresenceStatsResult,
    heard::{Answer, History},
};
use tokio::{
    sync::{Mutex, mpsc, oneshot, watch},
    task::JoinHandle,
};

use super::{Builder, ChannelEvent, Messages, Subscription, engine::Request, inbox::Inbox};
use crate::{
    Code, Fault,
    client::{Command, Position, Standing, Status, SubscribeOptions},
};

/// One connection, and all channels on it. Clones are the same client; it closes when the last of them and of its
/// subscriptions is dropped.
#[derive(Clone, Debug)]
pub struct Suona {
    requests: mpsc::UnboundedSender<Request>,
    status: watch::Receiver<Status>,
    skew: Arc<AtomicI64>,
    /// Taken by the one who waits for its end.
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Suona {
    /// Begins a client of the server at this address, such as `wss://example.com/connection/websocket`.
    pub fn connect(url: &str) -> Builder {
        Builder::new(url)
    }

    pub(super) fn new(
        requests: mpsc::UnboundedSender<Request>,
        status: watch::Receiver<Status>,
        skew: Arc<AtomicI64>,
        task: JoinHandle<()>,
    ) -> Self {
        Self { requests, status, skew, task: Arc::new(Mutex::new(Some(task))) }
    }

    /// Connects again after the server refused us, or ends a wait.
    pub fn start(&self) {
        let _ = self.requests.send(Request::Start);
    }

    /// What the connection does, and why; a receiver that can wait for changes.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Hears a channel.
    pub fn subscribe(&self, channel: &str) -> Subscription {
        self.subscribe_with(channel, SubscribeOptions::default())
    }

    /// Hears a channel in a certain way. The wishes of the first who listens hold for all.
    pub fn subscribe_with(&self, channel: &str, options: SubscribeOptions) -> Subscription {
        let channel = Channel::from(channel);
        let inbox = Arc::new(Inbox::new(|| Some(ChannelEvent::Subscribed(Standing::Gap))));
        let request = Request::Subscribe { channel: channel.clone(), options, inbox: inbox.clone() };
        if self.requests.send(request).is_err() {
            inbox.close();
        }
        Subscription { channel, inbox, requests: self.requests.clone() }
    }

    /// Hears messages of the server to this client alone.
    pub fn messages(&self) -> Messages {
        let inbox = Arc::new(Inbox::new(|| None));
        if self.requests.send(Request::Messages(inbox.clone())).is_err() {
            inbox.close();
        }
        Messages(inbox)
    }

    /// Tells everyone who hears a channel. A break in between does not make it happen twice, as long as the Suona
    /// gateway behind it runs.
    pub async fn publish(&self, channel: &str, data: &(impl Serialize + ?Sized)) -> Result<(), Fault> {
        self.publish_payload(channel, json(data)?).await
    }

    /// The same for a payload that is JSON already, or any bytes where Protobuf is spoken.
    pub async fn publish_payload(&self, channel: &str, data: Payload) -> Result<(), Fault> {
        self.ask(Command::Publish { channel: Channel::from(channel), data }).await.map(|_| ())
    }

    /// Calls a method of the backend. A break in between does not make it happen twice, as long as the Suona gateway
    /// behind it runs.
    pub async fn rpc<T: DeserializeOwned>(
        &self,
        method: &str,
        data: &(impl Serialize + ?Sized),
    ) -> Result<T, Fault> {
        let answer = self.rpc_payload(method, Some(json(data)?)).await?;
        let answer = answer.as_deref().unwrap_or(b"null");
        serde_json::from_slice(answer).map_err(|error| Fault::new(Code::BadAnswer, &error.to_string()))
    }

    /// The same for payloads that are JSON already, or any bytes where Protobuf is spoken.
    pub async fn rpc_payload(&self, method: &str, data: Option<Payload>) -> Result<Option<Payload>, Fault> {
        match self.ask(Command::Rpc { method: method.to_owned(), data }).await? {
            Some(Answer::Rpc(data)) => Ok(data),
            _ => Err(Code::BadAnswer.into()),
        }
    }

    /// Tells the backend something, where the server has a way to. Nobody says whether it came.
    pub async fn send(&self, data: &(impl Serialize + ?Sized)) -> Result<(), Fault> {
        self.ask(Command::Send { data: json(data)? }).await.map(|_| ())
    }

    /// Reads at most `limit` publications of a channel after a position, or its first ones.
    pub async fn history(
        &self,
        channel: &str,
        limit: i32,
        since: Option<Position>,
    ) -> Result<History, Fault> {
        self.past(Command::History { channel: Channel::from(channel), limit, since, reverse: false }).await
    }

    /// Reads the last `limit` publications of a channel, newest first.
    pub async fn latest(&self, channel: &str, limit: i32) -> Result<History, Fault> {
        self.past(Command::History { channel: Channel::from(channel), limit, since: None, reverse: true })
            .await
    }

    async fn past(&self, command: Command) -> Result<History, Fault> {
        match self.ask(command).await? {
            Some(Answer::History(history)) => Ok(history),
            _ => Err(Code::BadAnswer.into()),
        }
    }

    /// Who hears a channel now.
    pub async fn presence(&self, channel: &str) -> Result<Vec<ClientInfo>, Fault> {
        match self.ask(Command::Presence { channel: Channel::from(channel) }).await? {
            Some(Answer::Presence(clients)) => Ok(clients),
            _ => Err(Code::BadAnswer.into()),
        }
    }

    /// How many hear a channel now.
    pub async fn presence_stats(&self, channel: &str) -> Result<PresenceStatsResult, Fault> {
        match self.ask(Command::PresenceStats { channel: Channel::from(channel) }).await? {
            Some(Answer::PresenceStats(stats)) => Ok(stats),
            _ => Err(Code::BadAnswer.into()),
        }
    }

    /// What the server's clock shows; that of the system as long as no server told.
    pub fn server_now(&self) -> SystemTime {
        let skew = self.skew.load(Ordering::Relaxed);
        let by = Duration::from_millis(skew.unsigned_abs());
        if skew < 0 { SystemTime::now() - by } else { SystemTime::now() + by }
    }

    /// Says goodbye, settles what is under way, and ends all streams; returns when nothing is left.
    pub async fn close(self) {
        let _ = self.requests.send(Request::Close);
        let mut task = self.task.lock().await;
        if let Some(running) = task.as_mut() {
            let _ = running.await;
            *task = None;
        }
    }

    async fn ask(&self, command: Command) -> Result<Option<Answer>, Fault> {
        let (settle, settled) = oneshot::channel();
        let stopped = |_| Fault::from(Code::Stopped);
        self.requests.send(Request::Command { command, settle }).map_err(|_| Fault::from(Code::Stopped))?;
        settled.await.map_err(stopped)?
    }
}

fn json(data: &(impl Serialize + ?Sized)) -> Result<Payload, Fault> {
    serde_json::to_vec(data).map(Payload::from).map_err(|error| Fault::new(Code::NotJson, &error.to_string()))
}
