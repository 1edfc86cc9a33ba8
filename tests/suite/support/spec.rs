//! The API description as a referee: which operation a request meant, and whether the answer is one it describes.

use super::Answer;
use jsonschema::Validator;
use rocket::http::Method;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(nexus::http::document()).expect("the description is JSON"));

/// The description, as JSON.
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// Every operation: path, method in lower case, description.
pub fn operations() -> Vec<(&'static str, &'static str, &'static Value)> {
    let paths = document()["paths"].as_object().expect("paths");
    let methods = |(path, item): (&'static String, &'static Value)| {
        let item = item.as_object().expect("operations");
        item.iter()
            .filter(|(name, _)| *name != "parameters")
            .map(move |(method, op)| (path.as_str(), method.as_str(), op))
    };
    paths.iter().flat_map(methods).collect()
}

/// The path without version, query and slash at its end, when it is one of the API's.
fn bare(path: &str) -> Option<&str> {
    let path = path.split('?').next().unwrap_or("");
    let path = path.strip_suffix('/').unwrap_or(path);
    path.strip_prefix("/api/v1").or_else(|| path.strip_prefix("/api"))
}

fn operation(method: Method, path: &str) -> Option<(&'static str, &'static str, &'static Value)> {
    let path = bare(path)?;
    let method = if method == Method::Head { "get".to_owned() } else { method.as_str().to_lowercase() };
    let fits = |template: &str| {
        let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        template.len() == path.len()
            && template.iter().zip(&path).all(|(t, p)| t == p || (t.starts_with('{') && !p.is_empty()))
    };
    let found = operations().into_iter().filter(|(template, known, _)| *known == method && fits(template));
    // `/products/batch` goes before `/products/{id}`.
    found.min_by_key(|(template, _, _)| template.matches('{').count())
}

/// The path of a route with 1 for each of its parameters.
pub fn filled(route: &str) -> String {
    let parts = route.split('/').map(|part| if part.starts_with('<') { "1" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// Fails when an answer is not one that the description lets its readers expect.
pub fn check(method: Method, path: &str, answer: &Answer) {
    let Some((template, verb, operation)) = operation(method, path) else { return };
    let at = || {
        format!(
            "{verb} {template} ({}) answered {}: {}",
            path.chars().take(200).collect::<String>(),
            answer.status,
            answer.text().chars().take(500).collect::<String>()
        )
    };
    let described = &operation["responses"][answer.status.to_string()];
    assert!(described.is_object(), "a status that is not described: {}", at());
    for (name, header) in described["headers"].as_object().into_iter().flatten() {
        let required = header["required"] == true || matches!(name.as_str(), "ETag" | "Location");
        assert!(!required || answer.header(name).is_some(), "without its header {name}: {}", at());
    }
    let Some(content) = described["content"].as_object().filter(|c| !c.is_empty()) else {
        assert!(answer.body.is_empty(), "a body where none is described: {}", at());
        return;
    };
    let given = answer.header("Content-Type").and_then(|kind| kind.split(';').next()).unwrap_or("");
    let media =
        content.get(given).unwrap_or_else(|| panic!("a content type that is not described, {given:?}: {}", at()));
    let coded = answer.header("Content-Encoding").is_some();
    if method != Method::Head && !coded && given.ends_with("json") {
        let validator = validator(&media["schema"]);
        let body = answer.json();
        let errors: Vec<String> =
            validator.iter_errors(&body).map(|e| format!("{e} at {}", e.instance_path())).collect();
        assert!(errors.is_empty(), "a body that is not described, {errors:?}: {}", at());
    }
}

/// A validator for a schema of the description, made once.
pub fn validator(schema: &Value) -> Arc<Validator> {
    static MADE: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap_or_else(|e| e.into_inner());
    made.entry(schema.to_string())
        .or_insert_with(|| {
            let whole = json!({ "allOf": [plain(schema)], "components": plain(&document()["components"]) });
            let validator = jsonschema::options().with_draft(jsonschema::Draft::Draft7).build(&whole);
            Arc::new(validator.unwrap_or_else(|e| panic!("{e} in {whole}")))
        })
        .clone()
}

/// A schema of OpenAPI 3.0 in the words of JSON Schema, and stricter: fields nobody described are errors.
fn plain(schema: &Value) -> Value {
    match schema {
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(fields) => {
            let mut out: Map<String, Value> = fields.iter().map(|(key, value)| (key.clone(), plain(value))).collect();
            out.remove("example");
            let nullable = out.get("nullable") == Some(&Value::Bool(true));
            if nullable {
                out.remove("nullable");
            }
            if out.get("properties").is_some_and(Value::is_object) && out.get("type") == Some(&json!("object")) {
                out.entry("additionalProperties").or_insert(Value::Bool(false));
            }
            if nullable { json!({ "anyOf": [out, { "type": "null" }] }) } else { Value::Object(out) }
        }
        other => other.clone(),
    }
}
