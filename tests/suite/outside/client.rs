//! A TypeScript client is made from the served description, type-checked strictly, and used for every operation.

use super::{PEOPLE, demo_shop, tools};
use crate::binary::PASSWORD;
use std::path::Path;
use std::process::Command;

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
    let said = tools::run(
        node(Path::new("out/main.js"))
            .env("NEXUS_URL", &address)
            .env("NEXUS_EMAIL", format!("{}@example.com", PEOPLE[0]))
            .env("NEXUS_PASSWORD", PASSWORD),
    );
    assert!(said.contains("operations used"), "{said}");
    server.stop();
    drop(place);
}
