//! Opens connections: TCP or a tunnel through a proxy, TLS, and the upgrade to a WebSocket.

use std::{fmt, io, sync::Arc};

use rustls::{ClientConfig, pki_types::ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::{Address, proxy::BadProxy, proxy::Proxy, reach::connect, trust, upgrade};
use crate::{Code, link::Loss};

/// Whatever carries bytes.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

pub(super) type Stream = Box<dyn Io>;

/// What is dialled, and how.
#[derive(Clone)]
pub(super) struct Dialing {
    pub(super) address: Address,
    /// The sub-protocol that the server must take.
    pub(super) protocol: Option<String>,
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

/// No connection came about.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
    #[error("the name of the host cannot be resolved")]
    UnknownHost,
    #[error("{}", .0.kind())]
    Io(#[from] io::Error),
    #[error("TLS failed: {0}")]
    Tls(io::Error),
    #[error("TLS failed: the system has no certificates to trust; install ca-certificates")]
    NoRoots,
    #[error("HTTP status {0} instead of a WebSocket")]
    Status(u16),
    #[error("no WebSocket upgrade")]
    Handshake,
    #[error("the server did not confirm the sub-protocol")]
    SubProtocol,
    #[error("the proxy refused a tunnel, with status {0}")]
    Proxy(u16),
    #[error(transparent)]
    BadProxy(#[from] BadProxy),
}

impl DialError {
    /// The name that it goes by.
    fn code(&self) -> Code {
        match self {
            Self::UnknownHost => Code::Dns,
            Self::Io(error) => of_system(error.kind()),
            Self::Tls(_) | Self::NoRoots => Code::Tls,
            Self::Status(_) | Self::Handshake => Code::NoWebSocket,
            Self::SubProtocol => Code::SubProtocol,
            Self::Proxy(_) | Self::BadProxy(_) => Code::Unreachable,
        }
    }
}

fn of_system(kind: io::ErrorKind) -> Code {
    match kind {
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => Code::Offline,
        io::ErrorKind::TimedOut => Code::Timeout,
        io::ErrorKind::Interrupted => Code::Interrupted,
        _ => Code::Unreachable,
    }
}

impl From<DialError> for Loss {
    fn from(error: DialError) -> Self {
        Self { reason: error.to_string(), kind: Some(error.code()), ..Self::default() }
    }
}

impl Dialing {
    /// Opens a WebSocket, and gives what came right behind the handshake.
    pub(super) async fn dial(&self) -> Result<(Stream, Vec<u8>), DialError> {
        let tcp = self.reach().await?;
        let mut stream = if self.address.is_secure() { self.secure(tcp).await? } else { tcp };
        let (host, target) = (self.address.authority(), self.address.target());
        let rest = upgrade::open(&mut stream, &host, target, self.protocol.as_deref(), &self.headers).await?;
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
            None => trust::in_the_system().await?,
        };
        let name = ServerName::try_from(self.address.host().to_owned());
        let name = name.map_err(|error| DialError::Tls(io::Error::other(error)))?;
        let stream = TlsConnector::from(config).connect(name, stream).await.map_err(DialError::Tls)?;
        Ok(Box::new(stream))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_has_a_name_whatever_its_words() {
        let named = |kind: io::ErrorKind| Loss::from(DialError::Io(kind.into())).kind.unwrap();
        assert_eq!(named(io::ErrorKind::NetworkUnreachable), Code::Offline);
        assert_eq!(named(io::ErrorKind::NetworkDown), Code::Offline);
        assert_eq!(named(io::ErrorKind::TimedOut), Code::Timeout);
        assert_eq!(named(io::ErrorKind::ConnectionRefused), Code::Unreachable);
        let slow = DialError::Tls(io::Error::new(io::ErrorKind::TimedOut, "it timed out"));
        assert_eq!(Loss::from(slow).kind, Some(Code::Tls));
    }
}
