//! Certificate and key: read at the start, and again whenever one of the files changes. Files that do not fit leave the
//! certificate in use as it is, and the log says why.

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::{Duration, SystemTime};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The certificate in use and where it comes from.
#[derive(Debug)]
pub struct Certificate {
    cert: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
    /// The files as they were before they were read.
    first: Trace,
}

/// What tells a changed file from the one that was read.
type Trace = [Option<(SystemTime, u64)>; 2];

impl Certificate {
    /// Reads both files.
    pub fn read(cert: &Path, key: &Path) -> Result<Self, String> {
        let first = trace([cert, key]);
        let current = RwLock::new(Arc::new(read(cert, key)?));
        Ok(Self { cert: cert.to_owned(), key: key.to_owned(), current, first })
    }

    /// What a handshake needs: the certificate as it is then, HTTP/2 before HTTP/1.1.
    pub fn server_config(self: &Arc<Self>) -> Result<ServerConfig, String> {
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(|e| e.to_string())?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    /// Looks at the files for as long as this is polled.
    pub async fn follow(self: Arc<Self>) {
        let mut seen = self.first;
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        loop {
            ticks.tick().await;
            let certificate = self.clone();
            let looked = tokio::task::spawn_blocking(move || certificate.look(seen)).await;
            seen = looked.unwrap_or(seen);
        }
    }

    /// Reads the files if they are others than these.
    fn look(&self, seen: Trace) -> Trace {
        let now = trace([&self.cert, &self.key]);
        if now == seen {
            return seen;
        }
        match read(&self.cert, &self.key) {
            Ok(fresh) => {
                *self.current.write().unwrap_or_else(|e| e.into_inner()) = Arc::new(fresh);
                tracing::info!(file = %self.cert.display(), "a new certificate is in use");
            }
            Err(why) => tracing::warn!(%why, "the certificate in use stays, since the new one cannot be used"),
        }
        now
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(|e| e.into_inner()).clone())
    }
}

fn trace(files: [&Path; 2]) -> Trace {
    files.map(|path| {
        let meta = std::fs::metadata(path).ok()?;
        Some((meta.modified().ok()?, meta.len()))
    })
}

fn read(cert: &Path, key: &Path) -> Result<CertifiedKey, String> {
    let text = |path: &Path| std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()));
    let chain: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(&text(cert)?).collect();
    let chain = chain.map_err(|e| format!("{}: {e}", cert.display()))?;
    if chain.is_empty() {
        return Err(format!("{}: there is no certificate in it (BEGIN CERTIFICATE)", cert.display()));
    }
    let private = PrivateKeyDer::from_pem_slice(&text(key)?).map_err(|e| format!("{}: {e}", key.display()))?;
    CertifiedKey::from_der(chain, private, &default_provider())
        .map_err(|e| format!("{} and {}: {e}", cert.display(), key.display()))
}
