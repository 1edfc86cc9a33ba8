//! Who may do what: each operation of the API description, for each kind of caller.

use crate::support::builders::{address, tee, with_cart};
use crate::support::request::Pending;
use crate::support::{Answer, PASSWORD, Requests, TestShop, category, product, spec, wait};
use nexus::domain::{Right, Rights, Role};
use nexus::services::Ctx;
use rocket::http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

mod invoices;
mod orders;
mod own_orders;
mod payments;
mod rules;

/// Who may use an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Access {
    /// Anybody.
    Public,
    /// Whoever is signed in, each for themselves; no API key.
    Person,
    /// The customer whose thing it is; others who are signed in find nothing.
    Owner,
    /// Whoever has this right, by role or by key.
    Right(Right),
}

/// An operation as a test can call it.
struct Row {
    method: Method,
    template: &'static str,
    path: &'static str,
    body: Option<Value>,
    access: Access,
    /// What who may is answered.
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
    use Access::Public;
    use Method::{Delete, Get, Patch, Post, Put};
    let staff = Access::Right(Right::CatalogWrite);
    let some = Some;
    vec![
        row(Get, "/products", "/products", None, Public, 200),
        row(Post, "/products", "/products", some(product("New").body()), staff, 201),
        row(Post, "/products/batch", "/products/batch", some(json!([product("New").sku("N").body()])), staff, 200),
        row(Get, "/products/{id}", "/products/1", None, Public, 200),
        row(Put, "/products/{id}", "/products/1", some(product("New").body()), staff, 200),
        row(Patch, "/products/{id}", "/products/1", some(json!({"stock": 9})), staff, 200),
        row(Delete, "/products/{id}", "/products/1", None, staff, 204),
        row(Get, "/products/{id}/variants", "/products/2/variants", None, Public, 200),
        row(
            Post,
            "/products/{id}/variants",
            "/products/2/variants",
            some(json!({"price": 1, "options": {"Size": "L"}})),
            staff,
            201,
        ),
        row(Patch, "/variants/{id}", "/variants/2", some(json!({"stock": 9})), staff, 200),
        row(Delete, "/variants/{id}", "/variants/2", None, staff, 204),
        row(Get, "/categories", "/categories", None, Public, 200),
        row(Post, "/categories", "/categories", some(json!({"name": "New"})), staff, 201),
        row(Get, "/categories/{id}", "/categories/1", None, Public, 200),
        row(Put, "/categories/{id}", "/categories/2", some(json!({"name": "New"})), staff, 200),
        row(Patch, "/categories/{id}", "/categories/2", some(json!({"name": "New"})), staff, 200),
        row(Delete, "/categories/{id}", "/categories/2", None, staff, 204),
    ]
    .into_iter()
    .chain(account_rows())
    .chain(admin_rows())
    .chain(webhook_rows())
    .chain(review_rows())
    .chain(cart_rows())
    .chain(rules::rows())
    .chain(orders::rows())
    .chain(own_orders::rows())
    .chain(invoices::rows())
    .chain(stock_rows())
    .chain(payments::rows())
    .collect()
}

