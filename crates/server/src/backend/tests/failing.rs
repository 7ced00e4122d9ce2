//! Backends that are slow, dead, broken or talk rubbish.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;

/// A backend that reads a question and then does with the connection what `then` wants.
async fn raw<F: Future<Output = ()> + Send + 'static>(
    more: &str,
    then: impl Fn(TcpStream) -> F + Send + 'static,
) -> Backend {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.read(&mut [0; 4096]).await;
            tokio::spawn(then(socket));
        }
    });
    backend(&format!("http://{address}/"), more)
}

/// An address where nobody listens any more.
async fn dead() -> Backend {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    backend(&format!("http://{}/", listener.local_addr().unwrap()), "")
}

async fn is_unavailable(backend: &Backend) -> bool {
    matches!(ask(backend, rpc("1")).await, Advice::Unavailable)
}

/// Asks for this user, and leaves the answer for later.
fn ask_as(backend: &Backend, user: usize) -> oneshot::Receiver<Advice> {
    let (answer, told) = answer();
    let info = ClientInfo { user: user.to_string(), client: "me".to_owned(), ..ClientInfo::default() };
    backend.ask(Consultation { info: Arc::new(info), ..consultation(rpc("1")) }, visit(), answer);
    told
}

/// Whether the next question is answered before it is even sent.
fn answers_at_once(backend: &Backend) -> bool {
    let (answer, mut told) = answer();
    backend.ask(consultation(rpc("1")), visit(), answer);
    matches!(told.try_recv(), Ok(Advice::Unavailable))
}

#[tokio::test]
async fn a_slow_backend_is_waited_for_no_longer_than_its_time() {
    let backend = raw("timeout = \"30ms\"", |socket| async move {
        std::future::pending::<()>().await;
        drop(socket);
    })
    .await;
    assert!(is_unavailable(&backend).await);
    assert_eq!(backend.ready(), Ok(()), "one time-out is no outage");
}

