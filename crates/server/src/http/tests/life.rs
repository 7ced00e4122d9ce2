//! Starting, waiting for the slow, draining and stopping.

use std::time::Duration;

use tokio::{net::TcpListener, sync::watch};

use super::{
    super::{BindError, Phase, accept::Permit, connection::Front, newcomer::Newcomer},
    *,
};

fn bind_error(options: &EdgeOptions) -> BindError {
    let hooks = Hooks { hand_over: Box::new(drop), emulate: nobody(), ready: Box::new(|| Ok(())) };
    Edge::bind(options, Router::new(), hooks, Arc::new(Metrics::new(1))).err().unwrap()
}

#[tokio::test]
async fn a_connection_that_opens_carries_nothing_of_what_few_need() {
    let (_phase, phase) = watch::channel(Phase::Serving);
    let metrics = Arc::new(Metrics::new(1));
    let front = Front::internal(&options(|_| {}), Router::new(), phase, metrics);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let peer = socket.local_addr().unwrap();
    let life = Arc::new(front).serve(Newcomer::Known(socket), peer, Permit::of_a_test());
    // With TLS and PROXY headers inside it would be more than ten thousand.
    assert!(size_of_val(&life) <= 4096, "{}", size_of_val(&life));
}

#[tokio::test]
async fn a_second_gateway_on_the_same_port_is_refused() {
    let world = world(|_| {});
    let taken = world.edge.local_addr();
    let error = bind_error(&options(|options| options.address = taken)).to_string();
    assert!(error.contains(&format!("port {} is in use", taken.port())), "{error}");
    let error = bind_error(&options(|options| options.internal_address = Some(taken))).to_string();
    assert!(error.contains(&format!("port {} is in use", taken.port())), "{error}");
}

#[tokio::test]
async fn an_address_of_another_machine_is_an_error() {
    let error = bind_error(&options(|options| options.address = "192.0.2.1:0".parse().unwrap())).to_string();
    assert!(error.contains("no address 192.0.2.1"), "{error}");
}

#[tokio::test]
async fn doors_must_have_paths_of_their_own() {
    for path in ["/device", "/health", "/api/publish", "device"] {
        let door = DoorPath { path: path.to_owned(), kind: DoorKind::Plain };
        let error = bind_error(&options(|options| options.doors.push(door))).to_string();
        assert!(error.contains(path), "{error}");
    }
}

#[tokio::test]
async fn who_sends_no_whole_head_is_not_waited_for() {
    let world = world(|options| options.patience = Duration::from_millis(100));
    assert!(is_dropped(world.connect().await).await);
    let mut slow = world.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\nHost: lo").await.unwrap();
    assert!(is_dropped(slow).await);
}

#[tokio::test]
async fn a_proxy_that_keeps_its_header_back_is_not_waited_for() {
    let world = world(|options| {
        options.patience = Duration::from_millis(100);
        options.proxy_protocol = true;
        options.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    });
    let mut slow = world.connect().await;
    slow.write_all(b"PROXY TCP4 203.0.").await.unwrap();
    assert!(is_dropped(slow).await);
}

const REQUEST: &[u8] = b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[tokio::test]
async fn an_idle_connection_is_kept_longer_than_a_new_one() {
    let world = world(|options| options.patience = Duration::from_millis(50));
    let mut client = world.connect().await;
    client.write_all(REQUEST).await.unwrap();
    assert!(read_head(&mut client).await.starts_with("HTTP/1.1 200"));
    // A connection opened later has lost the patience of the edge, so the first one's has run out too.
    assert!(is_dropped(world.connect().await).await);
    client.write_all(REQUEST).await.unwrap();
    assert!(read_head(&mut client).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn an_idle_connection_is_not_kept_forever() {
    let world = world(|options| options.keep_alive = Duration::from_millis(50));
    let mut client = world.connect().await;
    client.write_all(REQUEST).await.unwrap();
    assert!(read_head(&mut client).await.starts_with("HTTP/1.1 200"));
    assert!(is_dropped(client).await);
}

#[tokio::test]
async fn a_draining_gateway_is_not_ready_and_serves_on() {
    let world = world(|_| {});
    world.edge.drain();
    assert!(world.ask("GET /ready HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 503"));
    assert!(world.ask("GET /health HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 200"));
    assert!(world.ask("GET / HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 200"));
    let (head, _) = world.open("/device", "").await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
}

#[tokio::test]
async fn after_the_stop_the_port_is_free_and_idle_connections_are_closed() {
    let mut world = world(|options| options.internal_address = Some(options.address));
    let address = world.edge.local_addr();
    let internal = world.edge.internal_addr().unwrap();
    let mut idle = world.connect().await;
    idle.write_all(REQUEST).await.unwrap();
    read_head(&mut idle).await;

    world.edge.drain();
    world.edge.stop_accepting().await;
    world.edge.drain();
    assert!(is_dropped(idle).await);
    let next = TcpListener::bind(address).await;
    assert!(next.is_ok(), "{next:?}");
    let ask = async |path| exchange(TcpStream::connect(internal).await.unwrap(), path).await;
    assert!(ask("GET /ready HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 503"));
    assert!(ask("GET /health HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_gateway_that_ended_left_nothing_listening() {
    let World { edge, .. } = world(|options| options.internal_address = Some(options.address));
    let addresses = [edge.local_addr(), edge.internal_addr().unwrap()];
    let mut idle = TcpStream::connect(addresses[0]).await.unwrap();
    idle.write_all(REQUEST).await.unwrap();
    read_head(&mut idle).await;
    drop(edge);
    assert!(is_dropped(idle).await);
    for address in addresses {
        while TcpListener::bind(address).await.is_err() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn an_answer_is_written_to_its_end_though_the_request_has_none() {
    let world = world(|_| {});
    let answer = world.ask("GET /api/all HTTP/1.1\r\nContent-Length: 1\r\n\r\n").await;
    assert!(answer.len() > LONG, "{} bytes", answer.len());
}
