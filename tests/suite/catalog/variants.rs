//! Variants and the options they choose among.

use crate::support::{Requests, TestShop, builders::tee, product, variant};
use serde_json::{Value, json};

fn path_of(made: &Value, index: usize) -> String {
    format!("/api/v1/variants/{}", made["variants"][index]["id"])
}

#[test]
fn variant_list_gives_all_variants_by_id_and_slug() {
    let shop = TestShop::with_categories();
    let made = tee().create(&shop);
    for key in [made["id"].to_string(), "tee".to_owned()] {
        let list = shop.anonymous().get(&format!("/api/v1/products/{key}/variants")).ok(200);
        assert_eq!(list, json!({"results": made["variants"], "next": null, "previous": null}));
    }
    shop.anonymous().get("/api/v1/products/nothing/variants").problem(404, "not-found");
}

#[test]
fn variant_create_adds_it_and_its_option_value() {
    let shop = TestShop::with_categories();
    let made = tee().create(&shop);
    let path = format!("/api/v1/products/{}/variants", made["id"]);
    let answer = shop.staff().post(&path, &variant("17").choose("Size", "XL").sku("TEE-XL").stock(1).body());
    let added = answer.ok(201);
    assert_eq!(answer.header("Location"), Some(format!("/api/v1/variants/{}", added["id"]).as_str()));
    assert_eq!(
        (&added["title"], &added["price"], &added["options"]),
        (&json!("XL"), &json!("17.00"), &json!({"Size": "XL"}))
    );
    let after = shop.anonymous().get("/api/v1/products/tee").ok(200);
    assert_eq!(after["options"][0]["values"], json!(["S", "M", "XL"]));
    assert_eq!((&after["price"], &after["stock"]), (&json!("17.00"), &json!(8)));
    assert_eq!(after["variants"].as_array().map(Vec::len), Some(3));
}

#[test]
fn variant_create_that_does_not_fit_the_options_is_refused() {
    let shop = TestShop::with_categories();
    let made = tee().create(&shop);
    let path = format!("/api/v1/products/{}/variants", made["id"]);
    for (body, code) in [
        (variant("1").body(), "option_value"),
        (variant("1").choose("Size", "S").body(), "duplicate"),
        (variant("1").choose("Size", "L").choose("Color", "red").body(), "unknown_option"),
        (variant("1").choose("Size", "L").sku("TEE-S").body(), "duplicate_sku"),
    ] {
        let found = shop.staff().post(&path, &body).invalid();
        assert!(found.iter().any(|(_, c)| c == code), "{code} in {found:?}");
    }
    shop.staff().post(&path, &json!({"options": {"Size": "L"}})).names_field("price", "required");
    shop.staff().post(&path, &json!({"price": 1, "options": {"Size": 5}})).names_field("options.Size", "not_a_string");
    shop.staff().post("/api/v1/products/999/variants", &variant("1").body()).problem(404, "not-found");
    assert_eq!(shop.anonymous().get("/api/v1/products/tee").ok(200), made);
}

#[test]
fn variant_create_with_the_sku_of_another_product_is_a_conflict() {
    let shop = TestShop::with_categories();
    product("Mug").sku("MUG").create(&shop);
    let made = tee().create(&shop);
    let body = variant("1").choose("Size", "L").sku("MUG").body();
    shop.staff().post(&format!("/api/v1/products/{}/variants", made["id"]), &body).problem(409, "taken");
}

#[test]
fn variant_create_on_a_product_without_options_is_refused() {
    let shop = TestShop::with_categories();
    let made = product("Mug").create(&shop);
    let found = shop.staff().post(&format!("/api/v1/products/{}/variants", made["id"]), &variant("1").body()).invalid();
    assert_eq!(found[0].1, "options_missing");
}

