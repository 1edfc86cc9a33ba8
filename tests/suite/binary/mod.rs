//! The real program, started as its owner starts it: one temporary folder and one free port for each test.
//!
//! Nothing here waits for a fixed time and hopes: whatever takes a while is asked for until it is there or a
//! deadline has passed.

pub mod checkouts;
mod commands;
mod config;
mod crash;
mod discounts;
pub mod disk;
mod door;
mod hostile;
pub mod http;
mod invoices;
mod packaging;
mod reports;
mod server;
mod start;
mod stock;
mod stop;
mod upgrade;
mod users;

pub use http::{exchange, get, login, request, request_text};
pub use server::Server;

use serde_json::Value;
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The program under test.
pub const EXE: &str = env!("CARGO_BIN_EXE_nexus");

/// Who may write in every shop made from the template.
pub const STAFF: &str = "staff@example.com";
/// Their password.
pub const PASSWORD: &str = "a long walk by the canal";

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A shop with one member of staff, copied by every test that needs one.
static TEMPLATE: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let made = run_with(
        nexus(&folder.path().join("data")).args([
            "user",
            "create",
            "--role",
            "staff",
            "--email",
            STAFF,
            "--password-stdin",
        ]),
        PASSWORD,
    );
    assert_eq!(made.code, Some(0), "{made:?}");
    folder
});

/// A temporary folder that holds a data folder, and around it room for what a test writes down.
pub struct Place {
    folder: TempDir,
}

impl Place {
    /// With nothing in it.
    pub fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// With a shop that has a member of staff.
    pub fn with_staff() -> Self {
        let place = Self::empty();
        copy_folder(&TEMPLATE.path().join("data"), &place.data());
        place
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The program, where anybody may run it. It is copied by another process: a file that this one has open for writing
    /// could not be run for as long as some child, started at that moment, has it open too.
    pub fn program_for_all(&self) -> PathBuf {
        let copy = self.beside("nexus");
        assert!(Command::new("cp").arg(EXE).arg(&copy).status().unwrap().success());
        set_mode(&copy, 0o755);
        set_mode(self.folder.path(), 0o755);
        copy
    }

    /// The shop in it, opened in this process.
    pub fn open(&self) -> nexus::services::Shop {
        open(&self.data())
    }

    /// Something beside it.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Opens the shop in a data folder, in this process.
pub fn open(data: &Path) -> nexus::services::Shop {
    let mut config = nexus::config::Config { workers: 1, ..Default::default() };
    data.clone_into(&mut config.data.dir);
    nexus::app::open(&config).unwrap()
}

/// Says who may do what with a file or folder.
pub fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

/// Copies a folder with all in it, but for the lock.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else if entry.file_name() != "nexus.lock" {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The program on a data folder, with no setting from around the tests.
pub fn nexus(data: &Path) -> Command {
    program(Path::new(EXE), data)
}

/// A copy of the program on a data folder.
pub fn program(exe: &Path, data: &Path) -> Command {
    let mut command = Command::new(exe);
    let settings =
        std::env::vars().map(|(name, _)| name).filter(|n| n.starts_with("NEXUS_") || n.starts_with("ROCKET_"));
    for name in settings {
        command.env_remove(name);
    }
    // A folder without a Rocket.toml.
    command.current_dir(std::env::temp_dir()).arg("--data-dir").arg(data).stdin(Stdio::null());
    command
}

/// What a finished program said.
#[derive(Debug)]
pub struct Said {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// How long it ran.
    pub took: Duration,
}

impl Said {
    /// Holds it to one line on standard error that has these parts, and to failing.
    #[track_caller]
    pub fn refuses(&self, parts: &[&str]) {
        assert!(self.code.is_some_and(|code| code != 0), "{self:?}");
        assert_eq!(self.err.trim_end().lines().count(), 1, "not one line: {}", self.err);
        for part in parts {
            assert!(self.err.contains(part), "{part:?} is not in {:?}", self.err);
        }
    }

    /// Holds it to success and gives what it printed.
    #[track_caller]
    pub fn fine(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Said {
    run_with(command, "")
}

/// Runs a command to its end with this on standard input.
pub fn run_with(command: &mut Command, input: &str) -> Said {
    let started = Instant::now();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that does not read its input may have ended by now.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let id = process_id(child.id());
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || tell.send(child.wait_with_output()));
    let finished = told.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        // A server that should have refused to start, for one.
        let _ = rustix::process::kill_process(id, rustix::process::Signal::KILL);
        told.recv().unwrap()
    });
    let finished = finished.unwrap();
    Said {
        code: finished.status.code(),
        out: String::from_utf8_lossy(&finished.stdout).into_owned(),
        err: String::from_utf8_lossy(&finished.stderr).into_owned(),
        took: started.elapsed(),
    }
}

/// The process of this number.
pub fn process_id(number: u32) -> rustix::process::Pid {
    rustix::process::Pid::from_raw(i32::try_from(number).unwrap()).unwrap()
}

/// Asks again and again until it is so.
#[track_caller]
pub fn eventually(what: &str, within: Duration, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < within, "not within {within:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Every file below a folder with its length and a hash of it, but for the lock, which tells who came last.
pub fn contents(folder: &Path) -> Vec<(PathBuf, usize, u64)> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for path in std::fs::read_dir(next).unwrap().map(|e| e.unwrap().path()) {
            if path.is_dir() {
                waiting.push(path);
            } else if !path.ends_with("nexus.lock") {
                let bytes = std::fs::read(&path).unwrap();
                let mut hasher = std::hash::DefaultHasher::new();
                bytes.hash(&mut hasher);
                found.push((path, bytes.len(), hasher.finish()));
            }
        }
    }
    found.sort();
    found
}

/// A product that is one of several in one category, with two variants, so that half of it would show.
pub fn product(name: &str) -> Value {
    serde_json::json!({
        "name": name, "category": "Proof > Crash", "tags": ["proof"], "attributes": { "made": "in a test" },
        "options": [{ "name": "Size", "values": ["S", "L"] }],
        "variants": [
            { "sku": format!("{name}-s"), "options": { "Size": "S" }, "price": "10.00", "stock": 3 },
            { "sku": format!("{name}-l"), "options": { "Size": "L" }, "price": "12.00", "stock": 4 },
        ],
    })
}

/// Creates a product; true when the server acknowledged it.
pub fn create(port: u16, token: &str, name: &str) -> io::Result<bool> {
    request(port, "POST", "/api/v1/products", Some(token), Some(&product(name))).map(|reply| reply.status == 201)
}

/// Holds a product to being whole.
#[track_caller]
pub fn is_whole(product: &Value) {
    let variants = product["variants"].as_array().unwrap();
    assert_eq!(variants.len(), 2, "{product}");
    assert_eq!((product["price"].as_str(), product["stock"].as_i64()), (Some("10.00"), Some(7)), "{product}");
    assert_eq!(
        (&product["tags"][0], &product["attributes"]["made"]),
        (&"proof".into(), &"in a test".into()),
        "{product}"
    );
}

/// Runs `nexus check` and holds it to finding nothing.
#[track_caller]
pub fn check_is_fine(data: &Path) {
    let said = run(nexus(data).args(["check", "--json"]));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(serde_json::from_str::<Value>(&said.out).unwrap()["ok"], true, "{said:?}");
}
