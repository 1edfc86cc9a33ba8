//! What the API description says of request bodies. The bodies themselves are read in `domain`; a test holds the
//! two together.

// These types only describe: nothing builds or reads them.
#![expect(dead_code, reason = "the fields are read by the schema generator alone")]

use crate::domain::catalog::Status;
use crate::domain::stock::StockPolicy;
use schemars::JsonSchema;
use std::collections::BTreeMap;

/// An amount: a decimal string with at most the currency's digits, or a JSON number.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "AmountInput")]
pub enum AmountBody {
    /// `"19.99"`.
    Text(#[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"))] String),
    /// `19.99`.
    Number(#[schemars(range(min = 0))] f64),
}

/// A category named by id, slug, or path such as `Kitchen > Coffee`.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "CategoryInput")]
pub enum CategoryKeyBody {
    /// By id.
    Id(#[schemars(range(min = 1))] i64),
    /// By slug or path.
    Text(#[schemars(length(min = 1))] String),
}

/// A property of a product: a text, a number, true or false, or a list of these.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "AttributeValue")]
pub enum AttributeValue {
    /// One.
    One(AttributeScalar),
    /// Several.
    Several(#[schemars(length(max = 50))] Vec<AttributeScalar>),
}

/// A text, a number, true or false.
#[derive(JsonSchema)]
#[serde(untagged)]
pub enum AttributeScalar {
    /// `"stoneware"`.
    Text(#[schemars(length(max = 1000))] String),
    /// `350`.
    Number(f64),
    /// `true`.
    Flag(bool),
}

/// Title and description for search engines.
#[derive(JsonSchema)]
#[schemars(rename = "SeoInput", deny_unknown_fields)]
pub struct SeoBody {
    /// Page title, where it should differ from the name.
    #[schemars(length(max = 200))]
    title: Option<String>,
    /// Page description.
    #[schemars(length(max = 500))]
    description: Option<String>,
}

/// One choice a buyer makes, such as Size with S, M and L.
#[derive(JsonSchema)]
#[schemars(rename = "OptionInput", deny_unknown_fields)]
pub struct OptionBody {
    /// What is chosen.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// What there is to choose from, in order.
    #[schemars(length(min = 1, max = 500), inner(length(min = 1, max = 200)))]
    values: Vec<String>,
}

/// A picture.
#[derive(JsonSchema)]
#[schemars(rename = "ImageInput", deny_unknown_fields)]
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
#[schemars(rename = "ProductInput", deny_unknown_fields)]
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
    #[schemars(length(max = 50), inner(length(min = 1, max = 50)))]
    tags: Option<Vec<String>>,
    /// Text, numbers, true or false, or lists of these.
    attributes: Option<BTreeMap<String, Option<AttributeValue>>>,
    #[schemars(length(max = 10))]
    options: Option<Vec<OptionBody>>,
    #[schemars(length(max = 1000))]
    variants: Option<Vec<ListedVariantBody>>,
    #[schemars(length(max = 100))]
    images: Option<Vec<ImageBody>>,
    seo: Option<SeoBody>,
    /// Required unless there are variants.
    price: Option<AmountBody>,
    compare_at_price: Option<AmountBody>,
    #[schemars(range(min = 0, max = 1000000000))]
    stock: Option<i64>,
    stock_policy: Option<StockPolicy>,
    #[schemars(range(min = 0, max = 1000000000))]
    low_stock_at: Option<i64>,
    /// `standard` when not given.
    #[schemars(regex(pattern = r"^[a-z0-9_-]{1,50}$"))]
    tax_class: Option<String>,
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
#[schemars(rename = "ProductPatch", deny_unknown_fields)]
#[schemars(example = "patch_example")]
pub struct ProductPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 500))]
    name: Option<String>,
    #[schemars(length(min = 1, max = 200))]
    slug: Option<String>,
    #[schemars(length(max = 50000))]
    description: Option<String>,
    status: Option<Status>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CategoryKeyBody")]
    category: Option<CategoryKeyBody>,
    #[schemars(length(max = 100))]
    brand: Option<String>,
    #[schemars(length(max = 50), inner(length(min = 1, max = 50)))]
    tags: Option<Vec<String>>,
    attributes: Option<BTreeMap<String, Option<AttributeValue>>>,
    #[schemars(length(max = 10))]
    options: Option<Vec<OptionBody>>,
    #[schemars(length(max = 1000))]
    variants: Option<Vec<ListedVariantBody>>,
    #[schemars(length(max = 100))]
    images: Option<Vec<ImageBody>>,
    seo: Option<SeoBody>,
    price: Option<AmountBody>,
    compare_at_price: Option<AmountBody>,
    #[schemars(range(min = 0, max = 1000000000))]
    stock: Option<i64>,
    stock_policy: Option<StockPolicy>,
    #[schemars(range(min = 0, max = 1000000000))]
    low_stock_at: Option<i64>,
    /// `standard` when not given.
    #[schemars(regex(pattern = r"^[a-z0-9_-]{1,50}$"))]
    tax_class: Option<String>,
    #[schemars(length(min = 1, max = 100))]
    sku: Option<String>,
    #[schemars(range(min = 0, max = 1000000000))]
    weight_grams: Option<i64>,
    #[schemars(length(max = 64))]
    barcode: Option<String>,
}

fn patch_example() -> serde_json::Value {
    serde_json::json!({ "price": "12.00", "compare_at_price": "14.50" })
}

/// A variant in the list of its product.
#[derive(JsonSchema)]
#[schemars(rename = "ListedVariantInput", deny_unknown_fields)]
pub struct ListedVariantBody {
    /// The existing variant that is meant; otherwise it is found by SKU, then by options.
    #[schemars(range(min = 1))]
    id: Option<i64>,
    #[schemars(length(min = 1, max = 100))]
    sku: Option<String>,
    /// One value for each option of the product.
    options: Option<BTreeMap<String, String>>,
    price: AmountBody,
    compare_at_price: Option<AmountBody>,
    #[schemars(range(min = 0, max = 1000000000))]
    stock: Option<i64>,
    stock_policy: Option<StockPolicy>,
    #[schemars(range(min = 0, max = 1000000000))]
    low_stock_at: Option<i64>,
    /// `standard` when not given.
    #[schemars(regex(pattern = r"^[a-z0-9_-]{1,50}$"))]
    tax_class: Option<String>,
    #[schemars(range(min = 0, max = 1000000000))]
    weight_grams: Option<i64>,
    #[schemars(length(max = 64))]
    barcode: Option<String>,
}

/// A variant.
#[derive(JsonSchema)]
#[schemars(rename = "VariantInput", deny_unknown_fields)]
#[schemars(example = "variant_example")]
pub struct VariantBody {
    #[schemars(length(min = 1, max = 100))]
    sku: Option<String>,
    /// One value for each option of the product.
    options: Option<BTreeMap<String, String>>,
    price: AmountBody,
    compare_at_price: Option<AmountBody>,
    #[schemars(range(min = 0, max = 1000000000))]
    stock: Option<i64>,
    stock_policy: Option<StockPolicy>,
    #[schemars(range(min = 0, max = 1000000000))]
    low_stock_at: Option<i64>,
    /// `standard` when not given.
    #[schemars(regex(pattern = r"^[a-z0-9_-]{1,50}$"))]
    tax_class: Option<String>,
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
#[schemars(rename = "VariantPatch", deny_unknown_fields)]
#[schemars(example = "variant_patch_example")]
pub struct VariantPatchBody {
    #[schemars(length(min = 1, max = 100))]
    sku: Option<String>,
    options: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AmountBody")]
    price: Option<AmountBody>,
    compare_at_price: Option<AmountBody>,
    #[schemars(range(min = 0, max = 1000000000))]
    stock: Option<i64>,
    stock_policy: Option<StockPolicy>,
    #[schemars(range(min = 0, max = 1000000000))]
    low_stock_at: Option<i64>,
    /// `standard` when not given.
    #[schemars(regex(pattern = r"^[a-z0-9_-]{1,50}$"))]
    tax_class: Option<String>,
    #[schemars(range(min = 0, max = 1000000000))]
    weight_grams: Option<i64>,
    #[schemars(length(max = 64))]
    barcode: Option<String>,
}

fn variant_patch_example() -> serde_json::Value {
    serde_json::json!({ "price": "17.00", "stock": 8 })
}

/// Up to 1,000 products by SKU: those of a known SKU are patched, others created; all or none.
#[derive(JsonSchema)]
#[schemars(rename = "Batch", deny_unknown_fields)]
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
#[schemars(rename = "CategoryInputBody", deny_unknown_fields)]
#[schemars(example = "category_example")]
pub struct CategoryBody {
    #[schemars(length(min = 1, max = 200))]
    name: String,
    /// Made from the name when not given.
    #[schemars(length(min = 1, max = 200))]
    slug: Option<String>,
    #[schemars(length(max = 50000))]
    description: Option<String>,
    /// The node above, by id, slug or path.
    parent: Option<CategoryKeyBody>,
    /// The node above, by id.
    #[schemars(range(min = 1))]
    parent_id: Option<i64>,
    #[schemars(range(min = -1000000, max = 1000000))]
    position: Option<i64>,
    seo: Option<SeoBody>,
}

fn category_example() -> serde_json::Value {
    serde_json::json!({ "name": "Coffee & Tea", "parent": "kitchen" })
}

/// Changes to a category (RFC 7396).
#[derive(JsonSchema)]
#[schemars(rename = "CategoryPatch", deny_unknown_fields)]
#[schemars(example = "category_patch_example")]
pub struct CategoryPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 200))]
    name: Option<String>,
    #[schemars(length(min = 1, max = 200))]
    slug: Option<String>,
    #[schemars(length(max = 50000))]
    description: Option<String>,
    parent: Option<CategoryKeyBody>,
    #[schemars(range(min = 1))]
    parent_id: Option<i64>,
    #[schemars(range(min = -1000000, max = 1000000))]
    position: Option<i64>,
    seo: Option<SeoBody>,
}

fn category_patch_example() -> serde_json::Value {
    serde_json::json!({ "name": "Coffee", "position": 1 })
}
