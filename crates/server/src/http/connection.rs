//! One connection from its first byte to its end, or to its hand-over.

use std::{
    fmt,
    future::poll_fn,
    io,
    net::{IpAddr, SocketAddr},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::Router;
use bytes::Bytes;
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    EdgeOptions, HandOver, Phase, UpgradeRequest, Upgraded,
    accept::{Descriptors, Permit, accept},
    address::TrustedProxies,
    proxy_protocol,
    strangers::Strangers,
};
use crate::{
    io::Stream,
    metrics::{ConnectionRefusal, Metrics},
};

/// The longest request head. JWTs in queries and cookies are long, but not that long.
const HEAD_MAX: usize = 32 * 1024;
const HEADERS_MAX: usize = 100;
/// TLS handshakes under way at a time. Each holds some 40 KiB, and more would only wait for the processor.
const HANDSHAKES: usize = 1024;

/// What every connection of one listener goes through.
pub(super) struct Front {
    router: Router,
    hand_over: HandOver,
    tls: Option<TlsAcceptor>,
    handshakes: Semaphore,
    /// Those that send a PROXY header.
    proxies: Option<TrustedProxies>,
    strangers: Strangers,
    patience: Duration,
    phase: watch::Receiver<Phase>,
    metrics: Arc<Metrics>,
}

/// One connection, as its requests see it.
pub(super) struct Visit {
    /// Whom the connection comes from: a client, or the outermost proxy that speaks HTTP.
    pub(super) peer: IpAddr,
    pub(super) permit: Permit,
    /// Whether a whole request head came.
    begun: AtomicBool,
    /// Set by the request with which HTTP ends here.
    departure: Mutex<Option<Departure>>,
    /// Told when HTTP is to end before its request is answered.
    taken: Notify,
}

/// The last that HTTP has to do with a connection.
struct Departure {
    /// What is still to be written.
    head: Vec<u8>,
    request: UpgradeRequest,
}

impl Visit {
    fn new(peer: IpAddr, permit: Permit) -> Self {
        Self {
            peer,
            permit,
            begun: AtomicBool::new(false),
            departure: Mutex::new(None),
            taken: Notify::new(),
        }
    }

    /// Has the connection handed over as soon as the answer to this request, a 101, is written.
    pub(super) fn hand_over(&self, request: UpgradeRequest) {
        self.depart(Departure { head: Vec::new(), request });
    }

    /// Has the connection handed over as soon as `head` is written, which begins the answer to this request.
    /// The whole request must have been read; whoever handles it waits for ever.
    pub(super) fn take_over(&self, head: Vec<u8>, request: UpgradeRequest) {
        self.depart(Departure { head, request });
        self.taken.notify_one();
    }

    fn depart(&self, departure: Departure) {
        *self.departure.lock().unwrap_or_else(PoisonError::into_inner) = Some(departure);
    }
}

impl Front {
    /// For clients.
    pub(super) fn public(
        options: &EdgeOptions,
        router: Router,
        tls: Option<Arc<ServerConfig>>,
        hand_over: HandOver,
        phase: watch::Receiver<Phase>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let proxies = options.proxy_protocol.then(|| TrustedProxies::new(options.trusted_proxies.clone()));
        Self {
            hand_over,
            tls: tls.map(TlsAcceptor::from),
            proxies,
            ..Self::internal(options, router, phase, metrics)
        }
    }

