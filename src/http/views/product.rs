//! Products and variants as clients see them.

use super::bodies::AttributeValue;
use super::category::CategoryRefView;
use super::{Amount, Moment};
use crate::domain::catalog::{
    FacetCount, Facets, Image, OptionType, PriceRange, Product, Seo, Status, Stored, Variant,
};
use crate::domain::{Currency, ProductId, Sku, VariantId};
use crate::services::CardMaker;
use crate::services::catalog::{BatchAction, BatchRow};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// A product.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Product")]
pub struct ProductView<'a> {
    #[schemars(with = "i64")]
    id: ProductId,
    slug: &'a str,
    name: &'a str,
    /// Plain text or HTML, as it was given.
    description: &'a str,
    #[schemars(with = "Status")]
    status: &'static str,
    category: CategoryRefView<'a>,
    brand: Option<&'a str>,
    #[schemars(with = "Vec<String>")]
    tags: &'a RawValue,
    /// Text, numbers, true or false, or lists of these, by name.
    #[schemars(with = "std::collections::BTreeMap<String, AttributeValue>")]
    attributes: &'a RawValue,
    /// The lowest price of its variants, a decimal string with the currency's digits.
    price: Amount,
    /// The highest price, when variants differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Amount")]
    price_max: Option<Amount>,
    compare_at_price: Option<Amount>,
    /// ISO 4217.
    currency: &'static str,
    in_stock: bool,
    /// Units of all variants; null when the shop does not tell.
    stock: Option<i64>,
    /// The code of the only variant.
    #[schemars(with = "Option<String>")]
    sku: Option<&'a Sku>,
    #[schemars(with = "Vec<OptionType>")]
    options: &'a RawValue,
    variants: Vec<VariantView<'a>>,
    #[schemars(with = "Vec<Image>")]
    images: &'a RawValue,
    #[schemars(with = "Seo")]
    seo: &'a RawValue,
    created_at: Moment,
    updated_at: Moment,
}

/// What is bought: one combination of a product's options.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Variant")]
pub struct VariantView<'a> {
    #[schemars(with = "i64")]
    id: VariantId,
    #[schemars(with = "Option<String>")]
    sku: Option<&'a Sku>,
    /// The option values joined; empty for an only variant.
    title: &'a str,
    /// Option name to value.
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    options: &'a RawValue,
    price: Amount,
    compare_at_price: Option<Amount>,
    /// Null when the shop does not tell.
    stock: Option<i64>,
    in_stock: bool,
    weight_grams: Option<i64>,
    barcode: Option<&'a str>,
}

/// A page of products.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "lists are put together from encoded products; this describes them")]
pub struct ProductList {
    /// The products.
    results: Vec<ProductView<'static>>,
    /// Where the next page is.
    next: Option<String>,
    /// Where the previous page is.
    previous: Option<String>,
    /// How many match in all; with `include=count`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    count: Option<i64>,
    /// What the matching products have in common; with `include=facets`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "FacetsView")]
    facets: Option<FacetsView<'static>>,
}

/// What follows the products of a page.
#[derive(Serialize)]
pub struct ListEnd<'a> {
    /// Where the next page is.
    pub next: Option<String>,
    /// Where the previous page is.
    pub previous: Option<String>,
    /// How many match in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
    /// What they have in common.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facets: Option<FacetsView<'a>>,
}

impl ListEnd<'_> {
    /// The whole page: encoded products, then this.
    pub fn after(&self, products: &[String]) -> Vec<u8> {
        let mut page = Vec::with_capacity(products.iter().map(|p| p.len() + 1).sum::<usize>() + 512);
        page.extend_from_slice(b"{\"results\":[");
        for (place, product) in products.iter().enumerate() {
            if place > 0 {
                page.push(b',');
            }
            page.extend_from_slice(product.as_bytes());
        }
        let end = serde_json::to_vec(self).unwrap_or_default();
        page.extend_from_slice(b"],");
        page.extend_from_slice(end.get(1..).unwrap_or_default());
        page
    }
}

/// Counts of the matching products, most frequent first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Facets")]
pub struct FacetsView<'a> {
    categories: Vec<FacetView<'a>>,
    brands: Vec<FacetView<'a>>,
    prices: Vec<PriceRangeView>,
    attributes: Vec<AttributeFacetView<'a>>,
}

/// How many have a value.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Facet")]
pub struct FacetView<'a> {
    /// What the filter takes.
    value: &'a str,
    /// What a person reads.
    label: &'a str,
    count: i64,
}

/// How many cost so much; both ends inclusive.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PriceRange")]
pub struct PriceRangeView {
    min: Amount,
    max: Amount,
    count: i64,
}

/// The values of one attribute.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AttributeFacet")]
pub struct AttributeFacetView<'a> {
    name: &'a str,
    values: Vec<FacetView<'a>>,
}

/// The variants of a product.
#[derive(Serialize, JsonSchema)]
pub struct VariantList<'a> {
    results: Vec<VariantView<'a>>,
    /// Always null: all variants come at once.
    next: Option<String>,
    /// Always null.
    previous: Option<String>,
}

/// What a batch did.
#[derive(Serialize, JsonSchema)]
pub struct BatchOutcome<'a> {
    results: Vec<BatchOutcomeRow<'a>>,
}

