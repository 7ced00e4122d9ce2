//! TLS that trusts whom the system trusts.

use std::{io, sync::Arc};

use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::{sync::OnceCell, task::spawn_blocking};

use super::dial::DialError;

/// Read once for all clients of the process: on some systems that takes a third of a second.
static SYSTEM: OnceCell<Arc<ClientConfig>> = OnceCell::const_new();

/// What the system trusted when it was asked first.
pub(super) async fn in_the_system() -> Result<Arc<ClientConfig>, DialError> {
    let read = || async { spawn_blocking(read).await.map_err(|error| DialError::Tls(error.into()))? };
    SYSTEM.get_or_try_init(read).await.cloned()
}

fn read() -> Result<Arc<ClientConfig>, DialError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(DialError::NoRoots);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config
        .with_safe_default_protocol_versions()
        .map_err(|error| DialError::Tls(io::Error::other(error)))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}
