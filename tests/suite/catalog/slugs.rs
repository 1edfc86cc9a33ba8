//! Slugs: made from names, unique, and their old forms lead to the new.

use crate::support::{Requests, TestShop, category, encode, product};
use serde_json::{Value, json};

fn rename(shop: &TestShop, made: &Value, body: &Value) -> Value {
    shop.staff().patch(&format!("/api/v1/products/{}", made["id"]), body).ok(200)
}

#[test]
fn slug_is_made_from_the_name_and_numbered_when_taken() {
    let shop = TestShop::with_categories();
    let slugs: Vec<Value> = (0..5).map(|_| product("Crème Brûlée!").create(&shop)["slug"].clone()).collect();
    assert_eq!(slugs, ["creme-brulee", "creme-brulee-2", "creme-brulee-3", "creme-brulee-4", "creme-brulee-5"]);
    assert_eq!(product("2024").create(&shop)["slug"], "item-2024");
    assert_eq!(product("???").create(&shop)["slug"], "item");
    let tea = product("緑茶").create(&shop);
    assert_eq!(tea["slug"], "緑茶");
    assert_eq!(shop.anonymous().get(&format!("/api/v1/products/{}", encode("緑茶"))).ok(200)["id"], tea["id"]);
}

#[test]
fn slug_asked_for_is_taken_or_refused() {
    let shop = TestShop::with_categories();
    assert_eq!(product("Mug").with("slug", "my-mug").create(&shop)["slug"], "my-mug");
    let taken = shop.staff().post("/api/v1/products", &product("Cup").with("slug", "my-mug").body());
    assert_eq!(taken.problem(409, "taken")["errors"][0]["field"], "slug");
    for bad in [json!("My Mug"), json!("42"), json!("a--b"), json!("../etc"), json!(7), json!("")] {
        shop.staff().post("/api/v1/products", &product("Cup").with("slug", bad).body()).names_field("slug", "invalid");
    }
}

#[test]
fn slug_that_changed_answers_301_to_the_new() {
    let shop = TestShop::with_categories();
    let made = product("Mug").create(&shop);
    let renamed = rename(&shop, &made, &json!({"slug": "tall-mug"}));
    assert_eq!(renamed["slug"], "tall-mug");
    let moved = shop.anonymous().get("/api/v1/products/mug");
    assert_eq!(moved.status, 301);
    assert_eq!(moved.header("Location"), Some("/api/v1/products/tall-mug"));
    assert_eq!(shop.anonymous().get("/api/v1/products/tall-mug").ok(200)["id"], made["id"]);
}

#[test]
fn slug_redirects_follow_a_chain_of_renames_in_one_step() {
    let shop = TestShop::with_categories();
    let made = product("One").create(&shop);
    for slug in ["two", "three", "four"] {
        rename(&shop, &made, &json!({ "slug": slug }));
    }
    for old in ["one", "two", "three"] {
        let moved = shop.anonymous().get(&format!("/api/v1/products/{old}"));
        assert_eq!((moved.status, moved.header("Location")), (301, Some("/api/v1/products/four")), "{old}");
    }
    // Back to the first one: it is itself again, and the others lead there.
    rename(&shop, &made, &json!({"slug": "one"}));
    shop.anonymous().get("/api/v1/products/one").ok(200);
    assert_eq!(shop.anonymous().get("/api/v1/products/four").header("Location"), Some("/api/v1/products/one"));
}

#[test]
fn slug_that_is_former_may_be_asked_for_but_is_not_made() {
    let shop = TestShop::with_categories();
    let made = product("Mug").create(&shop);
    rename(&shop, &made, &json!({"slug": "tall-mug"}));
    assert_eq!(product("Mug").create(&shop)["slug"], "mug-2", "a made slug leaves links to the old one alone");
    let other = product("Other").with("slug", "mug").create(&shop);
    assert_eq!(shop.anonymous().get("/api/v1/products/mug").ok(200)["id"], other["id"]);
}

