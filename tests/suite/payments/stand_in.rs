//! A server that behaves as Stripe's API does, as far as the shop uses it: written from the public documentation. It
//! knows repetitions by their key, signs its messages, and fails in whatever way a test asks for.

use hmac::{Hmac, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// What happens to the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It works.
    None,
    /// It works, after a while.
    Slow,
    /// The connection is cut before anything is done.
    CutBefore,
    /// The connection is cut after it was done.
    CutAfter,
    /// Nothing is answered for longer than the shop waits, after it was done.
    Stall,
    /// It fails without being done.
    Error500,
    /// It is not done, since too much is going on.
    Error429,
}

/// How long a stalled call is stalled.
pub const STALL: Duration = Duration::from_millis(600);
/// What messages are signed with.
pub const SECRET: &str = "whsec_stand_in";
/// The key of the account.
pub const KEY: &str = "sk_test_stand_in";

/// The server.
pub struct StandIn {
    state: Arc<Mutex<State>>,
    port: u16,
}

/// What it has.
#[derive(Default)]
pub struct State {
    /// Payment intents by id.
    pub intents: BTreeMap<String, Value>,
    /// Refunds by id.
    pub refunds: BTreeMap<String, Value>,
    /// Answers by idempotency key, with what was asked.
    kept: BTreeMap<String, (String, u16, Value)>,
    /// What happens to the next calls.
    pub faults: VecDeque<Fault>,
    /// Messages that were not sent yet.
    pub outbox: Vec<Value>,
    /// Times a refund was asked for, whatever came of it.
    pub refund_calls: usize,
    /// Whether refunds fail.
    pub refunds_fail: bool,
    /// Whether refunds are on their way at first.
    pub refunds_wait: bool,
    /// All calls: method and path.
    pub calls: Vec<String>,
    /// Calls under way, and the most there ever were.
    pub under_way: (usize, usize),
    next: u64,
    closed: bool,
}

impl StandIn {
    /// Starts it on a free port of this machine.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if locked(&shared).closed {
                    break;
                }
                let shared = shared.clone();
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { state, port }
    }

    /// Where its API is.
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it has.
    pub fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// The next calls fail like this.
    pub fn faults(&self, faults: &[Fault]) {
        self.state().faults.extend(faults);
    }

    /// The buyer pays an intent in the browser.
    pub fn pay(&self, id: &str) {
        self.state().pay(id, None);
    }

    /// The messages that were not sent yet.
    pub fn messages(&self) -> Vec<Value> {
        std::mem::take(&mut self.state().outbox)
    }

    /// Refunds of an intent that worked or are on their way.
    pub fn refunded(&self, intent: &str) -> i64 {
        let state = self.state();
        let of = |refund: &&Value| refund["payment_intent"] == intent && refund["status"] != "failed";
        state.refunds.values().filter(of).filter_map(|refund| refund["amount"].as_i64()).sum()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.state().closed = true;
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// The header that Stripe would send with a body.
pub fn signature(body: &[u8], seconds: i64, secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    let hex: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
    format!("t={seconds},v1={hex}")
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(|e| e.into_inner())
}

impl State {
    fn id(&mut self, kind: &str) -> String {
        self.next += 1;
        format!("{kind}_{}", self.next)
    }

    /// Puts a message into the outbox.
    pub fn tell(&mut self, kind: &str, thing: &Value) {
        let id = self.id("evt");
        self.outbox.push(json!({ "id": id, "object": "event", "type": kind, "data": { "object": thing } }));
    }

    /// The buyer pays an intent, if it can be paid; what is received may be something else.
    pub fn pay(&mut self, id: &str, other: Option<(i64, &str)>) {
        let Some(intent) = self.intents.get_mut(id).filter(|intent| is_open(intent)) else { return };
        intent["status"] = json!("succeeded");
        intent["amount_received"] = intent["amount"].clone();
        if let Some((amount, currency)) = other {
            intent["amount_received"] = json!(amount);
            intent["currency"] = json!(currency);
        }
        let intent = intent.clone();
        self.tell("payment_intent.succeeded", &intent);
    }

    /// The buyer's card is declined; the buyer may try another one.
    pub fn fail(&mut self, id: &str) {
        let Some(intent) = self.intents.get_mut(id).filter(|intent| is_open(intent)) else { return };
        intent["last_payment_error"] = json!({ "code": "card_declined", "message": "Your card was declined." });
        let intent = intent.clone();
        self.tell("payment_intent.payment_failed", &intent);
    }

    /// Refunds that were on their way come to an end.
    pub fn settle_refunds(&mut self, status: &str) {
        let waiting: Vec<String> =
            self.refunds.iter().filter(|(_, r)| r["status"] == "pending").map(|(id, _)| id.clone()).collect();
        for id in waiting {
            let Some(refund) = self.refunds.get_mut(&id) else { continue };
            refund["status"] = json!(status);
            let refund = refund.clone();
            self.tell(if status == "failed" { "refund.failed" } else { "refund.updated" }, &refund);
        }
    }
}

fn is_open(intent: &Value) -> bool {
    ["requires_payment_method", "requires_action", "processing"].contains(&intent["status"].as_str().unwrap_or(""))
}

/// A request, read.
struct Request {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: String,
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut parts = line.split_whitespace();
    let (method, path) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length: usize = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body: String::from_utf8(body).ok()? })
}

