//! One open WebSocket: reads and writes at the same time, and answers pings.

use std::time::Duration;

use bytes::Bytes;
use suona_protocol::ws::{Decoder, Event, Message, Opcode, Role, close_payload, masked_frame};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    sync::mpsc,
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
    /// Send a message.
    Send(Frame),
    /// Ask the peer for a sign.
    Ping,
    /// Give the peer one.
    Pong(Bytes),
    /// Say goodbye.
    Close(u16, String),
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
        let (opcode, payload) = match order {
            Order::Send(Frame::Text(text)) => (Opcode::Text, Bytes::from(text)),
            Order::Send(Frame::Binary(bytes)) => (Opcode::Binary, bytes),
            Order::Ping => (Opcode::Ping, Bytes::new()),
            Order::Pong(payload) => (Opcode::Pong, payload),
            Order::Close(code, reason) => (Opcode::Close, close_payload(code, &reason).into()),
        };
        // The key is drawn from the generator of the thread, which the system seeds: nobody can guess it.
        writer.write_all(&masked_frame(opcode, &payload, rand::random())).await?;
        writer.flush().await?;
        if opcode == Opcode::Close {
            break;
        }
    }
    Ok(())
}
