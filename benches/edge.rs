//! What the edge costs, and whether ten thousand idle connections or two thousand slow ones cost anybody else anything.
//!
//!     cargo bench --bench edge                  # requests a second through the edge and around it, in turns
//!     cargo bench --bench edge -- idle          # 10,000 connections that do nothing, and 50 clients beside them
//!     cargo bench --bench edge -- slow          # 2,000 heads of a byte in five seconds, in plain and in TLS
//!     cargo bench --bench edge -- rate BINARY   # of another build
//!
//! Each fails when it costs more than was promised. Server and clients share the machine, so only the ratio of one run
//! says something.

#[path = "support/program.rs"]
mod program;

use program::Program;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

type Done<T = ()> = Result<T, Box<dyn Error>>;

const CLIENTS: usize = 32;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(3);
const IDLE: usize = 10_000;
const NORMAL: usize = 50;
const SLOW: usize = 2_000;
/// How often a slow one sends a byte.
const DRIP: Duration = Duration::from_secs(5);
/// How long a slow one may last.
const LONGEST: Duration = Duration::from_secs(15);
/// How many times as long others may wait meanwhile.
const MOST_TIMES: f64 = 2.0;
/// What the idle ones may cost.
const MOST_MIB: f64 = 150.0;
/// Open files that a server may have beyond those it had before the idle ones came.
const MORE_FILES: usize = 32;
/// The least that may get through the edge of what gets around it.
const LEAST_THROUGH: f64 = 0.6;

/// What is asked for, from the least to the most that the shop has to do.
const ASKED: [(&str, &str); 4] = [
    ("is it live", "/health/live"),
    ("one product", "/api/v1/products/1"),
    ("20 products", "/api/v1/products?page_size=20"),
    ("a search", "/api/v1/products?search=mug"),
];

fn main() -> Done {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let what = arguments.next().unwrap_or_else(|| "rate".to_owned());
    let binary = arguments.next().unwrap_or_else(|| env!("CARGO_BIN_EXE_nexus").to_owned());
    // The servers run in folders of their own.
    let binary = std::path::absolute(binary)?.to_string_lossy().into_owned();
    open_many_files();
    match what.as_str() {
        "rate" => rate(&binary),
        "idle" => idle(&binary),
        "slow" => slow(&binary, false).and_then(|()| slow(&binary, true)),
        other => Err(format!("{other:?} is none of rate, idle and slow").into()),
    }
}

/// A server with the demo shop in a folder of its own.
struct Server {
    program: Program,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start(binary: &str, settings: &[(&str, &str)]) -> Done<Self> {
        Self::start_for(binary, settings, &Way::Plain)
    }

    fn start_for(binary: &str, settings: &[(&str, &str)], way: &Way) -> Done<Self> {
        let folder = tempfile::tempdir()?;
        let is_ready = |port| match way {
            Way::Plain => program::is_ready(port),
            Way::Tls(_) => Client::connect_by(port, way).and_then(|mut client| client.ask("/health/ready")).is_ok(),
        };
        let program = Program::serve(binary, &folder.path().join("data"), &["--demo"], settings, is_ready);
        let program = program.map_err(|error| error.to_string())?;
        Ok(Self { port: program.port, program, _folder: folder })
    }

    fn resident_mib(&self) -> Done<f64> {
        Ok(self.program.memory("VmRSS").map_err(|error| error.to_string())?)
    }

    fn files(&self) -> Done<usize> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.program.child.id()))?.count())
    }
}

/// How clients come.
enum Way {
    Plain,
    Tls(Arc<ClientConfig>),
}

trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

/// A client with a connection that it keeps.
struct Client {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
}

impl Client {
    fn connect(port: u16) -> Done<Self> {
        Self::connect_by(port, &Way::Plain)
    }

    fn connect_by(port: u16, way: &Way) -> Done<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let stream: Box<dyn Stream> = match way {
            Way::Plain => Box::new(stream),
            Way::Tls(config) => {
                let name = ServerName::try_from("shop.example")?;
                Box::new(StreamOwned::new(ClientConnection::new(config.clone(), name)?, stream))
            }
        };
        Ok(Self { stream, buffer: vec![0; 256 * 1024] })
    }

    /// Asks, and reads the whole answer.
    fn ask(&mut self, path: &str) -> Done {
        self.stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: shop.example\r\n\r\n").as_bytes())?;
        let (mut read, mut whole) = (0, None);
        while whole.is_none_or(|whole| read < whole) {
            match self.stream.read(&mut self.buffer[read..])? {
                0 => return Err("the connection was closed".into()),
                more => read += more,
            }
            if whole.is_none()
                && let Some(end) = self.buffer[..read].windows(4).position(|window| window == b"\r\n\r\n")
            {
                let head = std::str::from_utf8(&self.buffer[..end])?.to_ascii_lowercase();
                if !head.starts_with("http/1.1 200") {
                    return Err(head.into());
                }
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                whole = Some(end + 4 + length.ok_or("no length")?.parse::<usize>()?);
            }
        }
        Ok(())
    }
}

