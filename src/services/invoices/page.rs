//! The page of an invoice: a template that is built in, and overridden by a file of the data folder.

use super::Shown;
use crate::services::letters::{environment, text_of};
use minijinja::value::Serde;
use minijinja::{Error, Value};
use std::path::Path;

/// Names end in what decides how they are escaped.
const NAME: &str = "invoice.html";
const BUILT_IN: &str = include_str!("../../../static/invoice.html");

/// Fills the page in. A file that is broken keeps nobody from an invoice: the built-in page takes its place, and what
/// is wrong is logged with its line.
pub fn page(file: &Path, shown: &Shown) -> Result<String, String> {
    match overriding(file, shown) {
        Ok(Some(page)) => return Ok(page),
        Ok(None) => {}
        Err(problem) => {
            tracing::warn!(%problem, "the template of invoices is broken; the built-in one was taken instead")
        }
    }
    filled(BUILT_IN, shown).map_err(|error| told(&error))
}

fn overriding(file: &Path, shown: &Shown) -> Result<Option<String>, String> {
    let text = text_of(file).map_err(|error| format!("{NAME} cannot be read: {error}"))?;
    text.map(|text| filled(&text, shown).map_err(|error| told(&error))).transpose()
}

fn filled(text: &str, shown: &Shown) -> Result<String, Error> {
    let text = text.to_owned();
    let engine = environment(move |name| Ok((name == NAME).then(|| text.clone())));
    engine.get_template(NAME)?.render(Value::from(Serde(shown)))
}

fn told(error: &Error) -> String {
    match error.line() {
        Some(line) => format!("{NAME}, line {line}: {error}"),
        None => format!("{NAME}: {error}"),
    }
}
