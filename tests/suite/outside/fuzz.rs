//! Schemathesis makes requests up from the description and holds every answer to it.
//!
//! `tests/schemathesis` has its configuration: which checks are on is decided there. In the suite it runs shortly;
//! `tests/schemathesis.sh` sets [`SECONDS`] and has it go on, round by round, each with another seed and a new shop.

use super::{PEOPLE, demo_shop, token, tools};
use crate::binary::{PASSWORD, Server, request};
use crate::support::spec;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

/// How long to go on; one short round when not set.
const SECONDS: &str = "NEXUS_FUZZ_SECONDS";
/// The seed of the first round; 1 when not set.
const SEED: &str = "NEXUS_FUZZ_SEED";

/// Made-up requests for each operation: in the suite, and when there is time.
const EXAMPLES: (u32, u32) = (4, 60);

/// Operations that `hooks.py` has somebody else do, who is signed in, since they end the sign-in of whoever does them.
const ENDING: [&str; 5] = ["logout", "logout_all", "password_change", "me_erase", "session_revoke"];

#[test]
fn description_holds_for_whatever_an_admin_sends() {
    rounds("admin", |_| true);
}

#[test]
fn description_holds_for_whatever_a_customer_sends() {
    let open = |operation: &Described| ["Catalog", "Selling"].contains(&operation.tag) && !operation.guarded;
    rounds("customer", |operation| operation.personal || operation.tag == "Accounts" || open(operation));
}

#[test]
fn description_holds_for_whatever_an_api_key_sends() {
    rounds(KEY, |operation| match operation.tag {
        "Accounts" => !operation.guarded || ENDING.contains(&operation.name),
        "Administration" => !["api_key", "backup"].iter().any(|noun| operation.name.starts_with(noun)),
        _ => !operation.personal,
    });
}

/// The caller that is no person.
const KEY: &str = "key";

/// What `hooks.py` writes down.
#[derive(Deserialize)]
struct Came {
    /// The statuses that came of each operation.
    came: BTreeMap<String, Vec<u16>>,
    /// The requests that got no answer.
    lost: Vec<String>,
}

/// An operation by what the description says of it.
struct Described {
    name: &'static str,
    tag: &'static str,
    /// Whether it asks for a token.
    guarded: bool,
    /// Whether it is about whoever is signed in.
    personal: bool,
}

/// Runs Schemathesis as somebody, and holds what came of each operation to whether they may have it done.
fn rounds(caller: &str, may: impl Fn(&Described) -> bool) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    let until = number(SECONDS).map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let first = number(SEED).unwrap_or(1);
    for seed in first.. {
        let (place, server) = demo_shop();
        let address = format!("http://127.0.0.1:{}", server.port);
        let mut command = Command::new(tools::schemathesis());
        command.current_dir(place.beside("")).env("NEXUS_URL", &address).env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("NEXUS_CAME", place.beside("came.json"));
        command.env("NEXUS_HOOKS", tools::tests().join("schemathesis/hooks.py"));
        if PEOPLE.contains(&caller) {
            command.env("NEXUS_TOKEN", token(&server, caller)).env("NEXUS_PASSWORD", PASSWORD);
            command.env("NEXUS_EMAIL", format!("{caller}@example.com"));
        } else {
            command.env("NEXUS_TOKEN", key(&server)).env_remove("NEXUS_EMAIL");
        }
        command.args(["-m", "schemathesis.cli", "--config-file"]);
        command.arg(tools::tests().join("schemathesis/schemathesis.toml"));
        command.args(["run", &format!("{address}/api/openapi.json")]);
        let examples = if until.is_some() { EXAMPLES.1 } else { EXAMPLES.0 };
        if until.is_none() && caller != "admin" {
            // One caller looks at every corner of each body; what differs for the others is what they may.
            command.args(["--phases", "examples,fuzzing"]);
        }
        command.args(["--seed", &seed.to_string(), "--max-examples", &examples.to_string()]);
        let said = tools::run(&mut command);
        let Came { came, lost } = serde_json::from_slice(&std::fs::read(place.beside("came.json")).unwrap()).unwrap();
        assert!(lost.is_empty(), "no answer to {lost:#?}\n{said}\n{}", server.log());
        meets(&came, &may);
        let tally = said.lines().find(|line| line.contains(" generated, ")).unwrap_or_default();
        println!("{caller}, seed {seed}: {}", tally.trim());
        server.stop();
        if until.is_none_or(|until| Instant::now() > until) {
            return;
        }
    }
}

/// A key with every scope there is.
fn key(server: &Server) -> String {
    let scopes = &spec::document()["components"]["schemas"]["Scope"]["enum"];
    let body = json!({ "name": "Proof", "scopes": scopes });
    let path = "/api/v1/admin/api-keys";
    let made = request(server.port, "POST", path, Some(&token(server, "admin")), Some(&body)).unwrap();
    assert_eq!(made.status, 201, "{made:?}");
    made.json()["key"].as_str().unwrap().to_owned()
}

/// Fails unless every operation was let through that may be, and no other was done. Whether made-up input gets as far as
/// doing one is a matter of luck; the TypeScript client does each.
fn meets(came: &BTreeMap<String, Vec<u16>>, may: impl Fn(&Described) -> bool) {
    let mut wrong = Vec::new();
    for (path, method, described) in spec::operations() {
        let described = Described {
            name: described["operationId"].as_str().unwrap(),
            tag: described["tags"][0].as_str().unwrap(),
            guarded: described["security"].as_array().is_some_and(|s| !s.is_empty()),
            personal: path.starts_with("/me/") || (path, method) == ("/products/{id}/reviews", "post"),
        };
        let statuses = came.get(described.name).map_or(&[][..], Vec::as_slice);
        let done = statuses.iter().any(|status| (200..300).contains(status));
        let let_through = statuses.iter().any(|status| ![401, 403].contains(status));
        let as_it_may = match may(&described) {
            true => let_through,
            false => !done,
        };
        if !as_it_may {
            wrong.push(format!("{} {path}: {statuses:?}", method.to_uppercase()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
