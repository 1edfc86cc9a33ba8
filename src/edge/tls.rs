//! The certificate in use, and where it comes from: from files of the owner's, which are read at the start and again
//! whenever one of them changes, or from [`super::acme`]. Files that do not fit leave the certificate in use as it is, and
//! the log says why.

use rustls::client::verify_server_name;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::{Duration, SystemTime};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The certificate in use. While there is none, every handshake is refused.
#[derive(Debug, Default)]
pub struct Certificate(RwLock<Option<Arc<CertifiedKey>>>);

/// A certificate and the key that belongs to it, which a handshake can be made with.
pub struct Ready(CertifiedKey);

/// The files it is read from.
pub struct Files {
    cert: PathBuf,
    key: PathBuf,
    certificate: Arc<Certificate>,
    /// The files as they were before they were read.
    first: Trace,
}

/// What tells a changed file from the one that was read.
type Trace = [Option<(SystemTime, u64)>; 2];

impl Certificate {
    /// Takes this one from the next handshake on.
    pub fn put(&self, ready: Ready) {
        *self.0.write().unwrap_or_else(|e| e.into_inner()) = Some(Arc::new(ready.0));
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
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.read().unwrap_or_else(|e| e.into_inner()).clone()
    }
}

impl Files {
    /// Reads both files.
    pub fn read(cert: &Path, key: &Path, certificate: &Arc<Certificate>) -> Result<Self, String> {
        let first = trace([cert, key]);
        certificate.put(read(cert, key)?);
        Ok(Self { cert: cert.to_owned(), key: key.to_owned(), certificate: certificate.clone(), first })
    }

    /// Looks at the files for as long as this is polled.
    pub async fn follow(self: Arc<Self>) {
        let mut seen = self.first;
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        loop {
            ticks.tick().await;
            let files = self.clone();
            let looked = tokio::task::spawn_blocking(move || files.look(seen)).await;
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
                self.certificate.put(fresh);
                tracing::info!(file = %self.cert.display(), "a new certificate is in use");
            }
            Err(why) => tracing::warn!(%why, "the certificate in use stays, since the new one cannot be used"),
        }
        now
    }
}

impl Ready {
    /// Reads a certificate, those that vouch for it, and its key, which stand in one text or in two.
    pub fn parse(chain: &[u8], key: &[u8]) -> Result<Self, String> {
        let chain = certificates(chain)?;
        let private = PrivateKeyDer::from_pem_slice(key).map_err(|e| e.to_string())?;
        CertifiedKey::from_der(chain, private, &default_provider()).map(Self).map_err(|e| e.to_string())
    }

    /// The first of these hosts that the certificate is not for.
    pub fn lacks<'h>(&self, hosts: &'h [String]) -> Option<&'h str> {
        let parsed = self.0.end_entity_cert().ok().and_then(|der| ParsedCertificate::try_from(der).ok());
        let has = |host: &str| {
            let name = ServerName::try_from(host.to_ascii_lowercase());
            parsed.as_ref().zip(name.ok()).is_some_and(|(parsed, name)| verify_server_name(parsed, &name).is_ok())
        };
        hosts.iter().map(String::as_str).find(|host| !has(host))
    }
}

fn trace(files: [&Path; 2]) -> Trace {
    files.map(|path| {
        let meta = std::fs::metadata(path).ok()?;
        Some((meta.modified().ok()?, meta.len()))
    })
}

fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let chain = chain.map_err(|e| e.to_string())?;
    if chain.is_empty() {
        return Err("there is no certificate in it (BEGIN CERTIFICATE)".to_owned());
    }
    Ok(chain)
}

fn read(cert: &Path, key: &Path) -> Result<Ready, String> {
    let text = |path: &Path| std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()));
    let chain = certificates(&text(cert)?).map_err(|e| format!("{}: {e}", cert.display()))?;
    let private = PrivateKeyDer::from_pem_slice(&text(key)?).map_err(|e| format!("{}: {e}", key.display()))?;
    CertifiedKey::from_der(chain, private, &default_provider())
        .map(Ready)
        .map_err(|e| format!("{} and {}: {e}", cert.display(), key.display()))
}
