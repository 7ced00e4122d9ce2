//! A shard with a tenant that does what the test says, and clients over real sockets.

use std::{
    net::{Ipv4Addr, TcpListener, TcpStream},
    rc::Rc,
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use bytes::Bytes;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use suona_protocol::ws::{Message, Opcode, Window, close_frame, frame};
use suona_server::{
    Now,
    hub::Outboxes,
    io::{ConnectionId, Handover, Loss, ShardSender, Stream, Tenant, mailbox, spawn},
};
use tungstenite::{WebSocket, protocol::Role};

/// What a test lets the tenant do, and with which connections: those that live, oldest first.
pub(crate) type Deed = Box<dyn FnOnce(&mut Outboxes, &[ConnectionId]) + Send>;

/// The longest message that a client may send.
pub(crate) const MAX_MESSAGE: usize = 1 << 20;

/// How long a test waits for what must come, before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the tenant heard.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Opened,
    Pong(Vec<u8>),
    Drained,
    Lost(Loss),
}

/// Echoes, hands deliveries to everyone, carries out deeds, and tells the test.
pub(crate) struct Puppet {
    outboxes: Outboxes,
    living: Vec<ConnectionId>,
    told: mpsc::Sender<Told>,
}

impl Tenant for Puppet {
    type Opening = ();
    type Delivery = Bytes;
    type Errand = Deed;

    fn opened(&mut self, id: ConnectionId, (): (), _: Now) {
        self.living.push(id);
        self.tell(Told::Opened);
    }

    fn received(&mut self, id: ConnectionId, message: Message<'_>, _: Now) {
        let echo = match message {
            Message::Text(text) => frame(Opcode::Text, text.as_bytes()),
            Message::Binary(bytes) => frame(Opcode::Binary, bytes),
            Message::Pong(payload) => return self.tell(Told::Pong(payload.to_vec())),
        };
        push(&mut self.outboxes, id, echo);
    }

    fn lost(&mut self, id: ConnectionId, loss: &Loss, _: Now) {
        assert!(self.living.contains(&id), "lost what does not live");
        self.living.retain(|one| *one != id);
        self.tell(Told::Lost(*loss));
    }

    fn drained(&mut self, _: ConnectionId, _: Now) {
        self.tell(Told::Drained);
    }

    fn deliver(&mut self, delivery: Bytes, _: Now) {
        let frame = Rc::new(delivery);
        for id in &self.living {
            self.outboxes.push(*id, frame.clone()).unwrap();
        }
    }

    fn errand(&mut self, deed: Deed, _: Now) {
        deed(&mut self.outboxes, &self.living);
    }

    fn woke(&mut self, _: Now) {}

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn outboxes(&mut self) -> &mut Outboxes {
        &mut self.outboxes
    }
}

impl Puppet {
    fn tell(&self, told: Told) {
        // The test may be over.
        let _ = self.told.send(told);
    }
}

/// Queues a frame; who has no room for it is closed as slow.
pub(crate) fn push(outboxes: &mut Outboxes, id: ConnectionId, frame: Bytes) {
    if outboxes.push(id, Rc::new(frame)).is_err() {
        outboxes.abort(id, Some(Rc::new(close_frame(3008, "slow"))));
    }
}

/// A running shard.
pub(crate) struct Shard {
    pub(crate) sender: ShardSender<Puppet>,
    pub(crate) thread: JoinHandle<()>,
    told: mpsc::Receiver<Told>,
    listener: TcpListener,
}

impl Shard {
    /// Starts a shard whose outboxes hold `limit` bytes each.
    pub(crate) fn start(limit: usize) -> Self {
        let (sender, letters) = mailbox(16);
        let (told, hears) = mpsc::channel();
        let puppet = move || Puppet { outboxes: Outboxes::new(limit), living: Vec::new(), told };
        let thread = spawn("test shard".to_owned(), letters, puppet).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        Self { sender, thread, told: hears, listener }
    }

