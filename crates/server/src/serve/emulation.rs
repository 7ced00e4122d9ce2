//! The way from a request to the stream on which its client listens.

use std::sync::Arc;

use suona_protocol::EmulationRequest;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::{
    door::SessionKey,
    http::Emulate,
    hub::{Errand, Said, Shard},
    io::ShardSender,
};

/// So much is being said at a time on this node at most: with the default limit of a body, 64 MiB.
const SAID_AT_ONCE: usize = 1024;

/// Those who listen on streams of this node.
pub(super) struct Listeners {
    node: Arc<str>,
    shards: Vec<mpsc::UnboundedSender<Errand>>,
    places: Arc<Semaphore>,
}

impl Listeners {
    pub(super) fn new(node: Arc<str>, shards: &[ShardSender<Shard>]) -> Self {
        let shards = shards.iter().map(|shard| shard.errands().clone()).collect();
        Self { node, shards, places: Arc::new(Semaphore::new(SAID_AT_ONCE)) }
    }

    pub(super) fn emulate(self) -> Emulate {
        let listeners = Arc::new(self);
        Box::new(move |request| {
            let listeners = listeners.clone();
            Box::pin(async move { listeners.pass_on(request).await.is_some() })
        })
    }

    /// Hands a frame to its session, in the order in which the frames come, and waits until it is handled.
    async fn pass_on(&self, request: EmulationRequest) -> Option<()> {
        let session = SessionKey::parse(&request.session).filter(|_| request.node == *self.node)?;
        let shard = self.shards.get(usize::from(session.shard.0))?;
        let place = self.places.clone().acquire_owned().await.expect("the semaphore is never closed");
        let (heard, answer) = oneshot::channel();
        let said = Said { session, frame: request.frame, heard, place };
        shard.send(Errand::Said(said)).ok()?;
        answer.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin, task::Poll};

    use tokio::task::coop::unconstrained;

    use super::*;
    use crate::hub::ShardId;

    /// The listeners of a node with one shard, and that shard's errands.
    fn listeners() -> (Listeners, mpsc::UnboundedReceiver<Errand>) {
        let (shard, errands) = mpsc::unbounded_channel();
        let places = Arc::new(Semaphore::new(SAID_AT_ONCE));
        (Listeners { node: "here".into(), shards: vec![shard], places }, errands)
    }

    fn request(node: &str, session: &str) -> EmulationRequest {
        EmulationRequest { node: node.to_owned(), session: session.into(), frame: "{}".into() }
    }

    fn session(shard: u8) -> String {
        SessionKey::draw(ShardId(shard)).to_text()
    }

    /// Passes a frame on for a client that goes away at once.
    async fn pass_on(listeners: &Listeners) {
        let mut passing = pin!(listeners.pass_on(request("here", &session(0))));
        // Tokio's budget would run out in a test that never rests.
        let begun = unconstrained(poll_fn(|cx| Poll::Ready(passing.as_mut().poll(cx)))).await;
        assert!(begun.is_pending());
    }

    #[tokio::test]
    async fn what_is_of_no_session_here_goes_nowhere() {
        let (listeners, mut errands) = listeners();
        for (node, session) in [
            ("elsewhere", session(0)),
            ("here", session(1)),
            ("here", "guessed".to_owned()),
            ("", String::new()),
        ] {
            assert_eq!(listeners.pass_on(request(node, &session)).await, None);
        }
        assert!(errands.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_request_is_answered_when_its_shard_has_handled_it() {
        let (listeners, mut errands) = listeners();
        for handles in [true, false] {
            let (here, session) = (&listeners, session(0));
            let passing = here.pass_on(request("here", &session));
            let handling = async {
                let Some(Errand::Said(said)) = errands.recv().await else { panic!("nothing was said") };
                if handles {
                    said.heard.send(()).expect("it is waited for");
                }
            };
            assert_eq!(tokio::join!(passing, handling).0.is_some(), handles);
        }
    }

    #[tokio::test]
    async fn no_more_is_said_at_a_time_than_there_are_places() {
        let (listeners, mut errands) = listeners();
        for _ in 0..2 * SAID_AT_ONCE {
            pass_on(&listeners).await;
        }
        assert_eq!(errands.len(), SAID_AT_ONCE);
        drop(errands.recv().await);
        for _ in 0..2 {
            pass_on(&listeners).await;
        }
        assert_eq!(errands.len(), SAID_AT_ONCE, "one place was free");
    }
}
