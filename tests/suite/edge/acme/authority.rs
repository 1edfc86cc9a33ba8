//! A stand-in for an authority of certificates, by RFC 8555: it holds whoever asks to the letter (signatures, nonces,
//! addresses, order of steps), really looks for its proof at the plain door, and signs with a root of its own. What
//! somebody did wrong is on record, so that tests can see that nothing was.

use super::wire::{self, Asked};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// What an answer consists of.
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// The authority.
pub struct Authority {
    /// Where it listens, by TLS.
    pub port: u16,
    pub root: wire::Root,
    books: Mutex<Books>,
}

/// What it knows and how it behaves.
#[derive(Default)]
pub struct Books {
    /// Where the plain door of whoever asks is; the real ones look at port 80.
    pub door: u16,
    /// So many right nonces are called wrong.
    pub bad_nonces: u32,
    /// Orders that are refused, with the seconds to wait.
    pub busy: Vec<u32>,
    /// Whether proofs are not found.
    pub blind: bool,
    /// For how many seconds certificates are good.
    pub seconds: i64,
    /// What was asked, by address.
    pub asked: Vec<String>,
    /// What was done wrong.
    pub faults: Vec<String>,
    /// Nonces that were called wrong.
    pub wrong_nonces: u32,
    /// The tokens that proof was looked for at.
    pub tokens: Vec<String>,
    /// What each account said of itself.
    pub contacts: Vec<Value>,
    /// The accounts it knows.
    pub keys: Vec<(Vec<u8>, String)>,
    nonces: HashSet<String>,
    orders: Vec<Order>,
}

struct Order {
    names: Vec<Name>,
    chain: Option<String>,
}

struct Name {
    host: String,
    token: String,
    status: &'static str,
    error: Option<Value>,
}

type Outcome = Result<Answer, Answer>;

