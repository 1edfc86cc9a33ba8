//! Schemathesis makes requests up from the description and holds every answer to it.
//!
//! `tests/schemathesis` has its configuration: which checks are on is decided there. In the suite it runs shortly;
//! `tests/schemathesis.sh` sets [`SECONDS`] and has it go on, round by round, each with another seed and a new shop.

use super::{demo_shop, token, tools};
use crate::binary::Server;
use crate::support::spec;
use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

/// How long to go on; one short round when not set.
const SECONDS: &str = "NEXUS_FUZZ_SECONDS";
/// The seed of the first round; 1 when not set.
const SEED: &str = "NEXUS_FUZZ_SEED";

/// Made-up requests for each operation: in the suite, and when there is time.
const EXAMPLES: (u32, u32) = (10, 60);

#[test]
fn description_holds_for_whatever_an_admin_sends() {
    rounds("admin", |operation, statuses| {
        let told = |status: &u16| ![401, 403].contains(status);
        assert!(statuses.iter().any(told), "{operation} was never let through: {statuses:?}");
    });
}

#[test]
fn description_holds_for_whatever_a_customer_sends() {
    rounds("customer", |operation, statuses| {
        let (path, method) = operation.split_once(' ').map(|(method, path)| (path, method.to_lowercase())).unwrap();
        let described = &spec::document()["paths"][path][method];
        let guarded = described["security"].as_array().is_some_and(|s| !s.is_empty());
        let done = statuses.iter().any(|status| (200..300).contains(status));
        assert!(done != guarded, "{operation}: {statuses:?}");
    });
}

/// Runs Schemathesis with the token of somebody, and holds what came of each operation to something.
fn rounds(role: &str, met: impl Fn(&str, &[u16])) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    let until = number(SECONDS).map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let first = number(SEED).unwrap_or(1);
    for seed in first.. {
        let (place, server) = demo_shop();
        let mut command = Command::new(tools::schemathesis());
        command.env("NEXUS_TOKEN", token(&server, role)).current_dir(place.beside("")).args(["-m", "schemathesis.cli"]);
        command.arg("--config-file").arg(tools::tests().join("schemathesis/schemathesis.toml"));
        command.args(["run", &format!("http://127.0.0.1:{}/api/openapi.json", server.port)]);
        let examples = if until.is_some() { EXAMPLES.1 } else { EXAMPLES.0 };
        command.args(["--seed", &seed.to_string(), "--max-examples", &examples.to_string()]);
        let said = tools::run(&mut command);
        let came = answers(&server);
        for (path, method, _) in spec::operations() {
            let operation = format!("{} {path}", method.to_uppercase());
            met(&operation, came.get(&operation).unwrap_or_else(|| panic!("{operation} was never asked for")));
        }
        let tally = said.lines().find(|line| line.contains(" generated, ")).unwrap_or_default();
        println!("{role}, seed {seed}: {}", tally.trim());
        server.stop();
        if until.is_none_or(|until| Instant::now() > until) {
            return;
        }
    }
}

/// The statuses that came of each operation, out of the log.
fn answers(server: &Server) -> BTreeMap<String, Vec<u16>> {
    let mut found: BTreeMap<String, Vec<u16>> = BTreeMap::new();
    let log = server.log();
    for line in log.lines().filter(|line| line.contains("nexus::access")) {
        let field = |name: &str| line.split_once(name).and_then(|(_, rest)| rest.split([' ', '"']).next());
        let (Some(method), Some(route), Some(status)) = (field("method=\""), field("route=\""), field("status="))
        else {
            panic!("a line of another form: {line}")
        };
        let Some(path) = route.strip_prefix("/api/v1") else { continue };
        let path = path.replace('<', "{").replace('>', "}");
        let statuses = found.entry(format!("{method} {path}")).or_default();
        let status = status.parse().unwrap();
        if !statuses.contains(&status) {
            statuses.push(status);
        }
    }
    found
}
