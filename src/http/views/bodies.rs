//! What the API description says of request bodies. The bodies themselves are read in `domain`; a test holds the
//! two together.

// These types only describe: nothing builds or reads them.
#![expect(dead_code, reason = "the fields are read by the schema generator alone")]

use crate::domain::catalog::{OptionType, Seo, Status};
use schemars::JsonSchema;
use std::collections::BTreeMap;

/// An amount: a decimal string with at most the currency's digits, or a JSON number.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "AmountInput")]
pub enum AmountBody {
    /// `"19.99"`.
    Text(String),
    /// `19.99`.
    Number(f64),
}

/// A category named by id, slug, or path such as `Kitchen > Coffee`.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "CategoryInput")]
pub enum CategoryKeyBody {
    /// By id.
    Id(i64),
    /// By slug or path.
    Text(String),
}

/// A picture.
#[derive(JsonSchema)]
#[schemars(rename = "ImageInput")]
pub struct ImageBody {
    /// `http`, `https` or a path on this server; never fetched.
    #[schemars(length(max = 2048))]
    url: String,
    #[schemars(length(max = 500))]
    alt: Option<String>,
    #[schemars(range(min = 0, max = 10000))]
    position: Option<i64>,
}

/// A product to be made or replaced. Either price, stock and codes stand at the top, for a product without
/// options, or `options` and `variants` are given.
#[derive(JsonSchema)]
#[schemars(rename = "ProductInput")]
#[schemars(example = "product_example")]
pub struct ProductBody {
    #[schemars(length(min = 1, max = 500))]
    name: String,
    /// Made from the name when not given.
    #[schemars(length(min = 1, max = 200))]
    slug: Option<String>,
    #[schemars(length(max = 50000))]
    description: Option<String>,
    /// `active` when not given.
    status: Option<Status>,
    category: CategoryKeyBody,
    #[schemars(length(max = 100))]
    brand: Option<String>,
    #[schemars(length(max = 50))]
    tags: Option<Vec<String>>,
    /// Text, numbers, true or false, or lists of these.
    attributes: Option<BTreeMap<String, serde_json::Value>>,
    #[schemars(length(max = 10))]
    options: Option<Vec<OptionType>>,
    #[schemars(length(max = 1000))]
    variants: Option<Vec<VariantBody>>,
    #[schemars(length(max = 100))]
    images: Option<Vec<ImageBody>>,
    seo: Option<Seo>,
    /// Required unless there are variants.
    price: Option<AmountBody>,
    compare_at_price: Option<AmountBody>,
    #[schemars(range(min = 0, max = 1000000000))]
    stock: Option<i64>,
    #[schemars(length(min = 1, max = 100))]
    sku: Option<String>,
    #[schemars(range(min = 0, max = 1000000000))]
    weight_grams: Option<i64>,
    #[schemars(length(max = 64))]
    barcode: Option<String>,
}

fn product_example() -> serde_json::Value {
    serde_json::json!({
        "name": "Stoneware mug", "price": "14.50", "category": "kitchen", "sku": "MUG-1", "stock": 12,
        "tags": ["gift"], "attributes": {"material": "stoneware", "capacity_ml": 350}
    })
}

/// Changes to a product: what is given replaces, `null` removes, objects merge (RFC 7396).
#[derive(JsonSchema)]
#[schemars(rename = "ProductPatch")]
#[schemars(example = "patch_example")]
pub struct ProductPatch {
    name: Option<String>,
    slug: Option<String>,
    description: Option<String>,
    status: Option<Status>,
    category: Option<CategoryKeyBody>,
    brand: Option<String>,
    tags: Option<Vec<String>>,
    attributes: Option<BTreeMap<String, serde_json::Value>>,
    options: Option<Vec<OptionType>>,
    variants: Option<Vec<VariantBody>>,
    images: Option<Vec<ImageBody>>,
    seo: Option<Seo>,
    price: Option<AmountBody>,
    compare_at_price: Option<AmountBody>,
    stock: Option<i64>,
    sku: Option<String>,
    weight_grams: Option<i64>,
    barcode: Option<String>,
}

fn patch_example() -> serde_json::Value {
    serde_json::json!({ "price": "12.00", "compare_at_price": "14.50" })
}

/// A variant.
#[derive(JsonSchema)]
#[schemars(rename = "VariantInput")]
#[schemars(example = "variant_example")]
pub struct VariantBody {
    /// The existing variant that is meant, within a product's list.
    id: Option<i64>,
    #[schemars(length(min = 1, max = 100))]
    sku: Option<String>,
    /// One value for each option of the product.
    options: Option<BTreeMap<String, String>>,
    price: AmountBody,
    compare_at_price: Option<AmountBody>,
    #[schemars(range(min = 0, max = 1000000000))]
    stock: Option<i64>,
    #[schemars(range(min = 0, max = 1000000000))]
    weight_grams: Option<i64>,
    #[schemars(length(max = 64))]
    barcode: Option<String>,
}

fn variant_example() -> serde_json::Value {
    serde_json::json!({ "sku": "TEE-S", "options": {"Size": "S"}, "price": "19.00", "stock": 5 })
}

/// Changes to a variant (RFC 7396).
#[derive(JsonSchema)]
#[schemars(rename = "VariantPatch")]
#[schemars(example = "variant_patch_example")]
pub struct VariantPatchBody {
    sku: Option<String>,
    options: Option<BTreeMap<String, String>>,
    price: Option<AmountBody>,
    compare_at_price: Option<AmountBody>,
    stock: Option<i64>,
    weight_grams: Option<i64>,
    barcode: Option<String>,
}

fn variant_patch_example() -> serde_json::Value {
    serde_json::json!({ "price": "17.00", "stock": 8 })
}

/// Up to 1,000 products by SKU: those of a known SKU are patched, others created; all or none.
#[derive(JsonSchema)]
#[schemars(rename = "Batch")]
#[schemars(example = "batch_example")]
pub struct BatchBodyShape {
    #[schemars(length(min = 1, max = 1000))]
    products: Vec<ProductPatch>,
}

fn batch_example() -> serde_json::Value {
    serde_json::json!({ "products": [{ "sku": "MUG-1", "name": "Stoneware mug", "price": "14.50", "category": "kitchen" }] })
}

/// A category to be made or replaced.
#[derive(JsonSchema)]
#[schemars(rename = "CategoryInputBody")]
#[schemars(example = "category_example")]
pub struct CategoryBody {
    #[schemars(length(min = 1, max = 200))]
    name: String,
    /// Made from the name when not given.
    slug: Option<String>,
    #[schemars(length(max = 50000))]
    description: Option<String>,
    /// The node above, by id, slug or path.
    parent: Option<CategoryKeyBody>,
    /// The node above, by id.
    parent_id: Option<i64>,
    position: Option<i64>,
    seo: Option<Seo>,
}

fn category_example() -> serde_json::Value {
    serde_json::json!({ "name": "Coffee & Tea", "parent": "kitchen" })
}

/// Changes to a category (RFC 7396).
#[derive(JsonSchema)]
#[schemars(rename = "CategoryPatch")]
#[schemars(example = "category_patch_example")]
pub struct CategoryPatch {
    name: Option<String>,
    slug: Option<String>,
    description: Option<String>,
    parent: Option<CategoryKeyBody>,
    parent_id: Option<i64>,
    position: Option<i64>,
    seo: Option<Seo>,
}

fn category_patch_example() -> serde_json::Value {
    serde_json::json!({ "name": "Coffee", "position": 1 })
}
