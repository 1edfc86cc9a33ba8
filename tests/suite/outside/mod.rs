//! Proofs from outside: programs that other people wrote look at the real server by way of its own description.
//!
//! [`fuzz`] has Schemathesis try the API, [`client`] makes a TypeScript client and uses it, [`tools`] installs both.

mod client;
mod fuzz;
mod tools;

use crate::binary::{PASSWORD, Place, Server, login, nexus, run_with};
use nexus::config::LimitSettings;
use std::process::Command;

/// Who there is besides the demo's products.
const PEOPLE: [&str; 2] = ["admin", "customer"];

/// The demo shop with one person of each role, as `ROLE@example.com`.
fn demo_shop() -> (Place, Server) {
    let place = Place::empty();
    for role in PEOPLE {
        let email = format!("{role}@example.com");
        let mut command = nexus(&place.data());
        command.args(["user", "create", "--role", role, "--email", &email, "--password-stdin"]);
        run_with(&mut command, PASSWORD).fine();
    }
    let server = Server::start_with(&place, &["--demo"], unhindered);
    (place, server)
}

/// Switches off every budget, which very many requests from one address would use up in no time, and invoices on.
fn unhindered(command: &mut Command) {
    command.env("NEXUS_SELLING_INVOICES", "true").env("NEXUS_SELLING_INVOICE_SELLER", "Example Ltd\n1 High Street");
    let budgets = serde_json::to_value(LimitSettings::off()).unwrap();
    for (name, none) in budgets.as_object().unwrap() {
        command.env(format!("NEXUS_LIMITS_{}", name.to_uppercase()), none.to_string());
    }
}

/// Signs one of them in.
fn token(server: &Server, role: &str) -> String {
    let reply = login(server.port, &format!("{role}@example.com"), PASSWORD);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["access"].as_str().unwrap().to_owned()
}
