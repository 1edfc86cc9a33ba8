//! The requests of ACME on their way: over the HTTP client that everything else here uses, to https addresses only, and
//! with an eye on how long the authority wants to be left alone.

use bytes::Bytes;
use http_body_util::BodyExt;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use ureq::Agent;
use ureq::http::header::{CONTENT_TYPE, RETRY_AFTER};
use ureq::http::{HeaderMap, Method, Request};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// More than any answer has.
const MOST_BYTES: u64 = 1024 * 1024;
/// What is taken for a time that cannot be read.
const SOME_TIME: Duration = Duration::from_secs(3_600);

type Answered = Result<BytesResponse, Error>;

/// The way to the authority.
#[derive(Clone)]
pub struct Wire {
    agent: Agent,
    wait: Arc<Mutex<Option<Duration>>>,
}

impl Wire {
    /// A way on which whoever these PEM files vouch for is the authority; without any, whoever browsers trust.
    pub fn new(roots: &Path) -> Result<Self, String> {
        let tls = TlsConfig::builder();
        let tls = if roots.as_os_str().is_empty() { tls } else { tls.root_certs(read_roots(roots)?) };
        let config = Agent::config_builder().tls_config(tls.build()).https_only(true).timeout_global(Some(PATIENCE));
        let config = config.http_status_as_error(false).max_idle_connections(1).build();
        Ok(Self { agent: config.into(), wait: Arc::default() })
    }

    /// Forgets what the authority said about waiting.
    pub fn forget(&self) {
        *self.told() = None;
    }

    /// How long the authority, in refusing something, said to wait.
    pub fn wait(&self) -> Option<Duration> {
        *self.told()
    }

    fn told(&self) -> MutexGuard<'_, Option<Duration>> {
        self.wait.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, request: Request<Bytes>) -> Answered {
        let (head, body) = request.into_parts();
        let answer = match head.method {
            Method::POST => self.agent.run(Request::from_parts(head, body.to_vec())),
            _ => self.agent.run(Request::from_parts(head, ())),
        };
        let failed = |e: ureq::Error| Error::Other(format!("the authority was not reached: {e}").into());
        let mut answer = answer.map_err(failed)?;
        let body = answer.body_mut().with_config().limit(MOST_BYTES).read_to_vec().map_err(failed)?;
        let (head, _) = answer.into_parts();
        let is_fault = head.status.is_client_error() || head.status.is_server_error();
        if is_fault {
            *self.told() = retry_after(&head.headers, SystemTime::now());
        }
        // A proxy on the way, or an authority that is down, has no words for it that a client of ACME knows.
        let kind = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if is_fault && !kind.contains("json") {
            return Err(Error::Other(format!("the authority answered {}", head.status).into()));
        }
        Ok(BytesResponse { parts: head, body: Box::new(Bytes::from(body)) })
    }
}

impl HttpClient for Wire {
    fn request(&self, request: Request<BodyWrapper<Bytes>>) -> Pin<Box<dyn Future<Output = Answered> + Send>> {
        let wire = self.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap_or_else(|never| match never {}).to_bytes();
            // Nothing else runs on this thread, so it may wait.
            wire.ask(Request::from_parts(head, body))
        })
    }
}

/// How long to wait: seconds, or a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = text.parse().ok().map(Duration::from_secs);
    let date = || Some(httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default());
    Some(seconds.or_else(date).unwrap_or(SOME_TIME))
}

fn read_roots(path: &Path) -> Result<RootCerts, String> {
    let text = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let items: Result<Vec<_>, _> = ureq::tls::parse_pem(&text).collect();
    let items = items.map_err(|e| format!("{}: {e}", path.display()))?;
    let is_certificate = |item: PemItem<'static>| match item {
        PemItem::Certificate(certificate) => Some(certificate),
        _ => None,
    };
    let roots: Vec<Certificate<'static>> = items.into_iter().filter_map(is_certificate).collect();
    if roots.is_empty() {
        return Err(format!("{}: there is no certificate in it (BEGIN CERTIFICATE)", path.display()));
    }
    Ok(RootCerts::new_with_certs(&roots))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::HeaderValue;

    #[test]
    fn time_to_wait_is_read_in_seconds_and_as_a_date() {
        let now = httpdate::parse_http_date("Fri, 27 Nov 2026 10:00:00 GMT").unwrap();
        let waits = |text: &'static str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);
            retry_after(&headers, now).map(|wait| wait.as_secs())
        };
        assert_eq!(waits("120"), Some(120));
        assert_eq!(waits("Fri, 27 Nov 2026 10:05:00 GMT"), Some(300));
        assert_eq!(waits("Fri, 27 Nov 2026 09:05:00 GMT"), Some(0));
        assert_eq!(waits("soon"), Some(3_600));
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn root_certificates_that_cannot_be_read_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("roots.pem");
        let said = || Wire::new(&file).err().unwrap();
        assert!(said().contains("roots.pem"));
        std::fs::write(&file, "nothing of the kind").unwrap();
        assert!(said().contains("BEGIN CERTIFICATE"));
        assert!(Wire::new(Path::new("")).is_ok());
    }
}
