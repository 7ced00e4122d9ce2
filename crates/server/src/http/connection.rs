//! One connection from its first byte to its end, or to its hand-over.

use std::{
    convert::Infallible,
    fmt,
    future::poll_fn,
    io,
    net::{IpAddr, SocketAddr},
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, response::Response};
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
    io::AsyncWriteExt,
    net::TcpStream,
    sync::{Semaphore, watch},
    task::JoinHandle,
    time::{Sleep, sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    EdgeOptions, HandOver, Phase, Upgraded,
    accept::{Descriptors, Permit, accept},
    address::TrustedProxies,
    listener::Listener,
    newcomer::Newcomer,
    proxy_protocol,
    rewound::{Rewound, poll_first},
    site::{Shortcut, Site},
    strangers::Strangers,
    take_apart::TakeApart,
    visit::{Departure, Visit},
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
    /// Answers opening handshakes, where there are doors.
    site: Option<Arc<Site>>,
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

impl Front {
    /// For clients.
    pub(super) fn public(
        options: &EdgeOptions,
        router: Router,
        site: Arc<Site>,
        tls: Option<Arc<ServerConfig>>,
        hand_over: HandOver,
        phase: watch::Receiver<Phase>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let proxies = options.proxy_protocol.then(|| TrustedProxies::new(options.trusted_proxies.clone()));
        Self {
            site: Some(site),
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
            site: None,
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
    pub(super) fn accept_on(self, listener: Listener, descriptors: Descriptors) -> JoinHandle<()> {
        let front = Arc::new(self);
        let (phase, metrics) = (front.phase.clone(), Arc::clone(&front.metrics));
        tokio::spawn(accept(listener, descriptors, phase, metrics, move |socket, peer, permit| {
            // Boxed, for the runtime moves a task several times before it runs and when it ends.
            tokio::spawn(Box::pin(Arc::clone(&front).serve(socket, peer, permit)));
        }))
    }

    /// The whole life of a connection here.
    pub(super) async fn serve(self: Arc<Self>, mut socket: Newcomer, peer: SocketAddr, permit: Permit) {
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
    async fn proxied(&self, socket: &mut Newcomer) -> io::Result<Option<IpAddr>> {
        timeout(self.patience, proxy_protocol::read(socket.known()?)).await?
    }

    async fn handshake(&self, acceptor: &TlsAcceptor, socket: Newcomer) -> io::Result<TlsStream<TcpStream>> {
        timeout(self.patience, async {
            let _under_way = self.handshakes.acquire().await.expect("the semaphore is never closed");
            acceptor.accept(socket.into_known()?).await
        })
        .await?
    }

    /// Not worth more than a debug line each: anybody can cause them.
    fn refuse(&self, reason: ConnectionRefusal, peer: IpAddr, error: &impl fmt::Display) {
        self.metrics.count_refusal(reason);
        tracing::debug!(?reason, %peer, %error, "a connection was refused");
    }

    /// Most connections bring their opening handshake with the first read, and have no need of an HTTP server.
    async fn http<S: TakeApart>(&self, mut stream: S, visit: Arc<Visit>) {
        let mut phase = self.phase.clone();
        let mut stop = pin!(async { drop(phase.wait_for(|phase| *phase == Phase::Stopped).await) });
        let mut patience = pin!(sleep(self.patience));
        let first = tokio::select! {
            // What is there needs no clock.
            biased;
            first = poll_fn(|cx| poll_first(&mut stream, cx)) => first,
            () = &mut patience => Err(io::ErrorKind::TimedOut.into()),
            () = &mut stop => Ok(Bytes::new()),
        };
        let first = match first {
            Ok(first) if first.is_empty() => return self.close(stream).await,
            Ok(first) => first,
            Err(error) => {
                self.refuse(ConnectionRefusal::RequestHead, visit.peer, &error);
                return self.close(stream).await;
            }
        };
        let shortcut = self.site.as_ref().and_then(|site| site.shortcut(&first, &visit));
        let answered = match shortcut {
            Some(Shortcut { length, outcome: Ok(departure) }) => {
                return self.leave(stream, departure, &first[length..]).await;
            }
            Some(Shortcut { outcome: Err(answer), .. }) => Some(*answer),
            None => None,
        };
        // Boxed, for most connections never come here.
        Box::pin(self.usual(Rewound::new(first, stream), answered, visit, stop, patience)).await;
    }

    /// HTTP until it ends. The first request may be `answered` already.
    async fn usual<S: TakeApart>(
        &self,
        stream: Rewound<S>,
        answered: Option<Response>,
        visit: Arc<Visit>,
        mut stop: Pin<&mut (impl Future<Output = ()> + Send)>,
        mut patience: Pin<&mut Sleep>,
    ) {
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.strangers.keep_alive(visit.peer))
            .max_buf_size(HEAD_MAX)
            .max_headers(HEADERS_MAX)
            .serve_connection(TokioIo::new(stream), self.service(answered, &visit));

        let (mut stopped, mut patient) = (false, true);
        let served = loop {
            tokio::select! {
                served = poll_fn(|cx| connection.poll_without_shutdown(cx)) => break served,
                () = visit.taken() => break Ok(()),
                () = &mut stop, if !stopped => stopped = true,
                () = &mut patience, if patient => {
                    patient = false;
                    if !visit.has_begun() {
                        return self.refuse(ConnectionRefusal::RequestHead, visit.peer, &"no request came in time");
                    }
                }
            }
            if stopped {
                Pin::new(&mut connection).graceful_shutdown();
            }
        };
        if let Err(error) = &served
            && !visit.has_begun()
        {
            self.refuse(ConnectionRefusal::RequestHead, visit.peer, error);
        }
        self.end(connection, visit.departure(), served, &visit).await;
    }

    /// What answers requests. The first may be `answered` already.
    fn service<'a>(
        &'a self,
        answered: Option<Response>,
        visit: &'a Arc<Visit>,
    ) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send + Unpin> + 'a
    {
        let answered = Mutex::new(answered);
        service_fn(move |mut request: Request<Incoming>| {
            visit.begin();
            request.extensions_mut().insert(Arc::clone(visit));
            let answered = answered.lock().unwrap_or_else(PoisonError::into_inner).take();
            let router = self.router.clone();
            Box::pin(async move {
                match answered {
                    Some(answer) => Ok(answer),
                    None => TowerToHyperService::new(router).call(request).await,
                }
            })
        })
    }

    /// The end of HTTP on a connection: it goes elsewhere, or is closed when the last answer is written.
    async fn end<S: TakeApart>(
        &self,
        connection: http1::Connection<
            TokioIo<Rewound<S>>,
            impl Service<Request<Incoming>, Response = Response, Error = Infallible>,
        >,
        departure: Option<Departure>,
        served: hyper::Result<()>,
        visit: &Visit,
    ) {
        if served.is_ok() && departure.is_none() {
            // The HTTP server is done before it has written everything. The peer may be gone already.
            let _ = timeout(self.strangers.keep_alive(visit.peer), connection).await;
            return;
        }
        let parts = connection.into_parts();
        // Nothing is left to be read again: the server's first read takes more.
        let (_, stream) = parts.io.into_inner().into_inner();
        match departure.filter(|_| served.is_ok()) {
            Some(departure) => self.leave(stream, departure, &parts.read_buf).await,
            None => self.close(stream).await,
        }
    }

    /// Hands a connection over that HTTP is done with.
    async fn leave<S: TakeApart>(&self, stream: S, departure: Departure, read_ahead: &[u8]) {
        let Departure { head, request } = departure;
        match self.part(stream, &head).await {
            // Copied, for a slice would keep all of the buffer that was read into.
            Ok(stream) => {
                let read_ahead = Bytes::copy_from_slice(read_ahead);
                (self.hand_over)(Upgraded { stream, read_ahead, request });
            }
            Err(error) => tracing::debug!(%error, "an upgraded socket could not be handed over"),
        }
    }

    async fn close<S: TakeApart>(&self, mut stream: S) {
        let _ = timeout(self.patience, stream.shutdown()).await; // the peer may be gone already
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