fn serve(mut stream: TcpStream, shared: &Mutex<State>) {
    let Some(request) = read(&stream) else { return };
    let fault = {
        let mut state = locked(shared);
        state.calls.push(format!("{} {}", request.method, request.path));
        if request.path.starts_with("/v1/refunds") && request.method == "POST" {
            state.refund_calls += 1;
        }
        state.under_way.0 += 1;
        state.under_way.1 = state.under_way.1.max(state.under_way.0);
        state.faults.pop_front().unwrap_or(Fault::None)
    };
    respond(&mut stream, &request, fault, shared);
    locked(shared).under_way.0 -= 1;
}

fn respond(stream: &mut TcpStream, request: &Request, fault: Fault, shared: &Mutex<State>) {
    if fault == Fault::CutBefore {
        return;
    }
    let failed = |kind: &str| json!({ "error": { "type": kind, "message": "try again" } });
    let (status, answer) = match fault {
        Fault::Error500 => (500, failed("api_error")),
        Fault::Error429 => (429, failed("rate_limit_error")),
        _ => locked(shared).answer(request),
    };
    match fault {
        Fault::CutAfter => return,
        Fault::Stall => std::thread::sleep(STALL),
        Fault::Slow => std::thread::sleep(STALL / 12),
        _ => {}
    }
    let body = answer.to_string();
    let head = format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\n");
    let _ = stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
}

fn refusal(status: u16, kind: &str, code: &str) -> (u16, Value) {
    (status, json!({ "error": { "type": kind, "code": code, "message": format!("{kind} {code}") } }))
}

fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

