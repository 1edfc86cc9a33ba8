//! Things to put into a shop, said shortly: `product("Mug").price("9.50").create(&shop)`.

use super::{Requests, TestShop};
use serde_json::{Map, Value, json};

/// The body of a product in the making.
#[derive(Clone)]
pub struct ProductBuilder(Map<String, Value>);

/// The body of a variant in the making.
#[derive(Clone)]
pub struct VariantBuilder(Map<String, Value>);

/// The body of a category in the making.
#[derive(Clone)]
pub struct CategoryBuilder(Map<String, Value>);

fn object(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

/// A product of the category Kitchen that costs 10.
pub fn product(name: &str) -> ProductBuilder {
    ProductBuilder(object(json!({ "name": name, "price": "10", "category": "kitchen" })))
}

/// A variant at a price.
pub fn variant(price: &str) -> VariantBuilder {
    VariantBuilder(object(json!({ "price": price })))
}

/// A root category.
pub fn category(name: &str) -> CategoryBuilder {
    CategoryBuilder(object(json!({ "name": name })))
}

impl ProductBuilder {
    /// With any field.
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0.insert(field.to_owned(), value.into());
        self
    }

    pub fn price(self, price: &str) -> Self {
        self.with("price", price)
    }

    /// In a category by its slug.
    pub fn in_category(self, slug: &str) -> Self {
        self.with("category", slug)
    }

    pub fn stock(self, units: i64) -> Self {
        self.with("stock", units)
    }

    pub fn sku(self, sku: &str) -> Self {
        self.with("sku", sku)
    }

    pub fn brand(self, brand: &str) -> Self {
        self.with("brand", brand)
    }

    pub fn status(self, status: &str) -> Self {
        self.with("status", status)
    }

    pub fn tags(self, tags: &[&str]) -> Self {
        self.with("tags", json!(tags))
    }

    pub fn attribute(mut self, name: &str, value: impl Into<Value>) -> Self {
        let attributes = self.0.entry("attributes").or_insert_with(|| json!({}));
        attributes[name] = value.into();
        self
    }

    /// With an option; the price then stands with the variants.
    pub fn option(mut self, name: &str, values: &[&str]) -> Self {
        self.0.remove("price");
        let options = self.0.entry("options").or_insert_with(|| json!([]));
        options.as_array_mut().expect("a list").push(json!({ "name": name, "values": values }));
        self
    }

    pub fn variant(mut self, variant: VariantBuilder) -> Self {
        let variants = self.0.entry("variants").or_insert_with(|| json!([]));
        variants.as_array_mut().expect("a list").push(variant.body());
        self
    }

    pub fn body(self) -> Value {
        Value::Object(self.0)
    }

    /// Creates it as staff and gives it as it was answered.
    #[track_caller]
    pub fn create(self, shop: &TestShop) -> Value {
        shop.staff().post("/api/v1/products", &self.body()).ok(201)
    }
}

impl VariantBuilder {
    /// With any field.
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0.insert(field.to_owned(), value.into());
        self
    }

    pub fn sku(self, sku: &str) -> Self {
        self.with("sku", sku)
    }

    pub fn stock(self, units: i64) -> Self {
        self.with("stock", units)
    }

    /// With a value of an option.
    pub fn choose(mut self, option: &str, value: &str) -> Self {
        let options = self.0.entry("options").or_insert_with(|| json!({}));
        options[option] = value.into();
        self
    }

    pub fn body(self) -> Value {
        Value::Object(self.0)
    }
}

impl CategoryBuilder {
    /// With any field.
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0.insert(field.to_owned(), value.into());
        self
    }

    /// Below another one, by its slug.
    pub fn below(self, parent: &str) -> Self {
        self.with("parent", parent)
    }

    pub fn body(self) -> Value {
        Value::Object(self.0)
    }

    /// Creates it as staff and gives it as it was answered.
    #[track_caller]
    pub fn create(self, shop: &TestShop) -> Value {
        shop.staff().post("/api/v1/categories", &self.body()).ok(201)
    }
}

/// A tee in sizes S and M at 19 and 21.
pub fn tee() -> ProductBuilder {
    product("Tee")
        .option("Size", &["S", "M"])
        .variant(variant("19.00").choose("Size", "S").sku("TEE-S").stock(5))
        .variant(variant("21.00").choose("Size", "M").sku("TEE-M").stock(2))
}

/// The body of an address.
pub fn address() -> Value {
    json!({
        "name": "Ann Lee", "line1": "1 Canal Street", "city": "Utrecht", "postal_code": "3511 AB", "country": "NL",
    })
}

/// A tax rate, a shipping zone and a discount, none like that of another country.
pub fn rules(shop: &TestShop, country: &str) {
    let rate = json!({ "name": "VAT", "country": country, "rate": "20" });
    let zone = json!({ "name": country, "areas": [{ "country": country }], "rates": [{ "name": "Parcel", "kind": "flat", "price": "5" }] });
    let discount = json!({ "name": country, "code": country, "kind": "free_shipping" });
    for (list, body) in [("tax-rates", rate), ("shipping-zones", zone), ("discounts", discount)] {
        shop.admin().post(&format!("/api/v1/admin/{list}"), &body).ok(201);
    }
}

/// A guest's cart, with a tee in it if the shop sells any: its token and the id of the line.
pub fn cart(shop: &TestShop) -> (String, String) {
    let made = shop.anonymous().request(rocket::http::Method::Post, "/api/v1/carts").send().ok(201);
    let token = made["token"].as_str().expect("a token").to_owned();
    let lines = format!("/api/v1/carts/{token}/lines");
    let put = shop.anonymous().post(&lines, &json!({ "sku": "TEE-S", "quantity": 1 }));
    let line = if put.status == 201 { put.json()["lines"][0]["id"].to_string() } else { "1".to_owned() };
    (token, line)
}

/// A path of the description, with a new cart for the one it is about.
pub fn with_cart(shop: &TestShop, path: &str) -> String {
    if !path.starts_with("/carts/{token}") {
        return path.to_owned();
    }
    let (token, line) = cart(shop);
    path.replace("{token}", &token).replace("{id}", &line)
}
