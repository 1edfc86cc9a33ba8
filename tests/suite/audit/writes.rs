//! Which calls leave an entry, and what it says.

use super::entries;
use crate::support::builders::tee;
use crate::support::{PASSWORD, Requests, TestShop, category, product, wait};
use nexus::domain::Role;
use nexus::services::import::{ImportMode, ImportOptions, ImportReport};
use nexus::services::{Ctx, Error};
use rocket::http::Method::{self, Delete, Patch, Post, Put};
use serde_json::{Value, json};
use std::sync::Arc;

/// Sends a request as staff and gives the entries it left.
fn left(shop: &TestShop, method: Method, path: &str, body: &Value, status: u16) -> Vec<Value> {
    let before = entries(shop).len();
    let staff = shop.staff();
    let request = staff.request(method, &format!("/api/v1{path}")).header("X-Request-Id", "request-of-mine");
    let answer = if body.is_null() { request.send() } else { request.json(body).send() };
    assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
    entries(shop).split_off(before)
}

/// A shop with the category Kitchen (1), Mugs (2) below it and Garden (3), and the products Mug (1) and Tee (2).
fn shop() -> TestShop {
    let shop = TestShop::with_categories();
    product("Mug").sku("MUG").create(&shop);
    tee().create(&shop);
    shop
}

#[test]
fn every_write_of_the_catalog_leaves_exactly_one_entry() {
    let shop = shop();
    let new = |name: &str| product(name).body();
    let row = |sku: &str| product(sku).sku(sku).body();
    let cases: Vec<(Method, &str, Value, u16, &str, Value, Value)> = vec![
        (
            Post,
            "/products",
            new("Pan"),
            201,
            "product.create",
            json!("product:3"),
            json!({"slug": "pan", "name": "Pan", "revision": 1}),
        ),
        (
            Patch,
            "/products/1",
            json!({"price": "12.00", "tags": ["gift"]}),
            200,
            "product.update",
            json!("product:1"),
            json!({"fields": ["tags", "price"], "revision": 2}),
        ),
        (
            Put,
            "/products/1",
            new("Jug"),
            200,
            "product.update",
            json!("product:1"),
            json!({"fields": ["slug", "name", "tags", "sku", "price"], "revision": 3}),
        ),
        (
            Delete,
            "/products/1",
            Value::Null,
            204,
            "product.remove",
            json!("product:1"),
            json!({"slug": "jug", "name": "Jug", "revision": 3}),
        ),
        (
            Post,
            "/products/2/variants",
            json!({"price": 1, "options": {"Size": "L"}}),
            201,
            "variant.create",
            json!("variant:5"),
            json!({"product": 2, "fields": ["options", "variants"], "revision": 2}),
        ),
        (
            Patch,
            "/variants/2",
            json!({"stock": 9}),
            200,
            "variant.update",
            json!("variant:2"),
            json!({"product": 2, "fields": ["stock"], "revision": 3}),
        ),
        (
            Delete,
            "/variants/2",
            Value::Null,
            204,
            "variant.remove",
            json!("variant:2"),
            json!({"product": 2, "fields": ["options", "variants"], "revision": 4}),
        ),
        (
            Post,
            "/products/batch",
            json!([row("A"), row("B"), {"sku": "TEE-M", "price": "30"}]),
            200,
            "product.batch",
            Value::Null,
            json!({"created": 2, "updated": 1, "unchanged": 0, "ids": [4, 5, 2]}),
        ),
        (
            Post,
            "/categories",
            json!({"name": "Toys"}),
            201,
            "category.create",
            json!("category:4"),
            json!({"slug": "toys", "name": "Toys", "parent_id": null}),
        ),
        (
            Patch,
            "/categories/4",
            json!({"name": "Games"}),
            200,
            "category.update",
            json!("category:4"),
            json!({"fields": ["name"], "revision": 2}),
        ),
        (
            Put,
            "/categories/4",
            json!({"name": "Games", "slug": "games", "description": "For all"}),
            200,
            "category.update",
            json!("category:4"),
            json!({"fields": ["slug", "description"], "revision": 3}),
        ),
        (
            Delete,
            "/categories/4",
            Value::Null,
            204,
            "category.remove",
            json!("category:4"),
            json!({"slug": "games", "name": "Games"}),
        ),
        (
            Delete,
            "/categories/2?move_to=3",
            Value::Null,
            204,
            "category.remove",
            json!("category:2"),
            json!({"slug": "mugs", "name": "Mugs", "moved_to": 3, "products": 0}),
        ),
        (
            Delete,
            "/categories/1?cascade=true",
            Value::Null,
            204,
            "category.remove",
            json!("category:1"),
            json!({"slug": "kitchen", "name": "Kitchen", "cascade": true, "categories": 1, "products": 4}),
        ),
    ];
    for (method, path, body, status, action, subject, detail) in cases {
        let left = left(&shop, method, path, &body, status);
        assert_eq!(left.len(), 1, "{method} {path}: {left:?}");
        let entry = &left[0];
        let kind_and_id = entry["subject"]
            .as_object()
            .map(|s| format!("{}:{}", s["kind"].as_str().unwrap(), s["id"].as_str().unwrap()));
        assert_eq!((&entry["action"], json!(kind_and_id)), (&json!(action), subject), "{method} {path}");
        assert_eq!(entry["detail"], detail, "{method} {path}");
        assert_eq!(entry["actor"], json!({"kind": "user", "id": 2, "role": "staff"}), "{method} {path}");
        assert_eq!(entry["request_id"], "request-of-mine", "{method} {path}");
    }
}

