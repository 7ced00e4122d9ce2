//! One open WebSocket: reads and writes at the same time, and answers pings.

use std::time::Duration;

use bytes::Bytes;
use suona_protocol::ws::{Decoder, Event, Message, Opcode, Role, close_payload, masked_frame};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    sync::{OwnedSemaphorePermit, mpsc, oneshot},
    time::timeout,
};

use super::{
    dial::Stream,
    sockets::{News, Reporter},
};
use crate::link::{Frame, Loss};

/// The longest message that is taken from a server, in bytes.
const LONGEST_MESSAGE: usize = 16 << 20;
/// How long the peer gets to say goodbye, as the link allows.
const CLOSING: Duration = Duration::from_secs(1);
const READ_AT_ONCE: usize = 16 * 1024;

/// What an open socket is to do.
#[derive(Debug)]
pub(super) enum Order {
    /// Send a message, and tell whoever waits for that.
    Send(Frame, Option<Receipt>),
    /// Ask the peer for a sign.
    Ping,
    /// Give the peer one.
    Pong(Bytes),
    /// Say goodbye.
    Close(u16, String),
}

/// Stands for a message until it is written, and dropped without that for one that perhaps was not.
#[derive(Debug)]
pub(super) struct Receipt {
    pub(super) written: oneshot::Sender<()>,
    /// The room that the message takes meanwhile.
    pub(super) _room: [OwnedSemaphorePermit; 2],
}

/// The life of an open socket; says why it ended. `rest` came right behind the handshake.
pub(super) async fn live(
    stream: Stream,
    rest: Vec<u8>,
    mut orders: mpsc::Receiver<Order>,
    answers: mpsc::Sender<Order>,
    reporter: &Reporter,
) -> Loss {
    let (reader, writer) = tokio::io::split(stream);
    let reading = read(reader, rest, &answers, reporter);
    let writing = write(writer, &mut orders);
    tokio::pin!(reading, writing);
    tokio::select! {
        loss = &mut reading => {
            let _ = timeout(CLOSING, writing).await; // our goodbye
            loss
        }
        written = &mut writing => match written {
            Ok(()) => timeout(CLOSING, reading).await.unwrap_or_default(),
            Err(error) => lost(&error),
        }
    }
}

fn lost(error: &std::io::Error) -> Loss {
    Loss { reason: error.kind().to_string(), ..Loss::default() }
}

async fn read(
    mut reader: ReadHalf<Stream>,
    mut buffer: Vec<u8>,
    answers: &mpsc::Sender<Order>,
    reporter: &Reporter,
) -> Loss {
    let mut decoder = Decoder::new(Role::Client, LONGEST_MESSAGE);
    loop {
        let mut input = &mut buffer[..];
        loop {
            match decoder.decode(&mut input).map(|event| event.map(|event| heed(event, answers))) {
                Ok(Some(Ok(news))) => reporter.tell(news).await,
                Ok(Some(Err(loss))) => return loss,
                Ok(None) => break,
                Err(violation) => {
                    let reason = violation.to_string();
                    let _ = answers.try_send(Order::Close(violation.code(), reason.clone()));
                    return Loss { reason, ..Loss::default() };
                }
            }
        }
        buffer.clear();
        buffer.reserve(READ_AT_ONCE);
        match reader.read_buf(&mut buffer).await {
            Ok(0) => {
                return Loss {
                    code: Some(ABNORMAL),
                    reason: "closed without a word".to_owned(),
                    ..Loss::default()
                };
            }
            Ok(_) => {}
            Err(error) => return Loss { code: Some(ABNORMAL), ..lost(&error) },
        }
    }
}

/// What an event tells, or the end that it means. What the peer must be answered is answered; if nothing can be
/// written any more, that is noticed elsewhere.
fn heed(event: Event<'_>, answers: &mpsc::Sender<Order>) -> Result<News, Loss> {
    match event {
        Event::Message(Message::Text(text)) => Ok(News::Received(Frame::Text(text.to_owned()))),
        Event::Message(Message::Binary(bytes)) => {
            Ok(News::Received(Frame::Binary(Bytes::copy_from_slice(bytes))))
        }
        Event::Message(Message::Pong(_)) => Ok(News::Alive),
        Event::Ping(payload) => {
            let _ = answers.try_send(Order::Pong(Bytes::copy_from_slice(payload)));
            Ok(News::Alive)
        }
        Event::Close(said) => {
            let (code, reason) = said.map_or((None, ""), |(code, reason)| (Some(code), reason));
            let _ = answers.try_send(Order::Close(code.unwrap_or(1000), String::new()));
            Err(Loss { code, reason: reason.to_owned(), ..Loss::default() })
        }
        Event::Deflated(_) => {
            Err(Loss { reason: "compressed, which was not agreed on".to_owned(), ..Loss::default() })
        }
    }
}

/// What stands for a connection that ended without a close frame.
const ABNORMAL: u16 = 1006;

/// Writes until it is told to say goodbye.
async fn write(mut writer: WriteHalf<Stream>, orders: &mut mpsc::Receiver<Order>) -> std::io::Result<()> {
    while let Some(order) = orders.recv().await {
        let (opcode, payload, receipt) = match order {
            Order::Send(Frame::Text(text), receipt) => (Opcode::Text, Bytes::from(text), receipt),
            Order::Send(Frame::Binary(bytes), receipt) => (Opcode::Binary, bytes, receipt),
            Order::Ping => (Opcode::Ping, Bytes::new(), None),
            Order::Pong(payload) => (Opcode::Pong, payload, None),
            Order::Close(code, reason) => (Opcode::Close, close_payload(code, &reason).into(), None),
        };
        // The key is drawn from the generator of the thread, which the system seeds: nobody can guess it.
        writer.write_all(&masked_frame(opcode, &payload, rand::random())).await?;
        writer.flush().await?;
        if let Some(receipt) = receipt {
            let _ = receipt.written.send(()); // who does not wait any more need not know
        }
        if opcode == Opcode::Close {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::{
        io::{DuplexStream, duplex},
        sync::Semaphore,
    };

    use super::*;

    /// Bytes of the frame of a hundred bytes.
    const FRAME: usize = 2 + 4 + 100;

    /// The life of a socket whose line holds very little, and the other end of it.
    fn open() -> (mpsc::Sender<Order>, DuplexStream) {
        let (near, far) = duplex(16);
        let (orders, to_do) = mpsc::channel(8);
        let answers = orders.clone();
        tokio::spawn(async move {
            let (reporter, _news) = Reporter::of_a_test();
            live(Box::new(near), Vec::new(), to_do, answers, &reporter).await
        });
        (orders, far)
    }

    async fn send(orders: &mpsc::Sender<Order>) -> oneshot::Receiver<()> {
        let room = || Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let (written, sent) = oneshot::channel();
        let receipt = Receipt { written, _room: [room(), room()] };
        let frame = Frame::Binary(Bytes::from_static(&[7; 100]));
        orders.send(Order::Send(frame, Some(receipt))).await.unwrap();
        sent
    }

    #[tokio::test]
    async fn a_receipt_is_given_for_what_is_written_and_for_nothing_else() {
        let (orders, mut far) = open();
        let (mut first, second) = (send(&orders).await, send(&orders).await);
        far.read_exact(&mut [0; FRAME - 20]).await.unwrap(); // some of the rest is on the line, but not all
        assert_eq!(first.try_recv(), Err(oneshot::error::TryRecvError::Empty));
        far.read_exact(&mut [0; 20]).await.unwrap();
        assert_eq!(first.await, Ok(()));
        drop(far);
        assert!(second.await.is_err());
    }
}
