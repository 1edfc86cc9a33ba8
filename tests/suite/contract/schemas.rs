//! What the description says of bodies is what the shop reads, and every answer is one it describes.
//!
//! Every answer to any test is held against the description as it comes in (`support::spec`); here each operation is
//! met with a rich example, so that none goes unseen.

use crate::support::{Requests, TestShop, category, product, spec, variant};
use serde_json::{Value, json};

/// A value that fits a property of a body.
fn sample(name: &str) -> Value {
    match name {
        "category" | "parent" => json!("kitchen"),
        "parent_id" => json!(1),
        "status" => json!("active"),
        "slug" => json!("some-slug"),
        "price" | "compare_at_price" => json!("12.00"),
        "stock" | "weight_grams" | "position" => json!(3),
        "id" => json!(2),
        "tags" => json!(["a"]),
        "attributes" => json!({"color": "red"}),
        "options" => json!([{"name": "Size", "values": ["S"]}]),
        "variants" => json!([{"price": 1, "options": {"Size": "S"}}]),
        "images" => json!([{"url": "/a.jpg", "alt": "A", "position": 0}]),
        "seo" => json!({"title": "T", "description": "D"}),
        "products" => json!([product("New").sku("N").body()]),
        "email" => json!("a@example.test"),
        _ => json!("Text"),
    }
}

fn properties(schema: &str) -> Vec<&'static str> {
    let schema = &spec::document()["components"]["schemas"][schema];
    schema["properties"].as_object().unwrap_or_else(|| panic!("{schema}")).keys().map(String::as_str).collect()
}

/// The fields that a body may have at one address: those that are not refused as unknown.
#[test]
fn every_described_field_is_read_and_every_read_field_is_described() {
    let shop = TestShop::with_categories();
    product("Mug").create(&shop);
    let candidates: Vec<&str> = [
        "ProductInput",
        "ListedVariantInput",
        "CategoryInputBody",
        "Product",
        "Variant",
        "Category",
        "User",
        "LoginInput",
        "Batch",
    ]
    .into_iter()
    .flat_map(properties)
    .chain(["title", "url", "alt", "version", "currency", "type"])
    .collect();
    for (method, path, schema) in [
        ("POST", "/products", "ProductInput"),
        ("PUT", "/products/1", "ProductInput"),
        ("PATCH", "/products/1", "ProductPatch"),
        ("POST", "/products/1/variants", "VariantInput"),
        ("PATCH", "/variants/1", "VariantPatch"),
        ("POST", "/categories", "CategoryInputBody"),
        ("PUT", "/categories/2", "CategoryInputBody"),
        ("PATCH", "/categories/2", "CategoryPatch"),
        ("POST", "/auth/login", "LoginInput"),
    ] {
        let described = properties(schema);
        for field in &candidates {
            let body = json!({ *field: sample(field) });
            let staff = shop.staff();
            let answer = staff.request(method.parse().unwrap(), &format!("/api/v1{path}")).json(&body).send();
            let unknown =
                answer.status == 422 && answer.invalid().contains(&((*field).to_owned(), "unknown_field".to_owned()));
            assert_eq!(!unknown, described.contains(field), "{method} {path} {field}: {}", answer.text());
        }
    }
}

#[test]
fn description_requires_what_the_shop_requires() {
    let shop = TestShop::with_categories();
    for (path, schema) in
        [("/products", "ProductInput"), ("/categories", "CategoryInputBody"), ("/auth/login", "LoginInput")]
    {
        let missing: Vec<String> =
            shop.staff().post(&format!("/api/v1{path}"), &json!({})).invalid().into_iter().map(|(f, _)| f).collect();
        let required = &spec::document()["components"]["schemas"][schema]["required"];
        for field in required.as_array().unwrap() {
            assert!(missing.contains(&field.as_str().unwrap().to_owned()), "{schema} {field}");
        }
        // The price may stand with the variants instead.
        let more: Vec<&String> =
            missing.iter().filter(|f| *f != "price" && !required.as_array().unwrap().contains(&json!(f))).collect();
        assert!(more.is_empty(), "{schema} {more:?}");
    }
}