/// Requests a second.
fn measure(port: u16, path: &str) -> Done<f64> {
    let mut clients = (0..CLIENTS).map(|_| Client::connect(port)).collect::<Done<Vec<_>>>()?;
    let over = AtomicBool::new(false);
    let began = Instant::now();
    let counts = std::thread::scope(|scope| {
        let over = &over;
        let run = |client: &mut Client| {
            let mut count = 0_u32;
            while !over.load(Ordering::Relaxed) {
                client.ask(path).map_err(|e| e.to_string())?;
                count += 1;
            }
            Ok::<u32, String>(count)
        };
        let running: Vec<_> = clients.iter_mut().map(|client| scope.spawn(move || run(client))).collect();
        std::thread::sleep(ROUND);
        over.store(true, Ordering::Relaxed);
        running.into_iter().map(|run| run.join().map_err(|_| "a client panicked".to_owned())?).collect::<Vec<_>>()
    });
    let total: u32 = counts.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().sum();
    Ok(f64::from(total) / began.elapsed().as_secs_f64())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn rate(binary: &str) -> Done {
    let without = Server::start(binary, &[("NEXUS_EDGE_ENABLED", "false")])?;
    let with = Server::start(binary, &[("NEXUS_EDGE_ENABLED", "true")])?;
    println!("| asked | around it, 1/s | through it, 1/s | ratio |\n|---|---|---|---|");
    for (name, path) in ASKED {
        let (mut around, mut through) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            around.push(measure(without.port, path)?);
            through.push(measure(with.port, path)?);
        }
        let (around, through) = (median(around), median(through));
        let ratio = through / around;
        println!("| {name} | {around:.0} | {through:.0} | {ratio:.2} |");
        if ratio < LEAST_THROUGH {
            return Err(format!("less than {LEAST_THROUGH} of the requests get through").into());
        }
    }
    Ok(())
}

/// The time within which 95 of 100 answers come, to clients that come and go.
fn slowest_usual(port: u16, way: &Way) -> Done<Duration> {
    let times = std::thread::scope(|scope| {
        let client = || {
            let mut times = Vec::new();
            for _ in 0..40 {
                let began = Instant::now();
                let mut client = Client::connect_by(port, way).map_err(|e| e.to_string())?;
                client.ask("/api/v1/products/1").map_err(|e| e.to_string())?;
                times.push(began.elapsed());
            }
            Ok::<_, String>(times)
        };
        let running: Vec<_> = (0..NORMAL).map(|_| scope.spawn(client)).collect();
        running.into_iter().map(|run| run.join().map_err(|_| "a client panicked".to_owned())?).collect::<Vec<_>>()
    });
    let mut times: Vec<Duration> = times.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
    times.sort();
    Ok(times[times.len() * 95 / 100])
}

/// The same, as the middle one of five times.
fn usual_of_five(port: u16, way: &Way) -> Done<Duration> {
    let mut times = (0..5).map(|_| slowest_usual(port, way)).collect::<Done<Vec<_>>>()?;
    times.sort();
    Ok(times[2])
}