    /// For those who run the gateway: plain text, and no upgrades.
    pub(super) fn internal(
        options: &EdgeOptions,
        router: Router,
        phase: watch::Receiver<Phase>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            router,
            hand_over: Box::new(drop),
            tls: None,
            handshakes: Semaphore::new(HANDSHAKES),
            proxies: None,
            strangers: Strangers::new(options),
            patience: options.patience,
            phase,
            metrics,
        }
    }

    /// Serves whoever connects to `listener`, each in a task, until the phase is [`Phase::Stopped`].
    pub(super) fn accept_on(self, listener: TcpListener, descriptors: Descriptors) -> JoinHandle<()> {
        let front = Arc::new(self);
        let (phase, metrics) = (front.phase.clone(), Arc::clone(&front.metrics));
        tokio::spawn(accept(listener, descriptors, phase, metrics, move |socket, peer, permit| {
            // Boxed, for the runtime moves a task several times before it runs and when it ends.
            tokio::spawn(Box::pin(Arc::clone(&front).serve(socket, peer, permit)));
        }))
    }

    /// The whole life of a connection here.
    pub(super) async fn serve(self: Arc<Self>, mut socket: TcpStream, peer: SocketAddr, permit: Permit) {
        let _ = socket.set_nodelay(true); // fails only on a socket that is closed already
        let peer = match &self.proxies {
            // Boxed like TLS below: who has neither shall not carry what they need.
            Some(proxies) if proxies.trust(peer.ip()) => match Box::pin(self.proxied(&mut socket)).await {
                Ok(client) => client.unwrap_or(peer.ip()),
                Err(error) => return self.refuse(ConnectionRefusal::ProxyHeader, peer.ip(), &error),
            },
            _ => peer.ip(),
        };
        let _seat = match self.strangers.seat(peer) {
            Ok(seat) => seat,
            Err(error) => return self.refuse(ConnectionRefusal::AddressLimit, peer, &error),
        };
        let visit = Arc::new(Visit::new(peer, permit));
        match &self.tls {
            None => self.http(socket, visit).await,
            Some(acceptor) => match Box::pin(self.handshake(acceptor, socket)).await {
                Ok(stream) => Box::pin(self.http(stream, visit)).await,
                Err(error) => self.refuse(ConnectionRefusal::TlsHandshake, peer, &error),
            },
        }
    }

    /// Whom the connection comes from, by the word of a proxy that sends PROXY headers; `None` for itself.
    async fn proxied(&self, socket: &mut TcpStream) -> io::Result<Option<IpAddr>> {
        timeout(self.patience, proxy_protocol::read(socket)).await?
    }

    async fn handshake(&self, acceptor: &TlsAcceptor, socket: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        timeout(self.patience, async {
            let _under_way = self.handshakes.acquire().await.expect("the semaphore is never closed");
            acceptor.accept(socket).await
        })
        .await?
    }

    /// Not worth more than a debug line each: anybody can cause them.
    fn refuse(&self, reason: ConnectionRefusal, peer: IpAddr, error: &impl fmt::Display) {
        self.metrics.count_refusal(reason);
        tracing::debug!(?reason, %peer, %error, "a connection was refused");
    }

    async fn http<S: TakeApart>(&self, stream: S, visit: Arc<Visit>) {
        let service = service_fn(|mut request: Request<Incoming>| {
            visit.begun.store(true, Relaxed);
            request.extensions_mut().insert(Arc::clone(&visit));
            Box::pin(TowerToHyperService::new(self.router.clone()).call(request))
        });
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.strangers.keep_alive(visit.peer))
            .max_buf_size(HEAD_MAX)
            .max_headers(HEADERS_MAX)
            .serve_connection(TokioIo::new(stream), service);

        let mut phase = self.phase.clone();
        let mut stop = pin!(async { drop(phase.wait_for(|phase| *phase == Phase::Stopped).await) });
        let mut patience = pin!(sleep(self.patience));
        let (mut stopped, mut patient) = (false, true);
        let served = loop {
            tokio::select! {
                served = poll_fn(|cx| connection.poll_without_shutdown(cx)) => break served,
                () = visit.taken.notified() => break Ok(()),
                () = &mut stop, if !stopped => stopped = true,
                () = &mut patience, if patient => {
                    patient = false;
                    if !visit.begun.load(Relaxed) {
                        self.refuse(ConnectionRefusal::RequestHead, visit.peer, &"no request came in time");
                        break Ok(());
                    }
                }
            }
            if stopped {
                Pin::new(&mut connection).graceful_shutdown();
            }
        };
        if let Err(error) = &served
            && !visit.begun.load(Relaxed)
        {
            self.refuse(ConnectionRefusal::RequestHead, visit.peer, error);
        }
        let parts = connection.into_parts();
        self.leave(parts.io.into_inner(), &parts.read_buf, &visit, served.is_ok()).await;
    }

    /// Hands a connection over that HTTP is done with, and closes any other.
    async fn leave<S: TakeApart>(&self, mut stream: S, read_ahead: &[u8], visit: &Visit, sound: bool) {
        let departure = visit.departure.lock().unwrap_or_else(PoisonError::into_inner).take();
        match departure.filter(|_| sound) {
            Some(Departure { head, request }) => match self.part(stream, &head).await {
                // Copied, for hyper's read buffer is large, and a slice would keep all of it.
                Ok(stream) => {
                    (self.hand_over)(Upgraded {
                        stream,
                        read_ahead: Bytes::copy_from_slice(read_ahead),
                        request,
                    });
                }
                Err(error) => tracing::debug!(%error, "an upgraded socket could not be handed over"),
            },
            None => drop(timeout(self.patience, stream.shutdown()).await),
        }
    }

    /// Writes the last that HTTP has to say.
    async fn part<S: TakeApart>(&self, mut stream: S, head: &[u8]) -> io::Result<Stream> {
        let last = async {
            stream.write_all(head).await?;
            stream.flush().await
        };
        timeout(self.patience, last).await??;
        stream.take_apart()
    }
}

/// A stream that can be taken from its runtime.
trait TakeApart: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    fn take_apart(self) -> io::Result<Stream>;
}

impl TakeApart for TcpStream {
    fn take_apart(self) -> io::Result<Stream> {
        self.into_std().map(Stream::Plain)
    }
}

impl TakeApart for TlsStream<TcpStream> {
    fn take_apart(self) -> io::Result<Stream> {
        let (socket, session) = self.into_inner();
        Ok(Stream::Tls(socket.into_std()?, Box::new(session)))
    }
}
