//! A small listener beside the shop's own: answers one request a connection, from a handful of threads, and nothing that is
//! not plain and short. Metrics have an address of their own by it, and `nexus status` asks the running shop.
//!
//! It is kept apart so that watching still works while the shop's own address is flooded, and shares nothing with it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Connections that are answered at once; more are closed.
const MOST_AT_ONCE: usize = 8;
/// The longest request.
const MOST_BYTES: usize = 8 * 1024;
/// How long a request may take to come in.
const PATIENCE: Duration = Duration::from_secs(3);

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
    ended: Arc<AtomicBool>,
}

impl Aside {
    /// Listens at an address.
    pub fn listen(address: SocketAddr, answering: Answering) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let ended = Arc::new(AtomicBool::new(false));
        let end = ended.clone();
        let accept = move || {
            let busy = Arc::new(AtomicUsize::new(0));
            for stream in listener.incoming() {
                if end.load(Ordering::Acquire) {
                    return;
                }
                match stream {
                    Ok(stream) => serve(stream, &answering, &busy),
                    // Out of files, for one: not to be asked again at once.
                    Err(_) => std::thread::sleep(Duration::from_millis(50)),
                }
            }
        };
        std::thread::Builder::new().name("nexus-aside".to_owned()).spawn(accept)?;
        Ok(Self { address, ended })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        // The thread waits for a connection, so it is given one.
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(if address.is_ipv4() {
                [127, 0, 0, 1].into()
            } else {
                std::net::Ipv6Addr::LOCALHOST.into()
            });
        }
        let _ = TcpStream::connect_timeout(&address, Duration::from_millis(200));
    }
}

/// One of a few places, given back when it is dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(busy: &Arc<AtomicUsize>) -> Option<Self> {
        let place = Self(busy.clone());
        (busy.fetch_add(1, Ordering::AcqRel) < MOST_AT_ONCE).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn serve(stream: TcpStream, answering: &Answering, busy: &Arc<AtomicUsize>) {
    let Some(place) = Place::take(busy) else { return };
    let answering = answering.clone();
    let work = move || {
        let _place = place;
        // Whoever is gone needs no answer.
        let _ = converse(stream, &answering);
    };
    let _ = std::thread::Builder::new().name("nexus-aside-one".to_owned()).spawn(work);
}

fn converse(mut stream: TcpStream, answering: &Answering) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let told = match request(&mut stream)?.as_deref().and_then(parse) {
        Some(asked) => answering(&asked),
        None => Told::plain(400, "only plain GET requests are answered here\n"),
    };
    let Told { status, kind, body } = told;
    let challenge = if status == 401 { "WWW-Authenticate: Bearer\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 {status} {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\n{challenge}Connection: close\r\n\r\n",
        reason(status),
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    stream.flush()
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        _ => "Service Unavailable",
    }
}

/// The head of a request, or nothing when it is too long, too slow or not text.
fn request(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let deadline = Instant::now() + PATIENCE;
    let (mut head, mut piece) = (Vec::new(), [0; 1024]);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || head.len() > MOST_BYTES {
            return Ok(None);
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut piece)? {
            0 => return Ok(None),
            read => head.extend_from_slice(&piece[..read]),
        }
    }
    Ok(String::from_utf8(head).ok())
}

fn parse(head: &str) -> Option<Asked> {
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target, version) = (first.next()?, first.next()?, first.next()?);
    if method != "GET" || !target.starts_with('/') || !version.starts_with("HTTP/1.") || first.next().is_some() {
        return None;
    }
    let path = target.split('?').next().unwrap_or_default().to_owned();
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("authorization").then(|| value.trim().to_owned())
    };
    Some(Asked { path, authorization: lines.find_map(header) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_and_others_are_not() {
        let asked = parse("GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\nauthorization: Bearer t\r\n\r\n").unwrap();
        assert_eq!(asked, Asked { path: "/metrics".to_owned(), authorization: Some("Bearer t".to_owned()) });
        for odd in
            ["", "GET", "POST / HTTP/1.1\r\n\r\n", "GET http://a/ HTTP/1.1\r\n\r\n", "GET / x HTTP/1.1", "GET / FTP"]
        {
            assert_eq!(parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn whoever_asks_is_answered_and_whoever_asks_too_much_is_not() {
        let told = |asked: &Asked| Told::plain(200, &asked.path);
        let aside = Aside::listen(([127, 0, 0, 1], 0).into(), Arc::new(told)).unwrap();
        let ask = |text: &[u8]| {
            let mut stream = TcpStream::connect(aside.address()).unwrap();
            // Whoever is refused may be cut off while still talking.
            let _ = stream.write_all(text);
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer);
            answer
        };
        let answer = ask(b"GET /here HTTP/1.0\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n/here"), "{answer}");
        assert!(ask(b"PUT / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 400"));
        assert!(!ask(&[b'x'; MOST_BYTES * 4]).contains("200"));
        assert!(ask(b"GET /again HTTP/1.0\r\n\r\n").ends_with("/again"));
    }
}