fn account_rows() -> Vec<Row> {
    use Access::{Owner, Person, Public};
    use Method::{Delete, Get, Patch, Post, Put};
    let some = Some;
    let new = json!({"email": "new@example.test", "password": PASSWORD});
    let setup = json!({"token": "x", "email": "new@example.test", "password": PASSWORD});
    let login = json!({"email": "staff@example.test", "password": PASSWORD});
    let refresh = json!({"refresh": crate::support::refresh_token(Role::Staff)});
    let passwords = json!({"current_password": PASSWORD, "new_password": "another horse battery"});
    let reset = json!({"token": "x", "password": PASSWORD});
    let address = || some(crate::support::builders::address());
    vec![
        row(Post, "/auth/register", "/auth/register", some(new), Public, 201),
        // The shop has an admin, so there is nothing to set up; a token from a mail would be needed for the others.
        row(Post, "/auth/setup", "/auth/setup", some(setup), Public, 422),
        row(Post, "/auth/login", "/auth/login", some(login), Public, 200),
        row(Post, "/auth/refresh", "/auth/refresh", some(refresh), Public, 200),
        row(Post, "/auth/logout", "/auth/logout", None, Person, 204),
        row(Post, "/auth/logout-all", "/auth/logout-all", None, Person, 204),
        row(Post, "/auth/password", "/auth/password", some(passwords), Person, 200),
        row(Post, "/auth/password/forgot", "/auth/password/forgot", some(json!({"email": "a@b.test"})), Public, 204),
        row(Post, "/auth/password/reset", "/auth/password/reset", some(reset), Public, 422),
        row(Post, "/auth/verify", "/auth/verify", some(json!({"token": "x"})), Public, 422),
        row(Post, "/auth/verify/resend", "/auth/verify/resend", some(json!({"email": "a@b.test"})), Public, 204),
        row(Get, "/me", "/me", None, Person, 200),
        row(Patch, "/me", "/me", some(json!({"name": "New"})), Person, 200),
        row(Delete, "/me", "/me", None, Person, 204),
        row(Get, "/me/export", "/me/export", None, Person, 200),
        row(Get, "/me/sessions", "/me/sessions", None, Person, 200),
        row(Delete, "/me/sessions/{id}", "/me/sessions/1", None, Owner, 204),
        row(Get, "/me/addresses", "/me/addresses", None, Person, 200),
        row(Post, "/me/addresses", "/me/addresses", address(), Person, 201),
        row(Get, "/me/addresses/{id}", "/me/addresses/1", None, Owner, 200),
        row(Put, "/me/addresses/{id}", "/me/addresses/1", address(), Owner, 200),
        row(Patch, "/me/addresses/{id}", "/me/addresses/1", some(json!({"city": "Delft"})), Owner, 200),
        row(Delete, "/me/addresses/{id}", "/me/addresses/1", None, Owner, 204),
    ]
}

/// A backup that lies in the shop.
const BACKUP: &str = "/admin/backups/nexus-20260131-090500-123.tar.gz";

fn admin_rows() -> Vec<Row> {
    use Method::{Delete, Get, Patch, Post};
    let (reads, writes, keys) =
        (Access::Right(Right::UsersRead), Access::Right(Right::UsersWrite), Access::Right(Right::KeysManage));
    let some = Some;
    let key = json!({"name": "Warehouse", "scopes": ["catalog:write"]});
    let backup = "/admin/backups/{name}";
    vec![
        row(Get, "/users", "/users", None, reads, 200),
        row(Post, "/users", "/users", some(json!({"email": "new@example.test"})), writes, 201),
        row(Get, "/users/{id}", "/users/1", None, reads, 200),
        row(Patch, "/users/{id}", "/users/1", some(json!({"name": "New"})), writes, 200),
        row(Delete, "/users/{id}", "/users/1", None, writes, 204),
        row(Get, "/admin/audit", "/admin/audit", None, Access::Right(Right::AuditRead), 200),
        row(Get, "/admin/backups", "/admin/backups", None, Access::Right(Right::Maintain), 200),
        row(Post, "/admin/backups", "/admin/backups", None, Access::Right(Right::Maintain), 202),
        row(Get, backup, BACKUP, None, Access::Right(Right::Maintain), 200),
        row(Get, "/admin/reports/sales", "/admin/reports/sales", None, Access::Right(Right::ReportsRead), 200),
        row(Get, "/admin/api-keys", "/admin/api-keys", None, keys, 200),
        row(Post, "/admin/api-keys", "/admin/api-keys", some(key), keys, 201),
        row(Get, "/admin/api-keys/{id}", "/admin/api-keys/1", None, keys, 200),
        row(Delete, "/admin/api-keys/{id}", "/admin/api-keys/1", None, keys, 204),
    ]
}

