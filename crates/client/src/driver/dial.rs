//! Opens connections: TCP or a tunnel through a proxy, TLS, and the upgrade to a WebSocket.

use std::{fmt, io, sync::Arc};

use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::{Address, proxy::BadProxy, proxy::Proxy, upgrade};

/// Whatever carries bytes.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

pub(super) type Stream = Box<dyn Io>;

/// What is dialled, and how.
#[derive(Clone)]
pub(super) struct Dialing {
    pub(super) address: Address,
    /// The sub-protocol that the server must take.
    pub(super) protocol: Option<&'static str>,
    /// Headers of the handshake.
    pub(super) headers: Vec<(String, String)>,
    /// Whom to trust, unless the system's certificates will do.
    pub(super) tls: Option<Arc<ClientConfig>>,
    /// Through whom, instead of the proxy that the environment names.
    pub(super) proxy: Option<Proxy>,
}

impl fmt::Debug for Dialing {
    /// Without headers, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialing").field("address", &self.address).finish_non_exhaustive()
    }
}

/// No connection came about. The words of each say which [`Code`](crate::Code) it is.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
    #[error("the name of the host cannot be resolved")]
    UnknownHost,
    #[error("{}", of_kind(.0))]
    Io(#[from] io::Error),
    #[error("TLS failed: {0}")]
    Tls(io::Error),
    #[error("TLS failed: the system has no certificates to trust; install ca-certificates")]
    NoRoots,
    #[error("HTTP status {0} instead of a WebSocket")]
    Status(u16),
    #[error("no WebSocket upgrade")]
    Handshake,
    #[error("the proxy refused a tunnel, with status {0}")]
    Proxy(u16),
    #[error(transparent)]
    BadProxy(#[from] BadProxy),
}

fn of_kind(error: &io::Error) -> String {
    error.kind().to_string()
}

impl Dialing {
    /// Opens a WebSocket, and gives what came right behind the handshake.
    pub(super) async fn dial(&self) -> Result<(Stream, Vec<u8>), DialError> {
        let tcp = self.reach().await?;
        let mut stream = if self.address.is_secure() { self.secure(tcp).await? } else { tcp };
        let (host, target) = (self.address.authority(), self.address.target());
        let rest = upgrade::open(&mut stream, &host, target, self.protocol, &self.headers).await?;
        Ok((stream, rest))
    }

    async fn reach(&self) -> Result<Stream, DialError> {
        let named = || Proxy::of_environment(&self.address);
        let Some(proxy) = self.proxy.clone().map_or_else(named, |proxy| Ok(Some(proxy)))? else {
            return Ok(Box::new(connect(self.address.host(), self.address.port()).await?));
        };
        let mut stream: Stream = Box::new(connect(&proxy.host, proxy.port).await?);
        let to = self.address.host_and_port();
        upgrade::tunnel(&mut stream, &to, proxy.authorization.as_deref()).await?;
        Ok(stream)
    }

    async fn secure(&self, stream: Stream) -> Result<Stream, DialError> {
        let config = match &self.tls {
            Some(config) => config.clone(),
            None => Arc::new(trusting_the_system()?),
        };
        let name = ServerName::try_from(self.address.host().to_owned());
        let name = name.map_err(|error| DialError::Tls(io::Error::other(error)))?;
        let stream = TlsConnector::from(config).connect(name, stream).await.map_err(DialError::Tls)?;
        Ok(Box::new(stream))
    }
}

async fn connect(host: &str, port: u16) -> Result<TcpStream, DialError> {
    let mut last = DialError::UnknownHost;
    let found = tokio::net::lookup_host((host, port)).await.map_err(|_| DialError::UnknownHost)?;
    for address in found {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

/// TLS that trusts whom the system trusts. Read again for each dial: there are few, and certificates change.
fn trusting_the_system() -> Result<ClientConfig, DialError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(DialError::NoRoots);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config
        .with_safe_default_protocol_versions()
        .map_err(|error| DialError::Tls(io::Error::other(error)))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
