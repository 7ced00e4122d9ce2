//! Opening an HTTP stream, speaking to one, and who may.

use std::{io::Write, sync::Mutex, time::Duration};

use suona_protocol::EmulationRequest;

use super::{super::EmulationPath, *};
use crate::io::Stream;

const SHOP: &str = "Origin: https://shop.example.com\r\n";

/// An edge with both kinds of streams, whose bodies have 100 bytes at most.
fn streaming(options: &mut EdgeOptions) {
    let path = |path: &str, kind| DoorPath { path: path.to_owned(), kind };
    options.doors.push(path("/http_stream", DoorKind::HttpStream { max_body: 100 }));
    options.doors.push(path("/sse", DoorKind::Events { max_body: 100 }));
    options.emulation = Some(EmulationPath { path: "/emulation".to_owned(), max_body: 100 });
    options.allowed_origins = vec!["https://shop.example.com".to_owned()];
}

fn post(path: &str, headers: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
}

/// Opens a stream: the head of its response, what was handed over, and the client's end.
async fn open(world: &mut World, request: &str) -> (String, Upgraded, TcpStream) {
    let mut client = world.connect().await;
    client.write_all(request.as_bytes()).await.unwrap();
    let head = read_head(&mut client).await;
    (head, world.upgraded().await, client)
}

#[tokio::test]
async fn a_stream_is_handed_over_with_its_response_begun() {
    let mut world = world(streaming);
    let request = post("/http_stream", "Host: a\r\n", "{}\n");
    let (head, Upgraded { stream, request, .. }, mut client) = open(&mut world, &request).await;
    for line in ["HTTP/1.1 200 OK", "X-Accel-Buffering: no", "Cache-Control: no-store, no-transform"] {
        assert!(head.lines().any(|said| said == line), "{head}");
    }
    assert!(!head.contains("Access-Control"), "who is no page needs no leave: {head}");
    assert_eq!(request.door, 2);
    let said = request.stream.unwrap();
    assert_eq!((&said.first[..], said.is_protobuf), (&b"{}\n"[..], false));
    assert!(world.counted("suona_connections{door=\"/http_stream\"} 1"));
    drop(request.place);
    assert!(world.counted("suona_connections{door=\"/http_stream\"} 0"));

    let Stream::Plain(mut socket) = stream else { panic!("this was no TLS") };
    socket.write_all(b"all that follows").unwrap();
    drop(socket);
    let mut body = String::new();
    client.read_to_string(&mut body).await.unwrap();
    assert_eq!(body, "all that follows", "hyper left nothing behind, and nothing is written by it any more");
}

#[tokio::test]
async fn each_way_to_open_a_stream_says_what_is_spoken_on_it() {
    let mut world = world(streaming);
    let protobuf = post("/http_stream", "Content-Type: application/octet-stream\r\n", "\0");
    let events = "GET /sse?other=1&cf_connect=%7B%22id%22%3A1%7D+%0A HTTP/1.1\r\nHost: a\r\n\r\n".to_owned();
    // nginx speaks this to us, unless it is told otherwise.
    let old = post("/sse", "", "{}").replace("HTTP/1.1", "HTTP/1.0");
    for (request, content_type, first, is_protobuf) in [
        (protobuf, "application/octet-stream", "\0", true),
        (post("/http_stream", SHOP, "{}"), "application/x-ndjson", "{}", false),
        (events, "text/event-stream; charset=utf-8", "{\"id\":1} \n", false),
        (old, "text/event-stream; charset=utf-8", "{}", false),
    ] {
        let (head, Upgraded { request, .. }, _client) = open(&mut world, &request).await;
        assert!(head.contains(&format!("Content-Type: {content_type}\r\n")), "{head}");
        let said = request.stream.unwrap();
        assert_eq!((&said.first[..], said.is_protobuf), (first.as_bytes(), is_protobuf));
    }
}

