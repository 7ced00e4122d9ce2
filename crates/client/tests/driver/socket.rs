//! The reliable socket, with a server of another kind.

use std::{
    net::{SocketAddr, TcpListener},
    thread,
};

use futures_util::FutureExt as _;
use suona_client::{
    BadAddress, BuildError, Code, ReliableSocket, SocketEvent,
    link::{Frame, State},
};
use tungstenite::{
    Message,
    handshake::server::{Request, Response},
};

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
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_reliable_socket_comes_back_to_any_server() {
    let url = format!("ws://{}/", echo());
    let mut socket = ReliableSocket::connect(&url).link(quick()).build().unwrap();
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
    assert_eq!(socket.state(), State::Online);
    socket.send(Frame::Text("again".to_owned())).await.unwrap();
    assert_eq!(message(&mut socket).await, Frame::Text("again".to_owned()));
    socket.close().await;
}

/// Speaks a sub-protocol with those who know the password, with a good word for each.
#[expect(clippy::result_large_err, reason = "tungstenite wants it so")]
fn guarded() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let check = |request: &Request, mut response: Response| {
                assert_eq!(request.headers()["x-password"], "secret");
                if request.headers().get("sec-websocket-protocol").is_some_and(|names| names == "kind") {
                    response.headers_mut().insert("sec-websocket-protocol", "kind".parse().unwrap());
                }
                Ok(response)
            };
            let mut socket = tungstenite::accept_hdr(stream.unwrap(), check).unwrap();
            let _ = socket.send(Message::Text("welcome".into()));
            let _ = socket.read();
        }
    });
    address
}

#[tokio::test]
async fn a_socket_shows_headers_and_speaks_only_the_sub_protocol_it_offers() {
    let url = format!("ws://{}/", guarded());
    let builder = || ReliableSocket::connect(&url).header("x-password", "secret");
    let mut socket = builder().sub_protocol("kind").build().unwrap();
    assert_eq!(message(&mut socket).await, Frame::Text("welcome".to_owned()));
    socket.close().await;

    let mut stranger = builder().sub_protocol("other").build().unwrap();
    let lost = loop {
        if let SocketEvent::Changed(change) = stranger.next().await.unwrap()
            && let Some(loss) = change.loss
        {
            break loss;
        }
    };
    assert_eq!(lost.kind, Some(Code::SubProtocol));
}

#[tokio::test]
async fn what_waits_for_a_connection_is_bounded() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let socket = ReliableSocket::connect(&format!("ws://{nobody}/")).link(quick()).build().unwrap();
    let huge = Frame::Binary(vec![0; (1 << 20) + 1].into());
    assert_eq!(socket.send(huge).await.unwrap_err().code, Code::OutboxFull);

    let small = Frame::Text(String::new());
    for _ in 0..256 {
        // It keeps its place, though nobody waits for it.
        assert!(socket.send(small.clone()).now_or_never().is_none());
    }
    assert_eq!(socket.send(small).await.unwrap_err().code, Code::OutboxFull);
}

#[test]
fn whoever_waits_is_told_when_the_runtime_ends() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let entered = runtime.enter();
    let mut socket = ReliableSocket::connect(&format!("ws://{nobody}/")).link(quick()).build().unwrap();
    drop(entered);
    let other = tokio::runtime::Builder::new_current_thread().build().unwrap();
    other.block_on(async {
        {
            let mut sending = std::pin::pin!(socket.send(Frame::Text("early".to_owned())));
            assert!(sending.as_mut().now_or_never().is_none());
            runtime.shutdown_background();
            assert_eq!(sending.await.unwrap_err().code, Code::Stopped);
        }
        while socket.next().await.is_some() {}
        assert_eq!(socket.state(), State::Offline);
        assert_eq!(socket.send(Frame::Text("late".to_owned())).await.unwrap_err().code, Code::Stopped);
    });
}

#[test]
fn what_no_socket_can_be_built_of_is_refused() {
    let refused = |url, protocol| ReliableSocket::connect(url).sub_protocol(protocol).build().unwrap_err();
    assert_eq!(refused("h", "kind"), BuildError::Address(BadAddress));
    assert_eq!(refused("ws://h/", "a, b"), BuildError::SubProtocol("a, b".to_owned()));
}

#[test]
fn what_a_message_says_is_not_shown() {
    let shown = format!("{:?}", SocketEvent::Message(Frame::Text("secret".to_owned())));
    assert_eq!(shown, "Message(Text(6 bytes))");
}
