//! The sockets of one machine, by generation: dialled, written to and closed as it wants, each in a task of its own.

use std::{convert::Infallible, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    dial::Dialing,
    socket::{self, Order},
};
use crate::link::{Frame, Input, Loss};

/// How many frames may wait to be written before the line counts as stuck.
const MOST_ORDERS: usize = 1024;
/// How much news may wait; sockets wait with reading until some of it is taken.
const MOST_NEWS: usize = 64;
/// How long a socket gets to close.
const CLOSING: Duration = Duration::from_millis(1500);

/// What a socket tells.
#[derive(Debug)]
pub(super) enum News {
    Opened,
    Received(Frame),
    /// A sign of life that is no message.
    Alive,
    Lost(Loss),
}

/// Tells what becomes of one socket.
#[derive(Debug)]
pub(super) struct Reporter {
    generation: u64,
    news: mpsc::Sender<(u64, News)>,
}

impl Reporter {
    #[cfg(test)]
    pub(super) fn of_a_test() -> (Self, mpsc::Receiver<(u64, News)>) {
        let (news, told) = mpsc::channel(MOST_NEWS);
        (Self { generation: 1, news }, told)
    }

    pub(super) async fn tell(&self, news: News) {
        // If nobody listens any more, nobody misses it.
        let _ = self.news.send((self.generation, news)).await;
    }
}

/// Sockets that are open, closing, or not open yet. Dropping it drops them all.
#[derive(Debug)]
pub(super) struct Sockets {
    dialing: Arc<Dialing>,
    current: Option<Current>,
    tasks: JoinSet<()>,
    tell: mpsc::Sender<(u64, News)>,
    news: mpsc::Receiver<(u64, News)>,
}

/// The socket that is not told to close yet.
#[derive(Debug)]
struct Current {
    generation: u64,
    orders: mpsc::Sender<Order>,
    /// Dropped when it is to close: from then on it has not much time.
    _open: oneshot::Sender<Infallible>,
}

impl Sockets {
    pub(super) fn new(dialing: Dialing) -> Self {
        let (tell, news) = mpsc::channel(MOST_NEWS);
        Self { dialing: Arc::new(dialing), current: None, tasks: JoinSet::new(), tell, news }
    }

    pub(super) fn dial(&mut self, generation: u64) {
        while self.tasks.try_join_next().is_some() {}
        let (orders, to_do) = mpsc::channel(MOST_ORDERS);
        let (open, closing) = oneshot::channel();
        self.current = Some(Current { generation, orders: orders.clone(), _open: open });
        let reporter = Reporter { generation, news: self.tell.clone() };
        self.tasks.spawn(life(self.dialing.clone(), to_do, orders, closing, reporter));
    }

    /// Hands a frame to the current socket. One that takes no more is given up.
    pub(super) fn send(&mut self, order: Order) {
        if self.current.as_ref().is_some_and(|current| current.orders.try_send(order).is_err()) {
            self.current = None;
        }
    }

    pub(super) fn close(&mut self, generation: u64, code: u16, reason: &str) {
        if let Some(current) = self.current.take_if(|current| current.generation == generation) {
            let _ = current.orders.try_send(Order::Close(code, reason.to_owned()));
        }
    }

    /// What happens next to any of them, as an input of the machine.
    pub(super) async fn next(&mut self) -> Input {
        // It cannot end: there is always one who may tell.
        let (generation, news) = self.news.recv().await.expect("a sender is kept");
        match news {
            News::Opened => Input::Opened { generation },
            News::Received(frame) => Input::Received { generation, frame },
            News::Alive => Input::Alive { generation },
            News::Lost(loss) => Input::Lost { generation, loss, is_final: false },
        }
    }

    /// Waits until all are closed, but not for long.
    pub(super) async fn end(&mut self) {
        self.current = None;
        self.news.close();
        let all_closed = async { while self.tasks.join_next().await.is_some() {} };
        let _ = timeout(CLOSING, all_closed).await;
        self.tasks.shutdown().await;
    }
}

/// The life of a socket, from the dial on. Its end is told, however it comes.
async fn life(
    dialing: Arc<Dialing>,
    orders: mpsc::Receiver<Order>,
    answers: mpsc::Sender<Order>,
    mut closing: oneshot::Receiver<Infallible>,
    reporter: Reporter,
) {
    let dialled = tokio::select! {
        dialled = dialing.dial() => dialled,
        _ = &mut closing => return reporter.tell(News::Lost(Loss::default())).await,
    };
    let loss = match dialled {
        Err(error) => error.into(),
        Ok((stream, rest)) => {
            reporter.tell(News::Opened).await;
            let too_long = async {
                let _ = closing.await;
                sleep(CLOSING).await;
            };
            tokio::select! {
                loss = socket::live(stream, rest, orders, answers, &reporter) => loss,
                () = too_long => Loss { reason: "the line is stuck".to_owned(), ..Loss::default() },
            }
        }
    };
    reporter.tell(News::Lost(loss)).await;
}
