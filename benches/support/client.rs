//! A client that keeps its connection and waits for each answer: what a browser does, and little enough that the server
//! is what is measured.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// What goes wrong in a measurement ends it.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Nothing takes so long unless the server has hung.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection that is kept.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer: status and body.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body as it came.
    pub body: Vec<u8>,
}

impl Client {
    /// Connects to a port of this machine.
    pub fn connect(port: u16) -> Outcome<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Sends a request, with an `Idempotency-Key` and a body where there are some.
    pub fn ask(&mut self, method: &str, path: &str, key: Option<&str>, body: Option<&Value>) -> Outcome<Answer> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let key = key.map(|key| format!("Idempotency-Key: {key}\r\n")).unwrap_or_default();
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let length = body.len();
        let text =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{key}{kind}Content-Length: {length}\r\n\r\n{body}");
        self.stream.write_all(text.as_bytes())?;
        self.buffer.clear();
        let mut piece = [0; 16 * 1024];
        loop {
            let read = self.stream.read(&mut piece)?;
            if read == 0 {
                return Err("the connection ended".into());
            }
            self.buffer.extend_from_slice(&piece[..read]);
            let Some(end) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&self.buffer[..end]).to_lowercase();
            if let Some(body) = whole(&head, &self.buffer[end + 4..]) {
                let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
                return Ok(Answer { status, body });
            }
        }
    }

    /// Sends a request and gives the body of its answer, which must be a success.
    pub fn send(&mut self, method: &str, path: &str, key: Option<&str>, body: Option<&Value>) -> Outcome<Vec<u8>> {
        let answer = self.ask(method, path, key, body)?;
        if !(200..300).contains(&answer.status) {
            let said = String::from_utf8_lossy(&answer.body).into_owned();
            return Err(format!("{method} {path}: {} {said}", answer.status).into());
        }
        Ok(answer.body)
    }
}

/// The body, once all of it has come: by its length, or in chunks up to the empty one.
fn whole(head: &str, rest: &[u8]) -> Option<Vec<u8>> {
    if head.contains("transfer-encoding: chunked") {
        return unchunked(rest);
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    rest.get(..length).map(<[u8]>::to_vec)
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|w| w == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?.trim(), 16).ok()?;
        let chunk = rest.get(end + 2..end + 2 + length)?;
        rest = rest.get(end + 2 + length + 2..)?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunk);
    }
}
