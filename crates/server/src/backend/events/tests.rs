//! Telling a real backend on the loopback, which takes events or does not.

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc};

use super::*;
use crate::config::SecretUrl;

impl Events {
    /// Notes that nobody is told, for a test to read.
    pub(crate) fn kept() -> Self {
        Self::noting(BOUNDS, EventCounts::default())
    }

    /// What was noted since the last time.
    pub(crate) fn noted(&self) -> Vec<Value> {
        let batch = self.0.as_ref().expect("it notes").queue.take();
        batch.events.iter().map(|event| serde_json::from_str(event).expect("an event is JSON")).collect()
    }
}

/// What a backend does with a request.
#[derive(Clone, Copy)]
enum Mood {
    Takes,
    Answers(StatusCode),
    /// It says nothing.
    Hangs,
}

/// A backend and who tells it.
struct World {
    events: Events,
    telling: Telling,
    counts: EventCounts,
    requests: mpsc::UnboundedReceiver<(HeaderMap, Value)>,
}

impl World {
    /// A backend in each of these moods for one request, and then takes everything.
    async fn new(moods: Vec<Mood>) -> Self {
        let (note, requests) = mpsc::unbounded_channel();
        let moods = Arc::new(std::sync::Mutex::new(moods.into_iter()));
        let handler = async move |headers: HeaderMap, body: Bytes| {
            let _ = note.send((headers, serde_json::from_slice(&body).expect("a request is JSON")));
            let mood = moods.lock().unwrap().next();
            match mood.unwrap_or(Mood::Takes) {
                Mood::Takes => StatusCode::OK,
                Mood::Answers(status) => status,
                Mood::Hangs => std::future::pending().await,
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/events", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, Router::new().route("/events", post(handler))).await });
        Self::at(endpoint, requests)
    }

    fn at(endpoint: String, requests: mpsc::UnboundedReceiver<(HeaderMap, Value)>) -> Self {
        let static_headers = HeaderMap::from_iter([("x-key".parse().unwrap(), "s3cret".parse().unwrap())]);
        let endpoint = SecretUrl::new(endpoint);
        let options = EventOptions { endpoint, timeout: Duration::from_millis(300), static_headers };
        let counts = EventCounts::default();
        let (events, telling) = Events::begin(&options, counts.clone()).unwrap();
        Self { events, telling, counts, requests }
    }

    fn disconnect(&self, client: u32) {
        let info = ClientInfo { client: client.to_string(), user: "ann".to_owned(), ..ClientInfo::default() };
        let happening = Happening::Disconnected { code: 3001, reason: "shutdown", duration: secs(7) };
        self.events.note(&info, happening, secs(1_766_000_000));
    }

    /// The events of the next request.
    async fn hears(&mut self) -> Vec<Value> {
        let (_, mut body) = self.requests.recv().await.expect("it is told");
        serde_json::from_value(body["events"].take()).expect("a list")
    }

    /// Ends within a generous time, and gives what the backend heard and this did not take yet.
    async fn end(mut self) -> Vec<Vec<Value>> {
        self.telling.end(Instant::now() + secs(60)).await;
        let mut heard = Vec::new();
        while let Ok((_, mut body)) = self.requests.try_recv() {
            heard.push(serde_json::from_value(body["events"].take()).expect("a list"));
        }
        heard
    }
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn clients(events: &[Value]) -> Vec<u32> {
    events.iter().map(|event| event["client"].as_str().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn an_event_says_what_happened_to_whom_and_when() {
    let mut world = World::new(Vec::new()).await;
    world.disconnect(1);
    let (headers, mut body) = world.requests.recv().await.unwrap();
    assert_eq!(
        (&headers["x-key"], &headers["content-type"]),
        (&"s3cret".parse().unwrap(), &"application/json".parse().unwrap())
    );
    let id = body["events"][0]["id"].take();
    assert!(id.as_str().is_some_and(|id| id.ends_with("-0") && id.len() == 18), "{id}");
    let expected = json!({
        "id": null, "kind": "disconnected", "time": 1_766_000_000_000_u64, "client": "1", "user": "ann",
        "code": 3001, "reason": "shutdown", "duration_ms": 7000,
    });
    assert_eq!(body, json!({ "events": [expected] }));
}

#[tokio::test]
async fn ten_thousand_disconnects_are_ten_requests() {
    let world = World::new(Vec::new()).await;
    (0..10_000).for_each(|client| world.disconnect(client));
    let counts = world.counts.clone();
    let requests = world.end().await;
    assert_eq!(requests.len(), 10);
    assert_eq!(clients(&requests.concat()), (0..10_000).collect::<Vec<_>>());
    assert_eq!((counts.told.get(), counts.waiting.get(), counts.retries.get()), (10_000, 0, 0));
}

#[tokio::test]
async fn a_backend_that_fails_gets_the_same_events_again_before_any_other() {
    let moods =
        vec![Mood::Answers(StatusCode::INTERNAL_SERVER_ERROR), Mood::Hangs, Mood::Answers(StatusCode::FOUND)];
    let mut world = World::new(moods).await;
    (0..3).for_each(|client| world.disconnect(client));
    let first = world.hears().await;
    (3..6).for_each(|client| world.disconnect(client));
    for _ in 0..3 {
        assert_eq!(world.hears().await, first, "with the same ids");
    }
    assert_eq!(clients(&first), [0, 1, 2]);
    assert_eq!(clients(&world.hears().await), [3, 4, 5]);
    assert_eq!(world.counts.retries.get(), 3);
}

#[tokio::test]
async fn whoever_ends_tells_what_is_left_even_after_a_failure() {
    let world = World::new(vec![Mood::Answers(StatusCode::BAD_GATEWAY)]).await;
    (0..1500).for_each(|client| world.disconnect(client));
    let requests = world.end().await;
    assert_eq!(requests.iter().map(Vec::len).collect::<Vec<_>>(), [1000, 1000, 500]);
}

#[tokio::test]
async fn a_backend_that_is_dead_keeps_nobody_from_ending() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let world = World::at(dead, mpsc::unbounded_channel().1);
    world.disconnect(1);
    let counts = world.counts.clone();
    world.telling.end(Instant::now() + Duration::from_millis(10)).await;
    assert_eq!((counts.told.get(), counts.waiting.get()), (0, 1));
}

#[test]
fn nothing_is_noted_where_nobody_is_told() {
    let events = Events::default();
    assert!(!events.are_on());
    events.note(&ClientInfo::default(), Happening::Subscribed(&"news".into()), Duration::ZERO);
}
