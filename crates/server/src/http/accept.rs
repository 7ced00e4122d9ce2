//! Taking connections off a listener, never more than there are descriptors for.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{Instant, sleep},
};

use super::Phase;
use crate::metrics::Metrics;

/// One descriptor that a connection may use, given back when the last clone is dropped.
#[derive(Clone, Debug)]
pub(super) struct Permit {
    _descriptor: Arc<OwnedSemaphorePermit>,
}

#[cfg(test)]
impl Permit {
    pub(super) fn of_a_test() -> Self {
        let one = Arc::new(Semaphore::new(1)).try_acquire_owned().expect("one is free");
        Self { _descriptor: Arc::new(one) }
    }
}

/// The descriptors that connections may use.
#[derive(Clone, Debug)]
pub(super) struct Descriptors(Arc<Semaphore>);

impl Descriptors {
    /// All that this process may open, but for those that its own work needs. Raises the soft limit to the
    /// hard one where the system allows it.
    pub(super) fn of_this_process() -> Self {
        let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024); // the usual soft limit
        let places = for_connections(limit);
        tracing::info!(limit, connections = places, "descriptors for connections");
        Self::new(places)
    }

    pub(super) fn new(places: usize) -> Self {
        Self(Arc::new(Semaphore::new(places)))
    }

    async fn take(&self, pauses: &mut Pauses) -> Permit {
        let permit = match Arc::clone(&self.0).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                pauses.note("every descriptor is in use");
                Arc::clone(&self.0).acquire_owned().await.expect("the semaphore is never closed")
            }
        };
        Permit { _descriptor: Arc::new(permit) }
    }
}

/// Tells of pauses: the metrics of each, the log of one a minute.
struct Pauses {
    metrics: Arc<Metrics>,
    told: Option<Instant>,
}

impl Pauses {
    fn note(&mut self, why: &str) {
        self.metrics.count_accept_pause();
        if self.told.is_none_or(|told| told.elapsed() > Duration::from_secs(60)) {
            self.told = Some(Instant::now());
            tracing::warn!("accepting connections pauses: {why}; raise `ulimit -n` to hold more");
        }
    }
}

/// Of `limit` descriptors, those not needed for files, threads, storage and webhooks.
fn for_connections(limit: u64) -> usize {
    let reserve = (limit / 8).clamp(32, 256);
    let places = usize::try_from(limit.saturating_sub(reserve)).unwrap_or(usize::MAX);
    places.clamp(1, Semaphore::MAX_PERMITS)
}

/// Where connections come from: a listener, or a test.
pub(super) trait Source {
    type Socket;
    async fn accept(&mut self) -> io::Result<(Self::Socket, SocketAddr)>;
}

/// Accepts until the phase is [`Phase::Stopped`], and then drops the source.
///
/// A permit is taken before a connection is: at the limit, connections wait in the kernel's queue.
pub(super) async fn accept<S: Source>(
    mut source: S,
    descriptors: Descriptors,
    mut phase: watch::Receiver<Phase>,
    metrics: Arc<Metrics>,
    mut serve: impl FnMut(S::Socket, SocketAddr, Permit),
) {
    let accepting = async {
        let mut pauses = Pauses { metrics, told: None };
        let mut backoff = Backoff::default();
        loop {
            let permit = descriptors.take(&mut pauses).await;
            match source.accept().await {
                Ok((socket, peer)) => {
                    backoff = Backoff::default();
                    serve(socket, peer, permit);
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    drop(permit);
                    if backoff.is_first() {
                        pauses.note(&error.to_string());
                    }
                    sleep(backoff.next()).await;
                }
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        _ = phase.wait_for(|phase| *phase == Phase::Stopped) => {}
    }
}

/// Whether only the connection that was to be accepted failed, so that the next may well succeed.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionRefused
            | ErrorKind::Interrupted
    )
}

