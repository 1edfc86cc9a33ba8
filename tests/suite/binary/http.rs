//! The smallest HTTP client that tells a whole answer from one that was cut off.

use super::PATIENCE;
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};

/// An answer, complete: a connection that ends early is an error.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// A header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(':'));
        fields.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }
}

/// Signs in.
pub fn login(port: u16, email: &str, password: &str) -> Reply {
    let body = serde_json::json!({ "email": email, "password": password });
    request(port, "POST", "/api/v1/auth/login", None, Some(&body)).unwrap()
}

/// Asks for a path.
pub fn get(port: u16, path: &str) -> io::Result<Reply> {
    request(port, "GET", path, None, None)
}

/// One request on a connection of its own.
pub fn request(port: u16, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> io::Result<Reply> {
    exchange(port, &request_text(method, path, token, body))
}

/// Sends a text on a connection of its own and reads what comes back.
pub fn exchange(port: u16, text: &str) -> io::Result<Reply> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(text.as_bytes())?;
    read_reply(&mut stream)
}

/// What is sent for a request.
pub fn request_text(method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    if let Some(token) = token {
        text += &format!("Authorization: Bearer {token}\r\n");
    }
    let body = body.map(Value::to_string).unwrap_or_default();
    if !body.is_empty() {
        text += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    }
    text + "\r\n" + &body
}

/// A connection that is kept for several requests.
pub struct Kept(BufReader<TcpStream>);

impl Kept {
    /// Connects.
    pub fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends the text of a request that would close the connection as one that keeps it, and reads the answer.
    pub fn exchange(&mut self, text: &str) -> io::Result<Reply> {
        self.0.get_mut().write_all(text.replacen("Connection: close\r\n", "", 1).as_bytes())?;
        let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head)? == 0 {
                return Err(cut());
            }
        }
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(cut)?;
        let mut reply = Reply { status, head, body: Vec::new() };
        let length = reply.header("Content-Length").and_then(|length| length.parse().ok()).ok_or_else(cut)?;
        reply.body.resize(length, 0);
        self.0.read_exact(&mut reply.body)?;
        Ok(reply)
    }
}

fn read_reply(stream: &mut TcpStream) -> io::Result<Reply> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").ok_or_else(cut)?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let body = bytes.split_off(end + 4);
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(cut)?;
    let reply = Reply { status, head, body };
    if reply.header("Content-Length").is_some_and(|length| length.parse() != Ok(reply.body.len())) {
        return Err(cut());
    }
    Ok(reply)
}
