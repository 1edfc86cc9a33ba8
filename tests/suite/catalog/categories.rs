//! The category tree.

use crate::support::{Requests, TestShop, category, product};
use serde_json::{Value, json};

fn path(made: &Value) -> String {
    format!("/api/v1/categories/{}", made["id"])
}

#[test]
fn category_create_reads_back_by_id_and_slug() {
    let shop = TestShop::with_categories();
    let kitchen = shop.anonymous().get("/api/v1/categories/kitchen").ok(200);
    let body = category("Coffee & Tea")
        .below("kitchen")
        .with("description", "Hot")
        .with("position", -3)
        .with("seo", json!({"title": "T"}));
    let answer = shop.staff().post("/api/v1/categories", &body.body());
    let made = answer.ok(201);
    assert_eq!(answer.header("Location"), Some(path(&made).as_str()));
    assert_eq!(
        (&made["slug"], &made["parent_id"], &made["position"]),
        (&json!("coffee-tea"), &kitchen["id"], &json!(-3))
    );
    assert_eq!(made["seo"]["title"], "T");
    assert!(made.get("children").is_none());
    for key in [path(&made), "/api/v1/categories/coffee-tea".to_owned()] {
        assert_eq!(shop.anonymous().get(&key).ok(200), made);
    }
    let by_id = shop.staff().post("/api/v1/categories", &json!({"name": "Tins", "parent_id": kitchen["id"]})).ok(201);
    assert_eq!(by_id["parent_id"], kitchen["id"]);
}

#[test]
fn category_create_with_errors_names_every_field() {
    let shop = TestShop::new();
    let answer = shop.staff().post(
        "/api/v1/categories",
        &json!({"slug": "A B", "position": "1", "parent": "nowhere!?", "id": 3, "version": 1}),
    );
    for (field, code) in [
        ("name", "required"),
        ("slug", "invalid"),
        ("position", "not_an_integer"),
        ("id", "unknown_field"),
        ("version", "unknown_field"),
    ] {
        answer.names_field(field, code);
    }
    shop.staff()
        .post("/api/v1/categories", &category("X").with("parent_id", 99).body())
        .names_field("parent", "unknown");
}

#[test]
fn category_put_replaces_and_patch_merges() {
    let shop = TestShop::with_categories();
    let made = category("Tins").below("kitchen").with("description", "D").with("position", 4).create(&shop);
    let patched = shop.staff().patch(&path(&made), &json!({"position": 5})).ok(200);
    assert_eq!(
        (&patched["description"], &patched["position"], &patched["parent_id"]),
        (&json!("D"), &json!(5), &made["parent_id"])
    );
    let root = shop.staff().patch(&path(&made), &json!({"parent_id": null})).ok(200);
    assert_eq!(root["parent_id"], Value::Null);
    let replaced = shop.staff().put(&path(&made), &json!({"name": "Tins", "parent": "garden"})).ok(200);
    assert_eq!(
        (&replaced["description"], &replaced["position"], &replaced["slug"]),
        (&json!(""), &json!(0), &json!("tins"))
    );
    assert_ne!(replaced["parent_id"], Value::Null);
    let root = shop.staff().patch(&path(&made), &json!({"parent": null})).ok(200);
    assert_eq!(root["parent_id"], Value::Null);
}

#[test]
fn category_tree_nests_siblings_by_position_then_name() {
    let shop = TestShop::new();
    category("Zoo").with("position", -1).create(&shop);
    category("Beta").create(&shop);
    category("Alpha").create(&shop);
    category("Leaf B").below("alpha").create(&shop);
    category("Leaf A").below("alpha").create(&shop);
    category("Deep").below("leaf-a").create(&shop);
    let tree = shop.anonymous().get("/api/v1/categories?tree=true").ok(200);
    fn names(nodes: &Value) -> Value {
        nodes.as_array().unwrap().iter().map(|n| json!([n["name"], names(&n["children"])])).collect()
    }
    assert_eq!(
        names(&tree["results"]),
        json!([["Zoo", []], ["Alpha", [["Leaf A", [["Deep", []]]], ["Leaf B", []]]], ["Beta", []]])
    );
    assert_eq!((&tree["next"], &tree["previous"]), (&Value::Null, &Value::Null));
    shop.anonymous().get("/api/v1/categories?tree=maybe").problem(400, "bad-request");
    shop.anonymous().get("/api/v1/categories?tree=true&cursor=x").problem(400, "bad-request");
    shop.anonymous().get("/api/v1/categories?tree=true&page_size=0").names_field("page_size", "out_of_range");
}

