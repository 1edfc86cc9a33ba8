//! Conditions under which the shop starts, and those under which it must not: then one line names the cause, and
//! no file has changed.

use super::{
    Command, Duration, Ipv4Addr, Path, Place, Said, Server, TcpListener, contents, copy_folder, free_port, get, nexus,
    program, run, set_mode,
};
use std::io::Write;

/// Tries to serve a folder that must be refused, and holds its files to being unchanged.
fn refused(place: &Place) -> Said {
    let before = contents(&place.data());
    let said = run(nexus(&place.data()).args(["serve", "--port", &free_port().to_string()]));
    assert_eq!(contents(&place.data()), before, "files changed");
    assert!(said.took < Duration::from_secs(2), "{said:?}");
    said
}

fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions()) & 0o777
}

#[test]
fn serve_on_an_empty_folder_sets_a_shop_up() {
    let place = Place::empty();
    let server = Server::start(&place);
    assert_eq!(get(server.port, "/health/ready").unwrap().status, 200);
    let list = get(server.port, "/api/v1/products").unwrap();
    assert_eq!((list.status, list.json()["results"].as_array().map(Vec::len)), (200, Some(0)));
    let out = std::fs::read_to_string(place.beside("server.out")).unwrap();
    assert!(out.contains(&format!("http://127.0.0.1:{}", server.port)) && out.contains("/api/docs/"), "{out}");
    server.stop();
}

#[test]
fn serve_demo_fills_the_shop_and_prints_a_login_that_works() {
    let place = Place::empty();
    let server = Server::start_with(&place, &["--demo"], |_| {});
    let count =
        get(server.port, "/api/v1/products?include=count&page_size=1").unwrap().json()["count"].as_i64().unwrap();
    assert!(count >= 40, "{count} products");
    let categories = get(server.port, "/api/v1/categories").unwrap().json();
    assert!(categories["results"].as_array().unwrap().len() >= 6, "{categories}");
    let out = std::fs::read_to_string(place.beside("server.out")).unwrap();
    assert!(out.contains('@'), "no demo login is printed: {out}");
    server.stop();
    // A second start finds the shop as it is.
    let server = Server::start_with(&place, &["--demo"], |_| {});
    let again =
        get(server.port, "/api/v1/products?include=count&page_size=1").unwrap().json()["count"].as_i64().unwrap();
    assert_eq!(again, count);
    server.stop();
}

#[test]
fn files_of_a_shop_are_private() {
    let place = Place::empty();
    let server = Server::start(&place);
    for folder in ["", "secrets", "backups", "media", "tmp"] {
        assert_eq!(mode(&place.data().join(folder)), 0o700, "{folder}");
    }
    let secrets: Vec<_> = contents(&place.data().join("secrets")).into_iter().map(|(path, ..)| path).collect();
    assert!(!secrets.is_empty());
    let files = ["nexus.db", "nexus.db-wal", "nexus.db-shm", "nexus.json"].map(|name| place.data().join(name));
    for file in secrets.iter().chain(files.iter().filter(|f| f.exists())) {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    server.stop();
}

#[test]
fn second_server_on_a_folder_is_refused_and_the_first_goes_on() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let said = run(nexus(&place.data()).args(["serve", "--port", &free_port().to_string()]));
    said.refuses(&[place.data().to_str().unwrap(), "in use", &server.id().to_string()]);
    assert!(said.took < Duration::from_secs(2), "{said:?}");
    assert_eq!(get(server.port, "/health/ready").unwrap().status, 200);
    server.stop();
}

#[test]
fn writing_commands_refuse_while_a_server_runs() {
    let place = Place::with_staff();
    let file = place.beside("products.jsonl");
    std::fs::write(&file, "{\"name\":\"Mug\",\"price\":\"1.00\",\"category\":\"Proof > Mugs\"}\n").unwrap();
    let server = Server::start(&place);
    let commands: [&[&str]; 6] = [
        &["migrate"],
        &["user", "set-role", "--email", super::STAFF, "--role", "admin"],
        &["seed", "--products", "10", "--seed", "1"],
        &["import", file.to_str().unwrap()],
        &["reindex"],
        &["check"],
    ];
    for arguments in commands {
        let said = run(nexus(&place.data()).args(arguments));
        said.refuses(&["in use", &server.id().to_string()]);
    }
    assert_eq!(server.product_names(), Vec::<String>::new());
    server.stop();
}

#[test]
fn serve_on_a_taken_port_says_so_and_leaves_the_shop_free() {
    let place = Place::with_staff();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = run(nexus(&place.data()).args(["serve", "--port", &port]));
    said.refuses(&[&port, "cannot listen"]);
    assert!(said.took < Duration::from_secs(2), "{said:?}");
    super::check_is_fine(&place.data());
}