#[tokio::test]
async fn a_request_that_opens_no_stream_is_told_why() {
    let world = world(streaming);
    let long = "x".repeat(101);
    let without_length = "POST /sse HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (request, status) in [
        (post("/http_stream", "", &long), "413"),
        (post("/sse", "", &long), "413"),
        (format!("{without_length}65\r\n{long}\r\n0\r\n\r\n"), "413"),
        ("GET /sse HTTP/1.1\r\n\r\n".to_owned(), "400"),
        ("GET /sse?cf_connect= HTTP/1.1\r\n\r\n".to_owned(), "400"),
        ("GET /http_stream HTTP/1.1\r\n\r\n".to_owned(), "405"),
        ("PUT /sse HTTP/1.1\r\n\r\n".to_owned(), "405"),
        (post("/http_stream", "Origin: https://evil.net\r\n", "{}"), "403"),
        ("GET /sse?cf_connect=1 HTTP/1.1\r\nOrigin: null\r\n\r\n".to_owned(), "403"),
    ] {
        let answer = world.ask(&request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {answer}");
    }
    assert!(world.counted("suona_upgrades_total{outcome=\"origin\"} 2"));
    assert!(world.counted("suona_upgrades_total{outcome=\"broken\"} 5"), "{}", world.metrics.render());
    assert!(!world.metrics.render().contains("outcome=\"accepted\""));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let world = world(|options| {
        streaming(options);
        options.patience = Duration::from_millis(100);
    });
    for path in ["/http_stream", "/sse", "/emulation"] {
        let answer = world.ask(&post(path, "", "{}").replace("Length: 2", "Length: 3")).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    assert!(world.counted("suona_upgrades_total{outcome=\"broken\"} 2"), "{}", world.metrics.render());
}

#[tokio::test]
async fn a_page_of_another_site_opens_no_stream_by_an_image_or_a_link() {
    let mut world = world(streaming);
    let get = |site: &str, mode: &str| {
        format!(
            "GET /sse?cf_connect=%7B%7D HTTP/1.1\r\nSec-Fetch-Site: {site}\r\nSec-Fetch-Mode: {mode}\r\n\r\n"
        )
    };
    for (site, mode) in [("cross-site", "no-cors"), ("cross-site", "navigate"), ("none", "navigate")] {
        let answer = world.ask(&get(site, mode)).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{site} {mode}: {answer}");
    }
    assert!(world.counted("suona_upgrades_total{outcome=\"origin\"} 3"));
    let own = get("same-origin", "cors").replacen("\r\n", "\r\nHost: a\r\n", 1);
    let (head, ..) = open(&mut world, &own).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
}

#[tokio::test]
async fn a_get_asks_for_nothing_but_to_be_connected() {
    let mut world = world(streaming);
    let get = |commands: &str| {
        let query: String = form_urlencoded::byte_serialize(commands.as_bytes()).collect();
        format!("GET /sse?cf_connect={query} HTTP/1.1\r\nHost: a\r\n\r\n")
    };
    let connect = r#"{"id":1,"connect":{}}"#;
    for other in [
        r#"{"id":2,"publish":{"channel":"news","data":1}}"#,
        r#"{"id":2,"rpc":{"method":"pay"}}"#,
        r#"{"send":{"data":1}}"#,
        r#"{"id":2,"subscribe":{"channel":"news"}}"#,
    ] {
        for commands in [other.to_owned(), format!("{connect}\n{other}\n")] {
            let answer = world.ask(&get(&commands)).await;
            assert!(
                answer.starts_with("HTTP/1.1 400") && answer.contains("emulation"),
                "{commands}: {answer}"
            );
        }
    }
    let commands = format!("{connect}\n{{}}");
    let (head, Upgraded { request, .. }, _client) = open(&mut world, &get(&commands)).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(&request.stream.unwrap().first[..], commands.as_bytes());
}

#[tokio::test]
async fn one_address_holds_only_as_many_streams_as_it_may() {
    let mut world = world(|options| {
        streaming(options);
        options.address_limit = 1;
    });
    let (_, held, _client) = open(&mut world, &post("/http_stream", "", "{}")).await;
    let answer = world.ask(&post("/sse", SHOP, "{}")).await;
    assert!(answer.starts_with("HTTP/1.1 429") && answer.contains("access-control-allow-origin"), "{answer}");
    assert!(world.counted("suona_upgrades_total{outcome=\"address_limit\"} 1"), "{}", world.metrics.render());
    drop(held);
    open(&mut world, &post("/sse", "", "{}")).await;
}

#[tokio::test]
async fn the_limits_of_connections_hold_for_streams_too() {
    let mut world = world(|options| {
        streaming(options);
        options.connection_limit = 1;
    });
    let (_, first, _client) = open(&mut world, &post("/http_stream", "", "{}")).await;
    for request in [post("/http_stream", "", "{}"), post("/sse", "", "{}")] {
        assert!(world.ask(&request).await.starts_with("HTTP/1.1 503"));
    }
    assert!(world.counted("suona_upgrades_total{outcome=\"connection_limit\"} 2"));
    drop(first);
    open(&mut world, &post("/sse", "", "{}")).await;
}

#[tokio::test]
async fn browsers_are_told_which_pages_may_read_the_answers() {
    let mut world = world(streaming);
    let shared = "access-control-allow-origin: https://shop.example.com";
    for (path, methods) in
        [("/http_stream", "POST, OPTIONS"), ("/sse", "GET, POST, OPTIONS"), ("/emulation", "POST, OPTIONS")]
    {
        let asking =
            "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n";
        let answer = world.ask(&format!("OPTIONS {path} HTTP/1.1\r\n{SHOP}{asking}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
        let allowed = format!("access-control-allow-methods: {methods}");
        for line in
            [shared, &allowed, "access-control-allow-headers: content-type", "access-control-max-age: 300"]
        {
            assert!(answer.lines().any(|said| said == line), "{path} does not say {line}: {answer}");
        }
        let strange = world.ask(&format!("OPTIONS {path} HTTP/1.1\r\nOrigin: null\r\n\r\n")).await;
        assert!(strange.starts_with("HTTP/1.1 403") && !strange.contains("access-control"), "{strange}");
    }
    let (head, ..) = open(&mut world, &post("/http_stream", SHOP, "{}")).await;
    assert!(head.contains(shared) && head.contains("access-control-allow-credentials: true"), "{head}");
    let refused = world.ask(&post("/emulation", SHOP, "")).await;
    assert!(refused.starts_with("HTTP/1.1 400") && refused.contains(shared), "{refused}");
}

#[tokio::test]
async fn what_a_client_says_is_passed_on_to_its_session() {
    let said: Arc<Mutex<Vec<EmulationRequest>>> = Arc::default();
    let (heard, metrics) = (said.clone(), Arc::new(Metrics::new(1)));
    let emulate: Emulate = Box::new(move |request| {
        let is_known = &*request.session == "known";
        heard.lock().unwrap().push(request);
        Box::pin(async move { is_known })
    });
    let hooks = Hooks { hand_over: Box::new(drop), emulate, ready: Box::new(|| Ok(())) };
    let edge = Edge::bind(&options(streaming), Router::new(), hooks, metrics).unwrap();
    let json = |session: &str| format!(r#"{{"session":"{session}","node":"n","data":"{{}}"}}"#);
    let protobuf = post(
        "/emulation",
        "Content-Type: application/octet-stream\r\n",
        "\n\u{1}n\u{12}\u{5}known\u{1a}\u{2}{}",
    );
    for (request, status) in [
        (post("/emulation", SHOP, &json("known")), "204"),
        (protobuf, "204"),
        (post("/emulation", "", &json("gone")), "404"),
        (post("/emulation", "", "{}"), "400"),
        (post("/emulation", "", &json(&"x".repeat(100))), "413"),
        (post("/emulation", "Origin: https://evil.net\r\n", &json("known")), "403"),
        ("GET /emulation HTTP/1.1\r\n\r\n".to_owned(), "405"),
    ] {
        let socket = TcpStream::connect(edge.local_addr()).await.unwrap();
        let answer = exchange(socket, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {answer}");
    }
    let said = said.lock().unwrap();
    let frames: Vec<_> = said.iter().map(|request| (&*request.session, &request.frame[..])).collect();
    assert_eq!(frames, [("known", &b"{}"[..]), ("known", b"{}"), ("gone", b"{}")]);
}

#[tokio::test]
async fn where_nobody_streams_there_is_no_emulation() {
    let world = world(|_| {});
    assert!(world.ask(&post("/emulation", "", "{}")).await.starts_with("HTTP/1.1 404"));
}
