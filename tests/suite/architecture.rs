//! Holds `src` to the layers and house rules of ARCHITECTURE.md.
//!
//! The checker is a function of (path, text) pairs, so that the tests below can plant each violation and see that
//! it is found. It reads Rust well enough to tell code from comments and from text in quotes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What each module of `src` may name through `crate::`. A module that is not listed fails, so a new room is
/// given its place here first.
const MAY_NAME: [(&str, &[&str]); 19] = [
    ("domain", &[]),
    ("certificate", &["domain", "folder"]),
    ("clock", &["domain"]),
    ("config", &["domain"]),
    ("folder", &["clock", "domain"]),
    ("counters", &[]),
    ("generations", &["domain"]),
    ("machine", &[]),
    ("log", &[]),
    ("spans", &[]),
    ("store", &["domain", "config", "clock", "counters", "folder", "generations", "spans"]),
    ("providers", &["domain", "config", "certificate", "clock", "folder", "generations"]),
    (
        "services",
        &[
            "store",
            "providers",
            "domain",
            "config",
            "certificate",
            "clock",
            "counters",
            "folder",
            "generations",
            "machine",
        ],
    ),
    ("jobs", &["services", "domain", "config", "clock", "counters", "generations"]),
    ("http", &["services", "domain", "config", "clock", "counters", "generations", "machine", "spans"]),
    ("edge", &["config", "certificate", "clock", "counters", "domain"]),
    (
        "app",
        &[
            "edge",
            "http",
            "jobs",
            "providers",
            "services",
            "domain",
            "config",
            "certificate",
            "clock",
            "counters",
            "folder",
            "generations",
            "log",
            "spans",
        ],
    ),
    ("cli", &["app", "http", "services", "domain", "config", "clock", "folder", "machine"]),
    ("main", &[]),
];

/// Crates that only some files may name.
const DRIVERS: [(&str, &[&str]); 15] = [
    (
        "rusqlite",
        &[
            "src/store/mod.rs",
            "src/store/writer.rs",
            "src/store/tx.rs",
            "src/store/pragma.rs",
            "src/store/migrate.rs",
            "src/store/snapshot.rs",
            "src/store/check.rs",
            "src/store/inspect.rs",
            "src/store/slow.rs",
        ],
    ),
    ("r2d2_sqlite", &["src/store/mod.rs"]),
    ("rocket", &["src/app.rs", "src/app/front.rs", "src/app/inside.rs", "src/app/stopping.rs", "src/http/"]),
    ("hyper", &["src/edge/", "src/app/front.rs", "src/app/inside.rs", "src/http/aside.rs"]),
    ("hyper_util", &["src/edge/", "src/http/aside.rs"]),
    ("rustls", &["src/edge/tls.rs"]),
    ("tokio_rustls", &["src/edge/mod.rs", "src/edge/connection.rs"]),
    ("rocket_okapi", &["src/http/"]),
    ("lettre", &["src/providers/mail/", "src/config/mail.rs"]),
    ("ureq", &["src/providers/", "src/spans/on.rs"]),
    ("instant_acme", &["src/providers/acme/"]),
    ("opentelemetry", &["src/spans/on.rs"]),
    ("opentelemetry_sdk", &["src/spans/on.rs"]),
    ("prometheus_client", &["src/http/metrics/exposition.rs"]),
    ("pdf_writer", &["src/services/invoices/pdf.rs"]),
];

/// What `domain` may name beside std: value types, text and hashes (`hmac` and `sha2` for the chain of the audit log),
/// nothing that does I/O.
const DOMAIN_CRATES: [&str; 11] = [
    "serde",
    "serde_json",
    "schemars",
    "time",
    "iso_currency",
    "rust_iso3166",
    "unicode_normalization",
    "xxhash_rust",
    "strsim",
    "hmac",
    "sha2",
];

/// Parts of std that are the outside world.
const OUTSIDE: [&str; 6] = ["std::fs", "std::net", "std::env", "std::process", "std::thread", "SystemTime"];

/// Lines a file may have, its own tests not counted.
const MOST_LINES: usize = 400;

/// Longer files, each with the reason why it is not cut in two.
const LONGER: [(&str, usize, &str); 0] = [];

