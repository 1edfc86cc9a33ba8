//! A server of the real program, from its start to its end.

use super::{PASSWORD, PATIENCE, Place, STAFF, free_port, get, login, nexus, process_id};
use serde_json::Value;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub port: u16,
    log: PathBuf,
}

impl Server {
    /// Starts a server on the data folder of a place and waits until it answers.
    pub fn start(place: &Place) -> Self {
        Self::start_with(place, &[], |_| {})
    }

    /// Starts a server with further arguments and settings.
    pub fn start_with(place: &Place, arguments: &[&str], change: impl Fn(&mut Command)) -> Self {
        let lives = |port| get(port, "/health/live").is_ok_and(|reply| reply.status == 200);
        Self::start_and_ask(place, arguments, change, lives)
    }

    /// Starts a server that `answers` says whether it answers.
    pub fn start_and_ask(
        place: &Place,
        arguments: &[&str],
        change: impl Fn(&mut Command),
        answers: impl Fn(u16) -> bool,
    ) -> Self {
        loop {
            let port = free_port();
            let log = place.beside(&format!("server-{port}.log"));
            let mut command = nexus(&place.data());
            command.args(["serve", "--port", &port.to_string()]).args(arguments);
            command.stdout(File::create(place.beside("server.out")).unwrap()).stderr(File::create(&log).unwrap());
            change(&mut command);
            let mut server = Self { child: command.spawn().unwrap(), port, log };
            if server.wait_until_it_answers(&answers) {
                return server;
            }
            // Somebody else took the port in between; everything else is a failure.
            let log = server.log();
            assert!(log.contains("cannot listen"), "the server did not start: {log}");
        }
    }

    fn wait_until_it_answers(&mut self, answers: impl Fn(u16) -> bool) -> bool {
        let started = Instant::now();
        loop {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            if answers(self.port) {
                return true;
            }
            assert!(started.elapsed() < PATIENCE, "the server does not answer: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it, as a power cut or the kernel would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop.
    pub fn ask_to_stop(&self) {
        rustix::process::kill_process(process_id(self.child.id()), rustix::process::Signal::TERM).unwrap();
    }

    /// Waits until it has ended.
    pub fn wait(mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "the server does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Asks it to stop, waits, and holds it to a clean end.
    #[track_caller]
    pub fn stop(self) {
        self.ask_to_stop();
        let status = self.wait();
        assert_eq!(status.code(), Some(0), "{status:?}");
    }

    /// Signs the template's member of staff in.
    pub fn token(&self) -> String {
        let reply = login(self.port, STAFF, PASSWORD);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["access"].as_str().unwrap().to_owned()
    }

    /// The names of all products, oldest first, read page by page.
    pub fn product_names(&self) -> Vec<String> {
        self.products().iter().map(|p| p["name"].as_str().unwrap().to_owned()).collect()
    }

    /// All products, oldest first, read page by page.
    pub fn products(&self) -> Vec<Value> {
        let (mut found, mut path) = (Vec::new(), "/api/v1/products?ordering=created_at&page_size=100".to_owned());
        loop {
            let page = get(self.port, &path).unwrap().json();
            found.extend(page["results"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => path = next.to_owned(),
                None => return found,
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
