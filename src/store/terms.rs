//! SQL of what filters look up: the tags and attribute values of each product.

use super::error::StoreResult;
use super::product::ProductRow;
use super::tx::{WriteTx, params};
use crate::domain::ProductId;
use crate::domain::catalog::{AttributeValue, Attributes, Product};

impl WriteTx<'_> {
    /// Notes the tags and attributes of a product for filters.
    pub(super) fn terms_insert(&self, id: ProductId, row: &ProductRow<'_>) -> StoreResult<()> {
        if row.tags.json() != "[]" {
            for tag in row.tags.value() {
                self.execute("insert into product_tag (tag, product_id) values (?1, ?2)", params![tag, id])?;
            }
        }
        if row.attributes.json() != "{}" {
            for (name, value) in attribute_terms(&row.attributes.value()) {
                let sql = "insert or ignore into product_attribute (name, value, product_id) values (?1, ?2, ?3)";
                self.execute(sql, params![name, value, id])?;
            }
        }
        Ok(())
    }

    /// Forgets them.
    pub(super) fn terms_delete(&self, before: &Product) -> StoreResult<()> {
        for tag in before.tags.value() {
            self.execute("delete from product_tag where tag = ?1 and product_id = ?2", params![tag, before.id])?;
        }
        for (name, value) in attribute_terms(&before.attributes.value()) {
            let sql = "delete from product_attribute where name = ?1 and value = ?2 and product_id = ?3";
            self.execute(sql, params![name, value, before.id])?;
        }
        Ok(())
    }
}

/// The pairs a filter `attr.NAME=VALUE` can find: each item of a list on its own, numbers in their shortest form.
pub(super) fn attribute_terms(attributes: &Attributes) -> Vec<(&str, String)> {
    let mut terms = Vec::new();
    for (name, value) in attributes {
        match value {
            AttributeValue::Array(items) => {
                terms.extend(items.iter().map(|item| (name.as_str(), attribute_term(item))))
            }
            single => terms.push((name.as_str(), attribute_term(single))),
        }
    }
    terms
}

/// The text by which one attribute value is found. Texts longer than 200 characters are cut.
fn attribute_term(value: &AttributeValue) -> String {
    match value {
        AttributeValue::String(text) => text.chars().take(200).collect(),
        AttributeValue::Number(number) => {
            let text = number.to_string();
            let plain = text.contains('.') && !text.contains(['e', 'E']);
            if plain { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
        }
        other => other.to_string(),
    }
}