/// A source file, taken apart.
struct Source<'t> {
    path: &'t str,
    text: &'t str,
    /// The text with comments and what stands in quotes blanked; line breaks stand where they stood.
    code: String,
    /// What stood in quotes, with the number of its line.
    quotes: Vec<(usize, String)>,
}

impl<'t> Source<'t> {
    fn read(path: &'t str, text: &'t str) -> Self {
        let (code, quotes) = take_apart(text);
        Self { path, text, code, quotes }
    }

    /// The first step below `src`: the room the file stands in.
    fn room(&self) -> &str {
        let inner = self.path.trim_start_matches("src/");
        inner.split('/').next().unwrap_or(inner).trim_end_matches(".rs")
    }

    /// How many modules deep the file's own module is: 1 for `src/config.rs` and `src/http/mod.rs`.
    fn depth(&self) -> usize {
        let steps = self.path.trim_start_matches("src/").split('/').count();
        if self.path.ends_with("/mod.rs") { steps - 1 } else { steps }
    }

    fn line_of(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count() + 1
    }

    /// Where a word stands in the code, on its own.
    fn word(&self, word: &str) -> Option<usize> {
        let hits = self.code.match_indices(word).map(|(at, _)| at);
        let alone = |at: &usize| {
            let before = self.code[..*at].chars().next_back();
            let after = self.code[at + word.len()..].chars().next();
            !before.is_some_and(is_name) && !after.is_some_and(is_name)
        };
        hits.filter(alone).map(|at| self.line_of(at)).next()
    }