impl Authority {
    /// Opens it, for whoever's plain door is to be told.
    pub fn open() -> Arc<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let books = Mutex::new(Books { seconds: 90 * 86_400, ..Books::default() });
        let authority = Arc::new(Self { port, root: wire::Root::new(), books });
        let tls = authority.root.server_config();
        let here = authority.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (here, tls) = (here.clone(), tls.clone());
                std::thread::spawn(move || wire::serve(stream, tls, |asked| here.answer(&asked)));
            }
        });
        authority
    }

    pub fn directory(&self) -> String {
        self.url("/directory")
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    fn url(&self, path: &str) -> String {
        format!("https://127.0.0.1:{}{path}", self.port)
    }

    fn answer(&self, asked: &Asked) -> String {
        let mut books = self.books();
        books.asked.push(format!("{} {}", asked.method, asked.path));
        let answer = match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/directory") => ok(json!({
                "newNonce": self.url("/nonce"), "newAccount": self.url("/account"), "newOrder": self.url("/order"),
                "revokeCert": self.url("/revoke"), "keyChange": self.url("/change"),
                "meta": { "termsOfService": self.url("/terms") },
            })),
            ("HEAD", "/nonce") => ok(Value::Null),
            ("POST", _) => self.signed(&mut books, asked).unwrap_or_else(|refusal| refusal),
            _ => problem(&mut books, 404, "malformed", &format!("{} {}", asked.method, asked.path)),
        };
        let nonce = format!("nonce-{}", books.asked.len());
        books.nonces.insert(nonce.clone());
        let mut text = format!(
            "HTTP/1.1 {} Some\r\nreplay-nonce: {nonce}\r\nlink: <{}>;rel=\"index\"\r\nconnection: close\r\n",
            answer.status,
            self.directory()
        );
        for (name, value) in answer.headers {
            text += &format!("{name}: {value}\r\n");
        }
        text + &format!("content-length: {}\r\n\r\n{}", answer.body.len(), answer.body)
    }

    /// Looks at the signature (section 6.2 to 6.5) before anything else.
    fn signed(&self, books: &mut Books, asked: &Asked) -> Outcome {
        let wrong = |books: &mut Books, what: &str| Err(problem(books, 400, "malformed", what));
        if asked.header("content-type") != "application/jose+json" {
            return wrong(books, "content type");
        }
        let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
        let part = |name: &str| body[name].as_str().unwrap_or_default();
        let bytes = |text: &str| BASE64.decode(text).unwrap_or_default();
        let head: Value = serde_json::from_slice(&bytes(part("protected"))).unwrap_or_default();
        if head["alg"] != "ES256" || head["url"] != self.url(&asked.path) {
            return wrong(books, &format!("head {head} at {}", asked.path));
        }
        let is_new = asked.path == "/account";
        let is_contact = asked.path.starts_with("/account/");
        let (key, thumb) = match (head.get("jwk"), head["kid"].as_str()) {
            (Some(jwk), None) if is_new => wire::public_key(jwk),
            (None, Some(kid)) if !is_new => {
                let number = kid.strip_prefix(&self.url("/account/")).and_then(|n| n.parse::<usize>().ok());
                let Some(known) = number.and_then(|n| books.keys.get(n)).cloned() else {
                    return Err(refusal(400, "accountDoesNotExist", "it was forgotten"));
                };
                known
            }
            _ => return wrong(books, "jwk or kid"),
        };
        let signed = format!("{}.{}", part("protected"), part("payload"));
        let signature = bytes(part("signature"));
        if UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &key).verify(signed.as_bytes(), &signature).is_err() {
            return wrong(books, "signature");
        }
        let is_fresh = books.nonces.remove(head["nonce"].as_str().unwrap_or_default());
        if !is_fresh {
            return wrong(books, "nonce");
        }
        if books.bad_nonces > 0 {
            books.bad_nonces -= 1;
            books.wrong_nonces += 1;
            return Err(refusal(400, "badNonce", "not this one"));
        }
        let payload = bytes(part("payload"));
        if is_new {
            return account(books, self, (key, thumb), &serde_json::from_slice(&payload).unwrap_or_default());
        }
        if is_contact {
            let said: Value = serde_json::from_slice(&payload).unwrap_or_default();
            books.contacts.push(said["contact"].clone());
            return Ok(ok(json!({ "status": "valid" })));
        }
        self.step(books, &asked.path, &thumb, &payload)
    }

    /// The steps of an order (section 7.4 and 7.5). An empty payload only looks.
    fn step(&self, books: &mut Books, path: &str, thumb: &str, payload: &[u8]) -> Outcome {
        let said: Value = serde_json::from_slice(payload).unwrap_or_default();
        let steps: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let number = |at: usize| steps.get(at).and_then(|text| text.parse::<usize>().ok()).unwrap_or(usize::MAX);
        let (order, name) = (number(1), number(2));
        let is_there = books.orders.get(order).is_some();
        match steps[0] {
            "order" if steps.len() == 1 => self.order(books, &said),
            "order" if is_there && payload.is_empty() => Ok(ok(self.order_as_json(books, order))),
            "proof" | "challenge" if !is_there || books.orders[order].names.len() <= name => {
                Err(problem(books, 404, "malformed", path))
            }
            "proof" if payload.is_empty() => Ok(ok(self.proof_as_json(books, order, name))),
            "challenge" if said == json!({}) => {
                // It is looked for after the answer, as far as anybody can see.
                let mut now = self.proof_as_json(books, order, name)["challenges"][1].clone();
                now["status"] = json!("processing");
                look(books, order, name, thumb);
                Ok(ok(now))
            }
            "finalize" if is_there => self.finalize(books, order, &said),
            "chain" if is_there && payload.is_empty() => {
                let chain = books.orders[order].chain.clone().unwrap_or_default();
                let headers = vec![("content-type", "application/pem-certificate-chain".to_owned())];
                Ok(Answer { status: 200, headers, body: chain })
            }
            _ => Err(problem(books, 404, "malformed", path)),
        }
    }

    fn order(&self, books: &mut Books, said: &Value) -> Outcome {
        if !books.busy.is_empty() {
            let seconds = books.busy.remove(0);
            let mut answer = refusal(429, "rateLimited", "too many certificates for this name");
            answer.headers.push(("retry-after", seconds.to_string()));
            return Err(answer);
        }
        let number = books.orders.len();
        let hosts = said["identifiers"].as_array().into_iter().flatten();
        let hosts: Vec<String> = hosts.filter_map(|id| Some(id["value"].as_str()?.to_owned())).collect();
        let name = |(at, host)| Name { host, token: format!("token-{number}-{at}_x"), status: "pending", error: None };
        books.orders.push(Order { names: hosts.into_iter().enumerate().map(name).collect(), chain: None });
        let mut answer = ok(self.order_as_json(books, number));
        answer.status = 201;
        answer.headers.push(("location", self.url(&format!("/order/{number}"))));
        Ok(answer)
    }

    fn order_as_json(&self, books: &Books, number: usize) -> Value {
        let order = &books.orders[number];
        let status = match order {
            Order { chain: Some(_), .. } => "valid",
            Order { names, .. } if names.iter().all(|name| name.status == "valid") => "ready",
            Order { names, .. } if names.iter().any(|name| name.status == "invalid") => "invalid",
            Order { .. } => "pending",
        };
        let proofs = (0..order.names.len()).map(|name| self.url(&format!("/proof/{number}/{name}")));
        let ids = order.names.iter().map(|name| json!({ "type": "dns", "value": name.host }));
        let mut text = json!({
            "status": status,
            "identifiers": ids.collect::<Vec<_>>(),
            "authorizations": proofs.collect::<Vec<_>>(),
            "finalize": self.url(&format!("/finalize/{number}")),
        });
        if order.chain.is_some() {
            text["certificate"] = json!(self.url(&format!("/chain/{number}")));
        }
        text
    }

    fn proof_as_json(&self, books: &Books, number: usize, at: usize) -> Value {
        let name = &books.orders[number].names[at];
        let url = self.url(&format!("/challenge/{number}/{at}"));
        let mut challenge = json!({ "type": "http-01", "url": url, "token": name.token, "status": name.status });
        if let Some(error) = &name.error {
            challenge["error"] = error.clone();
        }
        let other = json!({ "type": "dns-01", "url": format!("{url}/dns"), "token": "other", "status": "pending" });
        json!({
            "status": name.status,
            "identifier": { "type": "dns", "value": name.host },
            "challenges": [other, challenge],
        })
    }

    /// Signs what is asked for, if the order is ready and the request is by who has the key (section 7.4).
    fn finalize(&self, books: &mut Books, number: usize, said: &Value) -> Outcome {
        if self.order_as_json(books, number)["status"] != "ready" {
            return Err(problem(books, 403, "orderNotReady", "finalize"));
        }
        let csr = BASE64.decode(said["csr"].as_str().unwrap_or_default()).unwrap_or_default();
        let hosts: Vec<String> = books.orders[number].names.iter().map(|name| name.host.clone()).collect();
        let Some(key) = wire::requested_key(&csr, &hosts) else {
            return Err(problem(books, 400, "badCSR", "the request"));
        };
        books.orders[number].chain = Some(self.root.sign(&hosts, &key, -3_600, books.seconds));
        Ok(ok(self.order_as_json(books, number)))
    }
}

