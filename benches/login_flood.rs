//! What a flood of logins with wrong passwords does to those who read the catalog meanwhile.
//!
//!     cargo bench --bench login_flood                  # about three minutes
//!     cargo bench --bench login_flood -- OTHER_BINARY  # the same of another build, to compare
//!
//! Two shops of 10,000 made-up products serve on loopback, one without login budgets, one with the usual ones. Sixteen
//! clients read without a flood and during one, both at a steady pace and as fast as they can. Each flooder has a
//! connection of its own and tries ten times a second at most; half of the guesses name accounts that exist. Ratios are
//! taken within a turn.

#[path = "support/program.rs"]
mod program;

use program::{Program, command};
use rocket::tokio;
use std::error::Error;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::time::sleep;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const PRODUCTS: u64 = 10_000;
const READERS: u64 = 16;
/// Between two reads of one client at a steady pace: 1,600 a second of all.
const READ_PACE: Duration = Duration::from_millis(10);
const GUESS_PACE: Duration = Duration::from_millis(100);
/// Addresses that flooders come from.
const FLOODING_CLIENTS: u64 = 8;
const PHASE: Duration = Duration::from_secs(5);
const TURNS: usize = 3;
const KNOWN: [&str; 2] = ["ann@example.test", "bob@example.test"];
const PASSWORD: &str = "a long walk by the canal";