    /// What the tenant heard next.
    pub(crate) fn told(&self) -> Told {
        self.told.recv_timeout(PATIENCE).expect("the tenant heard nothing")
    }

    /// Lets the tenant do something.
    pub(crate) fn let_do(&self, deed: impl FnOnce(&mut Outboxes, &[ConnectionId]) + Send + 'static) {
        self.sender.errands().send(Box::new(deed)).ok().unwrap();
    }

    /// Asks the tenant something.
    pub(crate) fn ask<A: Send + 'static>(
        &self,
        ask: impl FnOnce(&Outboxes, &[ConnectionId]) -> A + Send + 'static,
    ) -> A {
        let (answer, hears) = mpsc::channel();
        self.let_do(move |outboxes, living| answer.send(ask(outboxes, living)).unwrap());
        hears.recv_timeout(PATIENCE).unwrap()
    }

    /// A connection past its upgrade, with what was read along with the request.
    pub(crate) fn dial(&self, read_ahead: &[u8]) -> TcpStream {
        let (client, server) = self.pair();
        self.hand_over(Stream::Plain(server), read_ahead, None);
        client
    }

    /// A connection on which compression was agreed on.
    pub(crate) fn dial_deflating(&self) -> TcpStream {
        let (client, server) = self.pair();
        self.hand_over(Stream::Plain(server), b"", Some(Window::Full));
        client
    }

    /// A connection on which the peer only listens.
    pub(crate) fn dial_listener(&self) -> TcpStream {
        let (client, server) = self.pair();
        let stream = Stream::Plain(server);
        let read_ahead = Bytes::new();
        self.offer(Handover { stream, read_ahead, opening: (), max_message: None, deflate: None });
        client
    }

    /// A connection with a stock WebSocket client at its other end.
    pub(crate) fn connect(&self) -> WebSocket<TcpStream> {
        WebSocket::from_raw_socket(self.dial(b""), Role::Client, None)
    }

    /// The same over TLS.
    pub(crate) fn connect_tls(&self) -> WebSocket<StreamOwned<ClientConnection, TcpStream>> {
        let (ours, theirs) = tls_configs();
        let (mut client, mut server) = self.pair();
        let mut session = ServerConnection::new(ours.into()).unwrap();
        let handshake = std::thread::spawn(move || {
            while session.is_handshaking() {
                session.complete_io(&mut server).unwrap();
            }
            (server, session)
        });
        let mut peer = ClientConnection::new(Arc::new(theirs), "localhost".try_into().unwrap()).unwrap();
        while peer.is_handshaking() {
            peer.complete_io(&mut client).unwrap();
        }
        let (server, session) = handshake.join().unwrap();
        self.hand_over(Stream::Tls(server, Box::new(session)), b"", None);
        WebSocket::from_raw_socket(StreamOwned::new(peer, client), Role::Client, None)
    }

    fn pair(&self) -> (TcpStream, TcpStream) {
        let client = TcpStream::connect(self.listener.local_addr().unwrap()).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        (client, self.listener.accept().unwrap().0)
    }

    fn hand_over(&self, stream: Stream, read_ahead: &[u8], deflate: Option<Window>) {
        let read_ahead = Bytes::copy_from_slice(read_ahead);
        let max_message = Some(MAX_MESSAGE);
        self.offer(Handover { stream, read_ahead, opening: (), max_message, deflate });
    }

    /// What is handed over does not block.
    fn offer(&self, handover: Handover<()>) {
        let (Stream::Plain(socket) | Stream::Tls(socket, _)) = &handover.stream;
        socket.set_nonblocking(true).unwrap();
        self.sender.hand_over(handover);
        assert_eq!(self.told(), Told::Opened);
    }
}

fn tls_configs() -> (ServerConfig, ClientConfig) {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = certified.cert.der().clone();
    let key = certified.signing_key.serialize_der().try_into().unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let ours =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    (ours, ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}
