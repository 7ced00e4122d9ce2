//! TLS with a certificate and key from files, read again when the files change.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring},
    server::{ClientHello, NoServerSessionStorage, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{self, PemObject},
};

/// Where the certificate and its key are, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The whole chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// The private key that belongs to the first certificate.
    pub key: PathBuf,
}

/// The certificate or the key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read the TLS {what} {}: {source}; check http_server.tls, and that this user may read the file", path.display())]
    Unreadable {
        /// Certificate or key.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file holds no certificate in PEM.
    #[error("{} holds no PEM certificate; it must hold the whole chain, the server's own certificate first", .0.display())]
    NoCertificate(PathBuf),
    /// The file holds no private key in PEM.
    #[error("{} holds no PEM private key (PKCS #8, PKCS #1 or SEC 1, not encrypted)", .0.display())]
    NoKey(PathBuf),
    /// The two do not belong together.
    #[error("the TLS key {} does not belong to the first certificate in {}; put the server's own certificate first, \
             and use the key it was made with", .0.key.display(), .0.certificate.display())]
    Mismatch(TlsFiles),
    /// The key or certificate is damaged or of a kind that is not supported.
    #[error("the TLS certificate {} with the key {} cannot be used: {source}; \
             RSA, ECDSA (P-256, P-384) and Ed25519 are supported", files.certificate.display(), files.key.display())]
    Unusable {
        /// The files.
        files: TlsFiles,
        /// What is wrong with them.
        source: rustls::Error,
    },
}

/// The certificate in use, and the files that it came from.
pub(super) struct Certificate {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
    /// What the files looked like when they were last read.
    seen: Mutex<Stamp>,
}

/// Times and sizes of both files; `None` where a file is missing.
type Stamp = [Option<(SystemTime, u64)>; 2];

impl Certificate {
    pub(super) fn load(files: TlsFiles) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let seen = Mutex::new(stamp(&files)); // before reading: a change in between is seen as one
        let current = RwLock::new(read(&files, &provider)?);
        Ok(Arc::new(Self { files, provider, current, seen }))
    }

    /// TLS 1.2 and 1.3 for HTTP/1.1, with whatever certificate is in use at the time of a handshake.
    pub(super) fn config(self: &Arc<Self>) -> Arc<ServerConfig> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider));
        let versions = builder.with_safe_default_protocol_versions().expect("ring supports TLS 1.2 and 1.3");
        let resolver: Arc<dyn ResolvesServerCert> = Arc::clone(self) as _;
        let mut config = versions.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A phone that comes back resumes by a ticket that it keeps, at no cost of memory here.
        config.ticketer = ring::Ticketer::new().expect("the system has randomness");
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 1;
        Arc::new(config)
    }

    /// Looks at the files every `interval`, as long as somebody uses the certificate.
    pub(super) async fn keep_fresh(self: Arc<Self>, interval: Duration) {
        let weak = Arc::downgrade(&self);
        drop(self);
        loop {
            tokio::time::sleep(interval).await;
            let Some(certificate) = weak.upgrade() else { return };
            let looked = tokio::task::spawn_blocking(move || certificate.reload_if_changed()).await;
            looked.expect("reading certificates does not panic");
        }
    }

    /// Reads the files if they changed. If they are no good, the certificate in use stays.
    fn reload_if_changed(&self) {
        let now = stamp(&self.files);
        let before = std::mem::replace(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner), now);
        if now == before {
            return;
        }
        match read(&self.files, &self.provider) {
            Ok(fresh) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
                tracing::info!(certificate = %self.files.certificate.display(), "the new TLS certificate is in use");
            }
            Err(error) => tracing::error!("{error}; the TLS certificate read before stays in use"),
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate").field(&self.files).finish()
    }
}

fn stamp(files: &TlsFiles) -> Stamp {
    [&files.certificate, &files.key].map(|path| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

fn read(files: &TlsFiles, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, TlsError> {
    let pem = read_file("certificate", &files.certificate)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, pem::Error>>()
        .ok()
        .filter(|chain: &Vec<_>| !chain.is_empty())
        .ok_or_else(|| TlsError::NoCertificate(files.certificate.clone()))?;
    let pem = read_file("key", &files.key)?;
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| TlsError::NoKey(files.key.clone()))?;
    match CertifiedKey::from_der(chain, key, provider) {
        Ok(certified) => Ok(Arc::new(certified)),
        Err(rustls::Error::InconsistentKeys(_)) => Err(TlsError::Mismatch(files.clone())),
        Err(source) => Err(TlsError::Unusable { files: files.clone(), source }),
    }
}

fn read_file(what: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Unreadable { what, path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::{super::scratch::Scratch, *};

    fn in_use(certificate: &Certificate) -> CertificateDer<'static> {
        certificate.current.read().unwrap().cert[0].clone()
    }

    #[test]
    fn a_new_certificate_is_used_and_a_bad_one_is_not() {
        let scratch = Scratch::new();
        let first = scratch.certificate();
        let certificate = Certificate::load(scratch.tls_files()).unwrap();
        assert_eq!(in_use(&certificate), first);

        fs::write(scratch.tls_files().key, "half written").unwrap();
        certificate.reload_if_changed();
        assert_eq!(in_use(&certificate), first);

        let second = scratch.certificate();
        assert_ne!(first, second);
        certificate.reload_if_changed();
        assert_eq!(in_use(&certificate), second);

        fs::remove_file(scratch.tls_files().certificate).unwrap();
        certificate.reload_if_changed();
        assert_eq!(in_use(&certificate), second);
    }

    #[test]
    fn every_bad_file_is_named() {
        let scratch = Scratch::new();
        let TlsFiles { certificate, key } = scratch.tls_files();
        let error = || Certificate::load(scratch.tls_files()).unwrap_err().to_string();
        let named = |error: &str, path: &Path| error.contains(path.to_str().unwrap());

        assert!(error().starts_with("cannot read the TLS certificate") && named(&error(), &certificate));
        scratch.certificate();
        let other_key = fs::read(&key).unwrap();
        scratch.certificate();
        fs::write(&key, other_key).unwrap();
        assert!(
            error().contains("does not belong") && named(&error(), &certificate) && named(&error(), &key)
        );
        fs::write(&key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
        assert!(error().contains("cannot be used") && named(&error(), &key));
        fs::write(&key, "").unwrap();
        assert!(error().contains("no PEM private key") && named(&error(), &key));
        fs::remove_file(&key).unwrap();
        assert!(error().starts_with("cannot read the TLS key") && named(&error(), &key));
        fs::write(&certificate, "hello").unwrap();
        assert!(error().contains("no PEM certificate") && named(&error(), &certificate));
    }
}
