//! How to reach a server, and as whom.

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue};
use rustls::ClientConfig;
use serde::Serialize;
use suona_protocol::{Channel, Payload, Token};

use super::{BadAddress, ReliableSocket, Suona, dial::Dialing, engine, proxy::Proxy};
use crate::{client, link};

/// What finds tokens: for the connection, or for a channel.
pub(super) type TokenFinder = Arc<dyn Fn(Option<Channel>) -> Finding + Send + Sync>;
pub(super) type Finding = Pin<Box<dyn Future<Output = Result<Option<Token>, String>> + Send>>;

/// A connection under construction: a client, begun by [`Suona::connect`], or with `link::Options` the connection alone,
/// begun by [`ReliableSocket::connect`].
#[must_use = "nothing is dialled before `build`"]
pub struct Builder<Options = client::Options> {
    url: String,
    options: Options,
    protocol: Option<String>,
    headers: Vec<(String, String)>,
    tls: Option<Arc<ClientConfig>>,
    proxy: Option<String>,
    find_token: Option<TokenFinder>,
}

/// Nothing can be built of what was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The address is none.
    #[error(transparent)]
    Address(#[from] BadAddress),
    /// A header of the handshake is none.
    #[error("{0:?} is no header, or has a value that no header can have")]
    Header(String),
    /// The sub-protocol has a name that none can have.
    #[error("{0:?} cannot be the name of a sub-protocol")]
    SubProtocol(String),
    /// The proxy's address is none.
    #[error("write the proxy as http://host:port")]
    Proxy,
}

impl<Options> Builder<Options> {
    fn new(url: &str, options: Options) -> Self {
        Self {
            url: url.to_owned(),
            options,
            protocol: None,
            headers: Vec::new(),
            tls: None,
            proxy: None,
            find_token: None,
        }
    }

    /// Sends a header with the handshake.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Whom to trust, instead of those whom the system trusts, and who we are, if the server wants a certificate of ours.
    pub fn tls(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// Dials through this HTTP proxy, instead of the one that the environment names.
    pub fn proxy(mut self, url: &str) -> Self {
        self.proxy = Some(url.to_owned());
        self
    }

    /// Where to dial and how, beside the rest.
    fn dialing(self) -> Result<(Dialing, Options, Option<TokenFinder>), BuildError> {
        let dialing = Dialing {
            address: self.url.parse()?,
            protocol: self.protocol,
            headers: headers(self.headers)?,
            tls: self.tls,
            proxy: self.proxy.map(|url| Proxy::parse(&url).ok_or(BuildError::Proxy)).transpose()?,
        };
        Ok((dialing, self.options, self.find_token))
    }
}

impl Builder {
    pub(super) fn client(url: &str) -> Self {
        // 128 random bits.
        let session = format!("{:032x}", rand::random::<u128>());
        Self::new(url, client::Options::new(session))
    }

    /// The token to connect with.
    pub fn token(mut self, token: impl Into<Token>) -> Self {
        self.options.token = Some(token.into()).filter(|token| !token.is_empty());
        self
    }

    /// Finds tokens: for the connection, or for a channel whose subscription asks for one. Called when there is none or
    /// it has expired, and not again while the old one holds. `None` means that the user may not, which ends the matter;
    /// an error or a panic, that it may work later. So does what takes longer than 8 s while a server waits, or 15 s at
    /// other times: it is dropped when the next one is asked for.
    ///
    /// ```no_run
    /// # async fn log_in() -> Result<String, std::io::Error> { Ok(String::new()) }
    /// let builder = suona_client::Suona::connect("wss://example.com/connection/websocket")
    ///     .get_token(async |_channel| log_in().await.map(Some));
    /// ```
    pub fn get_token<F, T, E>(mut self, find: impl Fn(Option<Channel>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Option<T>, E>> + Send + 'static,
        T: Into<Token>,
        E: ToString,
    {
        self.options.asks_token = true;
        self.find_token = Some(Arc::new(move |channel| {
            let found = find(channel);
            Box::pin(async {
                found.await.map(|token| token.map(Into::into)).map_err(|error| error.to_string())
            })
        }));
        self
    }

    /// Goes to the backend when the client connects.
    pub fn data(mut self, data: &impl Serialize) -> Result<Self, serde_json::Error> {
        self.options.data = Some(Payload::from(serde_json::to_vec(data)?));
        Ok(self)
    }

    /// Speaks Protobuf instead of JSON; payloads are bytes then.
    pub fn protobuf(mut self) -> Self {
        self.options.language = client::Language::Protobuf;
        self.protocol = Some("centrifuge-protobuf".to_owned());
        self
    }

    /// How long a command may take, from being given to its answer. Default 60 s, at most 240 s. For single commands
    /// there is [`Suona::with_ttl`].
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.options.ttl = ttl;
        self
    }

    /// How many commands may wait or be under way. Default 256.
    pub fn outbox_commands(mut self, most: usize) -> Self {
        self.options.outbox_commands = most;
        self
    }

    /// How many bytes of them. Default 1 MiB.
    pub fn outbox_bytes(mut self, most: usize) -> Self {
        self.options.outbox_bytes = most;
        self
    }

    /// The longest message that the server takes, in bytes. Default 65,536.
    pub fn message_limit(mut self, most: usize) -> Self {
        self.options.message_limit = most;
        self
    }

    /// How the connection behaves.
    pub fn link(mut self, options: link::Options) -> Self {
        self.options.link = options;
        self
    }

    /// Connects, and stays connected. It becomes a task of the runtime.
    ///
    /// # Panics
    /// Outside of a tokio runtime with its I/O and its time.
    pub fn build(self) -> Result<Suona, BuildError> {
        let (dialing, options, find_token) = self.dialing()?;
        Ok(engine::start(options, dialing, find_token))
    }
}

impl Builder<link::Options> {
    pub(super) fn socket(url: &str) -> Self {
        Self::new(url, link::Options::default())
    }

    /// The sub-protocol to offer. A server that does not take it is none of ours.
    pub fn sub_protocol(mut self, name: &str) -> Self {
        self.protocol = Some(name.to_owned());
        self
    }

    /// How the connection behaves.
    pub fn link(mut self, options: link::Options) -> Self {
        self.options = options;
        self
    }

    /// Connects, and stays connected. It becomes a task of the runtime.
    ///
    /// # Panics
    /// Outside of a tokio runtime with its I/O and its time.
    pub fn build(self) -> Result<ReliableSocket, BuildError> {
        if let Some(name) = self.protocol.as_ref().filter(|name| HeaderName::try_from(*name).is_err()) {
            return Err(BuildError::SubProtocol(name.clone()));
        }
        let (dialing, options, _) = self.dialing()?;
        Ok(ReliableSocket::open(options, dialing))
    }
}

impl<Options> fmt::Debug for Builder<Options> {
    /// Without tokens, headers and the like, which are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").finish_non_exhaustive()
    }
}

/// Names and values that do not break out of their lines.
fn headers(given: Vec<(String, String)>) -> Result<Vec<(String, String)>, BuildError> {
    let is_good = |(name, value): &(String, String)| {
        HeaderName::try_from(name).is_ok() && HeaderValue::try_from(value).is_ok()
    };
    match given.iter().find(|header| !is_good(header)) {
        Some((name, _)) => Err(BuildError::Header(name.clone())),
        None => Ok(given),
    }
}