fn webhook_rows() -> Vec<Row> {
    use Method::{Delete, Get, Patch, Post, Put};
    let writes = Access::Right(Right::WebhooksWrite);
    let some = Some;
    let webhook = || some(json!({"name": "Books", "url": "https://8.8.8.8/hook"}));
    let range = json!({"from": "2026-01-01", "to": "2026-02-01"});
    let (list, one) = ("/admin/webhooks", "/admin/webhooks/{id}");
    let (again, all) = ("/admin/webhooks/{id}/deliveries/{delivery}/replay", "/admin/webhooks/{id}/deliveries");
    let secret = "/admin/webhooks/{id}/rotate-secret";
    vec![
        row(Get, list, list, None, writes, 200),
        row(Post, list, list, webhook(), writes, 201),
        row(Get, one, "/admin/webhooks/1", None, writes, 200),
        row(Put, one, "/admin/webhooks/1", webhook(), writes, 200),
        row(Patch, one, "/admin/webhooks/1", some(json!({"active": false})), writes, 200),
        row(Delete, one, "/admin/webhooks/1", None, writes, 204),
        row(Post, secret, "/admin/webhooks/1/rotate-secret", some(json!({})), writes, 200),
        row(Post, "/admin/webhooks/{id}/test", "/admin/webhooks/1/test", None, writes, 200),
        row(Post, "/admin/webhooks/{id}/replay", "/admin/webhooks/1/replay", some(range), writes, 200),
        row(Get, all, "/admin/webhooks/1/deliveries", None, writes, 200),
        row(Post, again, "/admin/webhooks/1/deliveries/1/replay", None, writes, 200),
    ]
}

fn review_rows() -> Vec<Row> {
    use Access::{Owner, Person, Public};
    use Method::{Delete, Get, Patch, Post, Put};
    let staff = Access::Right(Right::ReviewsWrite);
    let some = Some;
    let (review, token) = (json!({"rating": 4}), json!({"token": "x"}));
    let asks = "/products/{id}/back-in-stock-requests";
    vec![
        row(Get, "/products/{id}/reviews", "/products/1/reviews", None, Public, 200),
        row(Post, "/products/{id}/reviews", "/products/1/reviews", some(review.clone()), Person, 201),
        row(Get, "/me/reviews", "/me/reviews", None, Person, 200),
        row(Get, "/me/reviews/{id}", "/me/reviews/1", None, Owner, 200),
        row(Patch, "/me/reviews/{id}", "/me/reviews/1", some(review), Owner, 200),
        row(Delete, "/me/reviews/{id}", "/me/reviews/1", None, Owner, 204),
        row(Get, "/admin/reviews", "/admin/reviews", None, staff, 200),
        row(Get, "/admin/reviews/{id}", "/admin/reviews/1", None, staff, 200),
        row(Patch, "/admin/reviews/{id}", "/admin/reviews/1", some(json!({"status": "approved"})), staff, 200),
        row(Get, "/me/wishlist", "/me/wishlist", None, Person, 200),
        row(Put, "/me/wishlist/{id}", "/me/wishlist/1", None, Person, 204),
        row(Delete, "/me/wishlist/{id}", "/me/wishlist/2", None, Owner, 204),
        row(Post, asks, "/products/1/back-in-stock-requests", some(json!({"email": "a@b.test"})), Public, 204),
        // A token from a letter would be needed.
        row(Post, "/back-in-stock/confirm", "/back-in-stock/confirm", some(token.clone()), Public, 422),
        row(Post, "/back-in-stock/unsubscribe", "/back-in-stock/unsubscribe", some(token), Public, 422),
    ]
}

fn cart_rows() -> Vec<Row> {
    use Access::Public;
    use Method::{Delete, Get, Patch, Post, Put};
    let some = Some;
    let on = |method, path: &'static str, body, success| row(method, path, path, body, Public, success);
    vec![
        on(Post, "/carts", None, 201),
        on(Get, "/carts/{token}", None, 200),
        on(Delete, "/carts/{token}", None, 204),
        on(Post, "/carts/{token}/lines", some(json!({"sku": "TEE-M", "quantity": 1})), 201),
        on(Patch, "/carts/{token}/lines/{id}", some(json!({"quantity": 2})), 200),
        on(Delete, "/carts/{token}/lines/{id}", None, 200),
        // There is no such code.
        on(Put, "/carts/{token}/discount", some(json!({"code": "X"})), 422),
        on(Delete, "/carts/{token}/discount", None, 200),
        on(Put, "/carts/{token}/shipping-address", some(address()), 200),
        on(Get, "/carts/{token}/shipping-options", None, 200),
        on(Put, "/carts/{token}/shipping-option", some(json!({"id": "2"})), 200),
    ]
}

