//! What is counted of calls.

use super::*;

#[tokio::test]
async fn calls_are_counted_by_kind_and_outcome() {
    let metrics = Metrics::new(0);
    for (inquiry, status, answer) in [
        (rpc("1"), StatusCode::OK, r#"{"result":{}}"#),
        (rpc("1"), StatusCode::OK, r#"{"error":{"code":1000,"message":"no"}}"#),
        (Inquiry::Refresh, StatusCode::OK, r#"{"disconnect":{"code":4501,"reason":"banned"}}"#),
        (stranger(), StatusCode::INTERNAL_SERVER_ERROR, ""),
        (Inquiry::SubRefresh("news".into()), StatusCode::OK, "<html>"),
    ] {
        World::counted(status, answer, "", &metrics).await.ask(inquiry).await;
    }
    let text = metrics.render();
    for labels in [
        r#"kind="rpc",outcome="granted""#,
        r#"kind="rpc",outcome="refused""#,
        r#"kind="refresh",outcome="disconnected""#,
        r#"kind="connect",outcome="status""#,
        r#"kind="sub_refresh",outcome="rubbish""#,
    ] {
        assert!(text.contains(&format!("suona_webhook_calls_total{{{labels}}} 1\n")), "{labels}\n{text}");
    }
    assert!(text.contains("suona_webhook_seconds_count{kind=\"rpc\"} 2\n"), "{text}");
    assert!(text.contains("suona_webhook_in_flight{webhook=\"client.proxy.connect\"} 0\n"), "{text}");
}

#[tokio::test]
async fn a_webhook_that_is_down_is_shown_and_so_is_who_was_spared_it() {
    let metrics = Metrics::new(0);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let backend = counted(&endpoint, "", &metrics);
    let cut_off = |value: u8| format!("suona_webhook_cut_off{{webhook=\"client.proxy.connect\"}} {value}\n");
    assert!(metrics.render().contains(&cut_off(0)), "also before the first call");
    for _ in 0..10 {
        ask(&backend, rpc("1")).await;
    }
    let text = metrics.render();
    for line in [
        &cut_off(1),
        "suona_webhook_calls_total{kind=\"rpc\",outcome=\"unreachable\"} 8\n",
        "suona_webhook_calls_total{kind=\"rpc\",outcome=\"cut_off\"} 2\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[tokio::test]
async fn a_call_is_in_flight_until_it_is_answered_or_given_up() {
    let metrics = Metrics::new(0);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/", listener.local_addr().unwrap());
    let backend = counted(&endpoint, "timeout = \"200ms\"", &metrics);
    let (answer, told) = answer();
    backend.ask(consultation(rpc("1")), visit(), answer);
    // It is under way: nobody but a caller connects.
    let _silent = listener.accept().await.unwrap();
    let in_flight =
        |value: u8| format!("suona_webhook_in_flight{{webhook=\"client.proxy.connect\"}} {value}\n");
    assert!(metrics.render().contains(&in_flight(1)));
    told.await.unwrap();
    let text = metrics.render();
    assert!(text.contains(&in_flight(0)), "{text}");
    assert!(text.contains("suona_webhook_calls_total{kind=\"rpc\",outcome=\"timed_out\"} 1\n"), "{text}");
}
