//! TLS up to the hand-over.

use std::{
    io::{Read, Write},
    time::Duration,
};

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::*;
use crate::io::Stream;

fn encrypted(set: impl FnOnce(&mut EdgeOptions)) -> (World, CertificateDer<'static>, Scratch) {
    let scratch = Scratch::new();
    let certificate = scratch.certificate();
    let world = world(|options| {
        options.tls = Some(scratch.tls_files());
        set(options);
    });
    (world, certificate, scratch)
}

async fn connect(
    world: &World,
    trusted: &CertificateDer<'static>,
    version: &'static rustls::SupportedProtocolVersion,
) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, world.connect().await).await.unwrap()
}

#[tokio::test]
async fn an_encrypted_connection_is_handed_over_with_its_session() {
    let (mut world, certificate, _scratch) = encrypted(|_| {});
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut client = connect(&world, &certificate, version).await;
        assert_eq!(client.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        client.write_all((handshake("/device", "") + "early").as_bytes()).await.unwrap();
        assert!(read_head(&mut client).await.starts_with("HTTP/1.1 101"));

        let Upgraded { stream, read_ahead, .. } = world.upgraded().await;
        assert_eq!(&read_ahead[..], b"early");
        let Stream::Tls(mut socket, mut session) = stream else { panic!("this was TLS") };
        socket.set_nonblocking(false).unwrap();
        client.write_all(b"late").await.unwrap();
        let mut late = [0; 4];
        while session.reader().read(&mut late).is_err() {
            session.read_tls(&mut socket).unwrap();
            session.process_new_packets().unwrap();
        }
        assert_eq!(&late, b"late");
        session.writer().write_all(b"pushed").unwrap();
        while session.wants_write() {
            session.write_tls(&mut socket).unwrap();
        }
        let mut pushed = [0; 6];
        client.read_exact(&mut pushed).await.unwrap();
        assert_eq!(&pushed, b"pushed");
    }
}

#[tokio::test]
async fn probes_work_over_tls_too() {
    let (world, certificate, _scratch) = encrypted(|_| {});
    let client = connect(&world, &certificate, &rustls::version::TLS13).await;
    assert!(exchange(client, "GET / HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn what_is_no_handshake_disturbs_nobody() {
    let (world, certificate, _scratch) = encrypted(|_| {});
    let mut plain = world.connect().await;
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut alert = Vec::new();
    let _ = plain.read_to_end(&mut alert).await;
    assert!(!alert.starts_with(b"HTTP"));
    world.until_counted("suona_refused_connections_total{reason=\"tls_handshake\"} 1").await;
    connect(&world, &certificate, &rustls::version::TLS13).await;
}

#[tokio::test]
async fn who_does_not_begin_a_handshake_is_not_waited_for() {
    let (world, _, _scratch) = encrypted(|options| options.patience = Duration::from_millis(50));
    assert!(is_dropped(world.connect().await).await);
    world.until_counted("suona_refused_connections_total{reason=\"tls_handshake\"} 1").await;
}

#[tokio::test]
async fn an_unreadable_certificate_is_an_error_at_the_start() {
    let scratch = Scratch::new();
    let hooks = Hooks { hand_over: Box::new(drop), emulate: nobody(), ready: Box::new(|| Ok(())) };
    let options = options(|options| options.tls = Some(scratch.tls_files()));
    let error = Edge::bind(&options, Router::new(), hooks, Arc::new(Metrics::new(1))).err().unwrap();
    assert!(error.to_string().starts_with("cannot read the TLS certificate"), "{error}");
}
