//! Plain HTTP, and what is said to those who did not quite open a WebSocket.

use super::*;

#[tokio::test]
async fn probes_are_answered_at_once_and_counted_apart() {
    let world = world(|_| {});
    for path in ["/", "/connection/websocket", "/device"] {
        let answer = world.ask(&format!("GET {path} HTTP/1.1\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("Suona"), "{path}: {answer}");
    }
    assert!(world.ask("HEAD / HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 200"));
    // The Java client offers this with every request.
    assert!(world.ask("GET /device HTTP/1.1\r\nUpgrade: h2c\r\n\r\n").await.starts_with("HTTP/1.1 200"));
    assert!(world.counted("suona_probes_total 5"));
    assert!(!world.metrics.render().contains("suona_upgrades_total{"));
}

#[tokio::test]
async fn the_gateway_tells_of_its_health() {
    let world = world(|_| {});
    for path in ["/health", "/ready"] {
        let answer = world.ask(&format!("GET {path} HTTP/1.1\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n{}"), "{path}: {answer}");
    }
    assert!(world.ask("GET /metrics HTTP/1.1\r\n\r\n").await.ends_with("# EOF\n"));
    assert!(world.ask("GET /api/info HTTP/1.1\r\n\r\n").await.ends_with("the API"));
}

#[tokio::test]
async fn health_and_metrics_may_have_other_paths() {
    let moved = |path: &str| Some(path.to_owned());
    let world = world(|options| (options.health, options.metrics) = (moved("/healthz"), moved("/m/etrics")));
    let status = async |path: &str| world.ask(&format!("GET {path} HTTP/1.1\r\n\r\n")).await[..12].to_owned();
    for (path, expected) in
        [("/healthz", "200"), ("/m/etrics", "200"), ("/health", "404"), ("/metrics", "404")]
    {
        assert_eq!(status(path).await, format!("HTTP/1.1 {expected}"), "{path}");
    }
}

#[tokio::test]
async fn health_and_metrics_can_be_switched_off() {
    let world = world(|options| (options.health, options.metrics) = (None, None));
    for path in ["/health", "/metrics"] {
        assert!(
            world.ask(&format!("GET {path} HTTP/1.1\r\n\r\n")).await.starts_with("HTTP/1.1 404"),
            "{path}"
        );
    }
    assert!(world.ask("GET /ready HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn ready_says_what_cannot_be_reached() {
    let metrics = Arc::new(Metrics::new(1));
    let hooks = Hooks {
        hand_over: Box::new(drop),
        emulate: nobody(),
        ready: Box::new(|| Err("Redis is away".to_owned())),
    };
    let edge = Edge::bind(&options(|_| {}), Router::new(), hooks, metrics).unwrap();
    let socket = TcpStream::connect(edge.local_addr()).await.unwrap();
    let answer = exchange(socket, "GET /ready HTTP/1.1\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("Redis is away"), "{answer}");
}

#[tokio::test]
async fn with_an_internal_port_the_public_one_tells_nothing() {
    let world = world(|options| options.internal_address = Some(options.address));
    let internal = world.edge.internal_addr().unwrap();
    for path in ["/health", "/ready", "/metrics", "/api/info"] {
        let request = format!("GET {path} HTTP/1.1\r\n\r\n");
        assert!(world.ask(&request).await.starts_with("HTTP/1.1 404"), "{path}");
        let answer = exchange(TcpStream::connect(internal).await.unwrap(), &request).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
    let mut socket = TcpStream::connect(internal).await.unwrap();
    socket.write_all(handshake("/device", "").as_bytes()).await.unwrap();
    assert!(read_head(&mut socket).await.starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn a_broken_upgrade_is_told_what_is_wrong() {
    let world = world(|_| {});
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let upgrade = "Upgrade: websocket\r\n";
    // `ask` says `Connection: close`; a second line of the same header adds to it.
    let connection = "Connection: Upgrade\r\n";
    let version = "Sec-WebSocket-Version: 13\r\n";
    for (method, headers, sentence) in [
        ("POST", [upgrade, connection, key, version].concat(), "opened with GET"),
        ("GET", [connection, key, version].concat(), "proxy_set_header Upgrade"),
        ("GET", ["Upgrade: mqtt\r\n", connection, key, version].concat(), "no `Upgrade: websocket` header"),
        ("GET", [upgrade, key, version].concat(), "proxy_set_header Connection"),
        ("GET", [upgrade, connection, version].concat(), "Sec-WebSocket-Key"),
        ("GET", [upgrade, connection, "Sec-WebSocket-Key: short\r\n", version].concat(), "Sec-WebSocket-Key"),
        ("GET", [upgrade, connection, key].concat(), "must be 13"),
        ("GET", [upgrade, connection, key, "Sec-WebSocket-Version: 8\r\n"].concat(), "must be 13"),
        ("GET", [upgrade, connection, key, version, "Content-Length: 1\r\n"].concat(), "no body"),
    ] {
        let answer = world.ask(&format!("{method} /device HTTP/1.1\r\n{headers}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{headers}: {answer}");
        assert!(
            answer.contains("sec-websocket-version: 13\r\n") && answer.contains(sentence),
            "{headers}: {answer}"
        );
    }
    let old = world.ask(&handshake("/device", "").replace("HTTP/1.1", "HTTP/1.0")).await;
    assert!(old.starts_with("HTTP/1.0 426") && old.contains("proxy_http_version 1.1"), "{old}");
    assert!(world.counted("suona_upgrades_total{outcome=\"broken\"} 10"), "{}", world.metrics.render());
}

#[tokio::test]
async fn socket_io_is_told_what_to_use_instead() {
    let world = world(|_| {});
    let path = "/socket.io/?EIO=4&transport=polling";
    for request in [
        format!("GET {path} HTTP/1.1\r\n\r\n"),
        format!("POST {path} HTTP/1.1\r\nContent-Length: 2\r\n\r\n40"),
        handshake("/socket.io/?EIO=4&transport=websocket", ""),
    ] {
        let answer = world.ask(&request).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert!(answer.contains("Centrifuge protocol over a standard WebSocket"), "{answer}");
    }
}

#[tokio::test]
async fn whoever_got_lost_is_told_so() {
    let world = world(|_| {});
    assert!(world.ask("GET /nowhere HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 404"));
    assert!(world.ask("GET /device/ HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 404"), "paths are exact");
    assert!(world.ask("POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n").await.starts_with("HTTP/1.1 405"));
    let (answer, _) = world.open("/websocket", "").await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(world.counted("suona_upgrades_total{outcome=\"no_door\"} 1"));
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let world = world(|_| {});
    let mut socket = world.connect().await;
    let _ = socket.write_all(&[b"GET / HTTP/1.1\r\nX: ".as_slice(), &[b'a'; 100_000]].concat()).await;
    let mut answer = Vec::new();
    // Closing a socket with unread bytes may reset the connection before the answer is read.
    let _ = socket.read_to_end(&mut answer).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
    world.until_counted("suona_refused_connections_total{reason=\"request_head\"} 1").await;
    assert!(world.ask("GET / HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 200"), "others are undisturbed");
}
