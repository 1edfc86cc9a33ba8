//! The API description: complete, consistent, and the same as the committed one.

use crate::support::builders::with_cart;
use crate::support::{Requests, TestShop, product, spec};
use serde_json::{Value, json};
use std::path::Path;

/// Every `$ref` anywhere below a value.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(fields) => {
            if let Some(target) = fields.get("$ref").and_then(Value::as_str) {
                found.push(target.to_owned());
            }
            fields.values().for_each(|field| references(field, found));
        }
        _ => {}
    }
}

#[test]
fn description_is_served_as_it_is_committed() {
    let document = spec::document();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("static/openapi.json");
    let text = format!("{}\n", serde_json::to_string_pretty(document).unwrap());
    if std::env::var_os("NEXUS_UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "static/openapi.json is not what the routes say: run with NEXUS_UPDATE_SNAPSHOTS=1 and review the difference"
    );
    let served = TestShop::new().anonymous().get("/api/openapi.json").ok(200);
    assert!(served == *document, "another description is built in: build anew after an update");
}

#[test]
fn description_names_itself_and_its_parts() {
    let document = spec::document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.0."));
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document["servers"][0]["url"], "/api/v1");
    let tags: Vec<&Value> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    for (path, method, operation) in spec::operations() {
        for tag in operation["tags"].as_array().unwrap() {
            assert!(tags.contains(&tag), "{method} {path}: {tag}");
        }
    }
}

#[test]
fn every_reference_resolves() {
    let mut found = Vec::new();
    references(spec::document(), &mut found);
    assert!(!found.is_empty());
    for target in found {
        let pointer = target.strip_prefix('#').expect("references stay within the document");
        assert!(spec::document().pointer(pointer).is_some(), "{target}");
    }
}

/// Two templates that differ only in the names of their parts are one address, and the standard forbids them.
#[test]
fn no_two_addresses_are_one() {
    let mut seen = std::collections::BTreeSet::new();
    for path in spec::document()["paths"].as_object().unwrap().keys() {
        let shape: Vec<&str> = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
        assert!(seen.insert(shape), "{path}");
    }
}

/// A client made from the description has each field of an answer, `null` or not, without asking whether it is there.
#[test]
fn field_of_an_answer_that_may_be_null_is_always_there() {
    let schemas = &spec::document()["components"]["schemas"];
    for (schema, field, required, nullable) in [
        ("Product", "brand", true, true),
        ("Product", "price_max", false, false),
        ("Variant", "sku", true, true),
        ("ProductList", "next", true, true),
        ("ProductList", "count", false, false),
        ("Category", "parent_id", true, true),
        ("ProductInput", "brand", false, true),
        ("ProductPatch", "name", false, false),
    ] {
        let is = schemas[schema]["required"].as_array().is_some_and(|names| names.contains(&json!(field)));
        let may = schemas[schema]["properties"][field]["nullable"] == true;
        assert_eq!((is, may), (required, nullable), "{schema} {field}");
    }
}

#[test]
fn every_operation_says_what_it_does_takes_and_gives() {
    let mut ids = std::collections::BTreeSet::new();
    for (path, method, operation) in spec::operations() {
        let at = format!("{method} {path}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{at} has an id of its own");
        assert!(operation["summary"].as_str().is_some_and(|s| s.len() > 5), "{at} has a summary");
        assert!(operation["tags"].as_array().is_some_and(|t| !t.is_empty()), "{at} has a tag");
        let named: Vec<&str> = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let parameters: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().collect();
        for name in named {
            let given = parameters.iter().find(|p| p["in"] == "path" && p["name"] == name);
            assert!(given.is_some_and(|p| p["required"] == true && p["schema"].is_object()), "{at} describes {name}");
        }
        for parameter in parameters.iter().filter(|p| p["in"] == "query") {
            assert!(
                parameter["description"].as_str().is_some_and(|d| !d.is_empty()) && parameter["schema"].is_object(),
                "{at} {parameter}"
            );
        }
        let responses = operation["responses"].as_object().unwrap();
        let successes: Vec<_> = responses.iter().filter(|(status, _)| status.starts_with('2')).collect();
        assert!(!successes.is_empty(), "{at} can succeed");
        for (status, response) in &successes {
            // Invoices are for people, as a page and as a PDF; backups are packed.
            let kinds = ["application/json", "text/html", "application/pdf", "application/gzip"];
            let described = kinds.iter().any(|kind| response["content"][*kind]["schema"].is_object());
            assert!(*status == "204" || described, "{at} {status}");
        }
        let conditional = parameters.iter().any(|p| p["name"] == "If-Match");
        // A session or a wish has no address to be read at, so nobody knows a state of it.
        let changes = ["put", "patch", "delete"].contains(&method);
        let stateless = ["/sessions/", "/wishlist/"].iter().any(|part| path.contains(part));
        // What is done with an order is done to the order that somebody has seen.
        let step = method == "post" && path.starts_with("/admin/orders/{number}/");
        assert_eq!(conditional, changes && !stateless || step, "{at}");
        let always = ["500", "503"].into_iter();
        let expected = always
            .chain(
                if operation.get("requestBody").is_some() { &["400", "413", "415", "422"][..] } else { &[] }
                    .iter()
                    .copied(),
            )
            .chain(if path.contains('{') { &["404"][..] } else { &[] }.iter().copied())
            .chain(if conditional { &["412"][..] } else { &[] }.iter().copied());
        for status in expected {
            let schema = &responses.get(status).unwrap_or_else(|| panic!("{at} can answer {status}"))["content"]["application/problem+json"]
                ["schema"];
            assert!(schema.is_object(), "{at} {status} is a problem");
        }
    }
}

