//! Other roads to a gateway: TLS, and a proxy.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use suona_client::{BuildError, Code, Suona, client::Status, link::State};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

use crate::{
    online,
    world::{World, quick, temporary},
};

#[tokio::test]
async fn tls_trusts_whom_it_is_told_to_trust_and_nobody_else() {
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (temporary("pem"), temporary("pem"));
    std::fs::write(&certificate, certified.cert.pem()).unwrap();
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let world = World::with_tls(&certificate, &key);
    let url = world.url().replace("ws://", "wss://");

    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certified.cert.pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let trusting = Suona::connect(&url).tls(Arc::new(config)).build().unwrap();
    online(&trusting).await;

    let distrusting = Suona::connect(&url).link(quick()).build().unwrap();
    let mut status = distrusting.status();
    let failed = status.wait_for(|status| status.fault.is_some()).await.unwrap().clone();
    assert_eq!(failed.fault.unwrap().code, Code::Tls);
    [certificate, key].iter().for_each(|file| std::fs::remove_file(file).unwrap());
}

/// A proxy that opens tunnels for who knows the password, and counts them.
async fn proxy(tunnels: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let mut near = BufReader::new(near);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                assert!(near.read_line(&mut head).await.unwrap() > 0);
            }
            let to = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).unwrap();
            if !head.contains("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n") {
                let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
                near.write_all(refusal).await.unwrap();
                continue;
            }
            let mut far = TcpStream::connect(to).await.unwrap();
            near.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
            tunnels.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move { copy_bidirectional(&mut near, &mut far).await });
        }
    });
    address.to_string()
}

#[tokio::test]
async fn a_proxy_opens_a_tunnel_for_who_may() {
    let world = World::new();
    let tunnels = Arc::new(AtomicUsize::new(0));
    let proxy = proxy(tunnels.clone()).await;
    let suona = world.client().proxy(&format!("http://me:secret@{proxy}")).build().unwrap();
    online(&suona).await;
    assert_eq!(tunnels.load(Ordering::SeqCst), 1);

    let stranger = world.client().proxy(&format!("http://{proxy}")).build().unwrap();
    let mut status = stranger.status();
    let refused = status.wait_for(|status| status.fault.is_some()).await.unwrap().clone();
    let fault = refused.fault.unwrap();
    assert!(fault.message.contains("the proxy refused a tunnel, with status 407"), "{fault}");
}

/// The address that a child of the next test dials.
#[cfg(unix)]
const DIALS: &str = "SUONA_TEST_DIALS";

// Connections to no address in particular get to this machine, which has no proxy under its own names; not so on Windows.
#[cfg(unix)]
#[tokio::test]
async fn the_environment_of_a_process_names_its_proxy() {
    if let Ok(url) = std::env::var(DIALS) {
        return dial(&url).await;
    }
    let world = World::new();
    let tunnels = Arc::new(AtomicUsize::new(0));
    let proxy = proxy(tunnels.clone()).await;
    let url = world.url().replace("127.0.0.1", "0.0.0.0");
    let (known, unknown) = (&*format!("http://me:secret@{proxy}"), &*format!("http://{proxy}"));
    let refused = "the proxy refused a tunnel, with status 407";
    let useless = "the proxy in ALL_PROXY cannot be used";
    for (environment, through, wrong) in [
        (&[("HTTP_PROXY", known)][..], 1, None),
        (&[("ALL_PROXY", known)], 1, None),
        (&[("ALL_PROXY", unknown)], 0, Some(refused)),
        (&[("HTTP_PROXY", known), ("ALL_PROXY", unknown)], 1, None),
        (&[("http_proxy", known), ("HTTP_PROXY", unknown)], 1, None),
        (&[("HTTPS_PROXY", unknown)], 0, None),
        (&[("ALL_PROXY", unknown), ("NO_PROXY", "example.com, 0.0.0.0")], 0, None),
        (&[("ALL_PROXY", unknown), ("no_proxy", "*")], 0, None),
        (&[("ALL_PROXY", unknown), ("NO_PROXY", "example.com")], 0, Some(refused)),
        (&[("ALL_PROXY", "socks5://127.0.0.1:1")], 0, Some(useless)),
    ] {
        tunnels.store(0, Ordering::SeqCst);
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "roads::the_environment_of_a_process_names_its_proxy", "--nocapture"]);
        child.env_clear().env(DIALS, &url).envs(environment.iter().copied());
        let ended = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(tunnels.load(Ordering::SeqCst), through, "{environment:?}: {told}");
        assert_eq!(ended.status.success(), wrong.is_none(), "{environment:?}: {told}");
        assert!(told.contains(wrong.unwrap_or_default()), "{environment:?}: {told}");
    }
}

/// Dials as the environment wants it, once.
#[cfg(unix)]
async fn dial(url: &str) {
    let suona = Suona::connect(url).build().unwrap();
    let mut status = suona.status();
    let is_over = |status: &Status| status.state == State::Online || status.fault.is_some();
    assert_eq!(status.wait_for(is_over).await.unwrap().fault, None);
}

#[tokio::test]
async fn what_answers_but_opens_no_websocket_is_told_as_such() {
    let world = World::new();
    let suona = Suona::connect(&format!("ws://{}/elsewhere", world.address())).build().unwrap();
    let mut status = suona.status();
    let fault = status.wait_for(|status| status.fault.is_some()).await.unwrap().fault.clone().unwrap();
    assert_eq!(fault.code, Code::NoWebSocket);
    assert!(fault.message.contains("HTTP status 404"), "{fault}");
}

#[tokio::test]
async fn what_cannot_be_dialled_is_refused_at_once() {
    let refused = |builder: suona_client::Builder| builder.build().map(|_| ()).unwrap_err();
    assert!(matches!(refused(Suona::connect("http://h/")), BuildError::Address(_)));
    let split = Suona::connect("ws://h/").header("x-name", "a\r\nx-other: b");
    assert_eq!(refused(split), BuildError::Header("x-name".to_owned()));
    assert_eq!(refused(Suona::connect("ws://h/").proxy("socks5://h:1")), BuildError::Proxy);
}
