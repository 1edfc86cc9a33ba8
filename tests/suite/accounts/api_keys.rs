//! Keys for integrations: shown once, good for what they say and for as long, and never more than that.

use super::traces::{columns_with, files_with};
use crate::support::builders::address;
use crate::support::{PASSWORD, Requests, TestShop, product, wait};
use nexus::domain::{Rights, Timestamp};
use nexus::services::identity::ApiKeyDraft;
use nexus::services::{Ctx, Error};
use rocket::http::Method;
use serde_json::{Value, json};
use std::time::Duration;

const KEYS: &str = "/api/v1/admin/api-keys";
const DAY: Duration = Duration::from_secs(86_400);

fn made(shop: &TestShop, scopes: &[&str]) -> Value {
    shop.admin().post(KEYS, &json!({ "name": "Warehouse", "scopes": scopes })).ok(201)
}

#[test]
fn key_is_shown_once_and_kept_as_a_hash() {
    let shop = TestShop::new();
    let body = json!({ "name": "Warehouse", "scopes": ["users:read", "catalog:write"], "expires_at": "2099-01-31" });
    let answer = shop.admin().post(KEYS, &body);
    let made = answer.ok(201);
    let key = made["key"].as_str().unwrap().to_owned();
    assert_eq!(answer.header("Location"), Some(format!("{KEYS}/{}", made["id"]).as_str()));
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    assert!(key.starts_with("nxk_") && key.len() == 47, "{key}");
    let told = (&made["scopes"], &made["expires_at"], &made["created_by"]);
    let expected = (json!(["catalog:write", "users:read"]), json!("2099-01-31T00:00:00.000Z"), json!("admin 3"));
    assert_eq!(told, (&expected.0, &expected.1, &expected.2));
    shop.bearing(&key).get("/api/v1/users").ok(200);

    let one = shop.admin().get(&format!("{KEYS}/{}", made["id"]));
    let list = shop.admin().get(KEYS);
    let mut kept = made.clone();
    kept.as_object_mut().unwrap().remove("key");
    assert_eq!(one.ok(200), kept);
    assert_eq!(list.ok(200)["results"], json!([kept]));
    let secret = &key["nxk_".len()..];
    for answer in [one, list, shop.admin().get("/api/v1/admin/audit?action=api_key.create")] {
        assert!(!answer.text().contains(&secret[6..]), "{}", answer.text());
        assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    }
    assert_eq!(columns_with(&shop, secret), [""; 0]);
    shop.shop.close();
    for part in [key.as_str(), secret, &secret[6..]] {
        assert!(files_with(&shop, part).is_empty(), "the key is in a file");
    }
}

#[test]
fn key_may_what_each_of_its_scopes_says_and_nothing_else() {
    let shop = TestShop::with_categories();
    product("Mug").create(&shop);
    let new = product("Pan").body();
    let person = json!({ "email": "bo@example.test" });
    type Call<'c> = (&'static str, Method, &'static str, Option<&'c Value>, u16);
    let calls: [Call<'_>; 5] = [
        ("catalog:read", Method::Get, "/api/v1/products?status=draft", None, 200),
        ("catalog:write", Method::Post, "/api/v1/products", Some(&new), 201),
        ("users:read", Method::Get, "/api/v1/users", None, 200),
        ("users:write", Method::Post, "/api/v1/users", Some(&person), 201),
        ("audit:read", Method::Get, "/api/v1/admin/audit", None, 200),
    ];
    for (scope, ..) in calls {
        let key = shop.api_key(&[scope]);
        for (needed, method, path, body, success) in calls {
            // Whoever may write may read.
            let may = needed == scope || needed.replace(":read", ":write") == scope;
            let key = shop.bearing(&key);
            let request = key.request(method, path);
            let answer = body.map_or_else(|| key.request(method, path).send(), |body| request.json(body).send());
            assert_eq!(answer.status, if may { success } else { 403 }, "{scope} {needed}: {}", answer.text());
        }
    }
    let both = shop.api_key(&["catalog:write", "audit:read"]);
    shop.bearing(&both).get("/api/v1/admin/audit").ok(200);
    shop.bearing(&both).get("/api/v1/products?status=draft").ok(200);
    shop.bearing(&both).get("/api/v1/users").problem(403, "forbidden");
    for (body, field, code) in [
        (json!({}), "name", "required"),
        (json!({ "name": "x" }), "scopes", "required"),
        (json!({ "name": "x", "scopes": [] }), "scopes", "too_short"),
        (json!({ "name": "", "scopes": ["users:read"] }), "name", "too_short"),
        (json!({ "name": "x", "scopes": "users:read" }), "scopes", "not_a_list"),
        (json!({ "name": "x", "scopes": ["users:read", "keys:manage"] }), "scopes[1]", "unknown_scope"),
        (json!({ "name": "x", "scopes": ["*"] }), "scopes[0]", "unknown_scope"),
        (json!({ "name": "x", "scopes": ["users:read"], "expires_at": "tomorrow" }), "expires_at", "invalid"),
    ] {
        shop.admin().post(KEYS, &body).names_field(field, code);
    }
}

