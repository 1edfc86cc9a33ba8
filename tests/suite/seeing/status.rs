//! `nexus status` and `nexus doctor`, of the real program: beside a running shop, without one, and where something is wrong.

use crate::binary::{Place, Said, Server, contents, exchange, nexus, run};
use crate::selling::till;
use crate::support::Requests;
use nexus::services::Ctx;
use serde_json::Value;
use std::path::Path;

fn asked(data: &Path, command: &str) -> Said {
    run(nexus(data).arg(command))
}

fn json(data: &Path, command: &str) -> (Option<i32>, Value) {
    let said = run(nexus(data).args([command, "--json"]));
    (said.code, serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}")))
}

/// The remarks of a doctor that are problems.
fn problems(seen: &Value) -> Vec<String> {
    let remarks = seen["remarks"].as_array().unwrap();
    let problems = remarks.iter().filter(|remark| remark["severity"] == "problem");
    problems.map(|remark| format!("{} {} {}", remark["topic"], remark["text"], remark["advice"])).collect()
}

#[test]
fn status_of_a_running_shop_is_what_the_shop_says() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let (code, seen) = json(&place.data(), "status");
    assert_eq!((code, &seen["running"], &seen["problem"]), (Some(0), &true.into(), &Value::Null), "{seen}");
    assert_eq!(seen["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(seen["process"], server.id());
    assert_eq!(seen["url"], format!("http://127.0.0.1:{}", server.port));
    assert_eq!(
        (&seen["orders_today"], &seen["total_today"], &seen["currency"]),
        (&0.into(), &"0.00".into(), &"EUR".into())
    );
    assert!(seen["database_bytes"].as_u64().unwrap() > 10_000 && seen["disk_free_bytes"].as_u64().unwrap() > 0);
    assert!(seen["backup"].is_null() && seen["check"].is_null(), "{seen}");
    let text = asked(&place.data(), "status").fine();
    for part in
        ["is open at http://127.0.0.1", "Works", "Orders today", "0 for 0.00 EUR", "Last backup", "none", "free of"]
    {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    server.stop();
    assert!(!place.data().join("tmp/control.json").exists());
    let (code, seen) = json(&place.data(), "status");
    assert_eq!((code, &seen["running"], &seen["shop"]), (Some(4), &false.into(), &true.into()), "{seen}");
}

#[test]
fn status_of_a_killed_shop_is_that_it_does_not_run() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    server.kill();
    assert!(place.data().join("tmp/control.json").exists());
    let said = asked(&place.data(), "status");
    assert_eq!(said.code, Some(4), "{said:?}");
    assert!(said.out.contains("does not run") && said.err.contains("does not run"), "{said:?}");
    let nowhere = Place::empty();
    let said = asked(&nowhere.data(), "status");
    assert_eq!(said.code, Some(4), "{said:?}");
    assert!(said.out.contains("There is no shop") && !nowhere.data().exists(), "{said:?}");
}

#[test]
fn status_is_told_to_the_owner_of_the_data_folder_alone() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let file = place.data().join("tmp/control.json");
    #[cfg(unix)]
    {
        let mode = std::fs::metadata(&file).unwrap().permissions();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
    }
    let said: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let port: u16 = said["address"].as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap();
    let token = said["token"].as_str().unwrap();
    let ask = |path: &str, token: &str| {
        exchange(port, &format!("GET {path} HTTP/1.1\r\nAuthorization: Bearer {token}\r\n\r\n")).unwrap().status
    };
    assert_eq!([ask("/status", token), ask("/status", "x"), ask("/other", token)], [200, 401, 404]);
    assert!(!server.log().contains(token));
    server.stop();
}

#[test]
fn status_counts_the_orders_of_the_day_and_what_they_come_to() {
    let shop = till::shop_with_mugs(9);
    till::buy(&shop.anonymous(), 2, "a", &till::by_test("paid"));
    till::buy(&shop.anonymous(), 1, "b", &till::by_transfer());
    let path = format!(
        "/api/v1/admin/orders/{}/cancel",
        till::buy(&shop.anonymous(), 1, "c", &till::by_transfer())["number"].as_str().unwrap()
    );
    shop.staff().post(&path, &serde_json::json!({})).ok(200);
    let status = shop.shop.status(&Ctx::owner()).unwrap();
    assert_eq!((status.orders_today, status.total_today.minor(), status.queue), (2, 3_000, 0));
    let tomorrow =
        Ctx { now: nexus::domain::Timestamp::from_millis(Ctx::owner().now.millis() + 86_400_000), ..Ctx::owner() };
    assert_eq!(shop.shop.status(&tomorrow).unwrap().orders_today, 0);
    assert!(shop.shop.status(&Ctx::now(nexus::services::Actor::Anonymous)).is_err());
}

#[test]
fn doctor_finds_nothing_wrong_with_a_sound_shop_and_leaves_it_as_it_is() {
    let place = Place::with_staff();
    run(nexus(&place.data()).args(["check", "--quick"])).fine();
    // The engine makes files beside the database for whoever reads it, and they are empty.
    let files = || {
        let all = contents(&place.data()).into_iter();
        all.filter(|(path, ..)| path.extension().is_none_or(|end| end != "db-wal" && end != "db-shm"))
            .collect::<Vec<_>>()
    };
    let before = files();
    let (code, seen) = json(&place.data(), "doctor");
    assert_eq!((code, &seen["ok"]), (Some(0), &true.into()), "{seen}");
    let topics: Vec<&str> = seen["remarks"].as_array().unwrap().iter().map(|r| r["topic"].as_str().unwrap()).collect();
    assert_eq!(topics, ["settings", "data folder", "disk", "clock", "backup", "schema", "database"], "{seen}");
    assert_eq!(files(), before);
    let server = Server::start(&place);
    let text = asked(&place.data(), "doctor").fine();
    assert!(text.contains("it runs and does its work"), "{text}");
    server.stop();
    let nowhere = Place::empty();
    assert!(asked(&nowhere.data(), "doctor").fine().contains("there is no shop"));
    assert!(!nowhere.data().exists());
}

