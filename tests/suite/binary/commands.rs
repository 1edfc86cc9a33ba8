//! The rest of the command line: help, the API description, completions, and data in and out.

use super::{Place, Server, Stdio, check_is_fine, nexus, run};
use serde_json::Value;

/// The subcommands that a page of help lists.
fn listed(help: &str) -> Vec<String> {
    let section = help.split("Commands:\n").nth(1).unwrap_or_default();
    let lines = section.lines().take_while(|l| l.starts_with("  "));
    let names = lines.filter(|l| !l.starts_with("   ")).filter_map(|l| l.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

fn help_shows_an_example(place: &Place, path: &[String]) -> usize {
    let help = run(nexus(&place.data()).args(path).arg("--help")).fine();
    assert!(help.contains("Example"), "`nexus {} --help` has no example:\n{help}", path.join(" "));
    let inner = listed(&help);
    1 + inner.into_iter().map(|name| help_shows_an_example(place, &[path, &[name]].concat())).sum::<usize>()
}

#[test]
fn every_command_has_help_with_an_example() {
    let place = Place::empty();
    let seen = help_shows_an_example(&place, &[]);
    assert!(seen >= 16, "only {seen} pages of help were found");
    assert!(!place.data().exists());
}

#[test]
fn command_nobody_knows_is_wrong_usage() {
    let place = Place::empty();
    for arguments in [&["sell"][..], &["serve", "--prot", "1"], &["serve", "--port", "70000"], &["import"]] {
        let said = run(nexus(&place.data()).args(arguments));
        assert_eq!(said.code, Some(2), "{said:?}");
    }
    assert!(run(nexus(&place.data()).arg("--version")).fine().contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn openapi_prints_the_document_that_the_server_gives() {
    let place = Place::empty();
    let printed: Value = serde_json::from_str(&run(nexus(&place.data()).arg("openapi")).fine()).unwrap();
    assert!(printed["openapi"].as_str().unwrap().starts_with("3."), "{printed}");
    assert!(printed["paths"].as_object().unwrap().keys().any(|path| path.contains("products")));
    let server = Server::start(&place);
    let served = super::get(server.port, "/api/openapi.json").unwrap().json();
    assert_eq!(served, printed);
    server.stop();
}

#[test]
fn command_whose_reader_leaves_ends_without_a_word() {
    let place = Place::with_staff();
    assert!(run(nexus(&place.data()).args(["seed", "--products", "300"])).code == Some(0));
    let commands =
        [&["openapi"][..], &["export", "products", "--format", "jsonl"], &["completions", "bash"], &["help"]];
    for arguments in commands {
        let mut command = nexus(&place.data());
        let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let out = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&out.stderr), "", "{arguments:?}");
        assert!(matches!(out.status.code(), Some(0 | 141)), "{arguments:?}: {:?}", out.status);
    }
    run(nexus(&place.data()).args(["check"])).fine();
}

#[test]
fn completions_are_printed_for_each_shell() {
    let place = Place::empty();
    for (shell, part) in [("bash", "complete -F _nexus"), ("zsh", "#compdef nexus"), ("fish", "complete -c nexus")] {
        let out = run(nexus(&place.data()).args(["completions", shell])).fine();
        assert!(out.contains(part) && out.contains("set-password"), "{shell}: {out:.200}");
    }
    assert!(!place.data().exists());
}

#[test]
fn check_and_reindex_and_migrate_leave_a_sound_shop_as_it_is() {
    let place = Place::with_staff();
    check_is_fine(&place.data());
    assert!(run(nexus(&place.data()).args(["check", "--quick"])).fine().contains("all is well"));
    assert!(run(nexus(&place.data()).arg("migrate")).fine().contains("nothing to do"));
    run(nexus(&place.data()).arg("reindex")).fine();
    check_is_fine(&place.data());
}

#[test]
fn seed_is_the_same_for_the_same_seed() {
    let export = |seed: &str| {
        let place = Place::empty();
        run(nexus(&place.data()).args(["seed", "--products", "200", "--seed", seed])).fine();
        check_is_fine(&place.data());
        let file = place.beside("products.csv");
        run(nexus(&place.data()).args(["export", "products", "--out", file.to_str().unwrap()])).fine();
        std::fs::read_to_string(file).unwrap()
    };
    let first = export("7");
    assert!(first.lines().count() > 200);
    assert_eq!(first, export("7"));
    assert_ne!(first, export("8"));
}

#[test]
fn refused_row_without_a_name_is_told_with_one_colon() {
    let place = Place::with_staff();
    let file = place.beside("woo.csv");
    let rows = "ID,Type,SKU,Name,Published,Regular price,Categories,Parent\n8,variation,V,,1,5.00,,id:99\n";
    std::fs::write(&file, rows).unwrap();
    let said = run(nexus(&place.data()).args(["import", "--format", "woocommerce"]).arg(&file));
    assert!(said.code == Some(1) && said.err.contains("line 2: the variation's parent"), "{said:?}");
}