#[test]
fn key_that_has_ended_is_refused_like_any_other_bad_token() {
    let shop = TestShop::new();
    let expected = shop.bearing("x.y.z").get("/api/v1/users").told();
    assert_eq!(expected.0, 401);
    let now = Ctx::owner().now;
    let key_until = |until: Timestamp| {
        let draft = ApiKeyDraft { name: "x".into(), rights: Rights::known(["users:read"]), expires_at: Some(until) };
        let ctx = Ctx { now: Timestamp::from_millis(now.millis() - 86_400_000 * 2), ..Ctx::owner() };
        wait(shop.shop.api_key_create(&ctx, draft)).unwrap().key
    };
    shop.bearing(&key_until(now.plus(DAY))).get("/api/v1/users").ok(200);
    let ended = key_until(Timestamp::from_millis(now.millis() - 1));
    assert_eq!(shop.bearing(&ended).get("/api/v1/users").told(), expected);

    let made = made(&shop, &["users:read"]);
    let key = made["key"].as_str().unwrap();
    shop.bearing(key).get("/api/v1/users").ok(200);
    let path = format!("{KEYS}/{}", made["id"]);
    shop.admin().delete(&path).empty(204);
    assert_eq!(shop.bearing(key).get("/api/v1/users").told(), expected, "at once, though it was just used");
    shop.admin().get(&path).problem(404, "not-found");
    shop.admin().delete(&path).problem(404, "not-found");

    let good = shop.api_key(&["users:read"]);
    let secret = good["nxk_".len()..].to_owned();
    for bad in [
        "nxk_".to_owned(),
        secret.clone(),
        format!("NXK_{secret}"),
        format!("nxk_{secret}="),
        format!("nxk_{secret}A"),
        format!("nxk_{}", &secret[1..]),
        format!("nxk_nxk_{secret}"),
        format!("nxk_ {secret}"),
        format!("nxk_{}", "A".repeat(43)),
        format!("nxk_{}", "x".repeat(20_000)),
        format!("nxk_{}", "'".repeat(43)),
    ] {
        for answer in [shop.bearing(&bad).get("/api/v1/users"), shop.bearing(&bad).get("/api/v1/me")] {
            assert_eq!(answer.told(), expected, "{bad:.60}");
        }
        // A bad key is refused where nobody needs one, too.
        assert_eq!(shop.bearing(&bad).get("/api/v1/products").told(), expected, "{bad:.60}");
    }
    shop.bearing(&good).get("/api/v1/users").ok(200);
}

#[test]
fn key_that_would_have_ended_already_is_not_made() {
    let shop = TestShop::new();
    for past in ["2020-01-01T00:00:00Z", "1970-01-01", "0001-01-01T00:00:00Z"] {
        let body = json!({ "name": "x", "scopes": ["users:read"], "expires_at": past });
        shop.admin().post(KEYS, &body).names_field("expires_at", "in_the_past");
    }
    let ctx = Ctx::owner();
    let draft = ApiKeyDraft { name: "x".into(), rights: Rights::known(["users:read"]), expires_at: Some(ctx.now) };
    assert!(matches!(wait(shop.shop.api_key_create(&ctx, draft)), Err(Error::Invalid(_))), "not even this moment");
    assert!(shop.admin().results(KEYS).is_empty());
}

#[test]
fn key_is_nobody_so_nothing_is_theirs_and_it_makes_no_keys() {
    let shop = TestShop::new();
    let key = shop.api_key(&["catalog:read", "catalog:write", "users:read", "users:write", "audit:read"]);
    let key = shop.bearing(&key);
    for path in
        ["me", "me/export", "me/sessions", "me/addresses", "me/addresses/1", "admin/api-keys", "admin/api-keys/1"]
    {
        key.get(&format!("/api/v1/{path}")).problem(403, "forbidden");
    }
    for path in ["me", "me/sessions/1", "me/addresses/1", "admin/api-keys/1"] {
        key.delete(&format!("/api/v1/{path}")).problem(403, "forbidden");
    }
    let passwords = json!({ "current_password": PASSWORD, "new_password": "a quiet harbour" });
    for (path, body) in [
        ("me/addresses", address()),
        ("auth/password", passwords),
        ("auth/logout-all", json!({})),
        ("admin/api-keys", json!({ "name": "x", "scopes": ["catalog:read"] })),
    ] {
        key.post(&format!("/api/v1/{path}"), &body).problem(403, "forbidden");
    }
    key.patch("/api/v1/me", &json!({ "name": "X" })).problem(403, "forbidden");
    assert_eq!(shop.admin().results(KEYS).len(), 1);
}

