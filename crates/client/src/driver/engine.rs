//! The task of one client: tells it what happens, and carries out what it wants.

mod rooms;
mod tokens;

use std::{collections::HashMap, time::Duration};

use suona_protocol::{Channel, Payload, heard::Answer};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    ChannelEvent, Suona,
    builder::TokenFinder,
    dial::Dialing,
    inbox::Feed,
    socket::Order,
    sockets::Sockets,
    timing::{ServerClock, Timing},
};
use crate::{
    Client, Code, Fault,
    client::{Command, Input, Options, Output, Status, SubscribeOptions},
    link::{self, State},
};
use rooms::Rooms;
use tokens::Tokens;

/// How many requests of the app are taken at once, so that their commands leave together.
const AT_ONCE: usize = 256;

/// What the app wants.
#[derive(Debug)]
pub(super) enum Request {
    /// Something for the connection: from the app, or from the device by way of it.
    Link(link::Input),
    /// Close, and end.
    Close,
    /// Let the server do something.
    Command { command: Command, ttl: Option<Duration>, settle: Settle },
    /// Hear a channel.
    Subscribe { channel: Channel, options: SubscribeOptions, feed: Feed<ChannelEvent> },
    /// Somebody hears a channel no more.
    Leave { channel: Channel },
    /// Hear messages.
    Messages(Feed<Payload>),
}

/// Who waits for the outcome of a command.
type Settle = oneshot::Sender<Result<Option<Answer>, Fault>>;

/// Dropping it, however that comes about, closes all streams, settles whatever anybody waits for, and says so.
struct Engine {
    client: Client,
    timing: Timing,
    sockets: Sockets,
    tokens: Tokens,
    rooms: Rooms,
    messages: Vec<Feed<Payload>>,
    waiting: HashMap<u64, Settle>,
    tickets: u64,
    status: watch::Sender<Status>,
    server_clock: ServerClock,
    doubts: watch::Sender<u64>,
    over: bool,
}

/// Starts the task of a client, and gives what talks to it.
pub(super) fn start(options: Options, dialing: Dialing, find_token: Option<TokenFinder>) -> Suona {
    let offline = Status { state: State::Offline, reason: "not started".to_owned(), fault: None };
    let (status, watched) = watch::channel(offline);
    let (requests, taken) = mpsc::unbounded_channel();
    let server_clock = ServerClock::default();
    let (doubts, doubted) = watch::channel(0);
    let engine = Engine {
        client: Client::new(options),
        timing: Timing::default(),
        sockets: Sockets::new(dialing),
        tokens: Tokens::new(find_token),
        rooms: Rooms::default(),
        messages: Vec::new(),
        waiting: HashMap::new(),
        tickets: 0,
        status,
        server_clock: server_clock.clone(),
        doubts,
        over: false,
    };
    let task = tokio::spawn(engine.run(taken));
    Suona::new(requests, watched, doubted, server_clock, task)
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
                found = self.tokens.next() => self.tell(found),
                () = self.timing.until(deadline) => self.tell(link::Input::Woke),
            }
        }
        self.carry_out();
        self.rooms = Rooms::default();
        self.messages.clear();
        self.sockets.end().await;
    }

    fn take(&mut self, request: Request) {
        match request {
            Request::Link(input) => self.turn(input),
            Request::Close => self.close("closed by the app"),
            Request::Command { command, ttl, settle } => {
                self.tickets += 1;
                self.waiting.insert(self.tickets, settle);
                self.tell(Input::Command { ticket: self.tickets, command, ttl });
            }
            Request::Subscribe { channel, options, feed } => {
                if self.rooms.enter(channel.clone(), feed) {
                    self.tell(Input::Subscribe { channel, options });
                }
            }
            Request::Leave { channel } => {
                if self.rooms.leave(&channel) {
                    self.tell(Input::Unsubscribe { channel });
                }
            }
            Request::Messages(feed) => {
                self.messages.retain(|feed| !feed.is_deserted());
                self.messages.push(feed);
            }
        }
    }

    fn close(&mut self, reason: &str) {
        self.over = true;
        self.turn(link::Input::Stop { reason: reason.to_owned(), code: None });
    }

    /// Tells what may end the connection: whatever was to leave by it leaves first.
    fn turn(&mut self, input: link::Input) {
        self.carry_out();
        self.tell(input);
    }

    fn tell(&mut self, input: impl Into<Input>) {
        let moment = self.timing.moment();
        self.client.handle(input, moment);
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.client.poll() {
            match output {
                Output::Dial { generation } => self.sockets.dial(generation),
                Output::Close { generation, code, reason } => self.sockets.close(generation, code, &reason),
                Output::Send(frame) => self.sockets.send(Order::Send(frame, None)),
                Output::Ask { channel, login } => self.tokens.ask(channel, login),
                Output::Status(status) => self.show(status),
                Output::Message(data) => self.messages.iter().for_each(|feed| feed.put(data.clone())),
                Output::Settle { ticket, outcome, doubtful } => {
                    if doubtful {
                        self.doubts.send_modify(|doubts| *doubts += 1);
                    }
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
                Output::Unsubscribed { channel, fault } => self.rooms.end(&channel, &fault),
            }
        }
    }

    fn show(&mut self, status: Status) {
        if status.state == State::Online {
            self.set_clock();
        } else {
            self.rooms.fall_silent();
        }
        self.status.send_replace(status);
    }

    /// The server took us, and most servers say what time it is.
    fn set_clock(&mut self) {
        let now = self.timing.moment().now;
        let server = self.client.server_time(now);
        if server != now {
            self.server_clock.set(server);
        }
    }
}

impl Drop for Engine {
    /// A task that panics, or whose runtime ends, says no goodbye: nobody shall take it for online.
    fn drop(&mut self) {
        self.status.send_if_modified(|status| {
            let is_cut_off = status.state != State::Offline;
            if is_cut_off {
                let reason = "the client's task has ended".to_owned();
                *status = Status { state: State::Offline, reason, fault: Some(Code::Stopped.into()) };
            }
            is_cut_off
        });
    }
}