#[test]
fn slug_follows_the_name_on_put_and_is_kept_on_patch() {
    let shop = TestShop::with_categories();
    let made = product("Mug").create(&shop);
    let path = format!("/api/v1/products/{}", made["id"]);
    assert_eq!(shop.staff().patch(&path, &json!({"name": "Tall mug"})).ok(200)["slug"], "mug");
    assert_eq!(shop.staff().put(&path, &product("Wide mug").body()).ok(200)["slug"], "wide-mug");
    assert_eq!(shop.staff().put(&path, &product("Wide mug").body()).ok(200)["slug"], "wide-mug");
    assert_eq!(shop.anonymous().get("/api/v1/products/mug").status, 301);
}

#[test]
fn slug_set_to_null_by_patch_is_made_anew_from_the_name() {
    let shop = TestShop::with_categories();
    let made = product("Mug").with("slug", "special").create(&shop);
    let after = rename(&shop, &made, &json!({"slug": null, "name": "Tall mug"}));
    assert_eq!(after["slug"], "tall-mug");
}

#[test]
fn slug_of_a_removed_product_leads_nowhere() {
    let shop = TestShop::with_categories();
    let made = product("Mug").create(&shop);
    rename(&shop, &made, &json!({"slug": "tall-mug"}));
    shop.staff().delete(&format!("/api/v1/products/{}", made["id"]));
    shop.anonymous().get("/api/v1/products/mug").problem(404, "not-found");
    shop.anonymous().get("/api/v1/products/tall-mug").problem(404, "not-found");
}

#[test]
fn slug_former_of_a_variant_list_leads_to_the_new_variant_list() {
    let shop = TestShop::with_categories();
    let made = product("Mug").create(&shop);
    rename(&shop, &made, &json!({"slug": "tall-mug"}));
    let moved = shop.anonymous().get("/api/v1/products/mug/variants");
    assert_eq!((moved.status, moved.header("Location")), (301, Some("/api/v1/products/tall-mug/variants")));
}

#[test]
fn slug_former_of_a_hidden_product_tells_the_public_nothing() {
    let shop = TestShop::with_categories();
    let made = product("Mug").create(&shop);
    rename(&shop, &made, &json!({"slug": "secret-launch", "status": "draft"}));
    shop.anonymous().get("/api/v1/products/mug").problem(404, "not-found");
    shop.customer().get("/api/v1/products/mug/variants").problem(404, "not-found");
    assert_eq!(shop.staff().get("/api/v1/products/mug").status, 301);
}

#[test]
fn slug_of_another_script_is_encoded_in_the_redirect() {
    let shop = TestShop::with_categories();
    let made = product("緑茶").create(&shop);
    rename(&shop, &made, &json!({"slug": "抹茶"}));
    let moved = shop.anonymous().get(&format!("/api/v1/products/{}", encode("緑茶")));
    let location = moved.header("Location").expect("a new address").to_owned();
    assert!(moved.status == 301 && location.is_ascii(), "{location}");
    assert_eq!(shop.anonymous().get(&location).ok(200)["id"], made["id"]);
}

#[test]
fn slug_of_a_category_moves_likewise() {
    let shop = TestShop::new();
    let made = category("Kitchen").create(&shop);
    assert_eq!(category("Kitchen").create(&shop)["slug"], "kitchen-2");
    let path = format!("/api/v1/categories/{}", made["id"]);
    assert_eq!(shop.staff().patch(&path, &json!({"slug": "cooking"})).ok(200)["slug"], "cooking");
    let moved = shop.anonymous().get("/api/v1/categories/kitchen");
    assert_eq!((moved.status, moved.header("Location")), (301, Some("/api/v1/categories/cooking")));
    shop.staff().patch(&path, &json!({"slug": "kitchen-2"})).problem(409, "taken");
}