#[test]
fn every_operation_answers_rich_things_as_described() {
    let shop = TestShop::new();
    let staff = shop.staff();
    category("Kitchen").with("seo", json!({"title": "T", "description": "D"})).create(&shop);
    category("Mugs").below("kitchen").create(&shop);
    let rich = product("Tee")
        .brand("Acme")
        .tags(&["a", "b"])
        .attribute("n", 1.50)
        .attribute("l", json!(["x", 1, true]))
        .with("images", json!([{"url": "/a.jpg", "alt": "A"}]))
        .with("seo", json!({"title": "T"}))
        .with("description", "D")
        .option("Size", &["S", "M"])
        .option("Color", &["red"])
        .variant(
            variant("19")
                .choose("Size", "S")
                .choose("Color", "red")
                .sku("S")
                .with("barcode", "1")
                .with("weight_grams", 5),
        )
        .variant(variant("21").choose("Size", "M").choose("Color", "red").with("compare_at_price", 25));
    let made = staff.post("/api/v1/products", &rich.clone().body()).ok(201);
    let id = &made["id"];
    for path in [
        "/products".to_owned(),
        "/products?include=count,facets".to_owned(),
        "/products?search=tee&include=count,facets&page_size=1".to_owned(),
        format!("/products/{id}"),
        format!("/products/{id}/variants"),
        "/categories".to_owned(),
        "/categories?tree=true".to_owned(),
        "/categories?page_size=1".to_owned(),
        "/categories/mugs".to_owned(),
    ] {
        shop.anonymous().get(&format!("/api/v1{path}")).ok(200);
        staff.get(&format!("/api/v1{path}")).ok(200);
    }
    staff.put(&format!("/api/v1/products/{id}"), &rich.with("slug", "tee-2").body()).ok(200);
    assert_eq!(shop.anonymous().get("/api/v1/products/tee").status, 301);
    let added = staff
        .post(
            &format!("/api/v1/products/{id}/variants"),
            &variant("1").choose("Size", "L").choose("Color", "blue").body(),
        )
        .ok(201);
    staff.patch(&format!("/api/v1/variants/{}", added["id"]), &json!({"stock": 3})).ok(200);
    assert_eq!(staff.delete(&format!("/api/v1/variants/{}", added["id"])).status, 204);
    staff.post("/api/v1/products/batch", &json!([product("New").sku("N").body()])).ok(200);
    staff.patch("/api/v1/categories/2", &json!({"name": "Cups", "slug": "cups"})).ok(200);
    assert_eq!(shop.anonymous().get("/api/v1/categories/mugs").status, 301);
    staff.put("/api/v1/categories/2", &json!({"name": "Cups", "parent_id": 1})).ok(200);
    assert_eq!(staff.delete("/api/v1/categories/2").status, 204);
    assert_eq!(staff.delete(&format!("/api/v1/products/{id}")).status, 204);
}

/// What is always there cannot be taken away; that it is not described as nullable would be of no use to a client that
/// sends `null` by mistake.
#[test]
fn patch_of_an_account_that_removes_what_must_be_there_is_refused() {
    let shop = TestShop::new();
    let address = shop.admin().post("/api/v1/me/addresses", &crate::support::builders::address()).ok(201);
    let address = format!("/me/addresses/{}", address["id"]);
    for (path, schema) in [("/me", "MePatch"), ("/users/1", "UserPatch"), (address.as_str(), "AddressPatch")] {
        for field in properties(schema) {
            let nullable = spec::document()["components"]["schemas"][schema]["properties"][field]["nullable"] == true;
            let answer = shop.admin().patch(&format!("/api/v1{path}"), &json!({ field: null }));
            if nullable {
                answer.ok(200);
            } else {
                answer.names_field(field, "required");
            }
        }
    }
}
