//! Shopify's product CSV, with the columns of its exports of 2022 to 2025. It has room for three options: further
//! ones are joined to the third. Attributes have no place in it.

use super::{Source, write_failed};
use crate::domain::catalog::{Image, OptionType, Product, Status, Variant};
use crate::domain::stock::StockPolicy;
use crate::services::Outcome;
use crate::services::import::cells::{guard, unguard};
use std::io::Write;

const HEADER: [&str; 31] = [
    "Handle",
    "Title",
    "Body (HTML)",
    "Vendor",
    "Product Category",
    "Type",
    "Tags",
    "Published",
    "Option1 Name",
    "Option1 Value",
    "Option2 Name",
    "Option2 Value",
    "Option3 Name",
    "Option3 Value",
    "Variant SKU",
    "Variant Grams",
    "Variant Inventory Tracker",
    "Variant Inventory Qty",
    "Variant Inventory Policy",
    "Variant Fulfillment Service",
    "Variant Price",
    "Variant Compare At Price",
    "Variant Requires Shipping",
    "Variant Taxable",
    "Variant Barcode",
    "Image Src",
    "Image Position",
    "Image Alt Text",
    "SEO Title",
    "SEO Description",
    "Status",
];

const OPTIONS: usize = 3;

/// Writes all products.
pub(super) fn write(source: &mut Source<'_, '_>, out: &mut dyn Write, counted: &mut dyn FnMut(usize)) -> Outcome<()> {
    let mut csv = csv::WriterBuilder::new().from_writer(out);
    csv.write_record(HEADER).map_err(write_failed)?;
    let each = |source: &mut Source<'_, '_>, product: &Product| {
        let (options, images) = (product.options.value(), product.images.value());
        for index in 0..product.variants.len().max(images.len()) {
            let mut row = Row(vec![String::new(); HEADER.len()]);
            row.put("Handle", product.slug.as_str());
            if index == 0 {
                row.product(product, source.category(product.category.id)?);
            }
            if let Some(variant) = product.variants.get(index) {
                row.variant(source, variant, &options, index == 0);
            }
            if let Some(image) = images.get(index) {
                row.image(image, index);
            }
            csv.write_record(&row.0).map_err(write_failed)?;
        }
        Ok(())
    };
    source.each(each, counted)?;
    csv.flush().map_err(write_failed)
}

struct Row(Vec<String>);

impl Row {
    /// Only what starts like a formula is guarded here: an apostrophe would be shown in the other shop.
    fn put(&mut self, column: &str, text: &str) {
        let Some(at) = HEADER.iter().position(|name| *name == column) else { return };
        let first_line = text.trim_start().lines().next().unwrap_or("");
        let runs = unguard(text) != text || guard(first_line) != first_line;
        self.0[at] = if runs { format!("'{text}") } else { text.to_owned() };
    }

    fn product(&mut self, product: &Product, category: &str) {
        let seo = product.seo.value();
        self.put("Title", &product.name);
        self.put("Body (HTML)", &product.description);
        self.put("Vendor", product.brand.as_deref().unwrap_or(""));
        // The category column takes Shopify's own taxonomy only, the type any text.
        self.put("Type", category.trim_start_matches("> "));
        self.put("Tags", &product.tags.value().join(", "));
        self.put("Published", if product.status == Status::Active { "TRUE" } else { "FALSE" });
        self.put("SEO Title", seo.title.as_deref().unwrap_or(""));
        self.put("SEO Description", seo.description.as_deref().unwrap_or(""));
        self.put("Status", product.status.as_str());
    }

    fn variant(&mut self, source: &Source<'_, '_>, variant: &Variant, options: &[OptionType], first: bool) {
        let choice = variant.options.value();
        let value =
            |option: &OptionType| choice.get(&option.name).and_then(serde_json::Value::as_str).unwrap_or("").to_owned();
        let mut pairs: Vec<(String, String)> =
            options.iter().map(|option| (option.name.clone(), value(option))).collect();
        if pairs.is_empty() {
            pairs.push(("Title".to_owned(), "Default Title".to_owned()));
        }
        while pairs.len() > OPTIONS {
            let (name, value) = pairs.pop().unwrap_or_default();
            let last = &mut pairs[OPTIONS - 1];
            last.0 = format!("{} / {name}", last.0);
            last.1 = format!("{} / {value}", last.1);
        }
        for (n, (name, value)) in pairs.iter().enumerate() {
            if first {
                self.put(&format!("Option{} Name", n + 1), name);
            }
            self.put(&format!("Option{} Value", n + 1), value);
        }
        self.put("Variant SKU", variant.sku.as_ref().map_or("", |sku| sku.as_str()));
        self.put("Variant Grams", &variant.weight_grams.unwrap_or(0).to_string());
        let (tracker, policy) = match variant.stock_policy {
            StockPolicy::Deny => ("shopify", "deny"),
            StockPolicy::Backorder => ("shopify", "continue"),
            StockPolicy::Untracked => ("", "continue"),
        };
        self.put("Variant Inventory Tracker", tracker);
        self.put("Variant Inventory Qty", &variant.stock.to_string());
        self.put("Variant Inventory Policy", policy);
        self.put("Variant Fulfillment Service", "manual");
        self.put("Variant Price", &source.currency.format(variant.price));
        self.put(
            "Variant Compare At Price",
            &variant.compare_at_price.map_or_else(String::new, |m| source.currency.format(m)),
        );
        self.put("Variant Requires Shipping", "TRUE");
        self.put("Variant Taxable", "TRUE");
        self.put("Variant Barcode", variant.barcode.as_deref().unwrap_or(""));
    }

    fn image(&mut self, image: &Image, index: usize) {
        self.put("Image Src", &image.url);
        self.put("Image Position", &(index + 1).to_string());
        self.put("Image Alt Text", &image.alt);
    }
}