#[test]
fn check_of_a_stopped_shop_is_the_last_one_that_the_shop_tells_of() {
    let place = Place::with_staff();
    run(nexus(&place.data()).args(["check", "--quick"])).fine();
    run(nexus(&place.data()).arg("check")).fine();
    let server = Server::start(&place);
    let (_, seen) = json(&place.data(), "status");
    assert_eq!(seen["check"]["findings"], 0, "{seen}");
    // Beside it nobody else writes.
    run(nexus(&place.data()).arg("check")).refuses(&["in use"]);
    server.stop();
}

#[test]
fn doctor_names_what_needs_a_hand_and_what_to_do() {
    let place = Place::with_staff();
    // Opening a shop restricts what is in its folder.
    run(nexus(&place.data()).args(["check", "--quick"])).fine();
    #[cfg(unix)]
    {
        nexus::folder::restrict(&place.data(), 0o755).unwrap();
        let (code, seen) = json(&place.data(), "doctor");
        let found = problems(&seen);
        assert!(code == Some(3) && found.len() == 1 && found[0].contains("chmod"), "{seen}");
        nexus::folder::restrict(&place.data(), 0o700).unwrap();
    }
    let mut command = nexus(&place.data());
    command.env("NEXUS_WATCH_CERTIFICATES", "[\"/nowhere/chain.pem\"]").env("NEXUS_METRICS_ADDRESS", "0.0.0.0:9464");
    let said = run(command.arg("doctor"));
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.out.contains("/nowhere/chain.pem") && said.out.contains("metrics.token"), "{said:?}");
    let database = place.data().join("nexus.db");
    let length = std::fs::metadata(&database).unwrap().len();
    std::fs::File::options().write(true).open(&database).unwrap().set_len(length / 8 * 4).unwrap();
    let (code, seen) = json(&place.data(), "doctor");
    let found = problems(&seen);
    assert!(code == Some(3) && found.len() == 1 && found[0].contains("restore the newest backup"), "{seen}");
}

#[test]
fn doctor_of_a_stopped_shop_calls_backups_that_fail_or_stay_away_a_problem() {
    let place = Place::with_staff();
    run(nexus(&place.data()).args(["check", "--quick"])).fine();
    let found = || {
        let (code, seen) = json(&place.data(), "doctor");
        assert_eq!(code, if problems(&seen).is_empty() { Some(0) } else { Some(3) }, "{seen}");
        problems(&seen)
    };
    assert_eq!(found(), [""; 0]);
    let marker = std::fs::File::options().write(true).open(place.data().join("nexus.json")).unwrap();
    marker.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(4 * 86_400)).unwrap();
    assert!(matches!(&found()[..], [one] if one.contains("every 24 hours") && one.contains("nexus backup")));
    run(nexus(&place.data()).arg("backup")).fine();
    assert_eq!(found(), [""; 0]);
    let at = Ctx::owner().now.millis() + 1_000;
    let failure = serde_json::json!({ "at": at, "stage": "uploaded", "why": "the storage answered 503" });
    let database = rusqlite::Connection::open(place.data().join("nexus.db")).unwrap();
    let sql = "insert into setting (name, value) values ('backup.failure', ?1)";
    database.execute(sql, [failure.to_string()]).unwrap();
    drop(database);
    assert!(matches!(&found()[..], [one] if one.contains("could not be uploaded") && one.contains("503")));
}

#[test]
fn doctor_calls_a_demo_that_the_public_reaches_a_problem_and_refuses_nothing() {
    let place = Place::empty();
    let demo = |address: Option<&str>| {
        let mut command = nexus(&place.data());
        command.args(["doctor", "--json"]).envs(address.map(|address| ("NEXUS_ADDRESS", address)));
        let seen: Value = serde_json::from_str(&run(&mut command).out).unwrap();
        problems(&seen).into_iter().find(|problem| problem.contains("demo.test"))
    };
    let server = Server::start_with(&place, &["--demo"], |_| {});
    assert_eq!(demo(None), None);
    let said = demo(Some("0.0.0.0")).expect("a problem");
    assert!(said.contains("admin@demo.test") && said.contains("nexus user set-password"), "{said}");
    server.stop();
    // The running shop knows better than the settings where it is reached.
    let server = Server::start_with(&place, &["--address", "0.0.0.0"], |_| {});
    assert!(demo(None).is_some());
    server.stop();
    assert_eq!(demo(None), None);
    for email in ["admin@demo.test", "staff@demo.test"] {
        run(nexus(&place.data()).args(["user", "deactivate", "--email", email])).fine();
    }
    assert!(demo(Some("0.0.0.0")).is_some_and(|said| !said.contains("admin@") && said.contains("customer@demo.test")));
    run(nexus(&place.data()).args(["user", "deactivate", "--email", "customer@demo.test"])).fine();
    assert_eq!(demo(Some("0.0.0.0")), None);
}
