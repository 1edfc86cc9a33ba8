//! The program on a data folder of its own, for measurements that want the real one: started in one way, with nothing of
//! the settings of whoever measures, and ended when the measurement is.

use std::error::Error;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How long a shop may take to open.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command of it, which says nothing; `words` is what it is to do.
pub fn command(binary: &str, data: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(binary);
    let settings = std::env::vars_os().map(|(name, _)| name);
    for name in settings.filter(|name| ["NEXUS_", "ROCKET_"].iter().any(|p| name.to_string_lossy().starts_with(p))) {
        command.env_remove(name);
    }
    command.args(words).arg("--data-dir").arg(data).current_dir(std::env::temp_dir());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// A shop that serves until this is dropped.
pub struct Program {
    /// The process.
    pub child: Child,
    /// Where it listens on this machine.
    pub port: u16,
}

impl Program {
    /// Serves, with more words and settings than the usual ones, and waits until this says of its port that it is ready.
    pub fn serve(
        binary: &str,
        data: &Path,
        words: &[&str],
        settings: &[(&str, &str)],
        is_ready: impl Fn(u16) -> bool,
    ) -> Outcome<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut serve = command(binary, data, &["serve", "--address", "127.0.0.1", "--port", &port.to_string()]);
        serve.args(words).env("NEXUS_LOG_ACCESS", "false").envs(settings.iter().copied());
        let mut program = Self { child: serve.spawn()?, port };
        let began = Instant::now();
        while !is_ready(program.port) {
            if began.elapsed() > PATIENCE || program.child.try_wait()?.is_some() {
                return Err("the shop does not get ready".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(program)
    }

    /// A figure of its memory, such as `VmRSS`, in MiB.
    pub fn memory(&self, figure: &str) -> Outcome<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with(figure)).ok_or("there is no such figure")?;
        Ok(line.split_whitespace().nth(1).ok_or("there is no number")?.parse::<f64>()? / 1024.0)
    }
}

/// Whether the shop on a port is ready.
pub fn is_ready(port: u16) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        std::io::read_to_string(stream)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 "))
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
