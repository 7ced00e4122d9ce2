//! Opening a WebSocket, and who may.

use std::io::{Read, Write};

use axum::http::header::COOKIE;
use suona_protocol::ws::Window;

use super::{super::Place, *};
use crate::io::Stream;

#[tokio::test]
async fn an_upgraded_socket_is_handed_over_whole() {
    let mut world = world(|options| options.kept_headers = vec![COOKIE]);
    let mut client = world.connect().await;
    // The first frames may come in one segment with the request.
    let request = handshake("/connection/websocket?a=1&b=%20", "Cookie: id=7\r\nX-Other: 1\r\n") + "early";
    client.write_all(request.as_bytes()).await.unwrap();
    let head = read_head(&mut client).await;
    assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
    assert!(head.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{head}");

    let Upgraded { stream, read_ahead, request } = world.upgraded().await;
    assert_eq!(&read_ahead[..], b"early");
    assert_eq!((request.door, request.query.as_str()), (0, "a=1&b=%20"));
    assert_eq!(request.remote.to_string(), "127.0.0.1");
    assert_eq!(request.headers.len(), 1);
    assert_eq!(request.headers[COOKIE], "id=7");

    let Stream::Plain(mut socket) = stream else { panic!("this was no TLS") };
    assert!(socket.nodelay().unwrap(), "what is written is sent at once");
    socket.set_nonblocking(false).unwrap();
    client.write_all(b"late").await.unwrap();
    let mut late = [0; 4];
    socket.read_exact(&mut late).unwrap();
    assert_eq!(&late, b"late");
    socket.write_all(b"pushed").unwrap();
    drop(socket);
    let mut pushed = String::new();
    client.read_to_string(&mut pushed).await.unwrap();
    assert_eq!(pushed, "pushed", "hyper left nothing behind, and nothing is written by it any more");
}

#[tokio::test]
async fn an_upgrade_may_follow_other_requests() {
    let mut world = world(|_| {});
    let mut client = world.connect().await;
    client.write_all(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    assert!(read_head(&mut client).await.starts_with("HTTP/1.1 200"));
    client.write_all(handshake("/device", "").as_bytes()).await.unwrap();
    assert!(read_head(&mut client).await.starts_with("HTTP/1.1 101"));
    assert_eq!(world.upgraded().await.request.door, 1);
}

#[tokio::test]
async fn each_door_speaks_its_sub_protocols() {
    let mut world = world(|_| {});
    for (path, offered, agreed) in [
        ("/connection/websocket", "centrifuge-protobuf, centrifuge-json", Some("centrifuge-protobuf")),
        ("/connection/websocket", "chat, centrifuge-json", Some("centrifuge-json")),
        ("/connection/websocket", "chat", None),
        ("/device", "chat, other", Some("chat")),
    ] {
        let (head, _client) = world.open(path, &format!("Sec-WebSocket-Protocol: {offered}\r\n")).await;
        let echoed = head.lines().find_map(|line| line.strip_prefix("sec-websocket-protocol: "));
        assert_eq!(echoed, agreed, "{path} {offered}");
        assert_eq!(world.upgraded().await.request.sub_protocol.as_deref(), agreed);
    }
}

#[tokio::test]
async fn compression_is_agreed_on_if_both_want_it() {
    const OFFER: &str = "permessage-deflate; client_max_window_bits";
    for (wanted, offer, agreed) in [
        (true, OFFER, Some(Window::Full)),
        (true, "x-other\r\nSec-WebSocket-Extensions: permessage-deflate", Some(Window::Full)),
        (true, "permessage-deflate; server_max_window_bits=10", Some(Window::Limited { bits: 10 })),
        (true, "x-other", None),
        (false, OFFER, None),
    ] {
        let mut world = world(|options| options.deflate = wanted);
        let (head, _client) = world.open("/device", &format!("Sec-WebSocket-Extensions: {offer}\r\n")).await;
        let said = head.lines().find_map(|line| line.strip_prefix("sec-websocket-extensions: "));
        assert_eq!(said, agreed.map(Window::answer).as_deref(), "{offer}");
        assert_eq!(world.upgraded().await.request.deflate, agreed);
    }
}

#[tokio::test]
async fn pages_of_other_origins_may_not_connect() {
    let world = world(|options| options.allowed_origins = vec!["https://*.example.com".to_owned()]);
    for (origin, status) in [
        ("", "101"),
        ("Origin: https://shop.example.com\r\n", "101"),
        ("Origin: https://evil.net\r\n", "403"),
        ("Origin: null\r\n", "403"),
        ("Origin: https://shop.example.com\r\nOrigin: https://evil.net\r\n", "403"),
    ] {
        let (head, _) = world.open("/device", origin).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{origin}: {head}");
    }
    assert!(world.counted("suona_upgrades_total{outcome=\"origin\"} 3"));
}

#[tokio::test]
async fn at_the_connection_limit_the_next_is_refused_until_one_is_closed() {
    let mut world = world(|options| options.connection_limit = 1);
    let (_, _first) = world.open("/device", "").await;
    let first: Place = world.upgraded().await.request.place;
    assert!(world.counted("suona_connections{door=\"/device\"} 1"));
    let (head, _) = world.open("/device", "").await;
    assert!(head.starts_with("HTTP/1.1 503"), "{head}");
    assert!(world.ask("GET / HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 200"), "probes are not counted");
    drop(first);
    let (head, _third) = world.open("/device", "").await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert!(world.counted("suona_upgrades_total{outcome=\"connection_limit\"} 1"));
}
