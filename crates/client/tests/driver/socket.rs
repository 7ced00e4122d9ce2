//! The reliable socket, with a server of another kind.

use std::{
    net::{SocketAddr, TcpListener},
    thread,
};

use suona_client::{
    BadAddress, Code, ReliableSocket, SocketEvent,
    link::{Frame, State},
};
use tungstenite::Message;

use crate::world::quick;

/// A server that says everything twice, and hangs up when it hears "bye".
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut socket = tungstenite::accept(stream.unwrap()).unwrap();
            while let Ok(message) = socket.read() {
                match message {
                    Message::Text(text) if text == "bye" => break,
                    message @ (Message::Text(_) | Message::Binary(_)) => {
                        socket.send(message.clone()).unwrap();
                        socket.send(message).unwrap();
                    }
                    _ => {}
                }
            }
        }
    });
    address
}

async fn message(socket: &mut ReliableSocket) -> Frame {
    loop {
        match socket.next().await.unwrap() {
            SocketEvent::Message(frame) => return frame,
            SocketEvent::Changed(_) => {}
            SocketEvent::Missed => panic!("nothing was missed"),
        }
    }
}

#[tokio::test]
async fn a_reliable_socket_comes_back_to_any_server() {
    let url = format!("ws://{}/", echo());
    let mut socket = ReliableSocket::connect(&url, quick()).unwrap();
    for frame in [Frame::Text("你好".to_owned()), Frame::Binary(vec![7; 70_000].into())] {
        socket.send(frame.clone()).await.unwrap();
        assert_eq!((message(&mut socket).await, message(&mut socket).await), (frame.clone(), frame));
    }
    socket.send(Frame::Text("bye".to_owned())).await.unwrap();
    let mut states = Vec::new();
    while states.last() != Some(&State::Online) {
        if let SocketEvent::Changed(change) = socket.next().await.unwrap() {
            states.push(change.state);
        }
    }
    assert!(states.contains(&State::Opening), "{states:?}");
    socket.send(Frame::Text("again".to_owned())).await.unwrap();
    assert_eq!(message(&mut socket).await, Frame::Text("again".to_owned()));
    socket.close().await;
}

#[tokio::test]
async fn what_waits_for_a_connection_is_bounded() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let socket = ReliableSocket::connect(&format!("ws://{nobody}/"), quick()).unwrap();
    let huge = Frame::Binary(vec![0; (1 << 20) + 1].into());
    assert_eq!(socket.send(huge).await.unwrap_err().code, Code::OutboxFull);
    assert_eq!(ReliableSocket::connect("h", quick()).map(|_| ()), Err(BadAddress));
}