    /// The rooms named from the crate's root, with their lines: `crate::store`, `crate::{store, http}`, and enough
    /// `super::` to arrive there.
    fn rooms_named(&self) -> Vec<(usize, String)> {
        let mut named = Vec::new();
        for (at, start) in self.code.match_indices("crate::") {
            if self.code[..at].chars().next_back().is_none_or(|c| !is_name(c)) {
                let line = self.line_of(at);
                named.extend(first_steps(&self.code[at + start.len()..]).into_iter().map(|step| (line, step)));
            }
        }
        let climb = "super::".repeat(self.depth());
        for (at, _) in self.code.match_indices(&climb) {
            let rest = self.code[at..].trim_start_matches("super::");
            let whole_climb = !self.code[..at].ends_with("super::");
            if whole_climb {
                let line = self.line_of(at);
                let steps = first_steps(rest).into_iter().filter(|s| MAY_NAME.iter().any(|(room, _)| room == s));
                named.extend(steps.map(|step| (line, step)));
            }
        }
        named
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The first step of a path, or of each path in a group.
fn first_steps(rest: &str) -> Vec<String> {
    let name = |text: &str| text.trim_start().chars().take_while(|c| is_name(*c)).collect::<String>();
    let Some(group) = rest.strip_prefix('{') else { return vec![name(rest)] };
    let (mut depth, mut steps, mut start) = (0_usize, Vec::new(), 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '}' | ',' if depth == 0 => {
                steps.push(name(&group[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    steps.retain(|s| !s.is_empty());
    steps
}

/// Tells code from comments and quotes.
fn take_apart(text: &str) -> (String, Vec<(usize, String)>) {
    let chars: Vec<char> = text.chars().collect();
    let (mut code, mut quotes, mut at, mut line) = (String::with_capacity(text.len()), Vec::new(), 0, 1);
    let starts = |at: usize, what: &str| what.chars().enumerate().all(|(i, c)| chars.get(at + i) == Some(&c));
    while at < chars.len() {
        let end = if starts(at, "//") {
            chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |n| at + n)
        } else if starts(at, "/*") {
            end_of_block_comment(&chars, at)
        } else if let Some((open, hashes)) = raw_quote(&chars, at) {
            let close: String = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            let end = (open..chars.len()).find(|i| starts(*i, &close)).unwrap_or(chars.len());
            quotes.push((line, chars[open..end].iter().collect()));
            (end + close.len()).min(chars.len())
        } else if chars[at] == '"' {
            let mut end = at + 1;
            while end < chars.len() && chars[end] != '"' {
                end += if chars[end] == '\\' { 2 } else { 1 };
            }
            quotes.push((line, chars[at + 1..end.min(chars.len())].iter().collect()));
            (end + 1).min(chars.len())
        } else if chars[at] == '\'' && chars.get(at + 1) == Some(&'\\') {
            (at + 2..chars.len()).skip(1).find(|i| chars[*i] == '\'').map_or(chars.len(), |i| i + 1)
        } else if chars[at] == '\'' && chars.get(at + 2) == Some(&'\'') {
            at + 3
        } else {
            code.push(chars[at]);
            line += usize::from(chars[at] == '\n');
            at += 1;
            continue;
        };
        for c in &chars[at..end] {
            code.push(if *c == '\n' { '\n' } else { ' ' });
            line += usize::from(*c == '\n');
        }
        at = end;
    }
    (code, quotes)
}

fn end_of_block_comment(chars: &[char], start: usize) -> usize {
    let (mut depth, mut at) = (0, start);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) if depth == 1 => return at + 2,
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    chars.len()
}

/// Where the text of a raw quote begins and how many signs fence it.
fn raw_quote(chars: &[char], at: usize) -> Option<(usize, usize)> {
    if chars[at] != 'r' || at > 0 && is_name(chars[at - 1]) && chars[at - 1] != 'b' {
        return None;
    }
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    (chars.get(at + 1 + hashes) == Some(&'"')).then_some((at + 2 + hashes, hashes))
}

/// Whether a text in quotes is a statement for the database.
fn is_sql(quote: &str) -> bool {
    let text = quote.replace("\\n", " ").replace('\\', " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let verbs = [
        ("select ", " from "),
        ("select ", "("),
        ("insert into ", ""),
        ("insert or ", ""),
        ("update ", " set "),
        ("delete from ", ""),
        ("with recursive ", ""),
        ("create table ", ""),
        ("create index ", ""),
        ("drop table ", ""),
        ("alter table ", ""),
        ("pragma ", ""),
        ("begin immediate", ""),
        ("savepoint ", ""),
        ("vacuum", ""),
    ];
    verbs.iter().any(|(start, then)| text.starts_with(start) && text[start.len()..].contains(then.trim_start()))
}

/// Everything in these files that the house does not allow, one line each.
fn violations(files: &[(String, String)]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in files {
        let source = Source::read(path, text);
        check_layers(&source, &mut found);
        check_drivers(&source, &mut found);
        check_words(&source, &mut found);
        check_shape(&source, &mut found);
    }
    found
}

fn check_layers(source: &Source<'_>, found: &mut Vec<String>) {
    let (path, room) = (source.path, source.room());
    if room == "lib" {
        return;
    }
    let Some((_, allowed)) = MAY_NAME.iter().find(|(name, _)| *name == room) else {
        found.push(format!("{path}: `{room}` has no place among the layers yet"));
        return;
    };
    for (line, named) in source.rooms_named() {
        if named != room && !allowed.contains(&named.as_str()) {
            found.push(format!("{path}:{line}: `{room}` must not name `crate::{named}`"));
        }
    }
    if room == "domain" {
        for part in OUTSIDE {
            if let Some(line) = source.word(part) {
                found.push(format!("{path}:{line}: `domain` must not name `{part}`"));
            }
        }
    }
}

fn check_drivers(source: &Source<'_>, found: &mut Vec<String>) {
    let path = source.path;
    for (driver, allowed) in DRIVERS {
        let here = allowed.iter().any(|a| path == *a || a.ends_with('/') && path.starts_with(a));
        if let Some(line) = source.word(driver).filter(|_| !here) {
            found.push(format!("{path}:{line}: `{driver}` is not named here"));
        }
    }
    if !path.starts_with("src/store/") {
        for (line, quote) in source.quotes.iter().filter(|(_, quote)| is_sql(quote)) {
            found.push(format!("{path}:{line}: SQL stands in src/store only: {:.40}", quote));
        }
    }
}

fn check_words(source: &Source<'_>, found: &mut Vec<String>) {
    let path = source.path;
    if let Some(line) = source.word("unsafe") {
        found.push(format!("{path}:{line}: `unsafe`"));
    }
    if !path.starts_with("src/cli/") {
        for name in ["println!", "eprintln!", "print!", "eprint!", "dbg!"] {
            let word = name.trim_end_matches('!');
            if let Some(line) = source.word(word).filter(|_| source.code.contains(name)) {
                found.push(format!("{path}:{line}: `{name}` outside the command line; use tracing"));
            }
        }
    }
    if let Some(at) = source.code.find("#[allow(").or_else(|| source.code.find("#![allow(")) {
        found.push(format!("{path}:{}: `allow`; use `expect` with a reason", source.line_of(at)));
    }
}

fn check_shape(source: &Source<'_>, found: &mut Vec<String>) {
    let (path, text) = (source.path, source.text);
    if !text.starts_with("//!") {
        found.push(format!("{path}:1: does not open with `//!`: what it is, why, what it must not do"));
    }
    let lines = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text).lines().count();
    let exception = LONGER.iter().find(|(name, ..)| *name == path);
    let most = exception.map_or(MOST_LINES, |(_, most, _)| *most);
    if lines > most {
        found.push(format!("{path}: {lines} lines, {most} at most"));
    }
    if exception.is_some() && lines <= MOST_LINES {
        found.push(format!("{path}: {lines} lines, so it needs no exception any more"));
    }
}

/// Paths in backticks that begin in one of the project's folders.
fn paths_named(page: &str) -> Vec<String> {
    let tops = ["src/", "tests/", "benches/", "migrations/", "static/", ".ci/", ".github/"];
    let ticked = page.split('`').skip(1).step_by(2).flat_map(str::split_whitespace);
    let paths = ticked.filter(|p| tops.iter().any(|top| p.starts_with(top)) && !p.contains(['*', '…', '<', '{']));
    paths.map(|p| p.trim_end_matches([',', '.', '/']).to_owned()).collect()
}

/// Paths the page names that are not there.
fn missing(page: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    paths_named(page).into_iter().filter(|path| !exists(path)).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &Path, into: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files_below(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            into.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn source_keeps_its_layers_and_house_rules() {
    let mut files = Vec::new();
    files_below(&root().join("src"), &mut files);
    assert!(files.len() > 50, "only {} files were read", files.len());
    let found = violations(&files);
    assert!(found.is_empty(), "{} violations:\n{}", found.len(), found.join("\n"));
}

#[test]
fn exceptions_name_files_that_exist() {
    for path in LONGER.iter().map(|(path, ..)| path).chain(DRIVERS.iter().flat_map(|(_, paths)| *paths)) {
        assert!(root().join(path).exists(), "{path} is gone: take its exception away");
    }
}

#[test]
fn architecture_page_names_what_exists_and_every_room() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let gone = missing(&page, |path| root().join(path).exists());
    assert!(gone.is_empty(), "ARCHITECTURE.md names what is not there: {gone:?}");
    let named = paths_named(&page);
    for entry in fs::read_dir(root().join("src")).unwrap().map(|e| e.unwrap().path()) {
        let holds_files = entry.is_dir() && fs::read_dir(&entry).unwrap().next().is_some();
        let name = format!("src/{}", entry.file_name().unwrap().to_string_lossy());
        assert!(!holds_files || named.contains(&name), "ARCHITECTURE.md does not name {name}");
    }
}

#[test]
fn architecture_page_naming_a_missing_folder_is_found() {
    let page = "Handlers are in `src/http/`, `src/warehouse/` keeps stock; see `src/http/mod.rs product_get`.";
    assert_eq!(missing(page, |path| path.starts_with("src/http")), ["src/warehouse"]);
}

/// One planted file, and a part of the line that must name it; an empty part means that it is fine.
#[test]
fn planted_violations_are_found_and_lookalikes_are_not() {
    let head = "//! A file.\n";
    let cases: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::from([
        (
            "src/http/carts.rs",
            vec![
                ("use crate::store::Store;", "must not name `crate::store`"),
                ("use crate::{domain::Money, store::{ReadTx, WriteTx}};", "must not name `crate::store`"),
                ("use super::super::store::Store;", "must not name `crate::store`"),
                ("use crate::jobs::Runner;", "must not name `crate::jobs`"),
                ("use crate::services::{store, Shop};", ""),
                ("// use crate::store::Store;\n/* crate::store /* */ crate::app */ fn f() {}", ""),
                ("const S: &str = r#\"crate::store \"quoted\" rusqlite\"#;", ""),
                ("fn f<'a>(x: &'a str) -> char { let _ = '\"'; '\\'' }", ""),
            ],
        ),
        (
            "src/services/carts.rs",
            vec![
                ("use crate::http::problem::Problem;", "must not name `crate::http`"),
                ("use rocket::State;", "`rocket` is not named here"),
                ("fn f() { let _ = rusqlite::version(); }", "`rusqlite` is not named here"),
                ("const S: &str = \"select id from product where id = ?1\";", "SQL stands in src/store only"),
                ("const S: &str = \"\\n  update variant\\n set stock = 0\";", "SQL stands in src/store only"),
                ("const S: &str = \"pragma user_version\";", "SQL stands in src/store only"),
                ("const S: &str = \"select a file\";", ""),
                ("const S: &str = \"update the index\";", ""),
                ("fn f() { println!(\"x\"); }", "`println!` outside the command line"),
                ("fn f() { dbg!(1); }", "`dbg!` outside the command line"),
                ("#[allow(dead_code)]\nfn f() {}", "`allow`; use `expect`"),
                ("fn rocket_like() { let unsafe_name = 1; }", ""),
            ],
        ),
        (
            "src/store/cart.rs",
            vec![
                ("use rusqlite::Connection;", "`rusqlite` is not named here"),
                ("use crate::services::Shop;", "must not name `crate::services`"),
                ("const S: &str = \"select id from cart\";", ""),
            ],
        ),
        (
            "src/domain/cart/mod.rs",
            vec![
                ("use crate::clock::now;", "must not name `crate::clock`"),
                ("use std::fs;", "must not name `std::fs`"),
                ("use std::{time::SystemTime};", "must not name `SystemTime`"),
                ("fn f() { unsafe { g() } }", "`unsafe`"),
            ],
        ),
        ("src/folder.rs", vec![("fn f() { super::store::open(); }", "must not name `crate::store`")]),
        ("src/warehouse/mod.rs", vec![("fn f() {}", "has no place among the layers")]),
        (
            "src/cli/sell.rs",
            vec![
                ("use crate::store::Store;", "must not name `crate::store`"),
                ("use rocket::Rocket;", "`rocket` is not named here"),
                ("fn f() { println!(\"x\"); eprintln!(\"y\"); }", ""),
            ],
        ),
    ]);
    for (path, plants) in cases {
        for (text, expected) in plants {
            let found = violations(&[(path.to_owned(), format!("{head}{text}\n"))]);
            match expected {
                "" => assert!(found.is_empty(), "{path}: {text}\n{found:?}"),
                part => assert!(found.len() == 1 && found[0].contains(part), "{path}: {text}\n{found:?}"),
            }
        }
    }
}

#[test]
fn planted_long_and_unopened_files_are_found() {
    let long = format!("//! A file.\n{}", "fn f() {}\n".repeat(MOST_LINES));
    let found = violations(&[("src/clock.rs".to_owned(), long)]);
    assert!(found.len() == 1 && found[0].contains("401 lines"), "{found:?}");
    let tests = format!("//! A file.\n#[cfg(test)]\nmod tests {{\n{}}}\n", "fn f() {}\n".repeat(MOST_LINES));
    assert!(violations(&[("src/clock.rs".to_owned(), tests)]).is_empty());
    let found = violations(&[("src/clock.rs".to_owned(), "use std::fmt;\n".to_owned())]);
    assert!(found.len() == 1 && found[0].contains("does not open with"), "{found:?}");
}

/// Crates that only compute may be named in `domain`, whatever the manifest lists beside them.
#[test]
fn domain_names_only_crates_that_compute() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let listed = manifest.split("\n[dependencies]\n").nth(1).unwrap().split("\n[dev-dependencies]").next().unwrap();
    let crates = listed.lines().filter_map(|l| l.split_once(" = ")).map(|(name, _)| name.trim().replace('-', "_"));
    let barred: Vec<String> = crates.filter(|name| !DOMAIN_CRATES.contains(&name.as_str())).collect();
    assert!(barred.iter().any(|name| name == "rusqlite") && barred.iter().any(|name| name == "tokio"), "{barred:?}");
    let mut files = Vec::new();
    files_below(&root().join("src/domain"), &mut files);
    for (path, text) in &files {
        let source = Source::read(path, text);
        for name in &barred {
            let named = source.code.contains(&format!("use {name}::")) || source.code.contains(&format!(" {name}::"));
            assert!(!named, "{path}: `domain` must not name `{name}`");
        }
    }
}
