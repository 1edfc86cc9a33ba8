//! `nexus user …`, and what its changes mean to a running shop.

use super::{PASSWORD, Place, STAFF, Said, Server, create, login, nexus, run, run_with};
use serde_json::Value;

const ANN: &str = "ann@example.com";

fn user(place: &Place, arguments: &[&str], input: &str) -> Said {
    run_with(nexus(&place.data()).arg("user").args(arguments), input)
}

fn create_ann(place: &Place, role: &str) {
    user(place, &["create", "--role", role, "--email", ANN, "--password-stdin"], &format!("{PASSWORD}\n")).fine();
}

fn list(place: &Place, arguments: &[&str]) -> Vec<Value> {
    let said = run(nexus(&place.data()).args(["user", "list", "--json"]).args(arguments)).fine();
    said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn user_create_makes_people_who_are_listed_and_can_sign_in() {
    let place = Place::empty();
    for (role, email) in [("admin", ANN), ("staff", "bob@example.com"), ("customer", "cy@example.com")] {
        let out = user(&place, &["create", "--role", role, "--email", email, "--password-stdin"], PASSWORD).fine();
        assert!(out.contains(email) && out.contains(role), "{out}");
    }
    let roles: Vec<_> = list(&place, &[]).iter().map(|u| (u["email"].clone(), u["role"].clone())).collect();
    assert_eq!(roles.len(), 3);
    assert!(roles.contains(&(ANN.into(), "admin".into())), "{roles:?}");
    assert_eq!(list(&place, &["--role", "staff"]).len(), 1);
    let shown = run(nexus(&place.data()).args(["user", "list"])).fine();
    assert!(shown.lines().count() == 3 && !shown.contains("argon2"), "{shown}");
    let server = Server::start(&place);
    for email in [ANN, "bob@example.com", "cy@example.com", "ANN@example.com"] {
        let reply = login(server.port, email, PASSWORD);
        assert_eq!(reply.status, 200, "{email}: {reply:?}");
    }
    assert_eq!(login(server.port, ANN, "a wrong password here").status, 401);
    assert!(!server.log().contains(PASSWORD), "a password was logged");
    server.stop();
}

#[test]
fn user_create_refuses_what_cannot_be() {
    let place = Place::empty();
    create_ann(&place, "admin");
    let make = |role: &str, email: &str, password: &str| {
        user(&place, &["create", "--role", role, "--email", email, "--password-stdin"], password)
    };
    make("staff", ANN, PASSWORD).refuses(&["email"]);
    make("staff", "Ann@Example.com", PASSWORD).refuses(&["email"]);
    make("staff", "not an address", PASSWORD).refuses(&["email"]);
    make("staff", "dan@example.com", "short").refuses(&["password"]);
    make("staff", "dan@example.com", "").refuses(&["password"]);
    let role = make("owner", "dan@example.com", PASSWORD);
    assert!(role.code == Some(2) && role.err.contains("owner") && role.err.contains("staff"), "{role:?}");
    // Without a terminal nobody can be asked.
    run(nexus(&place.data()).args(["user", "create", "--role", "staff", "--email", "dan@example.com"]))
        .refuses(&["--password-stdin"]);
    assert_eq!(list(&place, &[]).len(), 1);
}

#[test]
fn user_set_password_replaces_the_old_one() {
    let place = Place::empty();
    create_ann(&place, "admin");
    let server = Server::start(&place);
    let token = login(server.port, ANN, PASSWORD).json()["access"].as_str().unwrap().to_owned();
    server.stop();
    user(&place, &["set-password", "--email", ANN, "--password-stdin"], "another long walk\r\n").fine();
    let server = Server::start(&place);
    assert_eq!(login(server.port, ANN, PASSWORD).status, 401);
    assert_eq!(login(server.port, ANN, "another long walk").status, 200);
    assert!(!create(server.port, &token, "Mug").unwrap(), "a token from before the change still counts");
    server.stop();
    user(&place, &["set-password", "--email", "eve@example.com", "--password-stdin"], "another long walk")
        .refuses(&["user"]);
    user(&place, &["set-password", "--email", ANN, "--password-stdin"], "short").refuses(&["password"]);
}

#[test]
fn user_set_role_changes_what_they_may() {
    let place = Place::empty();
    create_ann(&place, "customer");
    let server = Server::start(&place);
    let token = |server: &Server| login(server.port, ANN, PASSWORD).json()["access"].as_str().unwrap().to_owned();
    assert!(!create(server.port, &token(&server), "Mug").unwrap());
    server.stop();
    let out = user(&place, &["set-role", "--email", ANN, "--role", "staff"], "").fine();
    assert!(out.contains(ANN) && out.contains("staff"), "{out}");
    let server = Server::start(&place);
    let staff = token(&server);
    assert!(create(server.port, &staff, "Mug").unwrap());
    server.stop();
    user(&place, &["set-role", "--email", ANN, "--role", "customer"], "").fine();
    let server = Server::start(&place);
    assert!(!create(server.port, &staff, "Jug").unwrap(), "the token of a former member of staff still counts");
    assert!(!create(server.port, &token(&server), "Jug").unwrap());
    server.stop();
    user(&place, &["set-role", "--email", "eve@example.com", "--role", "staff"], "").refuses(&["user"]);
}

#[test]
fn password_is_never_an_argument() {
    let place = Place::with_staff();
    let said = user(&place, &["set-password", "--email", STAFF, "--password", "x"], "");
    assert_eq!(said.code, Some(2), "{said:?}");
}
