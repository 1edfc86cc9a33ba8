//! Which fields a write changed, by name, for the audit log: never what they hold.

use crate::domain::catalog::{Category, Product, Variant};
use serde_json::{Value, json};

/// The names of the fields in which two states of a product differ; those of its variants go by their own names.
pub(super) fn product_fields(before: &Product, after: &Product) -> Vec<&'static str> {
    let mut fields = differing(&[
        ("slug", before.slug != after.slug),
        ("name", before.name != after.name),
        ("description", before.description != after.description),
        ("status", before.status != after.status),
        ("category", before.category.id != after.category.id),
        ("brand", before.brand != after.brand),
        ("tags", before.tags != after.tags),
        ("attributes", before.attributes != after.attributes),
        ("options", before.options != after.options),
        ("images", before.images != after.images),
        ("seo", before.seo != after.seo),
        ("created_at", before.created_at != after.created_at),
        ("variants", !before.variants.iter().map(|v| v.id).eq(after.variants.iter().map(|v| v.id))),
    ]);
    for old in &before.variants {
        let of_variant = after.variants.iter().find(|v| v.id == old.id).map(|new| variant_fields(old, new));
        for field in of_variant.into_iter().flatten() {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
    }
    fields
}

fn variant_fields(before: &Variant, after: &Variant) -> Vec<&'static str> {
    differing(&[
        ("sku", before.sku != after.sku),
        ("options", before.options != after.options),
        ("price", before.price != after.price),
        ("compare_at_price", before.compare_at_price != after.compare_at_price),
        ("stock", before.stock != after.stock),
        ("weight_grams", before.weight_grams != after.weight_grams),
        ("barcode", before.barcode != after.barcode),
        ("stock_policy", before.stock_policy != after.stock_policy),
        ("low_stock_at", before.low_stock_at != after.low_stock_at),
    ])
}

/// The names of the fields in which two states of a category differ.
pub(super) fn category_fields(before: &Category, after: &Category) -> Vec<&'static str> {
    differing(&[
        ("slug", before.slug != after.slug),
        ("name", before.name != after.name),
        ("description", before.description != after.description),
        ("parent_id", before.parent_id != after.parent_id),
        ("position", before.position != after.position),
        ("seo", before.seo != after.seo),
    ])
}

fn differing(fields: &[(&'static str, bool)]) -> Vec<&'static str> {
    fields.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect()
}

/// What an entry says of a product that is new or gone.
pub(super) fn product_detail(product: &Product) -> Value {
    json!({ "slug": product.slug.as_str(), "name": product.name, "revision": product.revision.own })
}

/// What an entry says of a product that changed.
pub(super) fn product_change(before: &Product, after: &Product) -> Value {
    json!({ "fields": product_fields(before, after), "revision": after.revision.own })
}

/// What an entry says of a variant whose product changed with it.
pub(super) fn variant_change(before: &Product, after: &Product) -> Value {
    json!({ "product": after.id, "fields": product_fields(before, after), "revision": after.revision.own })
}
