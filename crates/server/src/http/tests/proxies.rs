//! Whose word about a client's address is believed.

use std::time::Duration;

use super::*;

const V1: &str = "PROXY TCP4 203.0.113.5 10.0.0.1 4711 443\r\n";
const V2: [u8; 28] = *b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x05\x0a\0\0\x01\x12\x67\x01\xbb";

/// Listens behind a load balancer on the loopback interface.
fn behind_proxy(options: &mut EdgeOptions) {
    options.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    options.proxy_protocol = true;
}

/// The client's address in an upgrade that begins with `header`, if there is an upgrade.
async fn remote(world: &mut World, header: &[u8], headers: &str) -> Option<String> {
    let mut client = world.connect().await;
    client.write_all(&[header, handshake("/device", headers).as_bytes()].concat()).await.unwrap();
    let mut answer = [0; 12];
    let read = client.read_exact(&mut answer).await;
    if read.is_err() || &answer != b"HTTP/1.1 101" {
        return None;
    }
    Some(world.upgraded().await.request.remote.to_string())
}

#[tokio::test]
async fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
    let forwarded = "X-Forwarded-For: 198.51.100.1, 203.0.113.5\r\n";
    let mut strangers = world(|_| {});
    assert_eq!(remote(&mut strangers, b"", forwarded).await.as_deref(), Some("127.0.0.1"));
    let mut trusting = world(|options| options.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()]);
    assert_eq!(remote(&mut trusting, b"", forwarded).await.as_deref(), Some("203.0.113.5"));
}

#[tokio::test]
async fn both_versions_of_the_proxy_protocol_tell_the_address() {
    let mut world = world(behind_proxy);
    assert_eq!(remote(&mut world, V1.as_bytes(), "").await.as_deref(), Some("203.0.113.5"));
    assert_eq!(remote(&mut world, &V2, "").await.as_deref(), Some("203.0.113.5"));
    let own = b"PROXY UNKNOWN\r\n";
    assert_eq!(remote(&mut world, own, "").await.as_deref(), Some("127.0.0.1"));
}

#[tokio::test]
async fn the_client_of_a_proxy_protocol_is_no_trusted_proxy() {
    let mut world = world(behind_proxy);
    let forged = "X-Forwarded-For: 198.51.100.1\r\n";
    assert_eq!(remote(&mut world, V1.as_bytes(), forged).await.as_deref(), Some("203.0.113.5"));
    let through_both = V1.replace("203.0.113.5", "127.0.0.9");
    assert_eq!(remote(&mut world, through_both.as_bytes(), forged).await.as_deref(), Some("198.51.100.1"));
}

#[tokio::test]
async fn a_trusted_proxy_without_its_header_is_dropped() {
    let mut world = world(behind_proxy);
    assert_eq!(remote(&mut world, b"", "").await, None);
    assert_eq!(remote(&mut world, b"PROXY TCP4 nonsense\r\n", "").await, None);
    world.until_counted("suona_refused_connections_total{reason=\"proxy_header\"} 2").await;
}

#[tokio::test]
async fn a_proxy_header_from_a_stranger_is_no_http() {
    let mut world = world(|options| {
        behind_proxy(options);
        options.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    });
    assert_eq!(remote(&mut world, V1.as_bytes(), "").await, None);
    assert_eq!(remote(&mut world, b"", "").await.as_deref(), Some("127.0.0.1"));
}

#[tokio::test]
async fn one_address_does_not_take_every_descriptor_by_opening_nothing() {
    let mut world = world(behind_proxy);
    let mut idle = Vec::new();
    for _ in 0..256 {
        let mut client = world.connect().await;
        client.write_all(format!("{V1}HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).await.unwrap();
        assert!(read_head(&mut client).await.starts_with("HTTP/1.1 200"));
        idle.push(client);
    }
    assert_eq!(remote(&mut world, V1.as_bytes(), "").await, None);
    assert!(world.counted("suona_refused_connections_total{reason=\"address_limit\"} 1"));
    let other = V1.replace("203.0.113.5", "203.0.113.6");
    assert_eq!(remote(&mut world, other.as_bytes(), "").await.as_deref(), Some("203.0.113.6"));
    // One that opens something gives its seat to the next.
    let upgrading = &mut idle[0];
    upgrading.write_all(handshake("/device", "").as_bytes()).await.unwrap();
    assert!(read_head(upgrading).await.starts_with("HTTP/1.1 101"));
    let _upgraded = world.upgraded().await;
    while remote(&mut world, V1.as_bytes(), "").await.is_none() {}
}

#[tokio::test]
async fn a_stranger_idles_no_longer_than_its_handshake_might_have_taken() {
    let world = world(|options| {
        behind_proxy(options);
        options.patience = Duration::from_millis(100);
    });
    let mut client = world.connect().await;
    client.write_all(format!("{V1}HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).await.unwrap();
    assert!(read_head(&mut client).await.starts_with("HTTP/1.1 200"));
    assert!(is_dropped(client).await);
}