fn idle(binary: &str) -> Done {
    let settings =
        [("NEXUS_EDGE_ENABLED", "true"), ("NEXUS_EDGE_MAX_PER_ADDRESS", "20000"), ("NEXUS_EDGE_HEADER_SECONDS", "30")];
    let server = Server::start(binary, &settings)?;
    slowest_usual(server.port, &Way::Plain)?;
    let before = usual_of_five(server.port, &Way::Plain)?;
    let (memory, files) = (server.resident_mib()?, server.files()?);
    println!("before: {before:?} for 95 of 100 answers, {memory:.0} MiB, {files} files");
    let began = Instant::now();
    let mut connections = Vec::with_capacity(IDLE);
    for n in 0..IDLE {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port))?;
        if n % 2 == 0 {
            stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: shop.example\r\n\r\n")?;
            let _ = stream.read(&mut [0; 4096])?;
        }
        connections.push(stream);
    }
    println!("{IDLE} connections, half of which asked once, within {:?}", began.elapsed());
    let during = usual_of_five(server.port, &Way::Plain)?;
    let (more, many) = (server.resident_mib()? - memory, server.files()?);
    let times = during.as_secs_f64() / before.as_secs_f64();
    println!("beside them: {during:?} ({times:.2} times as long), {more:.0} MiB more, {many} files");
    std::thread::sleep(Duration::from_secs(3));
    println!("three seconds later: {:.0} MiB more than before", server.resident_mib()? - memory);
    for stream in &mut connections {
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        if !matches!(stream.read(&mut [0; 4096]), Ok(0)) {
            return Err("an idle connection was not closed in order".into());
        }
    }
    let left = server.files()?;
    println!("all closed by the server {:?} after the first came; {left} files", began.elapsed());
    if times > MOST_TIMES || more > MOST_MIB || left > files + MORE_FILES {
        let most = files + MORE_FILES;
        return Err(format!("more than {MOST_TIMES} times as long, {MOST_MIB} MiB or {most} files").into());
    }
    Ok(())
}

/// A certificate for the shop's name: the files of the server in a folder, and what its clients trust.
fn certificate(folder: &std::path::Path) -> Done<Arc<ClientConfig>> {
    let made = rcgen::generate_simple_self_signed(vec!["shop.example".to_owned()])?;
    std::fs::write(folder.join("cert.pem"), made.cert.pem())?;
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(made.cert.der().to_vec()))?;
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions()?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// A byte in five seconds of a head, or of the first message of TLS, on each of many connections, until all are closed.
fn slow(binary: &str, tls: bool) -> Done {
    let folder = tempfile::tempdir()?;
    let config = certificate(folder.path())?;
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (cert, key) = (path("cert.pem"), path("key.pem"));
    let mut settings = vec![("NEXUS_EDGE_ENABLED", "true"), ("NEXUS_EDGE_MAX_PER_ADDRESS", "20000")];
    if tls {
        settings.extend([("NEXUS_EDGE_TLS_CERT", cert.as_str()), ("NEXUS_EDGE_TLS_KEY", key.as_str())]);
    }
    let way = if tls { Way::Tls(config) } else { Way::Plain };
    // The kind and length of a message that does not come.
    let said: &[u8] = if tls { &[22, 3, 1, 1, 0, 1] } else { b"GET / HTTP/1.1\r\nHost" };
    let server = Server::start_for(binary, &settings, &way)?;
    slowest_usual(server.port, &way)?;
    let before = usual_of_five(server.port, &way)?;
    let mut open: Vec<(TcpStream, Instant)> = Vec::with_capacity(SLOW);
    for _ in 0..SLOW {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port))?;
        stream.set_nonblocking(true)?;
        open.push((stream, Instant::now()));
    }
    let (longest, during) = std::thread::scope(|scope| {
        let beside = scope.spawn(|| usual_of_five(server.port, &way).map_err(|e| e.to_string()));
        let mut longest = Duration::ZERO;
        let mut sent = 0;
        while !open.is_empty() {
            let round = Instant::now();
            open.iter_mut().for_each(|(stream, _)| drop(stream.write(&said[sent % said.len()..][..1])));
            sent += 1;
            while round.elapsed() < DRIP && !open.is_empty() {
                open.retain_mut(|(stream, since)| {
                    let closed = loop {
                        match stream.read(&mut [0; 4096]) {
                            Ok(0) => break true,
                            Ok(_) => {}
                            Err(error) => break error.kind() != ErrorKind::WouldBlock,
                        }
                    };
                    longest = longest.max(since.elapsed());
                    !closed
                });
                // Looking more often would take the machine from those who are measured.
                std::thread::sleep(Duration::from_millis(250));
            }
        }
        (longest, beside.join())
    });
    let during = during.map_err(|_| "a client panicked")??;
    let times = during.as_secs_f64() / before.as_secs_f64();
    let port = if tls { "the port of TLS" } else { "a plain port" };
    println!("{SLOW} slow ones on {port}: all closed within {longest:.1?}; 95 of 100 answers to others within");
    println!(
        "  {during:.2?}, {before:.2?} without them ({times:.2} times as long); {} files at the end",
        server.files()?
    );
    if longest > LONGEST || times > MOST_TIMES {
        return Err(format!("more than {LONGEST:?} or {MOST_TIMES} times as long").into());
    }
    Ok(())
}

fn open_many_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}
