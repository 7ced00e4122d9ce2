//! The reliable connection alone, to any WebSocket server.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::Stream;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::{BadAddress, dial::Dialing, inbox::Inbox, socket::Order, sockets::Sockets, timing::Timing};
use crate::{
    Code, Fault, Link,
    link::{Change, Frame, Input, Options, Output, State},
};

/// How often a server that says nothing is asked, by a WebSocket ping.
const SILENCE: Duration = Duration::from_secs(25);
/// How many messages may wait for a connection.
const MOST_WAITING: usize = 256;
/// And how many bytes of them.
const MOST_BYTES: usize = 1 << 20;

/// What happens on a [`ReliableSocket`].
#[derive(Clone, Debug, PartialEq)]
pub enum SocketEvent {
    /// The link does something else now.
    Changed(Change),
    /// A message of the server.
    Message(Frame),
    /// The listener was too slow, and missed something: a thousand events may wait for it.
    Missed,
}

/// A WebSocket to any server that keeps its connection: dials again, waits in between, and notices dead lines by
/// WebSocket pings. Messages wait for a connection. Dropping it closes it.
#[derive(Debug)]
pub struct ReliableSocket {
    requests: mpsc::UnboundedSender<Request>,
    inbox: Arc<Inbox<SocketEvent>>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
enum Request {
    Send { frame: Frame, settle: oneshot::Sender<Result<(), Fault>> },
    Close,
}

impl ReliableSocket {
    /// Connects, and stays connected. Must be called within a tokio runtime, whose task it becomes.
    pub fn connect(url: &str, options: Options) -> Result<Self, BadAddress> {
        let dialing =
            Dialing { address: url.parse()?, protocol: None, headers: Vec::new(), tls: None, proxy: None };
        let (requests, taken) = mpsc::unbounded_channel();
        let inbox = Arc::new(Inbox::new(|| Some(SocketEvent::Missed)));
        let engine = Engine {
            link: Link::new(options),
            timing: Timing::default(),
            sockets: Sockets::new(dialing),
            inbox: inbox.clone(),
            is_online: false,
            waiting: VecDeque::new(),
            bytes: 0,
            over: false,
        };
        Ok(Self { requests, inbox, task: tokio::spawn(engine.run(taken)) })
    }

    /// What happens next; `None` once it is closed.
    pub async fn next(&mut self) -> Option<SocketEvent> {
        poll_fn(|context| self.inbox.poll(context)).await
    }

    /// Hands a message to the connection, or to the next one; returns when that has happened. It is no sign of having
    /// arrived.
    pub async fn send(&self, frame: Frame) -> Result<(), Fault> {
        let (settle, settled) = oneshot::channel();
        self.requests.send(Request::Send { frame, settle }).map_err(|_| Fault::from(Code::Stopped))?;
        settled.await.map_err(|_| Fault::from(Code::Stopped))?
    }

    /// Says goodbye; returns when nothing is left.
    pub async fn close(self) {
        let _ = self.requests.send(Request::Close);
        let _ = self.task.await;
    }
}

impl Stream for ReliableSocket {
    type Item = SocketEvent;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<SocketEvent>> {
        self.inbox.poll(context)
    }
}

struct Engine {
    link: Link,
    timing: Timing,
    sockets: Sockets,
    inbox: Arc<Inbox<SocketEvent>>,
    is_online: bool,
    waiting: VecDeque<(Frame, oneshot::Sender<Result<(), Fault>>)>,
    bytes: usize,
    over: bool,
}

impl Engine {
    async fn run(mut self, mut requests: mpsc::UnboundedReceiver<Request>) {
        self.tell(Input::Start);
        while !self.over {
            self.carry_out();
            let deadline = self.link.deadline();
            tokio::select! {
                request = requests.recv() => match request {
                    Some(Request::Send { frame, settle }) => self.take(frame, settle),
                    Some(Request::Close) => self.close("closed by the app"),
                    None => self.close("nobody uses the socket any more"),
                },
                input = self.sockets.next() => self.tell(input),
                () = self.timing.until(deadline) => self.tell(Input::Woke),
            }
        }
        self.carry_out();
        self.waiting.clear();
        self.inbox.close();
        self.sockets.end().await;
    }

    fn close(&mut self, reason: &str) {
        self.over = true;
        self.tell(Input::Stop { reason: reason.to_owned(), code: None });
    }

    fn tell(&mut self, input: Input) {
        let moment = self.timing.moment();
        self.link.handle(input, moment);
    }

    fn take(&mut self, frame: Frame, settle: oneshot::Sender<Result<(), Fault>>) {
        let bytes = length(&frame);
        if self.waiting.len() >= MOST_WAITING || self.bytes + bytes > MOST_BYTES {
            let _ = settle.send(Err(Code::OutboxFull.into()));
            return;
        }
        self.bytes += bytes;
        self.waiting.push_back((frame, settle));
        self.flush();
    }

    fn flush(&mut self) {
        if !self.is_online {
            return;
        }
        for (frame, settle) in self.waiting.drain(..) {
            self.sockets.send(Order::Send(frame));
            let _ = settle.send(Ok(()));
        }
        self.bytes = 0;
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.link.poll() {
            match output {
                Output::Dial { generation } => self.sockets.dial(generation),
                Output::Close { generation, code, reason } => self.sockets.close(generation, code, &reason),
                Output::Probe => self.sockets.send(Order::Ping),
                Output::Heard(frame) => self.inbox.put(SocketEvent::Message(frame)),
                Output::Changed(change) => self.changed(change),
            }
        }
    }

    fn changed(&mut self, change: Change) {
        self.is_online = change.state == State::Online;
        self.inbox.put(SocketEvent::Changed(change));
        if self.is_online {
            // A server that opened the socket has taken us, for all that we can know.
            self.tell(Input::Settled { silence: Some(SILENCE) });
            self.flush();
        }
    }
}

fn length(frame: &Frame) -> usize {
    match frame {
        Frame::Text(text) => text.len(),
        Frame::Binary(bytes) => bytes.len(),
    }
}