#[tokio::test]
async fn answers_that_are_none_are_an_error_to_this_client_and_cut_nobody_off() {
    for (status, answer) in [
        (StatusCode::INTERNAL_SERVER_ERROR, "{}"),
        (StatusCode::NOT_FOUND, "{}"),
        (StatusCode::FOUND, "{}"),
        (StatusCode::NO_CONTENT, ""),
        (StatusCode::OK, "<html>"),
        (StatusCode::OK, ""),
        (StatusCode::OK, "[]"),
        (StatusCode::OK, r#"{"result":7}"#),
        (StatusCode::OK, r#"{"error":{}}"#),
        (StatusCode::OK, r#"{"result":{"b64data":"?"}}"#),
        (StatusCode::OK, r#"{"result":{"b64data":"Bw=="}}"#),
    ] {
        let world = World::new(status, answer, "").await;
        for _ in 0..10 {
            assert!(is_unavailable(&world.backend).await, "{status} {answer}");
        }
        assert_eq!(world.backend.ready(), Ok(()));
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_never_began_as_http_is_an_error() {
    for text in
        ["HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"result\"", "220 mail.example.com ESMTP\r\n"]
    {
        let backend = raw("", move |mut socket| async move {
            let _ = socket.write_all(text.as_bytes()).await;
        })
        .await;
        assert!(is_unavailable(&backend).await);
    }
}

#[tokio::test]
async fn an_answer_without_end_is_read_no_further_than_its_bound() {
    let world = World::new(StatusCode::OK, format!("{{\"result\":\"{}\"}}", "x".repeat(1000)), "").await;
    assert!(is_unavailable(&world.backend).await);
    let endless = raw("timeout = \"10s\"", |mut socket| async move {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let _ = socket.write_all(head.as_bytes()).await;
        while socket.write_all(b"10\r\n0123456789abcdef\r\n").await.is_ok() {}
    })
    .await;
    assert!(is_unavailable(&endless).await);
}

#[tokio::test]
async fn a_dead_backend_opens_the_circuit_and_clients_hear_it_at_once() {
    let backend = dead().await;
    assert!(!answers_at_once(&backend));
    for _ in 0..8 {
        assert!(is_unavailable(&backend).await);
    }
    assert_eq!(backend.ready(), Err("the webhook client.proxy.connect cannot be reached".to_owned()));
    for _ in 0..1000 {
        assert!(answers_at_once(&backend));
    }
}

#[tokio::test]
async fn a_gateway_timeout_from_a_proxy_in_between_is_an_outage_too() {
    let world = World::new(StatusCode::GATEWAY_TIMEOUT, "", "").await;
    let one_user = [1; 20];
    for user in one_user.into_iter().chain(2..9) {
        assert!(matches!(ask_as(&world.backend, user).await, Ok(Advice::Unavailable)));
    }
    assert_eq!(world.asked.len(), 27, "one user alone opens nothing");
    assert!(answers_at_once(&world.backend));
    assert_eq!(world.backend.ready(), Ok(()), "a client may have brought it about");
}

#[tokio::test]
async fn a_backend_that_answers_nobody_opens_the_circuit_and_one_that_answers_some_does_not() {
    for healthy in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/", listener.local_addr().unwrap());
        let handler =
            async move |body: Bytes| match String::from_utf8_lossy(&body).contains("quick") && healthy {
                true => "{}",
                false => std::future::pending().await,
            };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
        let backend = backend(&endpoint, "timeout = \"1s\"");
        let mut waiting = Vec::new();
        for user in 0..9 {
            waiting.push(ask_as(&backend, user));
        }
        let (answer, told) = answer();
        let (method, idempotency_key) = ("quick".to_owned(), String::new());
        backend.ask(consultation(Inquiry::Rpc { method, data: None, idempotency_key }), visit(), answer);
        assert_eq!(matches!(told.await, Ok(Advice::Granted(_))), healthy);
        for told in waiting {
            assert!(matches!(told.await, Ok(Advice::Unavailable)));
        }
        assert_eq!(answers_at_once(&backend), !healthy);
    }
}

#[tokio::test]
async fn calls_for_which_there_was_no_place_say_nothing_of_the_backend() {
    let metrics = Metrics::new(0);
    let (listener, mut accepted) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), Vec::new());
    let endpoint = format!("http://{}/", listener.local_addr().unwrap());
    let backend = counted(&endpoint, "timeout = \"1s\"", &metrics);
    let mut waiting = Vec::new();
    for _ in 0..33 {
        waiting.push(ask_as(&backend, 1));
    }
    for _ in 0..32 {
        accepted.push(listener.accept().await.unwrap());
    }
    for told in waiting {
        assert!(matches!(told.await, Ok(Advice::Unavailable)));
    }
    let text = metrics.render();
    for line in ["outcome=\"timed_out\"} 32\n", "outcome=\"crowded\"} 1\n"] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!answers_at_once(&backend));
}

#[tokio::test]
async fn the_log_hears_where_an_answer_goes_wrong_and_none_of_its_values() {
    let secret = "s3cret".to_owned();
    let answer = format!("{{\n\"disconnect\":\"{secret}\"}}");
    let why = response::read(&rpc("1"), &answer.into(), true).unwrap_err();
    assert_eq!(why.to_string(), "a member has a wrong type at line 2, column 21");
    assert!(!format!("{why:?}").contains(&secret));
}

#[tokio::test]
async fn a_status_may_mean_an_error_or_the_end_but_never_of_what_exists_already() {
    let more = r#"
        http = { status_to_code_transforms = [
            { status_code = 404, to_error = { code = 404, message = "not found", temporary = true } },
            { status_code = 401, to_disconnect = { code = 4501, reason = "unauthorized" } },
        ] }
    "#;
    let world = World::new(StatusCode::NOT_FOUND, "", more).await;
    let Advice::Refused(error) = world.ask(rpc("1")).await else { panic!("an error") };
    assert_eq!((error.code, error.message.as_str(), error.temporary), (404, "not found", true));
    let world = World::new(StatusCode::UNAUTHORIZED, "", more).await;
    assert!(matches!(world.ask(stranger()).await, Advice::Disconnect(why) if why.code() == 4501));
    assert!(matches!(world.ask(Inquiry::Refresh).await, Advice::Unavailable));
}

#[tokio::test]
async fn calls_beyond_the_limit_wait_their_turn_and_share_the_connections() {
    let (accepted, mut connections) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = accepted.send(());
            tokio::spawn(async move {
                while matches!(socket.read(&mut [0; 4096]).await, Ok(1..)) {
                    let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
                }
            });
        }
    });
    let backend = backend(&format!("http://{address}/"), "timeout = \"10s\"");
    let answers: Vec<_> = (0..1000)
        .map(|_| {
            let (answer, told) = answer();
            backend.ask(consultation(rpc("1")), visit(), answer);
            told
        })
        .collect();
    for told in answers {
        assert!(matches!(told.await, Ok(Advice::Granted(Granted::Rpc(None)))));
    }
    let mut count = 0;
    while connections.try_recv().is_ok() {
        count += 1;
    }
    assert!((1..=128).contains(&count), "{count} connections for 1000 calls");
}

#[test]
fn no_secret_is_printed() {
    let backstage =
        Backstage { meta: Some("s3cret".into()), emulated: vec![(String::new(), "s3cret".into())] };
    let toml = "[client.proxy.connect]\nenabled = true\nendpoint = \"http://127.0.0.1:9\"\n\
         http = { static_headers = { Authorization = \"s3cret\" } }";
    let printed = format!("{backstage:?} {:?}", config_of(toml));
    assert!(!printed.contains("s3cret"), "{printed}");
    assert_eq!(Duration::from_secs(1), config_of(toml).webhooks.all[0].timeout);
}