fn stock_rows() -> Vec<Row> {
    use Method::{Get, Post};
    let (reads, writes) = (Access::Right(Right::StockRead), Access::Right(Right::StockWrite));
    let change = json!({"variant_id": 1, "count": 3});
    vec![
        row(Get, "/admin/stock", "/admin/stock", None, reads, 200),
        row(Get, "/admin/stock/movements", "/admin/stock/movements", None, reads, 200),
        row(Post, "/admin/stock/movements", "/admin/stock/movements", Some(change), writes, 200),
    ]
}

/// The operations that anybody may use: a list of its own, so that opening one more is a decision.
const PUBLIC: &[&str] = &[
    "delete /carts/{token}",
    "delete /carts/{token}/discount",
    "delete /carts/{token}/lines/{id}",
    "get /carts/{token}",
    "get /carts/{token}/shipping-options",
    "patch /carts/{token}/lines/{id}",
    "post /carts",
    "post /carts/{token}/checkout",
    "post /carts/{token}/lines",
    "put /carts/{token}/discount",
    "put /carts/{token}/shipping-address",
    "put /carts/{token}/shipping-option",
    "get /categories",
    "get /categories/{id}",
    "get /orders/{number}",
    "get /orders/{number}/invoices",
    "get /orders/{number}/invoices/{id}",
    "get /orders/{number}/invoices/{id}/pdf",
    "get /products",
    "get /products/{id}",
    "get /products/{id}/reviews",
    "get /products/{id}/variants",
    "post /auth/login",
    "post /auth/password/forgot",
    "post /auth/password/reset",
    "post /auth/refresh",
    "post /auth/register",
    "post /auth/setup",
    "post /auth/verify",
    "post /auth/verify/resend",
    "post /payments/{provider}/webhook",
    "post /back-in-stock/confirm",
    "post /back-in-stock/unsubscribe",
    "post /products/{id}/back-in-stock-requests",
];

/// Everybody who may call.
fn callers() -> Vec<String> {
    let people = ["anonymous", "customer", "other customer", "staff", "admin"].map(str::to_owned);
    let scopes = Right::ALL.iter().copied().filter_map(Right::scope).map(str::to_owned);
    people.into_iter().chain(scopes).collect()
}

/// What a caller is answered.
fn expected(row: &Row, who: &str) -> u16 {
    let role = match who {
        "customer" | "other customer" => Some(Role::Customer),
        "staff" => Some(Role::Staff),
        "admin" => Some(Role::Admin),
        _ => None,
    };
    match (row.access, who, role) {
        (Access::Public, ..) | (Access::Person, _, Some(_)) | (Access::Owner, "customer", _) => row.success,
        (_, "anonymous", _) => 401,
        (Access::Owner, _, Some(_)) => 404,
        (Access::Right(right), _, Some(role)) if role.has(right) => row.success,
        (Access::Right(right), scope, None) if Rights::known([scope]).has(right) => row.success,
        _ => 403,
    }
}

/// A shop with a thing for each row, and the token of a caller in it.
fn shop_for(who: &str) -> (TestShop, Option<String>) {
    let shop = shop();
    let token = match who {
        "anonymous" => None,
        "customer" => shop.customer().token().map(str::to_owned),
        "other customer" => shop.other_customer().token().map(str::to_owned),
        "staff" => shop.staff().token().map(str::to_owned),
        "admin" => {
            // The last admin could not be erased.
            wait(shop.shop.user_set_role(&Ctx::owner(), "other@example.test", Role::Admin)).unwrap();
            shop.admin().token().map(str::to_owned)
        }
        scope => Some(shop.api_key(&[scope])),
    };
    (shop, token)
}

