//! `docs/promises.md` names tests for each hazard: each must be there.

use std::collections::BTreeSet;
use std::path::Path;

fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let names = text.lines().filter_map(|line| line.trim_start().strip_prefix("fn ")?.split(['(', '<']).next());
            found.extend(names.map(str::to_owned));
        }
    }
}

#[test]
fn page_of_promises_names_tests_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/promises.md")).unwrap();
    let mut known = BTreeSet::new();
    for folder in ["src", "tests", "benches"] {
        functions(&root.join(folder), &mut known);
    }
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| hazard")).collect();
    assert!(rows.len() > 40, "{} hazards", rows.len());
    for row in rows {
        let proofs: Vec<&str> = row.split('`').skip(1).step_by(2).filter(|name| name.contains('_')).collect();
        assert!(!proofs.is_empty(), "nothing proves: {row}");
        for proof in proofs {
            assert!(known.contains(proof), "there is no test {proof}: {row}");
        }
    }
}