/// What a batch did with one row.
#[derive(Serialize, JsonSchema)]
pub struct BatchOutcomeRow<'a> {
    /// Place of the row in the request, from 0.
    index: usize,
    sku: &'a str,
    /// The product.
    #[schemars(with = "i64")]
    id: ProductId,
    action: Action,
}

/// What happened to a row's product.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "BatchAction")]
pub enum Action {
    /// It is new.
    Created,
    /// It changed.
    Updated,
    /// It already was so.
    Unchanged,
}

/// Passes stored JSON on as it is.
fn raw<T>(stored: &Stored<T>) -> &RawValue
where
    T: Serialize + serde::de::DeserializeOwned + Default,
{
    serde_json::from_str(stored.json()).unwrap_or(RawValue::NULL)
}

impl<'a> ProductView<'a> {
    /// The view of a product; `show_stock` tells exact numbers.
    pub fn new(product: &'a Product, currency: Currency, show_stock: bool) -> Self {
        let only = match product.variants.as_slice() {
            [only] => Some(only),
            _ => None,
        };
        let amount = |money| Amount(money, currency);
        Self {
            id: product.id,
            slug: product.slug.as_str(),
            name: &product.name,
            description: &product.description,
            status: product.status.as_str(),
            category: CategoryRefView::new(&product.category),
            brand: product.brand.as_deref(),
            tags: raw(&product.tags),
            attributes: raw(&product.attributes),
            price: amount(product.price),
            price_max: (product.price_max != product.price).then(|| amount(product.price_max)),
            compare_at_price: cheapest(product).and_then(|v| v.compare_at_price).map(amount),
            currency: currency.code(),
            in_stock: product.in_stock,
            stock: show_stock.then_some(product.stock),
            sku: only.and_then(|v| v.sku.as_ref()),
            options: raw(&product.options),
            variants: product.variants.iter().map(|v| VariantView::new(v, currency, show_stock)).collect(),
            images: raw(&product.images),
            seo: raw(&product.seo),
            created_at: Moment(product.created_at),
            updated_at: Moment(product.updated_at),
        }
    }
}

/// Counts the changes to how a product is encoded; a test holds it to the encoding itself.
const LAYOUT: i64 = 1;

/// How products are encoded for the public.
pub fn card_maker(currency: Currency, show_stock: bool) -> CardMaker {
    let form = format!("{LAYOUT} {} {} {show_stock}", env!("CARGO_PKG_VERSION"), currency.code());
    CardMaker {
        layout: xxh3_64(form.as_bytes()).cast_signed(),
        // Views are plain structs of texts and numbers, which always have a JSON form.
        make: Arc::new(move |product| {
            serde_json::to_string(&ProductView::new(product, currency, show_stock)).unwrap_or_default()
        }),
    }
}

/// The variant whose price stands at the top.
fn cheapest(product: &Product) -> Option<&Variant> {
    product.variants.iter().min_by_key(|v| v.price)
}

impl<'a> VariantView<'a> {
    /// The view of a variant.
    pub fn new(variant: &'a Variant, currency: Currency, show_stock: bool) -> Self {
        Self {
            id: variant.id,
            sku: variant.sku.as_ref(),
            title: &variant.title,
            options: raw(&variant.options),
            price: Amount(variant.price, currency),
            compare_at_price: variant.compare_at_price.map(|money| Amount(money, currency)),
            stock: show_stock.then_some(variant.stock),
            in_stock: variant.in_stock(),
            weight_grams: variant.weight_grams,
            barcode: variant.barcode.as_deref(),
        }
    }
}

impl<'a> VariantList<'a> {
    /// All variants of a product.
    pub fn new(product: &'a Product, currency: Currency, show_stock: bool) -> Self {
        let results = product.variants.iter().map(|v| VariantView::new(v, currency, show_stock)).collect();
        Self { results, next: None, previous: None }
    }
}

impl<'a> FacetsView<'a> {
    /// The view of facets.
    pub fn new(facets: &'a Facets, currency: Currency) -> Self {
        let views = |counts: &'a [FacetCount]| {
            counts.iter().map(|c| FacetView { value: &c.value, label: &c.label, count: c.count }).collect()
        };
        let price = |range: &PriceRange| PriceRangeView {
            min: Amount(range.min, currency),
            max: Amount(range.max, currency),
            count: range.count,
        };
        Self {
            categories: views(&facets.categories),
            brands: views(&facets.brands),
            prices: facets.prices.iter().map(price).collect(),
            attributes: facets
                .attributes
                .iter()
                .map(|(name, values)| AttributeFacetView { name, values: views(values) })
                .collect(),
        }
    }
}

impl<'a> BatchOutcome<'a> {
    /// The view of a batch's rows.
    pub fn new(rows: &'a [BatchRow]) -> Self {
        let view = |(index, row): (usize, &'a BatchRow)| BatchOutcomeRow {
            index,
            sku: &row.sku,
            id: row.id,
            action: match row.action {
                BatchAction::Created => Action::Created,
                BatchAction::Updated => Action::Updated,
                BatchAction::Unchanged => Action::Unchanged,
            },
        };
        Self { results: rows.iter().enumerate().map(view).collect() }
    }
}
