//! The reliable connection alone, to any WebSocket server.

mod engine;

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_core::Stream;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch},
    task::JoinHandle,
};

use super::{
    Builder,
    dial::Dialing,
    inbox::{Inbox, Item, inbox},
    socket::Receipt,
};
use crate::{
    Code, Fault,
    link::{Change, Frame, Input, Options, State},
};
use engine::Request;

/// How many messages may wait for a connection, or to be written.
const MOST_WAITING: usize = 256;
/// And how many bytes of them.
const MOST_BYTES: usize = 1 << 20;

/// What happens on a [`ReliableSocket`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SocketEvent {
    /// The link does something else now.
    Changed(Change),
    /// A message of the server.
    Message(Frame),
    /// The listener was too slow, and missed something: 1,024 events or 16 MiB may wait for it. What the link does now is
    /// [`ReliableSocket::state`].
    Missed,
}

impl Item for SocketEvent {
    const GAP: Option<Self> = Some(Self::Missed);

    fn bytes(&self) -> usize {
        match self {
            Self::Message(frame) => length(frame),
            Self::Changed(_) | Self::Missed => 0,
        }
    }
}

/// A WebSocket to any server that keeps its connection: dials again, waits in between, and notices dead lines by
/// WebSocket pings. A stream of [`SocketEvent`]s. Messages wait for a connection. Dropping it closes it.
#[derive(Debug)]
#[must_use = "who drops it closes it"]
pub struct ReliableSocket {
    requests: mpsc::UnboundedSender<Request>,
    inbox: Inbox<SocketEvent>,
    state: watch::Receiver<State>,
    /// Room for messages that wait, and for their bytes.
    places: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    task: JoinHandle<()>,
}

impl ReliableSocket {
    /// Begins a connection to the server at this address.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use suona_client::{ReliableSocket, SocketEvent, link::Frame};
    ///
    /// let mut socket = ReliableSocket::connect("wss://example.com/ws").header("x-device", "7").build()?;
    /// socket.send(Frame::Text("hello".to_owned())).await?;
    /// while let Some(event) = socket.next().await {
    ///     if let SocketEvent::Message(Frame::Text(text)) = event {
    ///         println!("{text}");
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect(url: &str) -> Builder<Options> {
        Builder::socket(url)
    }

    pub(super) fn open(options: Options, dialing: Dialing) -> Self {
        let (requests, taken) = mpsc::unbounded_channel();
        let (feed, inbox) = inbox();
        let (tell_state, state) = watch::channel(State::Offline);
        let task = tokio::spawn(engine::run(options, dialing, taken, feed, tell_state));
        let places = Arc::new(Semaphore::new(MOST_WAITING));
        let bytes = Arc::new(Semaphore::new(MOST_BYTES));
        Self { requests, inbox, state, places, bytes, task }
    }

    /// What happens next; `None` once it is closed. Cancel safe: nothing is lost if this is dropped before it is ready.
    pub async fn next(&mut self) -> Option<SocketEvent> {
        poll_fn(|context| self.inbox.poll(context)).await
    }

    /// What the link does now.
    pub fn state(&self) -> State {
        if self.requests.is_closed() { State::Offline } else { *self.state.borrow() }
    }

    /// Sends a message on this connection, or the next one; returns when the system has taken it, which is no sign of its
    /// having arrived. If this is dropped once it was polled, the message goes out all the same.
    ///
    /// # Errors
    /// [`Code::OutboxFull`]: 256 messages or 1 MiB are waiting already. [`Code::ConnectionLost`]: the connection was lost
    /// while the message was on its way, and nobody knows how far it came. [`Code::Stopped`]: the socket is closed.
    pub async fn send(&self, frame: Frame) -> Result<(), Fault> {
        let room = self.room(&frame).ok_or(Code::OutboxFull)?;
        let (written, sent) = oneshot::channel();
        let receipt = Receipt { written, _room: room };
        self.requests.send(Request::Send(frame, receipt)).map_err(|_| Fault::from(Code::Stopped))?;
        sent.await.map_err(|_| {
            let code = if self.requests.is_closed() { Code::Stopped } else { Code::ConnectionLost };
            code.into()
        })
    }

    fn room(&self, frame: &Frame) -> Option<[OwnedSemaphorePermit; 2]> {
        let bytes = u32::try_from(length(frame)).ok()?;
        let place = self.places.clone().try_acquire_owned().ok()?;
        Some([place, self.bytes.clone().try_acquire_many_owned(bytes).ok()?])
    }

    /// Connects again after it has given up, or ends a wait.
    pub fn start(&self) {
        self.tell(Input::Start);
    }

    /// A hint: the network changed, or may have; `online` says whether there is one now, if that is known. A connection
    /// that did not survive it is noticed within seconds, and a wait ends at once.
    pub fn network_changed(&self, online: Option<bool>) {
        self.tell(Input::Network { online });
    }

    /// A hint: the app goes to the background, or the device to sleep. What becomes of the connection is
    /// [`Options::on_hide`].
    pub fn hide(&self) {
        self.tell(Input::Hidden);
    }

    /// A hint: the app or the device is back. A connection that did not survive is noticed within seconds.
    pub fn show(&self) {
        self.tell(Input::Shown);
    }

    fn tell(&self, input: Input) {
        let _ = self.requests.send(Request::Link(input));
    }

    /// Says goodbye; returns when nothing is left, after 1.5 s at the latest. If this is dropped once it was polled, the
    /// socket closes all the same.
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

fn length(frame: &Frame) -> usize {
    match frame {
        Frame::Text(text) => text.len(),
        Frame::Binary(bytes) => bytes.len(),
    }
}
