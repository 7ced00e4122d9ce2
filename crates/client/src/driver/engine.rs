//! The task of one client: tells it what happens, and carries out what it wants.

mod rooms;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use suona_protocol::{Channel, Payload, heard::Answer};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
};

use super::{
    ChannelEvent, Suona, builder::TokenFinder, dial::Dialing, inbox::Inbox, socket::Order, sockets::Sockets,
    timing::Timing,
};
use crate::{
    Client, Fault, Moment,
    client::{Command, Input, Options, Output, Status, SubscribeOptions},
    link::{self, State},
};
use rooms::Rooms;

/// How many requests of the app are taken at once, so that their commands leave together.
const AT_ONCE: usize = 256;

/// What the app wants.
#[derive(Debug)]
pub(super) enum Request {
    /// Connect again, or at once.
    Start,
    /// Close, and end.
    Close,
    /// Let the server do something.
    Command { command: Command, settle: oneshot::Sender<Result<Option<Answer>, Fault>> },
    /// Hear a channel.
    Subscribe { channel: Channel, options: SubscribeOptions, inbox: Arc<Inbox<ChannelEvent>> },
    /// Somebody hears a channel no more.
    Leave { channel: Channel, inbox: Arc<Inbox<ChannelEvent>> },
    /// Hear messages.
    Messages(Arc<Inbox<Payload>>),
}

struct Engine {
    client: Client,
    timing: Timing,
    sockets: Sockets,
    find_token: Option<TokenFinder>,
    /// Tokens that are being found.
    finding: JoinSet<Input>,
    rooms: Rooms,
    messages: Vec<Arc<Inbox<Payload>>>,
    waiting: HashMap<u64, oneshot::Sender<Result<Option<Answer>, Fault>>>,
    tickets: u64,
    status: watch::Sender<Status>,
    /// How far the server's clock is ahead of that of the system, in milliseconds.
    skew: Arc<AtomicI64>,
    over: bool,
}

/// Starts the task of a client, and gives what talks to it.
pub(super) fn start(options: Options, dialing: Dialing, find_token: Option<TokenFinder>) -> Suona {
    let offline = Status { state: State::Offline, reason: "not started".to_owned(), fault: None };
    let (status, watched) = watch::channel(offline);
    let (requests, taken) = mpsc::unbounded_channel();
    let skew = Arc::new(AtomicI64::new(0));
    let engine = Engine {
        client: Client::new(options),
        timing: Timing::default(),
        sockets: Sockets::new(dialing),
        find_token,
        finding: JoinSet::new(),
        rooms: Rooms::default(),
        messages: Vec::new(),
        waiting: HashMap::new(),
        tickets: 0,
        status,
        skew: skew.clone(),
        over: false,
    };
    let task = tokio::spawn(engine.run(taken));
    Suona::new(requests, watched, skew, task)
}

impl Engine {
    /// The life of a client. Start reading here.
    async fn run(mut self, mut requests: mpsc::UnboundedReceiver<Request>) {
        let mut taken = Vec::new();
        self.tell(link::Input::Start);
        while !self.over {
            self.carry_out();
            let deadline = self.client.deadline();
            tokio::select! {
                count = requests.recv_many(&mut taken, AT_ONCE) => match count {
                    0 => self.close("nobody uses the client any more"),
                    _ => taken.drain(..).for_each(|request| self.take(request)),
                },
                input = self.sockets.next() => self.tell(input),
                Some(found) = self.finding.join_next() => found.into_iter().for_each(|input| self.tell(input)),
                () = self.timing.until(deadline) => self.tell(link::Input::Woke),
            }
        }
        self.carry_out();
        self.rooms.close();
        self.messages.iter().for_each(|inbox| inbox.close());
        self.sockets.end().await;
    }

    fn take(&mut self, request: Request) {
        match request {
            Request::Start => self.tell(link::Input::Start),
            Request::Close => self.close("closed by the app"),
            Request::Command { command, settle } => {
                self.tickets += 1;
                self.waiting.insert(self.tickets, settle);
                self.tell(Input::Command { ticket: self.tickets, command, ttl: None });
            }
            Request::Subscribe { channel, options, inbox } => {
                if self.rooms.enter(&channel, inbox) {
                    self.tell(Input::Subscribe { channel, options });
                }
            }
            Request::Leave { channel, inbox } => {
                if self.rooms.leave(&channel, &inbox) {
                    self.tell(Input::Unsubscribe { channel });
                }
            }
            Request::Messages(inbox) => {
                self.messages.retain(|inbox| Arc::strong_count(inbox) > 1);
                self.messages.push(inbox);
            }
        }
    }

    fn close(&mut self, reason: &str) {
        self.over = true;
        self.tell(link::Input::Stop { reason: reason.to_owned(), code: None });
    }

    fn tell(&mut self, input: impl Into<Input>) {
        let moment = self.timing.moment();
        self.client.handle(input, moment);
        self.note_time(moment);
    }

    fn note_time(&self, Moment { now, .. }: Moment) {
        let server = self.client.server_time(now);
        self.skew.store(server.as_millis() as i64 - now.as_millis() as i64, Ordering::Relaxed);
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.client.poll() {
            match output {
                Output::Dial { generation } => self.sockets.dial(generation),
                Output::Close { generation, code, reason } => self.sockets.close(generation, code, &reason),
                Output::Send(frame) => self.sockets.send(Order::Send(frame)),
                Output::Ask { channel } => self.find_token(channel),
                Output::Status(status) => {
                    self.status.send_replace(status);
                }
                Output::Message(data) => self.messages.iter().for_each(|inbox| inbox.put(data.clone())),
                Output::Settle { ticket, outcome } => {
                    if let Some(settle) = self.waiting.remove(&ticket) {
                        let _ = settle.send(outcome); // who does not wait any more need not know
                    }
                }
                Output::Subscribed { channel, how } => {
                    self.rooms.tell(&channel, &ChannelEvent::Subscribed(how));
                }
                Output::Publication { channel, publication } => {
                    self.rooms.tell(&channel, &ChannelEvent::Publication(publication));
                }
                Output::Position { channel, position } => {
                    self.rooms.tell(&channel, &ChannelEvent::Position(position));
                }
                Output::Join { channel, info } => self.rooms.tell(&channel, &ChannelEvent::Join(info)),
                Output::Leave { channel, info } => self.rooms.tell(&channel, &ChannelEvent::Leave(info)),
                Output::Unsubscribed { channel, fault } => {
                    self.rooms.tell(&channel, &ChannelEvent::Ended(fault));
                    self.rooms.end(&channel);
                }
            }
        }
    }

    /// Asks the app for a token, in a task of its own.
    fn find_token(&mut self, channel: Option<Channel>) {
        let finding = self.find_token.as_ref().map(|find| find(channel.clone()));
        self.finding.spawn(async move {
            let found = match finding {
                Some(finding) => finding.await,
                None => Ok(None),
            };
            match found {
                Ok(token) => Input::Token { channel, token },
                Err(reason) => Input::TokenFailed { channel, reason },
            }
        });
    }
}