#[test]
fn refused_writes_and_writes_that_change_nothing_leave_none() {
    let shop = shop();
    let cases = [
        (Post, "/products", json!({"name": "Pan"}), 422),
        (Post, "/products", product("Pan").sku("MUG").body(), 409),
        (Patch, "/products/1", json!({"name": "Mug"}), 200),
        (Patch, "/products/1", json!({"price": "-1"}), 422),
        (Patch, "/products/99", json!({"name": "Mug"}), 404),
        (Delete, "/products/99", Value::Null, 404),
        (Patch, "/variants/2", json!({"stock": 5}), 200),
        (Delete, "/variants/1", Value::Null, 409),
        (Post, "/products/batch", json!([{"sku": "MUG", "name": "Mug"}]), 200),
        (Post, "/products/batch", json!([{"sku": "NEW"}]), 422),
        (Patch, "/categories/1", json!({"name": "Kitchen"}), 200),
        (Post, "/categories", json!({"name": ""}), 422),
        (Delete, "/categories/1", Value::Null, 409),
    ];
    for (method, path, body, status) in cases {
        assert_eq!(left(&shop, method, path, &body, status), Vec::<Value>::new(), "{method} {path}");
    }
    let before = entries(&shop).len();
    shop.customer().post("/api/v1/products", &product("Pan").body()).problem(403, "forbidden");
    shop.anonymous().delete("/api/v1/products/1");
    let stale = shop.staff().request(Delete, "/api/v1/products/1").header("If-Match", "\"9.9-x\"").send();
    assert_eq!(stale.status, 412);
    shop.staff().get("/api/v1/products").ok(200);
    assert_eq!(entries(&shop).len(), before);
}

fn import(shop: &TestShop, text: &'static str, mode: ImportMode) -> ImportReport {
    let options = ImportOptions { file: "pans.jsonl".to_owned(), mode, ..ImportOptions::default() };
    let owner = Ctx::owner();
    wait(shop.shop.import_products(&owner, text.as_bytes(), options, Arc::default(), None)).expect("an import")
}