#[test]
fn variant_patch_changes_it_and_the_sums_of_its_product() {
    let shop = TestShop::with_categories();
    let made = tee().create(&shop);
    let patched = shop.staff().patch(&path_of(&made, 0), &json!({"price": "25", "stock": 0, "sku": null})).ok(200);
    assert_eq!(
        (&patched["price"], &patched["in_stock"], &patched["sku"]),
        (&json!("25.00"), &json!(false), &Value::Null)
    );
    assert_eq!(patched["options"], json!({"Size": "S"}));
    let after = shop.anonymous().get("/api/v1/products/tee").ok(200);
    assert_eq!((&after["price"], &after["price_max"], &after["stock"]), (&json!("21.00"), &json!("25.00"), &json!(2)));
    let list = shop.anonymous().names("/api/v1/products?min_price=21&max_price=21");
    assert_eq!(list, ["Tee"]);
}

#[test]
fn variant_patch_that_breaks_rules_changes_nothing() {
    let shop = TestShop::with_categories();
    let made = tee().create(&shop);
    for body in [
        json!({"price": "-1"}),
        json!({"price": null}),
        json!({"stock": 1.5}),
        json!({"options": {"Size": "M"}}),
        json!({"options": {"Color": "red"}}),
        json!({"sku": "TEE-M"}),
        json!({"title": "Big"}),
        json!([1]),
    ] {
        assert_eq!(shop.staff().patch(&path_of(&made, 0), &body).status, 422, "{body}");
    }
    assert_eq!(shop.anonymous().get("/api/v1/products/tee").ok(200), made);
}

#[test]
fn variant_with_the_sku_of_its_sibling_is_refused_at_that_field() {
    let shop = TestShop::with_categories();
    let made = tee().create(&shop);
    shop.staff().patch(&path_of(&made, 0), &json!({"sku": "TEE-M"})).names_field("sku", "duplicate_sku");
    let more = variant("1").choose("Size", "L").sku("TEE-S").body();
    let path = format!("/api/v1/products/{}/variants", made["id"]);
    shop.staff().post(&path, &more).names_field("sku", "duplicate_sku");
    shop.staff().patch(&path_of(&made, 0), &json!({"options": {"Size": "M"}})).names_field("options", "duplicate");
}

#[test]
fn option_value_goes_with_the_last_variant_that_chose_it() {
    let shop = TestShop::with_categories();
    let mut body = tee().body();
    body["options"][0]["values"].as_array_mut().unwrap().push(json!("XXL"));
    let made = shop.staff().post("/api/v1/products", &body).ok(201);
    let values = || shop.anonymous().get("/api/v1/products/tee").ok(200)["options"][0]["values"].clone();
    assert_eq!(values(), json!(["S", "M", "XXL"]), "what was offered on purpose is there");
    let path = format!("/api/v1/products/{}/variants", made["id"]);
    let added = shop.staff().post(&path, &variant("17").choose("Size", "XL").body()).ok(201);
    assert_eq!(values(), json!(["S", "M", "XXL", "XL"]));
    shop.staff().patch(&format!("/api/v1/variants/{}", added["id"]), &json!({"options": {"Size": "L"}})).ok(200);
    assert_eq!(values(), json!(["S", "M", "XXL", "L"]));
    assert_eq!(shop.staff().delete(&path_of(&made, 1)).status, 204);
    assert_eq!(values(), json!(["S", "XXL", "L"]));
    assert!(shop.anonymous().names("/api/v1/products?search=tee+s").contains(&"Tee".to_owned()));
}

#[test]
fn variant_patch_may_not_bring_an_id() {
    let shop = TestShop::with_categories();
    let made = tee().create(&shop);
    shop.staff()
        .patch(&path_of(&made, 0), &json!({"id": made["variants"][1]["id"], "stock": 9}))
        .names_field("id", "unknown_field");
    assert_eq!(shop.anonymous().get("/api/v1/products/tee").ok(200), made);
}

