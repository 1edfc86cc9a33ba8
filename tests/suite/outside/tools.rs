//! What the proofs from outside need beside Rust: Python with Schemathesis, Node with a TypeScript client.
//!
//! Both are installed below the target folder from lists that pin every package, once: whoever comes first installs
//! under a lock, everybody later finds it ready until the list changes. Python and Node themselves are asked of the
//! system; on a Debian-like one root has them installed, elsewhere a test fails and says what is missing.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The tests' own files.
pub fn tests() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"))
}

/// Python with Schemathesis.
pub fn schemathesis() -> PathBuf {
    let list = std::fs::read_to_string(tests().join("schemathesis/requirements.txt")).unwrap();
    let python = |folder: &Path| folder.join("bin/python");
    let folder = installed(
        "schemathesis",
        &list,
        |folder| succeeds(Command::new(python(folder)).args(["-c", "import schemathesis"])),
        |folder| {
            system(
                "python3",
                "python3 3.10 or newer with venv and pip",
                &["python3", "python3-venv"],
                &["-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))"],
            );
            run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder));
            let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r"];
            run(Command::new(python(folder)).args(pip).arg(tests().join("schemathesis/requirements.txt")));
        },
    );
    python(&folder)
}

/// A folder with what the TypeScript client is made and checked with, in `node_modules`.
pub fn client() -> PathBuf {
    let list = std::fs::read_to_string(tests().join("client/package-lock.json")).unwrap();
    installed(
        "client",
        &list,
        |folder| succeeds(Command::new("node").arg(folder.join("node_modules/typescript/bin/tsc")).arg("--version")),
        |folder| {
            let enough = "process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)";
            system("node", "node 18 or newer", &["nodejs"], &["-e", enough]);
            system("npm", "npm", &["npm"], &["--version"]);
            for name in ["package.json", "package-lock.json"] {
                std::fs::copy(tests().join("client").join(name), folder.join(name)).unwrap();
            }
            let quiet = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
            run(Command::new("npm").args(quiet).current_dir(folder));
        },
    )
}

/// A folder in which everything of a list is installed.
fn installed(name: &str, list: &str, works: impl Fn(&Path) -> bool, install: impl Fn(&Path)) -> PathBuf {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tools");
    let (folder, stamp) = (tools.join(name), tools.join(format!("{name}.installed")));
    std::fs::create_dir_all(&tools).unwrap();
    let lock = File::create(tools.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    if std::fs::read_to_string(&stamp).is_ok_and(|known| known == list) && works(&folder) {
        return folder;
    }
    let _ = std::fs::remove_file(&stamp);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    install(&folder);
    // The stamp comes last: what was cut off is done again.
    std::fs::write(&stamp, list).unwrap();
    folder
}

/// Makes sure that a program is there and good enough, and has it installed where that can be done.
fn system(program: &str, what: &str, packages: &[&str], check: &[&str]) {
    let good = || succeeds(Command::new(program).args(check));
    if good() {
        return;
    }
    if rustix::process::geteuid().is_root() && succeeds(Command::new("apt-get").arg("--version")) {
        // Only one may use it at a time, whichever tool it is for.
        let lock = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("tools/apt.lock")).unwrap();
        lock.lock().unwrap();
        let apt = || {
            let mut command = Command::new("apt-get");
            command.env("DEBIAN_FRONTEND", "noninteractive");
            command
        };
        run(apt().args(["update", "-qq"]));
        run(apt().args(["install", "-qq", "-y", "--no-install-recommends"]).args(packages));
    }
    assert!(good(), "these tests need {what}: install {}", packages.join(" and "));
}

fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// Runs a program to its end and fails with all it said when it fails.
#[track_caller]
pub fn run(command: &mut Command) -> String {
    let done = command.stdin(Stdio::null()).output();
    let done = done.unwrap_or_else(|e| panic!("{} does not start: {e}", command.get_program().display()));
    let out = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(
        done.status.success(),
        "{}: {}\n{out}\n{}",
        command.get_program().display(),
        done.status,
        text(&done.stderr)
    );
    out
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
