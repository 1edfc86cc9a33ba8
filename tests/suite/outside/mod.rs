//! Proofs from outside: programs that other people wrote look at the real server by way of its own description.
//!
//! [`fuzz`] has Schemathesis try the API, [`client`] makes a TypeScript client and uses it, [`tools`] installs both.

mod client;
mod fuzz;
mod tools;

use crate::binary::{PASSWORD, Place, Server, login, nexus, run_with};

/// Settings that switch off what would get in the way of very many requests from one address, each with its reason.
const UNHINDERED: [(&str, &str); 0] = [];

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
    let server = Server::start_with(&place, &["--demo"], |command| {
        command.envs(UNHINDERED);
    });
    (place, server)
}

/// Signs one of them in.
fn token(server: &Server, role: &str) -> String {
    let reply = login(server.port, &format!("{role}@example.com"), PASSWORD);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["access"].as_str().unwrap().to_owned()
}