#[test]
fn variant_delete_removes_one_but_the_last_stays() {
    let shop = TestShop::with_categories();
    let made = tee().create(&shop);
    assert_eq!(shop.staff().delete(&path_of(&made, 1)).status, 204);
    let after = shop.anonymous().get("/api/v1/products/tee").ok(200);
    assert_eq!((&after["stock"], &after["sku"]), (&json!(5), &json!("TEE-S")));
    shop.staff().delete(&path_of(&made, 0)).problem(409, "last-variant");
    shop.staff().delete(&path_of(&made, 1)).problem(404, "not-found");
    assert_eq!(shop.anonymous().get("/api/v1/products/tee").ok(200), after);
}

#[test]
fn variant_list_in_a_patch_keeps_ids_by_sku_and_removes_what_is_missing() {
    let shop = TestShop::with_categories();
    let made = tee().create(&shop);
    let body = json!({
        "options": [{"name": "Size", "values": ["M", "L"]}],
        "variants": [
            {"sku": "TEE-L", "options": {"Size": "L"}, "price": 23},
            {"sku": "TEE-M", "options": {"Size": "M"}, "price": 22, "stock": 4}
        ]
    });
    let after = shop.staff().patch(&format!("/api/v1/products/{}", made["id"]), &body).ok(200);
    assert_eq!(after["variants"][1]["id"], made["variants"][1]["id"]);
    assert_ne!(after["variants"][0]["id"], made["variants"][0]["id"]);
    assert_eq!(after["variants"].as_array().map(Vec::len), Some(2));
    assert_eq!(after["stock"], 4);
}

#[test]
fn variant_skus_may_change_places() {
    let shop = TestShop::with_categories();
    let made = tee().create(&shop);
    let ids = [&made["variants"][0]["id"], &made["variants"][1]["id"]];
    let body = json!({"variants": [
        {"id": ids[0], "sku": "TEE-M", "options": {"Size": "S"}, "price": 19},
        {"id": ids[1], "sku": "TEE-S", "options": {"Size": "M"}, "price": 21}
    ]});
    let after = shop.staff().patch(&format!("/api/v1/products/{}", made["id"]), &body).ok(200);
    assert_eq!(after["variants"][0]["sku"], "TEE-M");
    assert_eq!(after["variants"][0]["id"], *ids[0]);
    assert_eq!(after["variants"][1]["sku"], "TEE-S");
}

#[test]
fn variant_id_of_another_product_in_a_list_is_refused() {
    let shop = TestShop::with_categories();
    let mug = product("Mug").create(&shop);
    let made = tee().create(&shop);
    let body = json!({"variants": [{"id": mug["variants"][0]["id"], "options": {"Size": "S"}, "price": 1}]});
    let found = shop.staff().patch(&format!("/api/v1/products/{}", made["id"]), &body).invalid();
    assert_eq!(found[0].1, "unknown_variant");
    assert_eq!(shop.anonymous().get("/api/v1/products/mug").ok(200), mug);
}

#[test]
fn product_turns_into_one_with_variants_and_back() {
    let shop = TestShop::with_categories();
    let made = product("Mug").sku("MUG").stock(3).create(&shop);
    let path = format!("/api/v1/products/{}", made["id"]);
    let body = json!({
        "options": [{"name": "Color", "values": ["red", "blue"]}],
        "variants": [
            {"sku": "MUG", "options": {"Color": "red"}, "price": 10},
            {"sku": "MUG-B", "options": {"Color": "blue"}, "price": 12}
        ]
    });
    let many = shop.staff().patch(&path, &body).ok(200);
    assert_eq!(many["variants"][0]["id"], made["variants"][0]["id"]);
    assert_eq!(many["price_max"], "12.00");
    let back =
        shop.staff().patch(&path, &json!({"options": null, "variants": null, "price": 11, "sku": "MUG"})).ok(200);
    assert_eq!((&back["price"], &back["sku"], &back["options"]), (&json!("11.00"), &json!("MUG"), &json!([])));
}
