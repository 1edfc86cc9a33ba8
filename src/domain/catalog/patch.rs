//! From a product back to the body that would make it so, and what a PATCH (RFC 7396) makes of that body.

use super::draft::SALE_FIELDS;
use super::{CategoryKey, Product, ProductDraft, Variant, VariantDraft};
use crate::domain::{Currency, Fields, Invalid, Money, Sku};
use serde_json::{Map, Value, json};

impl ProductDraft {
    /// The draft that would make a product what it is now.
    pub fn of(product: &Product) -> Self {
        let variant = |v: &Variant| VariantDraft {
            id: Some(v.id),
            sku: v.sku.clone(),
            options: v.options.value(),
            price: v.price,
            compare_at_price: v.compare_at_price,
            stock: v.stock,
            weight_grams: v.weight_grams,
            barcode: v.barcode.clone(),
            stock_policy: v.stock_policy,
            low_stock_at: v.low_stock_at,
        };
        Self {
            name: product.name.clone(),
            slug: Some(product.slug.clone()),
            description: product.description.clone(),
            status: product.status,
            category: CategoryKey::Id(product.category.id),
            brand: product.brand.clone(),
            tags: product.tags.value(),
            attributes: product.attributes.value(),
            options: product.options.value(),
            variants: product.variants.iter().map(variant).collect(),
            images: product.images.value(),
            seo: product.seo.value(),
            created_at: Some(product.created_at),
        }
    }

    /// The body that would make a product what it is now; a PATCH is merged into it.
    pub fn body_of(product: &Product, currency: Currency) -> Value {
        let mut body = json!({
            "name": product.name,
            "slug": product.slug,
            "description": product.description,
            "status": product.status.as_str(),
            "category": product.category.id,
            "brand": product.brand,
            "tags": product.tags.value(),
            "attributes": product.attributes.value(),
            "images": product.images.value(),
            "seo": product.seo.value(),
        });
        match product.variants.as_slice() {
            [only] if only.options.value().is_empty() => {
                let sale = sale_body(only, currency);
                body.as_object_mut().into_iter().for_each(|b| b.extend(sale.clone()));
            }
            many => {
                let list = many.iter().map(|variant| {
                    let mut sale = sale_body(variant, currency);
                    sale.insert("id".to_owned(), json!(variant.id));
                    sale.insert("options".to_owned(), Value::Object(variant.options.value()));
                    Value::Object(sale)
                });
                body["options"] = json!(product.options.value());
                body["variants"] = Value::Array(list.collect());
            }
        }
        body
    }

    /// Merges a PATCH into the body of a product. A patch that brings its own list of variants replaces the
    /// price, stock and codes that stood at the top, and the other way round.
    pub fn patched(mut body: Value, patch: &Value) -> Value {
        if patch.get("variants").is_some_and(|v| !v.is_null())
            && let Some(body) = body.as_object_mut()
        {
            SALE_FIELDS.iter().for_each(|field| drop(body.remove(*field)));
        }
        merge_patch(&mut body, patch);
        body
    }

    /// Merges a batch row into the body of a product. In one with several variants, what the row says of price,
    /// stock and codes is meant for the variant of its SKU.
    pub fn patched_by_sku(mut body: Value, row: &Value, sku: &Sku) -> Value {
        let mut rest = row.clone();
        let variants = body.get_mut("variants").and_then(Value::as_array_mut);
        let meant = variants.and_then(|list| list.iter_mut().find(|v| v["sku"].as_str() == Some(sku.as_str())));
        if let (Some(variant), Some(rest), false) = (meant, rest.as_object_mut(), row.get("variants").is_some()) {
            let mut sale = Map::new();
            for field in SALE_FIELDS {
                sale.extend(rest.remove_entry(field));
            }
            merge_patch(variant, &Value::Object(sale));
        }
        Self::patched(body, &rest)
    }
}

impl VariantDraft {
    /// What a variant becomes after a merge patch (RFC 7396).
    pub fn patched(variant: &Variant, patch: &Value, currency: Currency) -> Result<Self, Invalid> {
        let mut body = sale_body(variant, currency);
        body.insert("options".to_owned(), Value::Object(variant.options.value()));
        let mut body = Value::Object(body);
        merge_patch(&mut body, patch);
        let draft = Fields::read(&body, |fields| Self::read(fields, currency))?;
        Ok(Self { id: Some(variant.id), ..draft })
    }
}

/// Merges a patch into a document as RFC 7396 says: `null` removes, objects merge, everything else replaces. A `null`
/// for what is not there stays, so that whoever reads the document still sees that a field of that name was sent.
pub fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(object) = target.as_object_mut() else { return };
    for (key, change) in changes {
        if change.is_null() {
            if object.remove(key).is_none() {
                object.insert(key.clone(), Value::Null);
            }
        } else {
            merge_patch(object.entry(key.as_str()).or_insert(Value::Null), change);
        }
    }
}

fn sale_body(variant: &Variant, currency: Currency) -> Map<String, Value> {
    let money = |m: Money| Value::String(currency.format(m));
    let mut body = Map::new();
    body.insert("sku".to_owned(), json!(variant.sku));
    body.insert("price".to_owned(), money(variant.price));
    body.insert("compare_at_price".to_owned(), variant.compare_at_price.map_or(Value::Null, money));
    body.insert("stock".to_owned(), json!(variant.stock));
    body.insert("stock_policy".to_owned(), json!(variant.stock_policy));
    body.insert("low_stock_at".to_owned(), json!(variant.low_stock_at));
    body.insert("weight_grams".to_owned(), json!(variant.weight_grams));
    body.insert("barcode".to_owned(), json!(variant.barcode));
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merge_patch_follows_rfc_7396() {
        let mut target = json!({"a": {"b": 1, "c": 2}, "d": [1], "e": 1});
        merge_patch(&mut target, &json!({"a": {"b": null, "x": 3}, "d": [2], "e": null}));
        assert_eq!(target, json!({"a": {"c": 2, "x": 3}, "d": [2]}));
        merge_patch(&mut target, &json!({"unknown": null}));
        assert_eq!(target["unknown"], Value::Null);
        assert!(target.as_object().is_some_and(|fields| fields.contains_key("unknown")));
    }
}
