//! The client as an app uses it.

use std::{
    sync::Arc,
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

use super::{Builder, Messages, Subscription, engine::Request, inbox::inbox, timing::ServerClock};
use crate::{
    Code, Fault,
    client::{Command, Position, Status, SubscribeOptions},
    link,
};

/// One connection, and all channels on it. Clones are the same client; it closes when the last of them and of its
/// subscriptions is dropped.
///
/// Commands wait for the connection, and are settled exactly once. A command whose future is dropped is carried out all
/// the same once it was polled; only its outcome is lost.
#[derive(Clone, Debug)]
pub struct Suona {
    requests: mpsc::UnboundedSender<Request>,
    status: watch::Receiver<Status>,
    doubts: watch::Receiver<u64>,
    server_clock: ServerClock,
    ttl: Option<Duration>,
    /// Taken by the one who waits for its end.
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Suona {
    /// Begins a client of the server at this address.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use suona_client::Suona;
    ///
    /// let suona = Suona::connect("wss://example.com/connection/websocket").token("eyJ…").build()?;
    /// suona.publish("news", "good morning").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect(url: &str) -> Builder {
        Builder::client(url)
    }

    pub(super) fn new(
        requests: mpsc::UnboundedSender<Request>,
        status: watch::Receiver<Status>,
        doubts: watch::Receiver<u64>,
        server_clock: ServerClock,
        task: JoinHandle<()>,
    ) -> Self {
        Self { requests, status, doubts, server_clock, ttl: None, task: Arc::new(Mutex::new(Some(task))) }
    }

    /// How many commands may have happened twice so far, counted before their outcome is told; a receiver that can wait for
    /// more. Each was sent, and after a break sent again with its key to a gateway that had restarted in between or did not
    /// say who it is: the backend can tell by the key.
    pub fn doubts(&self) -> watch::Receiver<u64> {
        self.doubts.clone()
    }

    /// The same client, whose commands may take this long, waiting for a connection included; at most 240 s.
    ///
    /// ```no_run
    /// # async fn example(suona: suona_client::Suona) -> Result<(), suona_client::Fault> {
    /// use std::time::Duration;
    ///
    /// // A bid is worth nothing once the lot is sold.
    /// let price: u32 = suona.with_ttl(Duration::from_secs(3)).rpc("bid", &100).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "the client itself stays as it is"]
    pub fn with_ttl(&self, ttl: Duration) -> Self {
        Self { ttl: Some(ttl), ..self.clone() }
    }

    /// Connects again after the server refused us, or ends a wait.
    pub fn start(&self) {
        self.tell(link::Input::Start);
    }

    /// A hint: the network changed, or may have; `online` says whether there is one now, if that is known. A connection
    /// that did not survive it is noticed within seconds, and a wait ends at once.
    pub fn network_changed(&self, online: Option<bool>) {
        self.tell(link::Input::Network { online });
    }

    /// A hint: the app goes to the background, or the device to sleep. What becomes of the connection is
    /// [`link::Options::on_hide`].
    pub fn hide(&self) {
        self.tell(link::Input::Hidden);
    }

    /// A hint: the app or the device is back. A connection that did not survive is noticed within seconds.
    pub fn show(&self) {
        self.tell(link::Input::Shown);
    }

    fn tell(&self, input: link::Input) {
        let _ = self.requests.send(Request::Link(input));
    }

    /// What the connection does, and why; a receiver that can wait for changes, and fails to when the client has ended.
    ///
    /// ```no_run
    /// # async fn example(suona: suona_client::Suona) -> Result<(), Box<dyn std::error::Error>> {
    /// use suona_client::link::State;
    ///
    /// suona.status().wait_for(|status| status.state == State::Online).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Hears a channel.
    ///
    /// ```no_run
    /// # async fn example(suona: suona_client::Suona) {
    /// use suona_client::{ChannelEvent, client::Standing};
    ///
    /// let mut lot = suona.subscribe("lot:1");
    /// while let Some(event) = lot.next().await {
    ///     match event {
    ///         ChannelEvent::Publication(publication) => println!("{:?}", publication.data),
    ///         ChannelEvent::Subscribed(Standing::Gap) => println!("load the state anew"),
    ///         _ => {}
    ///     }
    /// }
    /// # }
    /// ```
    pub fn subscribe(&self, channel: &str) -> Subscription {
        self.subscribe_with(channel, SubscribeOptions::default())
    }

    /// Hears a channel in a certain way. The wishes of the first who listens hold for all.
    pub fn subscribe_with(&self, channel: &str, options: SubscribeOptions) -> Subscription {
        let channel = Channel::from(channel);
        let (feed, inbox) = inbox();
        let _ = self.requests.send(Request::Subscribe { channel: channel.clone(), options, feed });
        Subscription { channel, inbox, requests: self.requests.clone() }
    }

    /// Hears messages of the server to this client alone.
    pub fn messages(&self) -> Messages {
        let (feed, inbox) = inbox();
        let _ = self.requests.send(Request::Messages(feed));
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
    /// behind it runs; where the backend failed to answer, it may be asked again with the same key, and should know it.
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

    /// What the server's clock shows, as it said when it took us; that of the system as long as no server told. Setting
    /// the system's clock changes nothing; where the device slept since, it may be behind until the next connection.
    pub fn server_now(&self) -> SystemTime {
        self.server_clock.now()
    }

    /// Says goodbye, settles what is under way, and ends all streams, of all clones; returns when nothing is left, after
    /// 1.5 s at the latest. If this is dropped once it was polled, the client closes all the same.
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
        let _ = self.requests.send(Request::Command { command, ttl: self.ttl, settle });
        // If the client is gone, so is the one who would settle it.
        settled.await.map_err(|_| Fault::from(Code::Stopped))?
    }
}

fn json(data: &(impl Serialize + ?Sized)) -> Result<Payload, Fault> {
    serde_json::to_vec(data).map(Payload::from).map_err(|error| Fault::new(Code::NotJson, &error.to_string()))
}
