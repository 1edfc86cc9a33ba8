//! Which text of a product the index holds, and where it stands.

use super::{SearchDocument, SearchText};
use crate::domain::Sku;
use crate::domain::catalog::{AttributeValue, ProductDraft};

/// Attributes that hold the maker's own code of a product: people search for these as they do for SKUs.
const PART_NUMBERS: [&str; 4] = ["mpn", "part number", "manufacturer part number", "model number"];

/// What the search index holds of a product that stands in a category of this path.
pub fn of_product(draft: &ProductDraft, category_path: &str) -> SearchDocument {
    let codes = draft.variants.iter().flat_map(|v| v.sku.iter().map(Sku::as_str).chain(v.barcode.as_deref()));
    let (numbers, attributes): (Vec<_>, Vec<_>) = draft
        .attributes
        .iter()
        .map(|(name, value)| (name.replace('_', " "), attribute_text(value)))
        .partition(|(name, _)| PART_NUMBERS.contains(&name.as_str()));
    let attributes = attributes.iter().map(|(name, value)| (name.as_str(), value.clone()));
    let options = draft.options.iter().map(|o| (o.name.as_str(), o.values.join(" ")));
    SearchDocument::new(&SearchText {
        name: &draft.name,
        brand: draft.brand.as_deref().unwrap_or(""),
        codes: codes.chain(numbers.iter().map(|(_, number)| number.as_str())).collect(),
        category: category_path,
        tags: draft.tags.iter().map(String::as_str).collect(),
        attributes: attributes.chain(options).collect(),
        description: &draft.description,
    })
}

fn attribute_text(value: &AttributeValue) -> String {
    match value {
        AttributeValue::String(text) => text.clone(),
        // People type 6, not 6.0.
        AttributeValue::Number(number) => {
            let text = number.to_string();
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
        }
        AttributeValue::Array(items) => items.iter().map(attribute_text).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}
