//! Our own CSV, as import reads it: one row a variant, columns for every option and attribute that occurs.

use super::{Source, write_failed};
use crate::domain::catalog::{OptionType, Product, Variant};
use crate::services::Outcome;
use crate::services::import::cells::{attribute_cell, guard, join_list};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

const FIXED: [&str; 22] = [
    "slug",
    "sku",
    "name",
    "description",
    "status",
    "category",
    "brand",
    "tags",
    "price",
    "compare_at_price",
    "currency",
    "stock",
    "stock_policy",
    "low_stock_at",
    "tax_class",
    "weight_grams",
    "barcode",
    "image_urls",
    "image_alts",
    "seo_title",
    "seo_description",
    "created_at",
];

/// Columns that depend on the products.
#[derive(Default)]
struct Layout {
    options: usize,
    attributes: BTreeMap<String, usize>,
}

impl Layout {
    /// Looks through all products once, since the header comes first.
    fn of(source: &mut Source<'_, '_>) -> Outcome<Self> {
        let (mut names, mut options) = (BTreeSet::new(), 0);
        let look = |_: &mut Source<'_, '_>, product: &Product| {
            options = options.max(product.options.value().len());
            names.extend(product.attributes.value().into_keys());
            Ok(())
        };
        source.each(look, &mut |_| {})?;
        Ok(Self { options, attributes: names.into_iter().zip(0..).collect() })
    }

    fn header(&self) -> Vec<String> {
        let options =
            (1..=self.options).flat_map(|n| ["name", "value", "values"].map(|part| format!("option{n}_{part}")));
        let attributes = self.attributes.keys().map(|name| format!("attr.{name}"));
        FIXED.iter().map(|name| (*name).to_owned()).chain(options).chain(attributes).collect()
    }
}

/// Writes all products.
pub(super) fn write(source: &mut Source<'_, '_>, out: &mut dyn Write, counted: &mut dyn FnMut(usize)) -> Outcome<()> {
    let layout = Layout::of(source)?;
    let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    csv.write_record(layout.header()).map_err(write_failed)?;
    let each = |source: &mut Source<'_, '_>, product: &Product| {
        let options = product.options.value();
        for (index, variant) in product.variants.iter().enumerate() {
            let mut row = sale_cells(source, product, variant);
            if index == 0 {
                product_cells(source, product, &mut row)?;
            }
            option_cells(&layout, &options, product, index, &mut row);
            let first = row.len();
            row.resize(first + layout.attributes.len(), String::new());
            if index == 0 {
                for (name, value) in product.attributes.value() {
                    row[first + layout.attributes[&name]] = guard(&attribute_cell(&value));
                }
            }
            csv.write_record(&row).map_err(write_failed)?;
        }
        Ok(())
    };
    source.each(each, counted)?;
    csv.flush().map_err(write_failed)
}

fn number(value: Option<i64>) -> String {
    value.map_or_else(String::new, |n| n.to_string())
}

/// The fixed cells with only what belongs to the variant; the slug holds the rows of a product together.
fn sale_cells(source: &Source<'_, '_>, product: &Product, variant: &Variant) -> Vec<String> {
    let money = |m| source.currency.format(m);
    let mut row = vec![String::new(); FIXED.len()];
    let mut put = |name: &str, value: String| {
        if let Some(at) = FIXED.iter().position(|column| *column == name) {
            row[at] = value;
        }
    };
    put("slug", product.slug.to_string());
    put("sku", guard(variant.sku.as_ref().map_or("", |sku| sku.as_str())));
    put("price", money(variant.price));
    put("compare_at_price", variant.compare_at_price.map_or_else(String::new, money));
    put("currency", source.currency.code().to_owned());
    put("stock", variant.stock.to_string());
    put("stock_policy", variant.stock_policy.as_str().to_owned());
    put("low_stock_at", number(variant.low_stock_at));
    put("tax_class", variant.tax_class.clone());
    put("weight_grams", number(variant.weight_grams));
    put("barcode", guard(variant.barcode.as_deref().unwrap_or("")));
    row
}

fn product_cells(source: &mut Source<'_, '_>, product: &Product, row: &mut [String]) -> Outcome<()> {
    let category = guard(source.category(product.category.id)?);
    let mut put = |name: &str, value: String| {
        if let Some(at) = FIXED.iter().position(|column| *column == name) {
            row[at] = value;
        }
    };
    let (tags, images, seo) = (product.tags.value(), product.images.value(), product.seo.value());
    put("name", guard(&product.name));
    put("description", guard(&product.description));
    put("status", product.status.as_str().to_owned());
    put("category", category);
    put("brand", guard(product.brand.as_deref().unwrap_or("")));
    put("tags", guard(&join_list(tags.iter().map(String::as_str))));
    put("image_urls", images.iter().map(|image| image.url.as_str()).collect::<Vec<_>>().join(" "));
    if images.iter().any(|image| !image.alt.is_empty()) {
        put("image_alts", guard(&join_list(images.iter().map(|image| image.alt.as_str()))));
    }
    put("seo_title", guard(seo.title.as_deref().unwrap_or("")));
    put("seo_description", guard(seo.description.as_deref().unwrap_or("")));
    put("created_at", product.created_at.to_rfc3339());
    Ok(())
}

/// Name and value of each option; all values only where they are not those of the variants in their order.
fn option_cells(layout: &Layout, options: &[OptionType], product: &Product, index: usize, row: &mut Vec<String>) {
    let choice = product.variants[index].options.value();
    for n in 0..layout.options {
        let Some(option) = options.get(n) else {
            row.extend([String::new(), String::new(), String::new()]);
            continue;
        };
        let (mut name, mut values) = (String::new(), String::new());
        if index == 0 {
            name = guard(&option.name);
            if occurring(product, &option.name) != option.values {
                values = guard(&join_list(option.values.iter().map(String::as_str)));
            }
        }
        let value = choice.get(&option.name).and_then(serde_json::Value::as_str).unwrap_or("");
        row.extend([name, guard(value), values]);
    }
}

/// The values of an option in the order in which the variants bring them up.
fn occurring(product: &Product, option: &str) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for variant in &product.variants {
        let choice = variant.options.value();
        if let Some(value) =
            choice.get(option).and_then(serde_json::Value::as_str).filter(|v| !values.iter().any(|k| k == v))
        {
            values.push(value.to_owned());
        }
    }
    values
}
