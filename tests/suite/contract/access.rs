//! Who may do what: each operation of the API description, for each kind of caller.

use crate::support::request::Pending;
use crate::support::{Answer, Requests, TestShop, builders::tee, category, product, spec};
use rocket::http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Who may use an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Access {
    /// Anybody.
    Public,
    /// `staff` and `admin`.
    Staff,
    /// `admin`.
    Admin,
}

/// An operation as a test can call it.
struct Row {
    method: Method,
    template: &'static str,
    path: &'static str,
    body: Option<Value>,
    access: Access,
    success: u16,
}

fn row(
    method: Method,
    template: &'static str,
    path: &'static str,
    body: Option<Value>,
    access: Access,
    success: u16,
) -> Row {
    Row { method, template, path, body, access, success }
}

/// Every operation there is. One that the description has and this table has not fails the test: decide who may use
/// it, and add it here.
fn table() -> Vec<Row> {
    use Access::{Admin, Public, Staff};
    use Method::{Delete, Get, Patch, Post, Put};
    let some = Some;
    vec![
        row(Get, "/products", "/products", None, Public, 200),
        row(Post, "/products", "/products", some(product("New").body()), Staff, 201),
        row(Post, "/products/batch", "/products/batch", some(json!([product("New").sku("N").body()])), Staff, 200),
        row(Get, "/products/{key}", "/products/1", None, Public, 200),
        row(Put, "/products/{id}", "/products/1", some(product("New").body()), Staff, 200),
        row(Patch, "/products/{id}", "/products/1", some(json!({"stock": 9})), Staff, 200),
        row(Delete, "/products/{id}", "/products/1", None, Staff, 204),
        row(Get, "/products/{key}/variants", "/products/2/variants", None, Public, 200),
        row(
            Post,
            "/products/{id}/variants",
            "/products/2/variants",
            some(json!({"price": 1, "options": {"Size": "L"}})),
            Staff,
            201,
        ),
        row(Patch, "/variants/{id}", "/variants/2", some(json!({"stock": 9})), Staff, 200),
        row(Delete, "/variants/{id}", "/variants/2", None, Staff, 204),
        row(Get, "/categories", "/categories", None, Public, 200),
        row(Post, "/categories", "/categories", some(json!({"name": "New"})), Staff, 201),
        row(Get, "/categories/{key}", "/categories/1", None, Public, 200),
        row(Put, "/categories/{id}", "/categories/2", some(json!({"name": "New"})), Staff, 200),
        row(Patch, "/categories/{id}", "/categories/2", some(json!({"name": "New"})), Staff, 200),
        row(Delete, "/categories/{id}", "/categories/2", None, Staff, 204),
        row(
            Post,
            "/auth/login",
            "/auth/login",
            some(json!({"email": "staff@example.test", "password": crate::support::PASSWORD})),
            Public,
            200,
        ),
        row(Get, "/admin/audit", "/admin/audit", None, Admin, 200),
    ]
}

/// The operations that anybody may use: a list of its own, so that opening one more is a decision.
const PUBLIC: [&str; 6] = [
    "get /categories",
    "get /categories/{key}",
    "get /products",
    "get /products/{key}",
    "get /products/{key}/variants",
    "post /auth/login",
];

fn shop() -> TestShop {
    let shop = TestShop::new();
    category("Kitchen").create(&shop);
    category("Empty").create(&shop);
    product("Mug").create(&shop);
    tee().create(&shop);
    shop
}

fn send<'c>(pending: Pending<'c>, row: &Row) -> Answer {
    match &row.body {
        Some(body) => pending.json(body).send(),
        None => pending.send(),
    }
}

#[test]
fn every_operation_has_a_row_and_every_row_an_operation() {
    let name = |method: &str, path: &str| format!("{} {path}", method.to_lowercase());
    let described: BTreeSet<String> = spec::operations().iter().map(|(path, method, _)| name(method, path)).collect();
    let known: BTreeSet<String> = table().iter().map(|row| name(row.method.as_str(), row.template)).collect();
    assert_eq!(described, known);
    let public: Vec<String> =
        table().iter().filter(|r| r.access == Access::Public).map(|r| name(r.method.as_str(), r.template)).collect();
    assert_eq!(public.iter().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(PUBLIC));
}

#[test]
fn every_route_below_the_api_is_described() {
    let shop = shop();
    let described: BTreeSet<String> = spec::operations()
        .iter()
        .map(|(path, method, _)| format!("{method} /api/v1{}", path.replace('{', "<").replace('}', ">")))
        .collect();
    let routes = shop.client().rocket().routes();
    let mounted: BTreeSet<String> = routes
        .map(|route| format!("{} {}", route.method.as_str().to_lowercase(), route.uri))
        .filter(|name| name.contains("/api/v1"))
        .collect();
    assert_eq!(mounted, described);
}

#[test]
fn every_operation_lets_in_whom_it_should_and_nobody_else() {
    for row in table() {
        let staff_may = row.access != Access::Admin;
        for (who, allowed, refusal) in
            [("anonymous", false, 401), ("customer", false, 403), ("staff", staff_may, 403), ("admin", true, 0)]
        {
            let shop = shop();
            let expected = if allowed || row.access == Access::Public { row.success } else { refusal };
            let caller = |method, path: &str| match who {
                "anonymous" => send(shop.anonymous().request(method, path), &row),
                "customer" => send(shop.customer().request(method, path), &row),
                "staff" => send(shop.staff().request(method, path), &row),
                _ => send(shop.admin().request(method, path), &row),
            };
            let answer = caller(row.method, &format!("/api/v1{}", row.path));
            assert_eq!(answer.status, expected, "{who} {} {}: {}", row.method, row.template, answer.text());
            if expected == 401 {
                assert!(answer.header("WWW-Authenticate").is_some_and(|challenge| challenge.starts_with("Bearer")));
            }
        }
    }
}

#[test]
fn refused_writes_change_nothing_and_are_refused_before_the_body_is_looked_at() {
    let shop = shop();
    let state = || {
        (
            shop.staff().results("/api/v1/products?status=active,draft,archived"),
            shop.anonymous().results("/api/v1/categories"),
        )
    };
    let before = state();
    for row in table().into_iter().filter(|row| row.access == Access::Staff) {
        let path = format!("/api/v1{}", row.path);
        assert_eq!(
            shop.anonymous()
                .request(row.method, &path)
                .header("Content-Type", "application/json")
                .body("{")
                .send()
                .status,
            401
        );
        assert_eq!(shop.customer().request(row.method, &path).body("{").send().status, 403);
        send(shop.anonymous().request(row.method, &path), &row);
        send(shop.customer().request(row.method, &path), &row);
    }
    assert_eq!(state(), before);
}

#[test]
fn description_says_which_operations_need_a_token() {
    for row in table() {
        let (_, _, operation) = spec::operations()
            .into_iter()
            .find(|(path, method, _)| *path == row.template && *method == row.method.as_str().to_lowercase())
            .unwrap();
        let guarded = operation["security"].as_array().is_some_and(|s| !s.is_empty());
        assert_eq!(guarded, row.access != Access::Public, "{} {}", row.method, row.template);
        assert_eq!(
            operation["responses"].get("403").is_some(),
            guarded || row.template == "/products",
            "{} {}",
            row.method,
            row.template
        );
    }
}
