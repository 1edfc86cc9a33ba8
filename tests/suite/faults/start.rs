//! Folders in which a shop cannot or must not start: it says so in one line, at once, and changes nothing. The
//! database itself, what else may be wrong with it, is in `binary/start.rs`.

use crate::backup::schemas::place_of;
use crate::binary::disk::SmallDisk;
use crate::binary::{
    Place, Said, Server, check_is_fine, contents, copy_folder, free_port, get, nexus, program, run, set_mode,
};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Tries to serve, and holds the files of the place to being unchanged.
#[track_caller]
fn refused(place: &Place, parts: &[&str]) {
    refused_to(&mut nexus(&place.data()), place, parts);
}

#[track_caller]
fn refused_to(command: &mut Command, place: &Place, parts: &[&str]) {
    let around = place.data().parent().unwrap().to_owned();
    let before = kept(&around);
    let said: Said = run(command.args(["serve", "--port", &free_port().to_string()]));
    said.refuses(parts);
    assert!(said.took < Duration::from_secs(2), "{said:?}");
    assert_eq!(kept(&around), before, "files changed");
}

#[test]
fn serve_where_a_folder_should_be_and_is_not_refuses() {
    let place = Place::empty();
    std::fs::write(place.data(), "not a folder").unwrap();
    refused(&place, &[place.data().to_str().unwrap()]);
    let place = Place::empty();
    std::fs::write(place.beside("file"), "").unwrap();
    let below = place.beside("file").join("data");
    refused_to(&mut nexus(&below), &place, &[below.to_str().unwrap()]);
}

#[test]
fn serve_on_a_folder_where_the_database_should_be_refuses() {
    let place = Place::with_staff();
    std::fs::remove_file(place.data().join("nexus.db")).unwrap();
    std::fs::create_dir(place.data().join("nexus.db")).unwrap();
    refused(&place, &["nexus.db"]);
}

#[test]
fn serve_with_a_secret_that_is_cut_short_refuses_and_makes_no_other() {
    for secret in ["token.key", "audit.key"] {
        let place = Place::with_staff();
        std::fs::write(place.data().join("secrets").join(secret), "short").unwrap();
        refused(&place, &[secret, "backup"]);
    }
}

/// Whoever runs the tests as root may look everywhere, so the program runs as somebody who may not.
#[test]
fn serve_on_a_folder_of_somebody_else_refuses() {
    if !rustix::process::getuid().is_root() {
        return super::cannot("only root can give a folder to somebody else");
    }
    let place = Place::with_staff();
    let exe = place.program_for_all();
    for mode in [0o700, 0o755] {
        set_mode(&place.data(), mode);
        let mut command = program(&exe, &place.data());
        // A program that counts what it runs would say that it may not write that down.
        command.uid(65_534).gid(65_534).env("LLVM_PROFILE_FILE", "/dev/null");
        refused_to(&mut command, &place, &[place.data().to_str().unwrap(), "ermi"]);
    }
    check_is_fine(&place.data());
}

#[test]
fn serve_on_a_disk_that_cannot_be_written_refuses() {
    let (template, place) = (Place::with_staff(), Place::empty());
    let data = place.data();
    let Some(_disk) = SmallDisk::mount(&data, "16m") else {
        return super::cannot("a small file system cannot be mounted here");
    };
    copy_folder(&template.data(), &data);
    assert!(Command::new("mount").args(["-o", "remount,ro"]).arg(&data).status().unwrap().success());
    refused(&place, &[data.to_str().unwrap(), "ead-only"]);
}

/// Every file with something of the shop in it: not the memory that connections share, in which each notes what it is
/// reading, and not an empty log. Both may be left by a thread that looked at the database as the program ended.
fn kept(folder: &Path) -> Vec<(PathBuf, usize, u64)> {
    let aside =
        |path: &Path, size: usize| path.ends_with("nexus.db-shm") || path.ends_with("nexus.db-wal") && size == 0;
    contents(folder).into_iter().filter(|(path, size, _)| !aside(path, *size)).collect()
}

#[test]
fn taken_port_and_taken_folder_change_no_file() {
    let place = Place::with_staff();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    // The first start on a folder puts what is missing there; the second finds nothing to do.
    Server::start(&place).stop();
    let before = kept(&place.data());
    let said = run(nexus(&place.data()).args(["serve", "--port", &port]));
    said.refuses(&[&port, "cannot listen", "in use"]);
    assert!(said.took < Duration::from_secs(2), "{said:?}");
    assert_eq!(kept(&place.data()), before, "files changed");
    let server = Server::start(&place);
    // Nobody writes here, so whatever changes would be the second server's doing.
    let before = kept(&place.data());
    for arguments in [&["serve", "--port", "0"][..], &["seed", "--products", "3"], &["migrate"]] {
        let said = run(nexus(&place.data()).args(arguments));
        said.refuses(&[place.data().to_str().unwrap(), "in use", &server.id().to_string()]);
        assert!(said.took < Duration::from_secs(2), "{said:?}");
    }
    assert_eq!(kept(&place.data()), before, "files changed");
    assert_eq!(get(server.port, "/health/ready").unwrap().status, 200);
    server.stop();
}

/// Each start below would migrate the shop, if it came so far.
#[test]
fn start_that_is_refused_has_migrated_nothing_and_begun_no_shop() {
    let (old, none) = (place_of(5), Place::empty());
    let before = kept(&old.data());
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let taken = taken.local_addr().unwrap();
    let lost = old.beside("lost.pem");
    let (port, taken, lost) = (taken.port().to_string(), taken.to_string(), lost.to_str().unwrap());
    let starts = [
        (&["--port", port.as_str()][..], vec![], "cannot listen"),
        (&["--port", &port], vec![("NEXUS_EDGE_ENABLED", "true")], "cannot listen"),
        (&["--port", "0"], vec![("NEXUS_EDGE_TLS_CERT", lost), ("NEXUS_EDGE_TLS_KEY", lost)], "lost.pem"),
        (&["--port", "0"], vec![("NEXUS_METRICS_ADDRESS", taken.as_str())], "for metrics"),
    ];
    for (arguments, settings, word) in starts {
        for place in [&old, &none] {
            let mut command = nexus(&place.data());
            command.env("NEXUS_EDGE_ENABLED", if word == "lost.pem" { "true" } else { "auto" }).envs(settings.clone());
            let said = run(command.arg("serve").args(arguments));
            said.refuses(&[word]);
            assert!(said.took < Duration::from_secs(2), "{said:?}");
        }
        assert_eq!(kept(&old.data()), before, "{word}: files changed");
        assert!(!none.data().exists(), "{word}: a shop was begun");
    }
}

#[test]
fn taken_port_makes_no_folder_for_a_shop_that_cannot_open() {
    let place = Place::empty();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for arguments in [&["serve", "--port", &port][..], &["serve", "--demo", "--port", &port]] {
        let said = run(nexus(&place.data()).args(arguments));
        said.refuses(&[&port, "cannot listen", "in use"]);
    }
    assert!(!place.data().join("nexus.db").exists() && !place.data().exists(), "a folder was made");
    drop(taken);
    Server::start(&place).stop();
}
