//! Packs the API description, and finds out which commit is being built, for `nexus --version`. Without git, or outside
//! of a repository of ours, there is none, and everything builds all the same. `BUILD_COMMIT` says it where git cannot,
//! as in a container.

use flate2::{Compression, GzBuilder};
use std::io::Write;
use std::path::Path;
use std::process::Command;

fn main() -> std::io::Result<()> {
    pack("static/openapi.json")?;
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=BUILD_COMMIT");
    let given = std::env::var("BUILD_COMMIT").ok().map(|text| text.trim().to_owned());
    if let Some(commit) = given.filter(|text| is_commit(text)).or_else(of_git) {
        let commit = &commit[..commit.len().min(12)];
        println!("cargo:rustc-env=NEXUS_BUILD_COMMIT={commit}");
        println!(
            "cargo:rustc-env=NEXUS_BUILD_VERSION={} ({commit})",
            std::env::var("CARGO_PKG_VERSION").unwrap_or_default()
        );
    }
    Ok(())
}

/// Leaves a file, packed, where the sources include it from.
fn pack(file: &str) -> std::io::Result<()> {
    println!("cargo:rerun-if-changed={file}");
    let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy();
    let target = Path::new(&std::env::var_os("OUT_DIR").unwrap_or_default()).join(format!("{name}.gz"));
    let mut packed = GzBuilder::new().write(std::fs::File::create(target)?, Compression::best());
    packed.write_all(&std::fs::read(file)?)?;
    packed.finish().map(drop)
}

/// The commit that is checked out. Only of releases: others are built too often to begin anew after each commit.
fn of_git() -> Option<String> {
    if std::env::var("PROFILE").ok()? != "release" {
        return None;
    }
    // Sources that merely lie within a repository of something else are not at its commit.
    let here = std::env::var("CARGO_MANIFEST_DIR").ok()?;
    let top = git(&["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != Path::new(&here).canonicalize().ok()? {
        return None;
    }
    for file in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", file])?;
        // A path that is not there would have it run each time.
        if Path::new(&path).exists() {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    git(&["rev-parse", "HEAD"]).filter(|text| is_commit(text))
}

fn git(arguments: &[&str]) -> Option<String> {
    let out = Command::new("git").args(arguments).output().ok().filter(|out| out.status.success())?;
    let text = String::from_utf8(out.stdout).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

fn is_commit(text: &str) -> bool {
    text.len() >= 7 && text.bytes().all(|b| b.is_ascii_hexdigit())
}
