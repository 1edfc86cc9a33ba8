//! A TypeScript client is made from the served description, type-checked strictly, and used for every operation.

use super::{PEOPLE, demo_shop, tools, unhindered};
use crate::binary::{PASSWORD, Place, Server, eventually};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

#[test]
fn typescript_client_made_from_the_description_reaches_every_operation() {
    let (place, server) = demo_shop();
    let address = format!("http://127.0.0.1:{}", server.port);
    let work = tools::client();
    // A folder of its own within that of the packages, which is where Node looks for them.
    let folder = tempfile::tempdir_in(&work).unwrap();
    let sources = folder.path().join("src");
    std::fs::create_dir(&sources).unwrap();
    let own = tools::tests().join("client");
    for file in std::fs::read_dir(own.join("src")).unwrap().map(|entry| entry.unwrap().path()) {
        std::fs::copy(&file, sources.join(file.file_name().unwrap())).unwrap();
    }
    for name in ["tsconfig.json", "package.json"] {
        std::fs::copy(own.join(name), folder.path().join(name)).unwrap();
    }
    let node = |program: &Path| {
        let mut command = Command::new("node");
        command.arg(program).current_dir(folder.path());
        command
    };
    let packages = work.join("node_modules");
    let description = format!("{address}/api/openapi.json");
    tools::run(node(&packages.join("openapi-typescript/bin/cli.js")).args([&description, "-o", "src/api.ts"]));
    tools::run(node(&packages.join("typescript/bin/tsc")).args(["--project", "tsconfig.json"]));
    let new_place = Place::empty();
    let new_server = Server::start_with(&new_place, &[], unhindered);
    let said = tools::run(
        node(Path::new("out/main.js"))
            .env("NEXUS_URL", &address)
            .env("NEXUS_EMAIL", format!("{}@example.com", PEOPLE[0]))
            .env("NEXUS_PASSWORD", PASSWORD)
            .env("NEXUS_MAIL", place.data().join("mail"))
            .env("NEXUS_NEW_URL", format!("http://127.0.0.1:{}", new_server.port))
            .env("NEXUS_NEW_TOKEN", setup_token(&new_place)),
    );
    assert!(said.contains("operations used"), "{said}");
    server.stop();
    new_server.stop();
}

/// The token for the first admin, which a shop without one prints when it starts.
fn setup_token(place: &Place) -> String {
    let printed = || std::fs::read_to_string(place.beside("server.out")).unwrap_or_default();
    let token = |text: &str| Some(text.split_once("{\"token\": \"")?.1.split_once('"')?.0.to_owned());
    eventually("the token for the first admin is printed", Duration::from_secs(10), || token(&printed()).is_some());
    token(&printed()).unwrap()
}
