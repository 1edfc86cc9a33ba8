//! A small listener beside the shop's own: answers one request a connection, a handful at a time, and nothing that is not
//! plain and short. Metrics have an address of their own by it, and `nexus status` asks the running shop.
//!
//! It is kept apart so that watching still works while the shop's own address is flooded: it has a thread and a runtime of
//! its own, and shares nothing with it.

use hyper::body::Incoming;
use hyper::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};

/// Connections that are answered at once; more are closed.
const MOST_AT_ONCE: usize = 8;
/// The longest head of a request; the server takes no lower bound.
const MOST_BYTES: usize = 8 * 1024;
/// How long a request may take to come in.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long all of it may take, the answer and its way included.
const WHOLE: Duration = Duration::from_secs(15);
/// How long to wait when no connection can be taken.
const PAUSE: Duration = Duration::from_millis(50);

/// What somebody asked.
#[derive(Debug, PartialEq, Eq)]
pub struct Asked {
    /// The path, without what stands behind a question mark.
    pub path: String,
    /// The `Authorization` header.
    pub authorization: Option<String>,
}

/// What they are told.
#[derive(Debug)]
pub struct Told {
    /// The status.
    pub status: u16,
    /// The content type.
    pub kind: &'static str,
    /// The body.
    pub body: String,
}

impl Told {
    /// A line for people.
    pub fn plain(status: u16, text: &str) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", body: text.to_owned() }
    }
}

/// Says what somebody is told.
pub type Answering = Arc<dyn Fn(&Asked) -> Told + Send + Sync>;

/// A listener at work; it ends when this is dropped.
pub struct Aside {
    address: SocketAddr,
    _open: oneshot::Sender<()>,
}

impl Aside {
    /// Listens at an address.
    pub fn listen(address: SocketAddr, answering: Answering) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let (open, closed) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .thread_name("nexus-aside-one")
            .max_blocking_threads(MOST_AT_ONCE)
            .enable_all()
            .build()?;
        let serve = move || {
            runtime.block_on(async {
                tokio::select! {
                    served = accept(listener, answering) => served,
                    // The other end is gone, which is all that is ever told.
                    _ = closed => Ok(()),
                }
            })?;
            // Somebody may still be answered, and nobody waits for that.
            runtime.shutdown_background();
            Ok::<_, io::Error>(())
        };
        std::thread::Builder::new().name("nexus-aside".to_owned()).spawn(serve)?;
        Ok(Self { address, _open: open })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn accept(listener: TcpListener, answering: Answering) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(MOST_AT_ONCE));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of files, for one: not to be asked again at once.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let Ok(place) = places.clone().try_acquire_owned() else { continue };
        let answering = answering.clone();
        tokio::spawn(async move {
            let _place = place;
            // Whoever is gone, or too slow, needs no answer.
            let _ = tokio::time::timeout(WHOLE, converse(stream, answering)).await;
        });
    }
}

async fn converse(stream: TcpStream, answering: Answering) -> hyper::Result<()> {
    let service = service_fn(move |request| {
        let answering = answering.clone();
        async move { Ok::<_, Infallible>(answer(&request, answering).await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(MOST_BYTES)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

/// Numbers are read from the database, so that is done apart from the connections.
async fn answer(request: &Request<Incoming>, answering: Answering) -> Response<String> {
    let told = match asked(request) {
        Some(asked) => tokio::task::spawn_blocking(move || answering(&asked)).await.unwrap_or_else(|_| {
            // It panicked, which the log says.
            Told::plain(503, "there is no answer\n")
        }),
        None => Told::plain(400, "only plain GET requests are answered here\n"),
    };
    let mut response = Response::new(told.body);
    *response.status_mut() = StatusCode::from_u16(told.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(told.kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if told.status == 401 {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// What a request asks for; nothing when it is not a plain one.
fn asked<B: hyper::body::Body>(request: &Request<B>) -> Option<Asked> {
    let (uri, headers) = (request.uri(), request.headers());
    if request.method() != Method::GET || uri.authority().is_some() || !request.body().is_end_stream() {
        return None;
    }
    let authorization = headers.get(AUTHORIZATION).map(|value| value.to_str().map(str::to_owned));
    Some(Asked { path: uri.path().to_owned(), authorization: authorization.transpose().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn requests_are_read_and_others_are_not() {
        let request = |method: &str, target: &str, body: &str| {
            let request = Request::builder().method(method).uri(target).header("authorization", "Bearer t");
            request.body(body.to_owned()).unwrap()
        };
        let read = asked(&request("GET", "/metrics?x=1", "")).unwrap();
        assert_eq!(read, Asked { path: "/metrics".to_owned(), authorization: Some("Bearer t".to_owned()) });
        for (method, target, body) in
            [("POST", "/", ""), ("GET", "http://a/", ""), ("HEAD", "/", ""), ("GET", "/", "x")]
        {
            assert_eq!(asked(&request(method, target, body)), None, "{method} {target} {body}");
        }
    }

    fn listening() -> Aside {
        let told = |asked: &Asked| Told::plain(200, &asked.path);
        Aside::listen(([127, 0, 0, 1], 0).into(), Arc::new(told)).unwrap()
    }

    fn connect(aside: &Aside) -> std::net::TcpStream {
        let stream = std::net::TcpStream::connect(aside.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    fn rest(mut stream: std::net::TcpStream) -> String {
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    #[test]
    fn whoever_asks_is_answered_and_whoever_asks_too_much_is_not() {
        let aside = listening();
        let ask = |text: &[u8]| {
            let mut stream = connect(&aside);
            // Whoever is refused may be cut off while still talking.
            let _ = stream.write_all(text);
            rest(stream)
        };
        let answer = ask(b"GET /here HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n/here"), "{answer}");
        assert!(answer.contains("content-length: 5\r\n") && answer.contains("connection: close\r\n"), "{answer}");
        for odd in [
            "PUT / HTTP/1.1",
            "GET http://a/ HTTP/1.1",
            "GET / x HTTP/1.1",
            "GET / FTP",
            "GET",
            "\0",
            "POST /here HTTP/1.1",
        ] {
            let said = ask(format!("{odd}\r\nHost: a\r\n\r\n").as_bytes());
            assert!(said.starts_with("HTTP/1.1 400"), "{odd}: {said}");
        }
        assert!(!ask(&[b'x'; MOST_BYTES * 4]).contains("200"));
        let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(MOST_BYTES));
        assert!(!ask(long.as_bytes()).contains("200"));
        assert!(ask(b"GET /again HTTP/1.0\r\n\r\n").ends_with("/again"));
    }

    #[test]
    fn whoever_is_slow_is_cut_off_and_whoever_is_one_too_many_at_once() {
        let aside = listening();
        let began = std::time::Instant::now();
        let slow: Vec<_> = (0..MOST_AT_ONCE)
            .map(|_| {
                let mut stream = connect(&aside);
                stream.write_all(b"GET / HTTP/1.1\r\n").unwrap();
                stream
            })
            .collect();
        let mut more = connect(&aside);
        let _ = more.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(rest(more), "");
        assert!(began.elapsed() < PATIENCE, "one too many waits for nobody");
        assert!(slow.into_iter().all(|stream| !rest(stream).contains("200")));
        assert!(began.elapsed() >= PATIENCE && began.elapsed() < WHOLE, "{:?}", began.elapsed());
        let mut next = connect(&aside);
        next.write_all(b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        assert!(rest(next).ends_with("/next"));
    }
}
