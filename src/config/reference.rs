//! The reference of all settings, as a page: keys, variables and defaults come from the typed structs, the words from
//! the commented `Rocket.toml` that is built in. A setting without words is an error, so that none goes unexplained.

use super::loading::{SERVER_KEYS, TEXT_KEYS, env_name};
use super::{Config, ConfigError};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The file of settings that comes with the program: every key with its default, commented out.
pub const TEMPLATE: &str = include_str!("../../Rocket.toml");

const HEAD: &str = "# Configuration

This page is written by `nexus config reference`, from the settings the program knows.

Defaults, then the file, then the environment, then flags: what comes later goes before. The file is `Rocket.toml` in
the folder where Nexus is started, or the one that `--config FILE` or the variable `NEXUS_CONFIG` names; the packages use
`/etc/nexus/nexus.toml`. [`Rocket.toml`](../Rocket.toml) lists every key with its default, commented out: copy it and change what
should differ. A key or variable that Nexus does not know stops it from starting, and is named. `nexus config show`
prints what is in effect and where it comes from; secrets are never shown.

In variables, lists are written as in the file: `NEXUS_PROXY_TRUSTED='[\"10.0.0.0/8\"]'`. Settings are read when Nexus
starts.
";

/// One key of the file, with what is said about it.
#[derive(Debug, PartialEq)]
struct Row<'t> {
    key: &'t str,
    words: String,
}

/// One table of the file.
#[derive(Debug, Default, PartialEq)]
struct Section<'t> {
    name: &'t str,
    words: String,
    rows: Vec<Row<'t>>,
}

/// The page, in Markdown.
pub fn reference() -> Result<String, ConfigError> {
    let mut defaults = BTreeMap::new();
    let config = figment::value::Value::serialize(Config::default()).map_err(|e| ConfigError(e.to_string()))?;
    flatten("", &config, &mut defaults);
    page(TEMPLATE, defaults)
}

fn page(template: &str, mut defaults: BTreeMap<String, String>) -> Result<String, ConfigError> {
    let mut page = HEAD.to_owned();
    for section in sections(template) {
        let _ = write!(page, "\n## `[{}]`\n\n", section.name);
        if !section.words.is_empty() {
            let _ = write!(page, "{}\n\n", section.words);
        }
        page.push_str("| key | default | variable | what it does |\n|---|---|---|---|\n");
        let table = section.name.strip_prefix("default").unwrap_or(section.name).trim_start_matches('.');
        for row in section.rows {
            let path = if table.is_empty() { row.key.to_owned() } else { format!("{table}.{}", row.key) };
            let Some(default) = defaults.remove(&path) else {
                return Err(ConfigError(format!("the file of settings explains {path}, which is no setting")));
            };
            if row.words.is_empty() {
                return Err(ConfigError(format!("the file of settings says nothing about {path}")));
            }
            let variable = variable(&path).map_or_else(|| "none".to_owned(), |name| format!("`{name}`"));
            let words = row.words.replace('|', "\\|");
            let _ = writeln!(page, "| `{}` | `{default}` | {variable} | {words} |", row.key);
        }
    }
    match defaults.keys().next() {
        None => Ok(page),
        Some(key) => Err(ConfigError(format!("the file of settings says nothing about {key}"))),
    }
}

/// The variable that sets a key. Names are cut at their first underscore, so a key at the top has none.
fn variable(path: &str) -> Option<String> {
    let known = SERVER_KEYS.contains(&path) || TEXT_KEYS.contains(&path) || path.matches('.').count() == 1;
    known.then(|| env_name(path))
}

fn flatten(path: &str, value: &figment::value::Value, into: &mut BTreeMap<String, String>) {
    if let figment::value::Value::Dict(_, dict) = value {
        for (key, inner) in dict {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            flatten(&path, inner, into);
        }
        return;
    }
    into.insert(path.to_owned(), serde_json::to_value(value).unwrap_or_default().to_string());
}

/// The tables of a commented file. Comments that an empty line ends belong to the table, those right above a key to it.
fn sections(template: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    let mut words = Vec::new();
    for line in template.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.push(Section { name, ..Section::default() });
            words.clear();
        } else if let Some(section) = sections.last_mut() {
            let text = line.strip_prefix('#').unwrap_or(line).trim();
            if text.is_empty() {
                if !words.is_empty() {
                    section.words = words.join(" ");
                }
                words.clear();
            } else if let Some(key) = key_of(text) {
                section.rows.push(Row { key, words: words.join(" ") });
                words.clear();
            } else {
                words.push(text);
            }
        }
    }
    sections
}

/// The key of a line such as `port = 8000`.
fn key_of(text: &str) -> Option<&str> {
    let (key, _) = text.split_once(" = ")?;
    key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_').then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# A file.\n\n[default]\n# Where.\n# port = 8000\n\n[default.shop]\n# About all of it,\n# in two lines.\n\n\
        # One | two.\n# name = \"x\"\n\n# The other.\n# other = 3\n# The third.\n# third_one = []\n";

    #[test]
    fn comments_belong_to_the_keys_below_and_to_the_table_when_a_blank_follows() {
        let found = sections(FILE);
        let row = |key, words: &str| Row { key, words: words.to_owned() };
        assert_eq!(found[0], Section { name: "default", words: String::new(), rows: vec![row("port", "Where.")] });
        let rows = vec![row("name", "One | two."), row("other", "The other."), row("third_one", "The third.")];
        assert_eq!(
            found[1],
            Section { name: "default.shop", words: "About all of it, in two lines.".to_owned(), rows }
        );
    }

    #[test]
    fn key_without_words_and_words_without_key_are_errors() {
        let defaults = |keys: &[&str]| keys.iter().map(|key| ((*key).to_owned(), "1".to_owned())).collect();
        let all = ["port", "shop.name", "shop.other", "shop.third_one"];
        let whole = page(FILE, defaults(&all)).unwrap();
        assert!(whole.contains("| `port` | `1` | `ROCKET_PORT` | Where. |"), "{whole}");
        assert!(whole.contains("| `name` | `1` | `NEXUS_SHOP_NAME` | One \\| two. |"), "{whole}");
        assert!(page(FILE, defaults(&all[1..])).unwrap_err().0.contains("explains port"));
        let more: Vec<&str> = all.into_iter().chain(["store.readers"]).collect();
        assert!(page(FILE, defaults(&more)).unwrap_err().0.contains("nothing about store.readers"));
        let bare = FILE.replace("# The other.\n", "");
        assert!(page(&bare, defaults(&all)).unwrap_err().0.contains("nothing about shop.other"));
    }

    #[test]
    fn reference_has_every_setting_and_no_variable_that_would_not_work() {
        let page = reference().unwrap();
        assert!(page.contains("`NEXUS_PAYMENT_STRIPE_SECRET_KEY`"));
        assert!(page.contains("| `grace_seconds` | `20` | none |"));
    }
}
