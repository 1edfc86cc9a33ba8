//! An endpoint on the loopback address that behaves as a test wants it to, and keeps what it is told.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// How an endpoint behaves from the next request on.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// It answers with this status.
    Says(u16),
    /// It answers with this status and sends whoever asks back to itself.
    Redirects(u16),
    /// It takes the request and says nothing.
    Silent,
}

/// What an endpoint was told.
#[derive(Clone, Debug)]
pub struct Told {
    /// The headers by their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: String,
}

impl Told {
    /// A header.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("{name} in {self:?}"))
    }

    /// The body, read.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Which of these secrets signed it, checked as a receiver would.
    pub fn signed_by<'s>(&self, secrets: &[&'s str]) -> Vec<&'s str> {
        let told: Vec<&str> = self.header("webhook-signature").split(' ').collect();
        let signed = format!("{}.{}.{}", self.header("webhook-id"), self.header("webhook-timestamp"), self.body);
        let fits = |secret: &&&str| {
            let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            mac.update(signed.as_bytes());
            told.contains(&format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())).as_str())
        };
        let found: Vec<&str> = secrets.iter().filter(fits).copied().collect();
        assert_eq!(found.len(), told.len(), "a signature by nobody known: {told:?}");
        found
    }
}

/// A running endpoint.
#[derive(Clone)]
pub struct Receiver {
    /// Where it listens.
    pub port: u16,
    shared: Arc<(Mutex<Manner>, Mutex<Vec<Told>>)>,
}

impl Receiver {
    /// Starts an endpoint; it ends with the process.
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let receiver = Self { port, shared: Arc::new((Mutex::new(manner), Mutex::default())) };
        let serving = receiver.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let receiver = serving.clone();
                // A client that goes away in the middle is none of the endpoint's business.
                std::thread::spawn(move || receiver.talk(stream).ok());
            }
        });
        receiver
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// Its entry in the list of addresses that are let in.
    pub fn entry(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Lets it behave otherwise.
    pub fn behave(&self, manner: Manner) {
        *self.shared.0.lock().unwrap() = manner;
    }

    /// All it has been told.
    pub fn told(&self) -> Vec<Told> {
        self.shared.1.lock().unwrap().clone()
    }

    fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        let (mut reader, mut writer) = (BufReader::new(stream.try_clone()?), stream);
        let (mut line, mut headers) = (String::new(), Vec::new());
        reader.read_line(&mut line)?;
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, n)| n.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let manner = *self.shared.0.lock().unwrap();
        self.shared.1.lock().unwrap().push(Told { headers, body: String::from_utf8(body).unwrap() });
        match manner {
            Manner::Says(status) => {
                write!(writer, "HTTP/1.1 {status} So\r\nContent-Length: 5\r\nConnection: close\r\n\r\nnoted")
            }
            Manner::Redirects(status) => {
                let url = self.url();
                write!(
                    writer,
                    "HTTP/1.1 {status} So\r\nLocation: {url}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )
            }
            // Until the client gives up.
            Manner::Silent => std::io::copy(&mut reader, &mut std::io::sink()).map(drop),
        }
    }
}