#[test]
fn key_looks_after_customers_and_neither_makes_nor_touches_staff() {
    let shop = TestShop::new();
    let key = shop.api_key(&["users:write"]);
    let key = shop.bearing(&key);
    let made = key.post("/api/v1/users", &json!({ "email": "bo@example.test", "name": "Bo" })).ok(201);
    let path = format!("/api/v1/users/{}", made["id"]);
    assert_eq!(key.patch(&path, &json!({ "name": "Bob", "active": false })).ok(200)["name"], "Bob");
    assert_eq!(key.patch(&path, &json!({ "role": "customer", "active": true })).ok(200)["role"], "customer");
    let before = shop.admin().results("/api/v1/users");
    for role in ["staff", "admin"] {
        let body = json!({ "email": "eve@example.test", "role": role });
        key.post("/api/v1/users", &body).problem(403, "forbidden");
        key.patch(&path, &json!({ "role": role })).problem(403, "forbidden");
    }
    for id in [2, 3] {
        let path = format!("/api/v1/users/{id}");
        for change in [
            json!({ "name": "X" }),
            json!({ "email": "eve@example.test" }),
            json!({ "password": "a quiet harbour" }),
            json!({ "role": "customer" }),
            json!({ "active": false }),
            json!({}),
        ] {
            key.patch(&path, &change).problem(403, "forbidden");
        }
        key.delete(&path).problem(403, "forbidden");
    }
    assert_eq!(shop.admin().results("/api/v1/users"), before);
    key.delete(&path).empty(204);
}

#[test]
fn key_beyond_the_thousandth_is_409_until_one_is_revoked() {
    let shop = TestShop::new();
    let made: Vec<String> = (0..1_000).map(|_| shop.api_key(&["catalog:read"])).collect();
    let body = json!({ "name": "One more", "scopes": ["catalog:read"] });
    shop.admin().post(KEYS, &body).problem(409, "too-many");
    // Every one of them is on some page, in order, and leads back.
    let (mut ids, mut path) = (Vec::new(), Some(format!("{KEYS}?page_size=100")));
    let mut last = Value::Null;
    while let Some(at) = path {
        last = shop.admin().get(&at).ok(200);
        ids.extend(last["results"].as_array().unwrap().iter().map(|key| key["id"].as_i64().unwrap()));
        path = last["next"].as_str().map(str::to_owned);
    }
    assert_eq!(ids, (1..=1_000).collect::<Vec<i64>>());
    let previous = shop.admin().get(last["previous"].as_str().unwrap()).ok(200);
    assert_eq!(previous["results"][0]["id"], 801);
    shop.admin().delete(&format!("{KEYS}/7")).empty(204);
    shop.admin().post(KEYS, &body).ok(201);
    shop.admin().post(KEYS, &body).problem(409, "too-many");
    shop.bearing(&made[6]).get("/api/v1/products").problem(401, "unauthenticated");
    shop.bearing(&made[7]).get("/api/v1/products").ok(200);
}

#[test]
fn write_by_a_key_is_in_the_audit_log_as_the_keys() {
    let shop = TestShop::with_categories();
    let made = made(&shop, &["catalog:write", "users:write"]);
    let key = shop.bearing(made["key"].as_str().unwrap());
    let mug = key.post("/api/v1/products", &product("Mug").body()).ok(201);
    key.patch(&format!("/api/v1/products/{}", mug["id"]), &json!({ "stock": 4 })).ok(200);
    key.post("/api/v1/users", &json!({ "email": "bo@example.test" })).ok(201);
    let log = |query: &str| shop.admin().results(&format!("/api/v1/admin/audit?{query}"));
    let by_key = log(&format!("actor=api_key:{}", made["id"]));
    let actions: Vec<&str> = by_key.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["user.create", "product.update", "product.create"]);
    shop.admin().delete(&format!("{KEYS}/{}", made["id"])).empty(204);
    let about = log(&format!("subject=api_key:{}", made["id"]));
    let actions: Vec<&str> = about.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["api_key.revoke", "api_key.create"]);
    assert_eq!(log("actor=user:3&action=api_key.").len(), 2, "by the admin who made and revoked it");
}

#[test]
fn key_is_revoked_only_while_it_is_the_one_that_was_seen() {
    let shop = TestShop::new();
    let key = shop.admin().post(KEYS, &json!({ "name": "Warehouse", "scopes": ["stock:read"] }));
    let path = format!("{KEYS}/{}", key.ok(201)["id"]);
    let tag = shop.admin().get(&path).etag();
    assert_eq!(key.etag(), tag, "the answer that made it names the same state");
    assert_eq!(shop.admin().get_unless(&path, &tag).status, 304);
    for other in ["\"stale\"", "\"1.0-0\"", "W/\"x\""] {
        let revoke = shop.admin().request(Method::Delete, &path).header("If-Match", other).send();
        revoke.problem(412, "stale");
    }
    shop.admin().get(&path).ok(200);
    shop.admin().request(Method::Delete, &path).header("If-Match", &tag).send().empty(204);
    shop.admin().request(Method::Delete, &path).header("If-Match", &tag).send().problem(404, "not-found");
}