#[test]
fn category_never_lies_below_itself() {
    let shop = TestShop::with_categories();
    let kitchen = shop.anonymous().get("/api/v1/categories/kitchen").ok(200);
    for parent in [json!("kitchen"), json!("mugs"), kitchen["id"].clone()] {
        shop.staff().patch(&path(&kitchen), &json!({"parent": parent})).names_field("parent", "cycle");
    }
    assert_eq!(shop.anonymous().get("/api/v1/categories/kitchen").ok(200), kitchen);
}

#[test]
fn category_tree_has_a_deepest_level() {
    let shop = TestShop::new();
    category("L1").create(&shop);
    for level in 2..=20 {
        category(&format!("L{level}")).below(&format!("l{}", level - 1)).create(&shop);
    }
    shop.staff().post("/api/v1/categories", &category("L21").below("l20").body()).names_field("parent", "too_deep");
    product("Deep").in_category("l20").create(&shop);
    assert_eq!(shop.anonymous().names("/api/v1/products?category=l1"), ["Deep"]);
    // Nor may a whole branch be hung too deep.
    let branch = category("B1").create(&shop);
    category("B2").below("b1").create(&shop);
    shop.staff().patch(&path(&branch), &json!({"parent": "l19"})).names_field("parent", "too_deep");
    let holder = category("Holder").create(&shop);
    shop.staff().patch(&path(&branch), &json!({"parent": "holder"})).ok(200);
    let deep = shop.anonymous().get("/api/v1/categories/l19").ok(200);
    shop.staff().delete(&format!("{}?move_to={}", path(&holder), deep["id"])).names_field("move_to", "too_deep");
    shop.staff().patch(&path(&branch), &json!({"parent": "l18"})).ok(200);
}

#[test]
fn category_delete_refuses_one_that_holds_something() {
    let shop = TestShop::with_categories();
    product("Mug").in_category("mugs").create(&shop);
    for slug in ["kitchen", "mugs"] {
        let made = shop.anonymous().get(&format!("/api/v1/categories/{slug}")).ok(200);
        shop.staff().delete(&path(&made)).problem(409, "not-empty");
        shop.staff().delete(&format!("{}?cascade=false", path(&made))).problem(409, "not-empty");
    }
    let garden = shop.anonymous().get("/api/v1/categories/garden").ok(200);
    assert_eq!(shop.staff().delete(&path(&garden)).status, 204);
    shop.staff().delete(&path(&garden)).problem(404, "not-found");
    shop.anonymous().get("/api/v1/categories/garden").problem(404, "not-found");
}

#[test]
fn category_delete_with_cascade_takes_all_below_with_it() {
    let shop = TestShop::with_categories();
    product("Mug").in_category("mugs").sku("M").create(&shop);
    product("Pan").create(&shop);
    product("Rake").in_category("garden").create(&shop);
    let kitchen = shop.anonymous().get("/api/v1/categories/kitchen").ok(200);
    assert_eq!(shop.staff().delete(&format!("{}?cascade=true", path(&kitchen))).status, 204);
    assert_eq!(shop.anonymous().names("/api/v1/categories"), ["Garden"]);
    assert_eq!(shop.staff().names("/api/v1/products?status=active,draft,archived"), ["Rake"]);
    assert!(shop.anonymous().results("/api/v1/products?search=mug").is_empty());
    shop.anonymous().get("/api/v1/products/mug").problem(404, "not-found");
}

