//! A certificate that nobody else trusts, for a server with TLS that is measured.

use std::{fs, path::PathBuf, sync::Arc};

use rustls::{ClientConfig, RootCertStore, client::Resumption, crypto::ring};
use tempfile::TempDir;

use crate::{Trouble, crowd::SERVER_NAME};

/// A certificate with its key in files, which go with this value.
pub(super) struct Certificate {
    folder: TempDir,
    /// How clients connect that trust it, and nothing else.
    pub(super) clients: Arc<ClientConfig>,
}

impl Certificate {
    /// Makes one (ECDSA, P-256).
    pub(super) fn new() -> Result<Self, Trouble> {
        let unmade = |error: &dyn ToString| Trouble::Certificate(error.to_string());
        let made = rcgen::generate_simple_self_signed([SERVER_NAME.to_owned()]).map_err(|e| unmade(&e))?;
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).map_err(|error| unmade(&error))?;
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let versions = builder.with_safe_default_protocol_versions().map_err(|error| unmade(&error))?;
        let mut clients = versions.with_root_certificates(roots).with_no_client_auth();
        // All are strangers: who resumes a session costs less.
        clients.resumption = Resumption::disabled();
        let certificate = Self { folder: tempfile::tempdir()?, clients: Arc::new(clients) };
        fs::write(certificate.chain(), made.cert.pem())?;
        fs::write(certificate.key(), made.signing_key.serialize_pem())?;
        Ok(certificate)
    }

    /// The certificate, in PEM.
    pub(super) fn chain(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// Its key, in PEM.
    pub(super) fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }
}