fn call(shop: &TestShop, token: Option<&str>, row: &Row) -> Answer {
    let path = format!("/api/v1{}", with_cart(shop, row.path));
    match token {
        None => send(shop.anonymous().request(row.method, &path), row),
        Some(token) => send(shop.bearing(token).request(row.method, &path), row),
    }
}

fn shop() -> TestShop {
    let shop = TestShop::with(|config| {
        config.selling.invoices = true;
        config.selling.invoice_seller = "Example Ltd".to_owned();
    });
    category("Kitchen").create(&shop);
    category("Empty").create(&shop);
    product("Mug").create(&shop);
    tee().create(&shop);
    shop.customer().post("/api/v1/me/addresses", &crate::support::builders::address()).ok(201);
    shop.api_key(&["catalog:read"]);
    shop.customer().post("/api/v1/products/2/reviews", &json!({"rating": 5})).ok(201);
    shop.customer().put("/api/v1/me/wishlist/2", &json!({})).empty(204);
    shop.admin().post("/api/v1/admin/webhooks", &json!({"name": "Books", "url": "https://8.8.8.8/hook"})).ok(201);
    shop.admin().request(Method::Post, "/api/v1/admin/webhooks/1/test").send().ok(200);
    let backup = BACKUP.rsplit('/').next().expect("a name");
    std::fs::write(shop.shop.folder().backups().join(backup), b"packed").expect("a file");
    // Before there are zones, since the one made has no way to ship.
    orders::fill(&shop);
    rules::fill(&shop);
    shop
}

fn send<'c>(pending: Pending<'c>, row: &Row) -> Answer {
    // What moves money wants a key; the rest does not mind one.
    let pending = pending.header("Idempotency-Key", "access");
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
    assert_eq!(public.iter().map(String::as_str).collect::<BTreeSet<_>>(), PUBLIC.iter().copied().collect());
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

/// Each caller has a test of its own, so that they run side by side.
fn lets_in_or_refuses(who: &str) {
    // Refusals and reads change nothing, so they share a shop; everything else gets one of its own.
    let shared = shop_for(who);
    for row in table() {
        let expected = expected(&row, who);
        let harmless = expected == 401 || expected == 403 || expected == 404 || row.method == Method::Get;
        let own = (!harmless).then(|| shop_for(who));
        let (shop, token) = own.as_ref().unwrap_or(&shared);
        let answer = call(shop, token.as_deref(), &row);
        assert_eq!(answer.status, expected, "{who} {} {}: {}", row.method, row.template, answer.text());
        if expected == 401 {
            assert!(answer.header("WWW-Authenticate").is_some_and(|challenge| challenge.starts_with("Bearer")));
        }
    }
}

#[test]
fn every_operation_lets_in_or_refuses_anonymous() {
    lets_in_or_refuses("anonymous");
}

#[test]
fn every_operation_lets_in_or_refuses_customer() {
    lets_in_or_refuses("customer");
}

#[test]
fn every_operation_lets_in_or_refuses_other_customer() {
    lets_in_or_refuses("other customer");
}

#[test]
fn every_operation_lets_in_or_refuses_staff() {
    lets_in_or_refuses("staff");
}

#[test]
fn every_operation_lets_in_or_refuses_admin() {
    lets_in_or_refuses("admin");
}

#[test]
fn every_operation_lets_in_or_refuses_each_scope_of_an_api_key() {
    for who in callers().iter().filter(|who| who.contains(':')) {
        lets_in_or_refuses(who);
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
    for row in table().into_iter().filter(|row| matches!(row.access, Access::Right(_))) {
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
        // Signing out takes a refresh token instead of an access token.
        let asks = row.access != Access::Public && row.template != "/auth/logout";
        assert_eq!(guarded, asks, "{} {}", row.method, row.template);
        assert_eq!(
            operation["responses"].get("403").is_some(),
            guarded || matches!(row.template, "/products" | "/products/{id}/reviews" | "/auth/logout"),
            "{} {}",
            row.method,
            row.template
        );
    }
}