fn account(books: &mut Books, authority: &Authority, key: (Vec<u8>, String), said: &Value) -> Outcome {
    if said["termsOfServiceAgreed"] != true {
        return Err(problem(books, 403, "userActionRequired", "the terms"));
    }
    let known = books.keys.iter().position(|(known, _)| *known == key.0);
    let number = known.unwrap_or(books.keys.len());
    if known.is_none() {
        books.keys.push(key);
        books.contacts.push(said["contact"].clone());
    }
    let mut answer = ok(json!({ "status": "valid" }));
    answer.status = if known.is_some() { 200 } else { 201 };
    answer.headers.push(("location", authority.url(&format!("/account/{number}"))));
    Ok(answer)
}

/// Looks for the proof where it has to be (section 8.3).
fn look(books: &mut Books, order: usize, at: usize, thumb: &str) {
    let (door, blind) = (books.door, books.blind);
    let name = &mut books.orders[order].names[at];
    books.tokens.push(name.token.clone());
    let found = ask_plain(door, &format!("/.well-known/acme-challenge/{}", name.token), &name.host);
    let (head, body) = found.split_once("\r\n\r\n").unwrap_or_default();
    let is_proof = head.starts_with("HTTP/1.1 200 ")
        && head.contains("content-type: application/octet-stream")
        && body == format!("{}.{thumb}", name.token);
    if is_proof && !blind {
        name.status = "valid";
        return;
    }
    name.status = "invalid";
    let detail = if blind { "Fetching it: Timeout during connect (likely firewall problem)" } else { &found };
    name.error = Some(json!({ "type": "urn:ietf:params:acme:error:connection", "detail": detail, "status": 400 }));
}

/// One request at the door of plain HTTP.
pub fn ask_plain(door: u16, path: &str, host: &str) -> String {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, door)) else { return String::new() };
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

fn ok(body: Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Answer { status: 200, headers: vec![("content-type", "application/json".to_owned())], body }
}

fn refusal(status: u16, kind: &str, detail: &str) -> Answer {
    let body = json!({ "type": format!("urn:ietf:params:acme:error:{kind}"), "detail": detail, "status": status });
    let headers = vec![("content-type", "application/problem+json".to_owned())];
    Answer { status, headers, body: body.to_string() }
}

/// The same for what nobody may do who knows the protocol.
fn problem(books: &mut Books, status: u16, kind: &str, detail: &str) -> Answer {
    books.faults.push(format!("{kind}: {detail}"));
    refusal(status, kind, detail)
}