#[test]
fn serve_on_a_foreign_file_as_database_refuses() {
    let place = Place::empty();
    std::fs::create_dir_all(place.data()).unwrap();
    std::fs::write(place.data().join("nexus.db"), "Dear diary, today I set up a shop.".repeat(40)).unwrap();
    refused(&place).refuses(&["nexus.db", "not a database"]);
}

#[test]
fn serve_on_the_database_of_another_program_refuses() {
    let place = Place::with_staff();
    let database = place.data().join("nexus.db");
    let mut bytes = std::fs::read(&database).unwrap();
    bytes[68..72].copy_from_slice(b"ABCD");
    std::fs::write(&database, bytes).unwrap();
    refused(&place).refuses(&["nexus.db", "another program"]);
}

#[test]
fn serve_on_a_broken_header_refuses() {
    for (at, broken) in [(0, &b"SQLite format 9\0"[..]), (16, &[0xFF, 0xFF]), (18, &[9, 9])] {
        let place = Place::with_staff();
        let database = place.data().join("nexus.db");
        let mut bytes = std::fs::read(&database).unwrap();
        bytes[at..at + broken.len()].copy_from_slice(broken);
        std::fs::write(&database, bytes).unwrap();
        refused(&place).refuses(&["nexus.db"]);
    }
}

#[test]
fn serve_on_a_cut_database_refuses() {
    let place = Place::with_staff();
    let database = place.data().join("nexus.db");
    std::fs::OpenOptions::new().write(true).open(&database).unwrap().set_len(50).unwrap();
    refused(&place).refuses(&["nexus.db"]);
}

#[test]
fn serve_where_the_database_is_lost_refuses() {
    for empty in [false, true] {
        let place = Place::with_staff();
        let database = place.data().join("nexus.db");
        std::fs::remove_file(&database).unwrap();
        if empty {
            std::fs::File::create(&database).unwrap().flush().unwrap();
        }
        refused(&place).refuses(&["nexus.db", if empty { "empty" } else { "missing" }, "backups"]);
    }
}

#[test]
fn serve_on_a_newer_schema_refuses_naming_both() {
    let place = Place::with_staff();
    let newer = "insert into refinery_schema_history (version, name, applied_on, checksum) \
                 values (9999, 'later', '2030-01-01T00:00:00Z', '1')";
    let shop = place.open();
    shop.store().write_blocking(move |tx| Ok::<_, nexus::services::Error>(tx.execute(newer, [])?)).unwrap();
    drop(shop);
    refused(&place).refuses(&["nexus.db", "9999", "newer"]);
}

/// Whoever runs the tests as root may write anywhere, so the program runs as somebody who may not.
fn as_somebody_else(command: &mut Command) {
    if rustix::process::getuid().is_root() {
        std::os::unix::process::CommandExt::uid(command, 65_534);
        // A program that counts what it runs would say that it may not write that down.
        command.env("LLVM_PROFILE_FILE", "/dev/null");
    }
}

#[test]
fn serve_on_a_folder_it_may_not_write_refuses() {
    for (database_mode, cause) in [(0o600, "denied"), (0o644, "not permitted")] {
        let place = Place::with_staff();
        // The program itself may lie where only root may look.
        let exe = place.program_for_all();
        set_mode(&place.data().join("nexus.db"), database_mode);
        set_mode(&place.data(), 0o555);
        let before = contents(&place.data());
        let mut command = program(&exe, &place.data());
        command.args(["serve", "--port", &free_port().to_string()]);
        as_somebody_else(&mut command);
        let said = run(&mut command);
        set_mode(&place.data(), 0o755);
        if rustix::process::getuid().is_root() {
            said.refuses(&[place.data().to_str().unwrap(), cause]);
        } else {
            // Its owner may give himself the right to write again, and the shop opens.
            assert!(said.code.is_some(), "{said:?}");
        }
        assert!(said.took < Duration::from_secs(2), "{said:?}");
        assert_eq!(contents(&place.data()), before);
    }
}

#[test]
fn shop_moved_to_another_folder_is_the_same_shop() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let token = server.token();
    assert!(super::create(server.port, &token, "Mug").unwrap());
    server.stop();
    let moved = Place::empty();
    copy_folder(&place.data(), &moved.data());
    let server = Server::start(&moved);
    assert_eq!(server.product_names(), ["Mug"]);
    // The secrets moved along, so the token still counts.
    assert!(super::create(server.port, &token, "Jug").unwrap());
    server.stop();
}