/// The schema of an operation's body.
fn body_schema(operation: &'static Value) -> Option<(&'static Value, &'static Value)> {
    let media = operation["requestBody"]["content"].get("application/json")?;
    let target = media["schema"]["$ref"].as_str().expect("bodies are named");
    Some((media, spec::document().pointer(&target[1..]).expect("the schema")))
}

#[test]
fn every_body_is_required_and_has_an_example_that_fits() {
    for (path, method, operation) in spec::operations() {
        let Some((media, schema)) = body_schema(operation) else { continue };
        // Signing out by an access token needs no body, and of a new cart there is nothing to say.
        assert_eq!(
            operation["requestBody"]["required"] == true,
            !["/auth/logout", "/carts", "/admin/orders/{number}/cancel"].contains(&path),
            "{method} {path}"
        );
        let example = media.get("example").or_else(|| schema.get("example"));
        let example = example.unwrap_or_else(|| panic!("{method} {path} shows an example"));
        let errors: Vec<String> =
            spec::validator(&media["schema"]).iter_errors(example).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{method} {path}: {errors:?}");
    }
}

#[test]
fn every_example_of_a_body_is_accepted_by_the_shop() {
    for (path, method, operation) in spec::operations() {
        let Some((media, schema)) = body_schema(operation) else { continue };
        let example = media.get("example").or_else(|| schema.get("example")).expect("an example");
        let shop = TestShop::with_categories();
        crate::support::builders::tee().create(&shop);
        product("Mug").create(&shop);
        ["NL", "IT"].into_iter().for_each(|country| crate::support::builders::rules(&shop, country));
        let key = if path.starts_with("/products/{id}/") { "1" } else { "2" };
        let path = format!("/api/v1{}", with_cart(&shop, path).replace("{id}", key).replace("{number}", "1001"));
        let method = method.to_uppercase().parse::<rocket::http::Method>().unwrap();
        shop.admin().post("/api/v1/me/addresses", &crate::support::builders::address()).ok(201);
        shop.admin().post("/api/v1/me/addresses", &crate::support::builders::address()).ok(201);
        shop.customer().post("/api/v1/products/2/reviews", &json!({"rating": 3})).ok(201);
        shop.admin().post("/api/v1/products/2/reviews", &json!({"rating": 3})).ok(201);
        crate::events::two_webhooks(&shop);
        let answer = shop.admin().request(method, &path).header("Idempotency-Key", "example").json(example).send();
        // Well-formed, but of somebody who is not there, or a token that was never given out.
        let strangers = [
            "/login",
            "/refresh",
            "/setup",
            "/password",
            "/reset",
            "/verify",
            "/discount",
            "/shipping-option",
            "/admin/orders",
            "/confirm",
            "/unsubscribe",
        ];
        let strange = strangers.iter().any(|end| path.ends_with(end)) && [401, 422].contains(&answer.status);
        // Nothing was ordered yet.
        let strange = strange || path.contains("/orders/1001") && answer.status == 404;
        let fine = (200..300).contains(&answer.status) || strange;
        // The example of a variant is one that the tee has already.
        let known = path.ends_with("variants") && answer.status == 422;
        // No payment of a new shop has anything odd about it.
        let settled = path.ends_with("/resolve") && answer.status == 404;
        let in_stock = path.ends_with("back-in-stock-requests") && answer.status == 409;
        assert!(fine || known || settled || in_stock, "{method} {path}: {} {}", answer.status, answer.text());
    }
}

#[test]
fn every_query_parameter_that_is_described_is_understood_and_no_other() {
    let shop = TestShop::with_categories();
    product("Mug").create(&shop);
    crate::events::two_webhooks(&shop);
    // An order is shown to whoever has its own token; no example can have it.
    let reads = |(path, method, _): &(&str, &str, &Value)| *method == "get" && !path.starts_with("/orders/{number}");
    for (path, _, operation) in spec::operations().into_iter().filter(reads) {
        for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|p| p["in"] == "query") {
            let name = parameter["name"].as_str().unwrap();
            if name == "cursor" {
                continue;
            }
            let example = match &parameter["example"] {
                Value::Array(items) => items[0].clone(),
                Value::Null => json!("x"),
                other => other.clone(),
            };
            let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
            let rest = if text == "relevance" { "&search=mug" } else { "" };
            let query = format!("{name}={}{rest}", crate::support::encode(&text));
            let path = with_cart(&shop, path).replace("{id}", "1");
            assert_eq!(shop.admin().get(&format!("/api/v1{path}?{query}")).status, 200, "{path}?{query}");
            for value in parameter["schema"]["enum"].as_array().into_iter().flatten() {
                let value = value.as_str().unwrap();
                let rest = if value == "relevance" { "&search=mug" } else { "" };
                assert_eq!(
                    shop.admin().get(&format!("/api/v1{}?{name}={value}{rest}", path.replace("{id}", "1"))).status,
                    200,
                    "{path}?{name}={value}"
                );
            }
        }
    }
}
