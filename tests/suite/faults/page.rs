//! `docs/promises.md` names tests for each hazard: each must be there, and be a test that runs. What takes minutes may
//! be a function of a bench instead, when the page says of which.

use std::collections::BTreeSet;
use std::path::Path;

/// The functions of a text that `cargo test` runs.
fn tests_of(text: &str) -> impl Iterator<Item = &str> {
    let mut is_test = false;
    text.lines().map(str::trim_start).filter_map(move |line| {
        let name = line.strip_prefix("fn ").and_then(|rest| rest.split(['(', '<']).next()).filter(|_| is_test);
        is_test = line == "#[test]" || (is_test && line.starts_with("#["));
        name
    })
}

fn tests(folder: &Path, found: &mut BTreeSet<String>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            tests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.extend(tests_of(&text).map(str::to_owned));
        }
    }
}

#[test]
fn page_of_promises_names_tests_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/promises.md")).unwrap();
    let mut known = BTreeSet::new();
    for folder in ["src", "tests"] {
        tests(&root.join(folder), &mut known);
    }
    let script = std::fs::read_to_string(root.join("tests/faults.sh")).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| hazard")).collect();
    assert!(rows.len() > 40, "{} hazards", rows.len());
    for row in rows {
        let parts: Vec<&str> = row.split('`').collect();
        // A name, what follows it, and the next thing that is named.
        let proofs = |at: usize| (parts[at], parts[at + 1], parts.get(at + 2).copied().unwrap_or_default());
        let mut proven = 0;
        for (name, after, next) in (1..parts.len() - 1).step_by(2).map(proofs) {
            if after == " in " && next.starts_with("benches/") {
                let bench = std::fs::read_to_string(root.join(next)).unwrap();
                assert!(bench.contains(&format!("fn {name}(")), "there is no {name} in {next}: {row}");
                let file = next.trim_start_matches("benches/").trim_end_matches(".rs");
                assert!(script.contains(&format!("--bench {file} ")), "tests/faults.sh does not run {next}");
                proven += 1;
            } else if name.contains('_') {
                assert!(known.contains(name), "there is no test {name}: {row}");
                proven += 1;
            }
        }
        assert!(proven > 0, "nothing proves: {row}");
    }
}