fn main() -> Outcome<()> {
    let program = std::env::args().skip(1).find(|a| !a.starts_with('-'));
    let program = program.unwrap_or_else(|| env!("CARGO_BIN_EXE_nexus").to_owned());
    // It runs in another folder.
    let program = std::path::absolute(program)?.to_string_lossy().into_owned();
    let place = tempfile::tempdir()?;
    let free = Server::start(&program, &place.path().join("free"), true)?;
    let guarded = Server::start(&program, &place.path().join("guarded"), false)?;
    println!("load average before: {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    one_login(&free)?;
    for (name, pace) in [("at a steady pace", READ_PACE), ("as fast as they can", Duration::ZERO)] {
        let phases = [
            ("nobody else", &free, 0),
            ("64 flooders, no budgets", &free, 64),
            ("256 flooders, no budgets", &free, 256),
            ("256 flooders, budgets", &guarded, 256),
        ];
        let mut turns = Vec::new();
        for _ in 0..TURNS {
            turns.push(phases.map(|(_, server, flooders)| phase(server, flooders, pace)));
        }
        println!("\n16 readers {name}\n\n{HEAD}");
        for (row, (label, ..)) in phases.iter().enumerate() {
            let of = |number: fn(&Seen) -> f64| median(turns.iter().map(|turn| number(&turn[row])).collect());
            let ratio = median(turns.iter().map(|turn| turn[row].p95 / turn[0].p95).collect());
            println!(
                "| {label} | {:.2} | {:.2} | {:.2} | {ratio:.1} | {:.0} | {:.1} | {:.0} | {:.0} | {:.0} |",
                of(|s| s.p50),
                of(|s| s.p95),
                of(|s| s.p99),
                of(|s| s.reads),
                of(|s| s.evaluated),
                of(|s| s.busy),
                of(|s| s.limited),
                of(|s| s.rss),
            );
        }
    }
    let most = [&free, &guarded].map(|server| server.program.memory("VmHWM").unwrap_or(f64::NAN));
    println!("\nmost memory: {:.0} MiB, {:.0} MiB with budgets", most[0], most[1]);
    println!("load average after: {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    Ok(())
}

const HEAD: &str =
    "| during | p50 ms | p95 ms | p99 ms | p95 / alone | reads/s | guesses evaluated/s | 503/s | 429/s | RSS MB |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|";

/// What was seen in a phase: milliseconds of reads, and events a second.
struct Seen {
    p50: f64,
    p95: f64,
    p99: f64,
    reads: f64,
    evaluated: f64,
    busy: f64,
    limited: f64,
    rss: f64,
}

/// Readers for a while, and so many flooders beside them.
fn phase(server: &Server, flooders: u64, pace: Duration) -> Seen {
    let (took, answers) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Answers::default()));
    let ended = Arc::new(AtomicBool::new(false));
    let port = server.program.port;
    let flood = {
        let (answers, ended) = (answers.clone(), ended.clone());
        std::thread::spawn(move || {
            runtime().block_on(async {
                let all = (0..flooders).map(|n| tokio::spawn(flooder(port, n, answers.clone(), ended.clone())));
                for one in all.collect::<Vec<_>>() {
                    one.await.expect("a flooder does not panic").expect("the shop answers flooders");
                }
            });
        })
    };
    runtime().block_on(async {
        // The flood gets going first.
        sleep(Duration::from_secs(1)).await;
        answers.forget();
        let all = (0..READERS).map(|n| tokio::spawn(reader(port, n, pace, server.on_sale.clone(), took.clone())));
        for one in all.collect::<Vec<_>>() {
            one.await.expect("a reader does not panic").expect("the shop answers readers");
        }
    });
    let rss = server.program.memory("VmRSS").unwrap_or(f64::NAN);
    let a_second = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64 / PHASE.as_secs_f64();
    let (evaluated, busy, limited) =
        (a_second(&answers.evaluated), a_second(&answers.busy), a_second(&answers.limited));
    ended.store(true, Ordering::Relaxed);
    flood.join().expect("the flood ends");
    let mut took = std::mem::take(&mut *took.lock().expect("no reader panicked"));
    took.sort_unstable();
    let at = |part: f64| took[((took.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    let reads = took.len() as f64 / PHASE.as_secs_f64();
    Seen { p50: at(0.5), p95: at(0.95), p99: at(0.99), reads, evaluated, busy, limited, rss }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// A list and a product in turns, other ones each time.
async fn reader(
    port: u16,
    n: u64,
    pace: Duration,
    on_sale: Arc<[u64]>,
    took: Arc<Mutex<Vec<Duration>>>,
) -> Outcome<()> {
    let mut line = Line::open(port, Ipv4Addr::LOCALHOST).await?;
    let (mut mine, until) = (Vec::new(), Instant::now() + PHASE);
    sleep(pace.mul_f64(n as f64 / READERS as f64)).await;
    let mut round = n * 1_000;
    while Instant::now() < until {
        round += 1;
        let path = match round % 2 {
            0 => format!("products/{}", on_sale[round as usize * 7 % on_sale.len()]),
            _ => format!("products?page_size=20&min_price={}.00", round % 500),
        };
        let began = Instant::now();
        let status = line.ask(&format!("GET /api/v1/{path} HTTP/1.1\r\nHost: x\r\n\r\n")).await?;
        if status != 200 {
            return Err(format!("{path}: {status}").into());
        }
        mine.push(began.elapsed());
        sleep(pace.saturating_sub(began.elapsed())).await;
    }
    took.lock().map_err(|e| e.to_string())?.append(&mut mine);
    Ok(())
}

/// Products that may be read by anybody, out of the first thousand.
async fn on_sale(port: u16) -> Outcome<Arc<[u64]>> {
    let (mut line, mut found) = (Line::open(port, Ipv4Addr::LOCALHOST).await?, Vec::new());
    for id in 1..=1_000 {
        if line.ask(&format!("GET /api/v1/products/{id} HTTP/1.1\r\nHost: x\r\n\r\n")).await? == 200 {
            found.push(id);
        }
    }
    Ok(found.into())
}

/// How guesses were answered.
#[derive(Default)]
struct Answers {
    evaluated: AtomicU64,
    busy: AtomicU64,
    limited: AtomicU64,
}

impl Answers {
    fn forget(&self) {
        for count in [&self.evaluated, &self.busy, &self.limited] {
            count.store(0, Ordering::Relaxed);
        }
    }
}

async fn flooder(port: u16, n: u64, answers: Arc<Answers>, ended: Arc<AtomicBool>) -> Outcome<()> {
    let from = Ipv4Addr::new(127, 0, 1, 1 + (n % FLOODING_CLIENTS) as u8);
    let mut line = Line::open(port, from).await?;
    sleep(GUESS_PACE.mul_f64(n as f64 / 256.0)).await;
    let mut round = n;
    while !ended.load(Ordering::Relaxed) {
        round += 1;
        let began = Instant::now();
        let email = match round % 4 {
            k @ (0 | 1) => KNOWN[k as usize].to_owned(),
            _ => format!("nobody-{n}-{round}@example.test"),
        };
        match line.ask(&guess(&email, "wrong password")).await? {
            401 => &answers.evaluated,
            503 => &answers.busy,
            429 => &answers.limited,
            status => return Err(format!("a guess was answered {status}").into()),
        }
        .fetch_add(1, Ordering::Relaxed);
        sleep(GUESS_PACE.saturating_sub(began.elapsed())).await;
    }
    Ok(())
}

fn guess(email: &str, password: &str) -> String {
    let body = format!(r#"{{"email":"{email}","password":"{password}"}}"#);
    let length = body.len();
    format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// What one login takes while nothing else is asked: right, wrong, and of an account that does not exist.
fn one_login(server: &Server) -> Outcome<()> {
    let mut took = [const { Vec::new() }; 3];
    runtime().block_on(async {
        let mut line = Line::open(server.program.port, Ipv4Addr::LOCALHOST).await?;
        let kinds = [(KNOWN[0], PASSWORD, 200), (KNOWN[0], "wrong password", 401), ("no@example.test", PASSWORD, 401)];
        for _ in 0..20 {
            for (kind, (email, password, expected)) in kinds.iter().enumerate() {
                let began = Instant::now();
                let status = line.ask(&guess(email, password)).await?;
                if status != *expected {
                    return Err(format!("a login was answered {status}").into());
                }
                took[kind].push(began.elapsed().as_secs_f64() * 1e3);
            }
        }
        Outcome::Ok(())
    })?;
    let [right, wrong, unknown] = took.map(median);
    println!("one login: {right:.1} ms, wrong password {wrong:.1} ms, unknown account {unknown:.1} ms");
    Ok(())
}

/// A connection that is kept.
struct Line(tokio::net::TcpStream);

impl Line {
    async fn open(port: u16, from: Ipv4Addr) -> Outcome<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        let stream = socket.connect((Ipv4Addr::LOCALHOST, port).into()).await?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// The status of the answer, which is read whole.
    async fn ask(&mut self, request: &str) -> Outcome<u16> {
        self.0.write_all(request.as_bytes()).await?;
        let (mut answer, mut part) = (Vec::new(), [0; 16 * 1024]);
        loop {
            let read = self.0.read(&mut part).await?;
            answer.extend_from_slice(part.get(..read).filter(|p| !p.is_empty()).ok_or("the shop hung up")?);
            let Some(head) = answer.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
            let text = std::str::from_utf8(&answer[..head])?.to_ascii_lowercase();
            let length =
                text.split("content-length:").nth(1).and_then(|t| t.split("\r\n").next()).ok_or("no length")?;
            if answer.len() >= head + 4 + length.trim().parse::<usize>()? {
                return Ok(text.split(' ').nth(1).ok_or("no status")?.parse()?);
            }
        }
    }
}

/// A shop that serves until it is dropped.
struct Server {
    program: Program,
    /// Products that may be read by anybody.
    on_sale: Arc<[u64]>,
}

impl Server {
    fn start(binary: &str, data: &Path, free: bool) -> Outcome<Self> {
        let done = |words: &[&str], input: &str| -> Outcome<()> {
            let mut child = command(binary, data, words).stdin(Stdio::piped()).spawn()?;
            std::io::Write::write_all(&mut child.stdin.take().ok_or("no input")?, input.as_bytes())?;
            child.wait()?.success().then_some(()).ok_or_else(|| "the shop could not be made".into())
        };
        done(&["seed", "--products", &PRODUCTS.to_string()], "")?;
        for email in KNOWN {
            done(&["user", "create", "--role", "customer", "--email", email, "--password-stdin"], PASSWORD)?;
        }
        // Every read is to do its work.
        let mut settings = vec![("NEXUS_CACHE_ENABLED", "false")];
        if free {
            settings.extend([("NEXUS_LIMITS_LOGIN_PER_CLIENT", "0"), ("NEXUS_LIMITS_LOGIN_PER_ACCOUNT", "0")]);
        }
        let program = Program::serve(binary, data, &[], &settings, program::is_ready)?;
        let on_sale = runtime().block_on(on_sale(program.port))?;
        Ok(Self { program, on_sale })
    }
}