/// Pauses that double: descriptors run out at once and come back slowly.
#[derive(Default)]
struct Backoff(u32);

impl Backoff {
    fn is_first(&self) -> bool {
        self.0 == 0
    }

    fn next(&mut self) -> Duration {
        self.0 = (self.0 + 1).min(7);
        Duration::from_millis(10 << (self.0 - 1)).min(Duration::from_millis(500))
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, net::Ipv4Addr};

    use tokio::sync::mpsc;

    use super::*;

    const EMFILE: i32 = 24;

    /// Yields what it was given, and then nothing.
    struct Script(VecDeque<io::Result<u32>>);

    impl Source for Script {
        type Socket = u32;

        async fn accept(&mut self) -> io::Result<(u32, SocketAddr)> {
            match self.0.pop_front() {
                Some(next) => next.map(|socket| (socket, (Ipv4Addr::LOCALHOST, 1).into())),
                None => std::future::pending().await,
            }
        }
    }

    type Accepted = mpsc::UnboundedReceiver<(u32, Permit)>;

    /// Accepts from `script` with so many places. The sender is to be kept: it holds the phase.
    fn accepting(
        script: Vec<io::Result<u32>>,
        places: usize,
    ) -> (Accepted, watch::Sender<Phase>, Arc<Metrics>) {
        let (stop, phase) = watch::channel(Phase::Serving);
        let (accepted, served) = mpsc::unbounded_channel();
        let metrics = Arc::new(Metrics::new(1));
        let counted = Arc::clone(&metrics);
        tokio::spawn(accept(
            Script(script.into()),
            Descriptors::new(places),
            phase,
            counted,
            move |socket, _, permit| {
                let _ = accepted.send((socket, permit));
            },
        ));
        (served, stop, metrics)
    }

    #[tokio::test(start_paused = true)]
    async fn want_of_descriptors_pauses_accepting_which_then_recovers() {
        let out = || Err(io::Error::from_raw_os_error(EMFILE));
        let began = Instant::now();
        let (mut served, _stop, metrics) = accepting(vec![out(), out(), out(), Ok(7)], 10);
        assert_eq!(served.recv().await.map(|(socket, _)| socket), Some(7));
        assert_eq!(
            began.elapsed(),
            Duration::from_millis(10 + 20 + 40),
            "the virtual clock shows the pauses"
        );
        assert!(metrics.render().contains("suona_accept_pauses_total 1\n"), "one outage is told of once");
    }

    #[tokio::test(start_paused = true)]
    async fn an_aborted_connection_pauses_nothing() {
        let began = Instant::now();
        let (mut served, _stop, _) = accepting(vec![Err(ErrorKind::ConnectionAborted.into()), Ok(1)], 10);
        assert!(served.recv().await.is_some());
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_limit_the_next_connection_waits_until_one_is_closed() {
        let (mut served, _stop, metrics) = accepting(vec![Ok(1), Ok(2), Ok(3)], 2);
        let first = served.recv().await;
        let second = served.recv().await;
        // The virtual clock moves only when nothing else can happen.
        sleep(Duration::from_secs(3600)).await;
        assert!(served.try_recv().is_err());
        assert!(metrics.render().contains("suona_accept_pauses_total 1\n"));
        drop(first);
        assert_eq!(served.recv().await.map(|(socket, _)| socket), Some(3));
        drop(second);
    }

    #[tokio::test]
    async fn a_stop_ends_accepting() {
        let (mut served, stop, _) = accepting(vec![], 1);
        stop.send_replace(Phase::Stopped);
        assert!(served.recv().await.is_none());
    }

    #[test]
    fn some_descriptors_are_kept_for_the_gateways_own_work() {
        assert_eq!(for_connections(20_000), 20_000 - 256);
        assert_eq!(for_connections(64), 32);
        assert_eq!(for_connections(10), 1);
        assert_eq!(for_connections(u64::MAX), Semaphore::MAX_PERMITS);
    }
}