#[test]
fn category_delete_with_move_to_keeps_what_it_held() {
    let shop = TestShop::with_categories();
    product("Cup").in_category("mugs").create(&shop);
    product("Pan").create(&shop);
    let kitchen = shop.anonymous().get("/api/v1/categories/kitchen").ok(200);
    let garden = shop.anonymous().get("/api/v1/categories/garden").ok(200);
    assert_eq!(shop.anonymous().names("/api/v1/products?ordering=name&search=kitchen"), ["Cup", "Pan"]);
    assert_eq!(shop.staff().delete(&format!("{}?move_to={}", path(&kitchen), garden["id"])).status, 204);
    assert_eq!(shop.anonymous().names("/api/v1/products?ordering=name&category=garden"), ["Cup", "Pan"]);
    assert_eq!(shop.anonymous().get("/api/v1/products/pan").ok(200)["category"]["slug"], "garden");
    assert_eq!(shop.anonymous().get("/api/v1/categories/mugs").ok(200)["parent_id"], garden["id"]);
    assert!(shop.anonymous().results("/api/v1/products?search=kitchen").is_empty());
    assert_eq!(shop.anonymous().names("/api/v1/products?ordering=name&search=garden"), ["Cup", "Pan"]);
}

#[test]
fn category_delete_with_a_wrong_target_changes_nothing() {
    let shop = TestShop::with_categories();
    let kitchen = shop.anonymous().get("/api/v1/categories/kitchen").ok(200);
    let mugs = shop.anonymous().get("/api/v1/categories/mugs").ok(200);
    for (target, code) in [(json!(999), "unknown"), (kitchen["id"].clone(), "cycle"), (mugs["id"].clone(), "cycle")] {
        shop.staff().delete(&format!("{}?move_to={target}", path(&kitchen))).names_field("move_to", code);
    }
    for query in ["move_to=x", "move_to=1.5", "cascade=maybe", "cascade=true&move_to=3", "force=true"] {
        shop.staff().delete(&format!("{}?{query}", path(&kitchen))).problem(400, "bad-request");
    }
    assert_eq!(shop.anonymous().results("/api/v1/categories").len(), 3);
}

#[test]
fn category_rename_shows_in_products_and_in_search() {
    let shop = TestShop::with_categories();
    product("Cup").in_category("mugs").create(&shop);
    let read = || shop.anonymous().get("/api/v1/products/cup");
    let before = read();
    let kitchen = shop.anonymous().get("/api/v1/categories/kitchen").ok(200);
    let mugs = shop.anonymous().get("/api/v1/categories/mugs").ok(200);
    shop.staff().patch(&path(&mugs), &json!({"name": "Drinkware"})).ok(200);
    let after = read();
    assert_eq!(after.ok(200)["category"], json!({"id": mugs["id"], "slug": "mugs", "name": "Drinkware"}));
    assert_ne!(after.etag(), before.etag(), "what changed has another tag");
    assert_eq!(shop.anonymous().names("/api/v1/products?search=drinkware"), ["Cup"]);
    assert!(shop.anonymous().results("/api/v1/products?search=mugs").is_empty());
    // The name of a category further up counts too.
    shop.staff().patch(&path(&kitchen), &json!({"name": "Scullery"})).ok(200);
    assert_eq!(shop.anonymous().names("/api/v1/products?search=scullery"), ["Cup"]);
    shop.staff().patch(&path(&mugs), &json!({"parent": "garden"})).ok(200);
    assert!(shop.anonymous().results("/api/v1/products?search=scullery").is_empty());
    assert_eq!(shop.anonymous().names("/api/v1/products?search=garden"), ["Cup"]);
    assert_eq!(shop.anonymous().names("/api/v1/products?category=garden"), ["Cup"]);
    assert!(shop.anonymous().results("/api/v1/products?category=kitchen").is_empty());
}

#[test]
fn category_path_names_one_in_a_product() {
    let shop = TestShop::with_categories();
    let made = product("Cup").in_category("Kitchen > mugs").create(&shop);
    assert_eq!(made["category"]["slug"], "mugs");
}
