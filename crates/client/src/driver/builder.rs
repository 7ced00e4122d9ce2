//! How to reach a server, and as whom.

use std::{pin::Pin, sync::Arc};

use http::{HeaderName, HeaderValue};
use rustls::ClientConfig;
use serde::Serialize;
use suona_protocol::{Channel, Payload, Token};

use super::{BadAddress, Suona, dial::Dialing, engine, proxy::Proxy};
use crate::{
    client::{Language, Options},
    link,
};

/// What finds tokens: for the connection, or for a channel.
pub(super) type TokenFinder = Arc<dyn Fn(Option<Channel>) -> Finding + Send + Sync>;
type Finding = Pin<Box<dyn Future<Output = Result<Option<Token>, String>> + Send>>;

/// A client under construction, begun by [`Suona::connect`].
#[must_use = "nothing is dialled before `build`"]
pub struct Builder {
    url: String,
    options: Options,
    headers: Vec<(String, String)>,
    tls: Option<Arc<ClientConfig>>,
    proxy: Option<String>,
    find_token: Option<TokenFinder>,
}

/// A client cannot be built of what was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The address is none.
    #[error(transparent)]
    Address(#[from] BadAddress),
    /// A header of the handshake is none.
    #[error("{0:?} is no header, or has a value that no header can have")]
    Header(String),
    /// The proxy's address is none.
    #[error("write the proxy as http://host:port")]
    Proxy,
}

impl Builder {
    pub(super) fn new(url: &str) -> Self {
        // 128 random bits.
        let session = format!("{:032x}", rand::random::<u128>());
        Self {
            url: url.to_owned(),
            options: Options::new(session),
            headers: Vec::new(),
            tls: None,
            proxy: None,
            find_token: None,
        }
    }

    /// The token to connect with.
    pub fn token(mut self, token: impl Into<Token>) -> Self {
        self.options.token = Some(token.into()).filter(|token| !token.is_empty());
        self
    }

    /// Finds tokens: for the connection, or for a channel whose subscription asks for one. Called when there is none or
    /// it has expired, and not again while the old one holds. `None` means that the user may not, which ends the matter;
    /// an error, that it may work later.
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
        self.options.language = Language::Protobuf;
        self
    }

    /// Sends a header with the handshake.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Whom to trust, instead of those whom the system trusts.
    pub fn tls(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// Dials through this HTTP proxy, instead of the one that the environment names.
    pub fn proxy(mut self, url: &str) -> Self {
        self.proxy = Some(url.to_owned());
        self
    }

    /// How the connection behaves.
    pub fn link(mut self, options: link::Options) -> Self {
        self.options.link = options;
        self
    }

    /// Connects, and stays connected. Must be called within a tokio runtime, whose task it becomes.
    pub fn build(self) -> Result<Suona, BuildError> {
        let protocol = match self.options.language {
            Language::Json => None,
            Language::Protobuf => Some("centrifuge-protobuf".to_owned()),
        };
        let dialing = Dialing {
            address: self.url.parse()?,
            protocol,
            headers: headers(self.headers)?,
            tls: self.tls,
            proxy: self.proxy.map(|url| Proxy::parse(&url).ok_or(BuildError::Proxy)).transpose()?,
        };
        Ok(engine::start(self.options, dialing, self.find_token))
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
