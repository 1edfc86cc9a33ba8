//! What the edge costs, and whether ten thousand idle connections cost anybody else anything.
//!
//!     cargo bench --bench edge                  # requests a second through the edge and around it, in turns
//!     cargo bench --bench edge -- idle          # 10,000 connections that do nothing, and 50 clients beside them
//!     cargo bench --bench edge -- rate BINARY   # of another build
//!
//! Server and clients share the machine, so only the ratio of one run says something.

#[path = "support/program.rs"]
mod program;

use program::Program;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

type Done<T = ()> = Result<T, Box<dyn Error>>;

const CLIENTS: usize = 32;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(3);
const IDLE: usize = 10_000;
const NORMAL: usize = 50;

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
        other => Err(format!("{other:?} is neither rate nor idle").into()),
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
        let folder = tempfile::tempdir()?;
        let program = Program::serve(binary, &folder.path().join("data"), &["--demo"], settings);
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

/// A client with a connection that it keeps.
struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    fn connect(port: u16) -> Done<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
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
        println!("| {name} | {around:.0} | {through:.0} | {:.2} |", through / around);
    }
    Ok(())
}

/// The time within which 95 of 100 answers come, to clients that come and go.
fn slowest_usual(port: u16) -> Done<Duration> {
    let times = std::thread::scope(|scope| {
        let client = || {
            let mut times = Vec::new();
            for _ in 0..40 {
                let began = Instant::now();
                let mut client = Client::connect(port).map_err(|e| e.to_string())?;
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

fn idle(binary: &str) -> Done {
    let settings =
        [("NEXUS_EDGE_ENABLED", "true"), ("NEXUS_EDGE_MAX_PER_ADDRESS", "20000"), ("NEXUS_EDGE_HEADER_SECONDS", "30")];
    let server = Server::start(binary, &settings)?;
    slowest_usual(server.port)?;
    let before = slowest_usual(server.port)?;
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
    let during = slowest_usual(server.port)?;
    let (more, many) = (server.resident_mib()? - memory, server.files()?);
    let times = during.as_secs_f64() / before.as_secs_f64();
    println!("beside them: {during:?} ({times:.2} times as long), {more:.0} MiB more, {many} files");
    for stream in &mut connections {
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let _ = stream.read(&mut [0; 4096]);
    }
    println!("all closed by the server {:?} after the first came; {} files", began.elapsed(), server.files()?);
    Ok(())
}

fn open_many_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}