#[test]
fn imports_and_chores_leave_one_entry_a_run() {
    let shop = shop();
    let before = entries(&shop).len();
    let file = "{\"name\": \"Pan\", \"category\": \"kitchen\", \"price\": 5, \"sku\": \"P\"}\n\
                {\"name\": \"Pot\", \"category\": \"kitchen\", \"price\": 6, \"sku\": \"Q\"}\n";
    import(&shop, file, ImportMode::DryRun);
    assert_eq!(entries(&shop).len(), before, "a trial run leaves an entry");
    let id = import(&shop, file, ImportMode::AllOrNothing).id.unwrap();
    import(&shop, file, ImportMode::AllOrNothing);
    wait(shop.shop.import_undo(&Ctx::owner(), id, false)).unwrap();
    wait(shop.shop.reindex(&Ctx::owner(), |_| {})).unwrap();
    let made = entries(&shop).split_off(before);
    let told: Vec<_> =
        made.iter().map(|e| (e["action"].as_str().unwrap(), &e["subject"]["id"], &e["detail"])).collect();
    assert_eq!(
        told,
        [
            (
                "import.run",
                &json!("1"),
                &json!({"file": "pans.jsonl", "format": "jsonl", "created": 2, "updated": 0, "unchanged": 0, "failed": 0})
            ),
            (
                "import.undo",
                &json!("1"),
                &json!({"removed": 2, "archived": 0, "restored": 0, "gone": 0, "force": false})
            ),
            ("search.reindex", &Value::Null, &json!({"products": 2})),
        ]
    );
    assert!(made.iter().all(|e| e["actor"] == json!({"kind": "owner", "id": null, "role": null})), "{made:?}");
    assert!(made.iter().all(|e| e["client"].is_null() && e["request_id"].is_null()), "{made:?}");
}

#[test]
fn demo_leaves_an_entry_for_each_login_and_one_for_the_catalog() {
    let shop = TestShop::new();
    let before = entries(&shop).len();
    wait(shop.shop.demo_fill(&Ctx::owner())).unwrap();
    wait(shop.shop.demo_fill(&Ctx::owner())).unwrap();
    let made = entries(&shop).split_off(before);
    let actions: Vec<_> = made.iter().map(|e| e["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["user.create", "user.create", "user.create", "import.run"]);
}

#[test]
fn entries_never_hold_secrets_or_what_was_written() {
    let shop = TestShop::with_categories();
    let owner = Ctx::owner();
    let (email, secret) = ("ann.secret@example.test", "a password nobody should see");
    wait(async {
        shop.shop.user_create(&owner, email, Role::Staff, secret.to_owned()).await.unwrap();
        shop.shop.user_set_password(&owner, email, format!("{secret} again")).await.unwrap();
        shop.shop.user_set_role(&owner, email, Role::Customer).await.unwrap();
    });
    let body = product("Mug").with("description", "a long description").attribute("code", "an attribute").body();
    shop.staff().post("/api/v1/products", &body).ok(201);
    shop.staff().patch("/api/v1/products/1", &json!({"description": "another description"})).ok(200);
    let list = "select coalesce(group_concat(concat_ws(' ', actor_role, action, subject_kind, subject_id, detail, client, \
                request_id)), '') from audit";
    let read = shop.shop.store().read(|tx| Ok::<_, Error>(tx.query_one(list, [], |row| row.get::<_, String>(0))?));
    let text = read.unwrap().unwrap();
    assert!(text.contains("user.update"), "{text}");
    for secret in [secret, "again", "ann.secret", "argon2", "description ", "long", "an attribute", PASSWORD, "eyJ"] {
        assert!(!text.contains(secret), "{secret:?} is in {text}");
    }
}

#[test]
fn write_that_fails_leaves_neither_itself_nor_its_entry() {
    let shop = TestShop::with_categories();
    let before = entries(&shop).len();
    let failed = shop.shop.store().write_blocking(|tx| {
        tx.setting_put("half", "done")?;
        tx.audit(&Ctx::owner().entry("shop.test", None, &json!({})))?;
        Err::<(), _>(Error::Stale)
    });
    assert!(matches!(failed, Err(Error::Stale)));
    assert_eq!(entries(&shop).len(), before);
    category("After").create(&shop);
    assert_eq!(entries(&shop).len(), before + 1);
    assert!(shop.shop.audit_verify(&Ctx::owner(), None, &|_| {}).unwrap().is_ok());
}
