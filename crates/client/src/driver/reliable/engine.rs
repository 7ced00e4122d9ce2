//! The task of one reliable socket: tells the link what happens, and carries out what it wants.

use std::{collections::VecDeque, time::Duration};

use tokio::sync::{mpsc, watch};

use super::SocketEvent;
use crate::{
    Link,
    driver::{
        dial::Dialing,
        inbox::Feed,
        socket::{Order, Receipt},
        sockets::Sockets,
        timing::Timing,
    },
    link::{Change, Frame, Input, Options, Output, State},
};

/// How often a server that says nothing is asked, by a WebSocket ping.
const SILENCE: Duration = Duration::from_secs(25);

/// What the app wants.
#[derive(Debug)]
pub(super) enum Request {
    /// Send a message. The receipt holds the room that it takes, so what waits is bounded.
    Send(Frame, Receipt),
    /// Something for the connection: from the app, or from the device by way of it.
    Link(Input),
    /// Close, and end.
    Close,
}

/// Dropping it, however that comes about, closes the stream and settles whatever anybody waits for.
struct Engine {
    /// Dropped first: who is told that a message is gone looks here for whether the socket is, too.
    requests: mpsc::UnboundedReceiver<Request>,
    link: Link,
    timing: Timing,
    sockets: Sockets,
    feed: Feed<SocketEvent>,
    state: watch::Sender<State>,
    waiting: VecDeque<(Frame, Receipt)>,
    over: bool,
}

/// The life of a reliable socket. Start reading here.
pub(super) async fn run(
    options: Options,
    dialing: Dialing,
    requests: mpsc::UnboundedReceiver<Request>,
    feed: Feed<SocketEvent>,
    state: watch::Sender<State>,
) {
    let mut engine = Engine {
        requests,
        link: Link::new(options),
        timing: Timing::default(),
        sockets: Sockets::new(dialing),
        feed,
        state,
        waiting: VecDeque::new(),
        over: false,
    };
    engine.tell(Input::Start);
    while !engine.over {
        engine.carry_out();
        let deadline = engine.link.deadline();
        tokio::select! {
            request = engine.requests.recv() => engine.take(request),
            input = engine.sockets.next() => engine.tell(input),
            () = engine.timing.until(deadline) => engine.tell(Input::Woke),
        }
    }
    engine.carry_out();
    let Engine { requests, mut sockets, feed, waiting, .. } = engine;
    drop((requests, feed, waiting));
    sockets.end().await;
}

impl Engine {
    /// Does what the app wants; `None` if there is none any more.
    fn take(&mut self, request: Option<Request>) {
        match request {
            Some(Request::Send(frame, receipt)) => {
                self.waiting.push_back((frame, receipt));
                self.flush();
            }
            Some(Request::Link(input)) => self.tell(input),
            Some(Request::Close) => self.close("closed by the app"),
            None => self.close("nobody uses the socket any more"),
        }
    }

    fn close(&mut self, reason: &str) {
        self.over = true;
        self.tell(Input::Stop { reason: reason.to_owned(), code: None });
    }

    fn tell(&mut self, input: Input) {
        let moment = self.timing.moment();
        self.link.handle(input, moment);
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.link.poll() {
            match output {
                Output::Dial { generation } => self.sockets.dial(generation),
                Output::Close { generation, code, reason } => self.sockets.close(generation, code, &reason),
                Output::Probe => self.sockets.send(Order::Ping),
                Output::Heard(frame) => self.feed.put(SocketEvent::Message(frame)),
                Output::Changed(change) => self.changed(change),
            }
        }
    }

    fn changed(&mut self, change: Change) {
        self.state.send_replace(change.state);
        self.feed.put(SocketEvent::Changed(change));
        if self.is_online() {
            // A server that opened the socket has taken us, for all that we can know.
            self.tell(Input::Settled { silence: Some(SILENCE) });
            self.flush();
        }
    }

    fn is_online(&self) -> bool {
        *self.state.borrow() == State::Online
    }

    fn flush(&mut self) {
        if self.is_online() {
            for (frame, receipt) in self.waiting.drain(..) {
                self.sockets.send(Order::Send(frame, Some(receipt)));
            }
        }
    }
}