fn form(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

fn metadata(form: &BTreeMap<String, String>) -> Value {
    let mut found = Map::new();
    for (name, value) in form {
        if let Some(name) = name.strip_prefix("metadata[").and_then(|rest| rest.strip_suffix(']')) {
            found.insert(name.to_owned(), json!(value));
        }
    }
    Value::Object(found)
}

impl State {
    fn answer(&mut self, request: &Request) -> (u16, Value) {
        if request.headers.get("authorization").map(String::as_str) != Some(&format!("Bearer {KEY}")) {
            return refusal(401, "invalid_request_error", "");
        }
        if !request.headers.contains_key("stripe-version") {
            return refusal(400, "invalid_request_error", "version_missing");
        }
        if request.method == "GET" {
            return self.get(&request.path);
        }
        let asked = format!("{} {}", request.path, request.body);
        let key = request.headers.get("idempotency-key").cloned();
        if let Some((before, status, answer)) = key.as_ref().and_then(|key| self.kept.get(key)) {
            if *before != asked {
                return refusal(400, "idempotency_error", "");
            }
            return (*status, answer.clone());
        }
        let (status, answer) = self.post(&request.path, &form(&request.body));
        if let Some(key) = key {
            self.kept.insert(key, (asked, status, answer.clone()));
        }
        (status, answer)
    }

    fn get(&self, path: &str) -> (u16, Value) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let query = form(query);
        let known = |thing: Option<&Value>| match thing {
            Some(thing) => (200, thing.clone()),
            None => refusal(404, "invalid_request_error", "resource_missing"),
        };
        if path == "/v1/payment_intents/search" {
            let asked = query.get("query").cloned().unwrap_or_default();
            let wanted = |intent: &&Value| {
                intent["metadata"].as_object().is_some_and(|metadata| {
                    asked.split(" AND ").all(|part| {
                        metadata.iter().any(|(name, value)| {
                            part == format!("metadata['{name}']:'{}'", value.as_str().unwrap_or_default())
                        })
                    })
                })
            };
            let data: Vec<&Value> = self.intents.values().filter(wanted).collect();
            return (200, json!({ "object": "search_result", "data": data }));
        }
        if let Some(id) = path.strip_prefix("/v1/payment_intents/") {
            return known(self.intents.get(id));
        }
        if path == "/v1/refunds" {
            let of =
                |refund: &&Value| refund["payment_intent"].as_str() == query.get("payment_intent").map(|id| &id[..]);
            let data: Vec<&Value> = self.refunds.values().filter(of).collect();
            return (200, json!({ "object": "list", "data": data }));
        }
        path.strip_prefix("/v1/refunds/").map_or_else(|| known(None), |id| known(self.refunds.get(id)))
    }

    fn post(&mut self, path: &str, form: &BTreeMap<String, String>) -> (u16, Value) {
        let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
        match parts[..] {
            ["payment_intents"] => self.create(form),
            ["payment_intents", id, "cancel"] => self.cancel(id),
            ["payment_intents", id, "capture"] => self.capture(id),
            ["refunds"] => self.refund(form),
            _ => refusal(404, "invalid_request_error", ""),
        }
    }

    fn create(&mut self, form: &BTreeMap<String, String>) -> (u16, Value) {
        let amount: i64 = form.get("amount").and_then(|text| text.parse().ok()).unwrap_or(0);
        if amount < 50 {
            return refusal(400, "invalid_request_error", "amount_too_small");
        }
        let id = self.id("pi");
        let mut intent = json!({
            "id": id, "object": "payment_intent", "amount": amount, "amount_received": 0, "amount_capturable": 0,
            "currency": form.get("currency"), "status": "requires_payment_method",
            "client_secret": format!("{id}_secret_1"), "metadata": metadata(form), "next_action": null,
            "last_payment_error": null,
        });
        let method = form.get("payment_method").map_or("", |method| method.as_str());
        match method {
            "" => {}
            "pm_declined" => {
                self.intents.insert(id, intent.clone());
                let message = "Your card was declined.";
                let error = json!({ "type": "card_error", "code": "card_declined", "message": message });
                return (402, json!({ "error": error }));
            }
            "pm_bank_page" => {
                intent["status"] = json!("requires_action");
                let url = "https://hooks.stripe.test/3d";
                intent["next_action"] = json!({ "type": "redirect_to_url", "redirect_to_url": { "url": url } });
            }
            "pm_hold" => {
                intent["status"] = json!("requires_capture");
                intent["amount_capturable"] = json!(amount);
            }
            _ => {
                intent["status"] = json!("succeeded");
                intent["amount_received"] = json!(amount);
            }
        }
        self.intents.insert(id, intent.clone());
        match method {
            "" | "pm_bank_page" => {}
            "pm_hold" => self.tell("payment_intent.amount_capturable_updated", &intent),
            _ => self.tell("payment_intent.succeeded", &intent),
        }
        (200, intent)
    }

    fn cancel(&mut self, id: &str) -> (u16, Value) {
        let Some(intent) = self.intents.get_mut(id) else { return refusal(404, "invalid_request_error", "") };
        if !is_open(intent) && intent["status"] != "requires_capture" {
            return refusal(400, "invalid_request_error", "payment_intent_unexpected_state");
        }
        intent["status"] = json!("canceled");
        let intent = intent.clone();
        self.tell("payment_intent.canceled", &intent);
        (200, intent)
    }

    fn capture(&mut self, id: &str) -> (u16, Value) {
        let Some(intent) = self.intents.get_mut(id) else { return refusal(404, "invalid_request_error", "") };
        if intent["status"] != "requires_capture" {
            return refusal(400, "invalid_request_error", "payment_intent_unexpected_state");
        }
        intent["status"] = json!("succeeded");
        intent["amount_received"] = intent["amount"].clone();
        intent["amount_capturable"] = json!(0);
        let intent = intent.clone();
        self.tell("payment_intent.succeeded", &intent);
        (200, intent)
    }

    fn refund(&mut self, form: &BTreeMap<String, String>) -> (u16, Value) {
        let amount: i64 = form.get("amount").and_then(|text| text.parse().ok()).unwrap_or(0);
        let of = form.get("payment_intent").cloned().unwrap_or_default();
        let received = self.intents.get(&of).and_then(|intent| intent["amount_received"].as_i64()).unwrap_or(0);
        let gone = |refund: &&Value| refund["payment_intent"] == of.as_str() && refund["status"] != "failed";
        let gone: i64 = self.refunds.values().filter(gone).filter_map(|refund| refund["amount"].as_i64()).sum();
        if amount <= 0 || gone + amount > received || self.refunds_fail {
            return refusal(400, "invalid_request_error", "charge_already_refunded");
        }
        let id = self.id("re");
        let status = if self.refunds_wait { "pending" } else { "succeeded" };
        let refund = json!({
            "id": id, "object": "refund", "amount": amount, "status": status, "payment_intent": of,
            "metadata": metadata(form), "failure_reason": null,
        });
        self.refunds.insert(id, refund.clone());
        self.tell("refund.created", &refund);
        let currency = self.intents.get(&of).map_or(Value::Null, |intent| intent["currency"].clone());
        let total = gone + amount;
        let charge = json!({ "id": "ch_1", "payment_intent": of, "currency": currency, "amount_refunded": total });
        self.tell("charge.refunded", &charge);
        (200, refund)
    }
}
