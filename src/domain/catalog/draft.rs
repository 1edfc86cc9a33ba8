//! What a client asks a product to become: the body of POST and PUT, one row of a batch, one product of an import.

use super::{Attributes, Image, OptionChoice, OptionType, Seo, Status};
use crate::domain::fields::line;
use crate::domain::pricing::tax_class;
use crate::domain::stock::{MOST_UNITS, StockPolicy};
use crate::domain::{CategoryId, Currency, Fields, Invalid, Money, Sku, Slug, Timestamp, VariantId};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The code of a SKU that two variants of one product have.
pub const DUPLICATE_SKU: &str = "duplicate_sku";

/// How a client names a category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CategoryKey {
    /// By id.
    Id(CategoryId),
    /// By slug.
    Slug(Slug),
    /// By the names from a root down; an import makes what is missing.
    Path(Vec<String>),
}

/// What a variant should become.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VariantDraft {
    /// The existing variant that is meant; otherwise it is found by SKU, then by options.
    pub id: Option<VariantId>,
    /// The shop's code.
    pub sku: Option<Sku>,
    /// One value for each option of the product.
    pub options: OptionChoice,
    /// What it costs.
    pub price: Money,
    /// What it used to cost.
    pub compare_at_price: Option<Money>,
    /// Units that can be sold: a number that differs from the one there is counts as counted.
    pub stock: i64,
    /// Weight for shipping.
    pub weight_grams: Option<i64>,
    /// EAN, UPC, ISBN or the like.
    pub barcode: Option<String>,
    /// What happens when there is not enough.
    pub stock_policy: StockPolicy,
    /// At this many left the shop says that stock is low.
    pub low_stock_at: Option<i64>,
    /// What kind of goods it is to the tax office.
    pub tax_class: String,
}

/// What a product should become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductDraft {
    /// What it is called.
    pub name: String,
    /// Made from the name when not given.
    pub slug: Option<Slug>,
    /// What it is.
    pub description: String,
    /// Whether it is shown.
    pub status: Status,
    /// Where it stands in the tree.
    pub category: CategoryKey,
    /// Who makes it.
    pub brand: Option<String>,
    /// Free words.
    pub tags: Vec<String>,
    /// Typed properties.
    pub attributes: Attributes,
    /// What a buyer chooses.
    pub options: Vec<OptionType>,
    /// At least one; exactly one when there are no options.
    pub variants: Vec<VariantDraft>,
    /// Pictures in order.
    pub images: Vec<Image>,
    /// For search engines.
    pub seo: Seo,
    /// When it was first offered; only imports say so.
    pub created_at: Option<Timestamp>,
}

/// The fields that at the top of a body mean the only variant of the product.
pub(super) const SALE_FIELDS: [&str; 9] = [
    "sku",
    "price",
    "compare_at_price",
    "stock",
    "stock_policy",
    "low_stock_at",
    "tax_class",
    "weight_grams",
    "barcode",
];

impl ProductDraft {
    /// Reads the body of a product.
    pub fn read(fields: &mut Fields<'_>, currency: Currency) -> Self {
        let name = fields.text("name", 1..=500);
        if !fields.has("name") {
            fields.missing("name");
        }
        let category = category_key(fields, "category");
        if !fields.has("category") {
            fields.missing("category");
        }
        let options = fields.list("options", 10, option_type).unwrap_or_default();
        let draft = Self {
            name: name.unwrap_or_default(),
            slug: slug(fields),
            description: fields.long_text("description", 50_000).unwrap_or_default(),
            status: fields.parsed("status", "draft, active or archived", Status::parse).unwrap_or(Status::Active),
            category: category.unwrap_or(CategoryKey::Path(Vec::new())),
            brand: fields.text("brand", 0..=100).filter(|b| !b.is_empty()),
            tags: unique(fields.list("tags", 50, |v| short_line(v, 50)).unwrap_or_default()),
            attributes: attributes(fields),
            variants: variants(fields, currency),
            options,
            images: images(fields),
            seo: seo(fields),
            created_at: None,
        };
        draft.check_options(fields);
        draft
    }

    /// Reads a body on its own.
    pub fn from_body(body: &Value, currency: Currency) -> Result<Self, Invalid> {
        Fields::read(body, |fields| Self::read(fields, currency))
    }

    /// Reads a line of an import or export, which may also say when the product was first offered and may name
    /// the category by its path.
    pub fn from_line(body: &Value, currency: Currency) -> Result<Self, Invalid> {
        Fields::read(body, |fields| {
            let created_at = fields.parsed("created_at", "a time such as 2026-01-31T09:05:00Z", Timestamp::parse);
            Self { created_at, ..Self::read(fields, currency) }
        })
    }

    /// Each variant must choose one value of each option, and no two the same values.
    fn check_options(&self, fields: &mut Fields<'_>) {
        if let Some(problem) = self.option_problem() {
            fields.wrong("variants", problem.0, problem.1);
        }
    }

    /// What is wrong with how the variants choose among the options.
    pub fn option_problem(&self) -> Option<(&'static str, String)> {
        let names: BTreeSet<&str> = self.options.iter().map(|o| o.name.as_str()).collect();
        if names.len() < self.options.len() {
            return Some(("duplicate", "must not name an option twice".to_owned()));
        }
        if self.options.is_empty() && self.variants.len() > 1 {
            return Some(("options_missing", "several variants need options that tell them apart".to_owned()));
        }
        let mut seen = BTreeSet::new();
        let mut skus = BTreeSet::new();
        for variant in &self.variants {
            for option in &self.options {
                let value = variant.options.get(&option.name).and_then(Value::as_str);
                if !value.is_some_and(|v| option.values.iter().any(|known| known == v)) {
                    return Some((
                        "option_value",
                        format!("each variant must choose a value of option {}", option.name),
                    ));
                }
            }
            if variant.options.len() != self.options.len() {
                return Some(("unknown_option", "a variant names an option the product does not have".to_owned()));
            }
            let key: Vec<_> = self.options.iter().map(|o| variant.options[&o.name].to_string()).collect();
            if !seen.insert(key) {
                return Some(("duplicate", "two variants choose the same options".to_owned()));
            }
            if variant.sku.as_ref().is_some_and(|sku| !skus.insert(sku)) {
                return Some((DUPLICATE_SKU, "two variants have the same SKU".to_owned()));
            }
        }
        None
    }

    /// The title of a variant: its option values in the product's order.
    pub fn variant_title(options: &[OptionType], choice: &OptionChoice) -> String {
        let values = options.iter().filter_map(|o| choice.get(&o.name)?.as_str());
        values.collect::<Vec<_>>().join(" / ")
    }
}

impl VariantDraft {
    /// Reads a variant; only within a product's list may it also be named by id.
    pub fn read(fields: &mut Fields<'_>, currency: Currency) -> Self {
        let options = fields.value("options").map(choice).transpose();
        let options = options.unwrap_or_else(|invalid| {
            invalid.0.into_iter().for_each(|e| fields.wrong(&format!("options.{}", e.field), e.code, e.message));
            None
        });
        Self { options: options.unwrap_or_default(), ..Self::sale(fields, currency) }
    }

    /// Reads the fields of the only variant from the top of a product's body.
    fn sale(fields: &mut Fields<'_>, currency: Currency) -> Self {
        if !fields.has("price") {
            fields.missing("price");
        }
        Self {
            id: None,
            options: Map::new(),
            sku: fields.parsed("sku", "a text of 1 to 100 characters", |t| Sku::parse(t.trim())),
            price: fields.money("price", currency).unwrap_or_default(),
            compare_at_price: fields.money("compare_at_price", currency),
            stock: fields.integer("stock", 0..=MOST_UNITS).unwrap_or(0),
            weight_grams: fields.integer("weight_grams", 0..=MOST_UNITS),
            barcode: fields.text("barcode", 0..=64).filter(|b| !b.is_empty()),
            stock_policy: fields
                .parsed("stock_policy", "deny, backorder or untracked", StockPolicy::parse)
                .unwrap_or_default(),
            low_stock_at: fields.integer("low_stock_at", 0..=MOST_UNITS),
            tax_class: tax_class(fields),
        }
    }
}

fn variants(fields: &mut Fields<'_>, currency: Currency) -> Vec<VariantDraft> {
    if !fields.has("variants") {
        fields.value("variants");
        if fields.has("options") && !fields.value("options").is_some_and(|o| o.as_array().is_some_and(Vec::is_empty)) {
            fields.wrong("variants", "required", "is required when there are options");
        }
        return vec![VariantDraft::sale(fields, currency)];
    }
    for field in SALE_FIELDS {
        if fields.value(field).is_some() {
            fields.wrong(field, "not_allowed", "belongs to the variants when these are listed");
        }
    }
    let id = |f: &mut Fields<'_>| f.integer("id", 1..=i64::MAX).map(VariantId::new);
    let read = |value| Fields::read(value, |f| VariantDraft { id: id(f), ..VariantDraft::read(f, currency) });
    let list = fields.list("variants", 1_000, read).unwrap_or_default();
    if list.is_empty() {
        fields.wrong("variants", "too_few", "must hold at least one variant");
    }
    list
}

/// Reads an optional slug.
pub(super) fn slug(fields: &mut Fields<'_>) -> Option<Slug> {
    fields.parsed("slug", "lower-case letters, digits and single hyphens, not only digits", Slug::parse)
}

/// Reads a category named by id (number or digits), slug, or path (`Kitchen > Coffee`).
pub(super) fn category_key(fields: &mut Fields<'_>, name: &'static str) -> Option<CategoryKey> {
    let value = fields.value(name)?;
    let key = match value {
        Value::Number(number) => CategoryId::parse(&number.to_string()).map(CategoryKey::Id),
        Value::String(text) => CategoryId::parse(text)
            .map(CategoryKey::Id)
            .or_else(|| Slug::parse(text).map(CategoryKey::Slug))
            .or_else(|| path(text)),
        _ => None,
    };
    if key.is_none() {
        fields.wrong(name, "invalid", "must be the id, slug or path (\"Kitchen > Coffee\") of a category");
    }
    key
}

fn path(text: &str) -> Option<CategoryKey> {
    let names: Vec<String> = text.split('>').map(|part| part.trim().to_owned()).collect();
    let good = |n: &String| !n.is_empty() && n.chars().count() <= 200 && !n.chars().any(char::is_control);
    (names.len() <= 20 && names.iter().all(good)).then_some(CategoryKey::Path(names))
}

/// Reads an optional `seo` object.
pub(super) fn seo(fields: &mut Fields<'_>) -> Seo {
    let read = |f: &mut Fields<'_>| Seo {
        title: f.text("title", 0..=200).filter(|t| !t.is_empty()),
        description: f.text("description", 0..=500).filter(|t| !t.is_empty()),
    };
    fields.object("seo", read).unwrap_or_default()
}

fn short_line(value: &Value, most: usize) -> Result<String, Invalid> {
    line(value, &(1..=most)).map_err(|(code, message)| Invalid::one("", code, message))
}

fn unique(mut texts: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    texts.retain(|text| seen.insert(text.to_lowercase()));
    texts
}

fn option_type(value: &Value) -> Result<OptionType, Invalid> {
    Fields::read(value, |fields| {
        if !fields.has("name") {
            fields.missing("name");
        }
        let name = fields.text("name", 1..=100).unwrap_or_default();
        let values = fields.list("values", 500, |v| short_line(v, 200)).unwrap_or_default();
        if values.is_empty() {
            fields.wrong("values", "too_few", "must hold at least one value");
        }
        OptionType { name, values: unique(values) }
    })
}

fn choice(value: &Value) -> Result<OptionChoice, Invalid> {
    let Value::Object(object) = value else {
        return Err(Invalid::one("", "not_an_object", "must be a JSON object"));
    };
    let mut choice = Map::new();
    for (name, value) in object.iter().filter(|(_, value)| !value.is_null()) {
        let text = short_line(value, 200).map_err(|invalid| invalid.within(name))?;
        choice.insert(name.clone(), Value::String(text));
    }
    Ok(choice)
}

fn images(fields: &mut Fields<'_>) -> Vec<Image> {
    let mut images = fields.list("images", 100, image).unwrap_or_default();
    images.sort_by_key(|(position, _)| position.unwrap_or(i64::MAX));
    let numbered = images.into_iter().zip(0_u32..);
    numbered.map(|((_, image), position)| Image { position, ..image }).collect()
}

fn image(value: &Value) -> Result<(Option<i64>, Image), Invalid> {
    Fields::read(value, |fields| {
        if !fields.has("url") {
            fields.missing("url");
        }
        let position = fields.integer("position", 0..=10_000);
        let url = fields.parsed("url", "an http(s) address or a path that starts with /", image_url);
        let alt = fields.text("alt", 0..=500).unwrap_or_default();
        (position, Image { url: url.unwrap_or_default(), alt, position: 0 })
    })
}

/// Accepts the address of a picture: `http`, `https`, or a path on this server.
pub fn image_url(text: &str) -> Option<String> {
    let local = text.starts_with('/') && !text.starts_with("//") && !text.contains('\\');
    let remote = ["http://", "https://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
    let clean = !text.chars().any(|c| c.is_control() || c.is_whitespace());
    ((local || remote) && clean && text.len() <= 2_048).then(|| text.to_owned())
}

fn attributes(fields: &mut Fields<'_>) -> Attributes {
    let Some(value) = fields.value("attributes") else { return Attributes::new() };
    let Value::Object(object) = value else {
        fields.wrong("attributes", "not_an_object", "must be a JSON object");
        return Attributes::new();
    };
    if object.len() > 250 {
        fields.wrong("attributes", "too_many", "must hold at most 250 attributes");
        return Attributes::new();
    }
    let mut attributes = Attributes::new();
    for (name, value) in object {
        let name_ok = !name.trim().is_empty() && name.chars().count() <= 100 && !name.chars().any(char::is_control);
        if !name_ok {
            fields.wrong("attributes", "invalid_name", "names must be 1 to 100 characters long");
        } else if !attribute_ok(value) {
            let what =
                "must be a text of at most 1,000 characters, a number, true, false, or a list of at most 50 of these";
            fields.wrong(&format!("attributes.{name}"), "invalid", what);
        } else if !value.is_null() {
            attributes.insert(name.trim().to_owned(), value.clone());
        }
    }
    attributes
}

fn attribute_ok(value: &Value) -> bool {
    match value {
        Value::Array(items) => {
            items.len() <= 50 && items.iter().all(|v| !v.is_array() && !v.is_null() && attribute_ok(v))
        }
        Value::String(text) => text.chars().count() <= 1_000 && !text.contains('\0'),
        Value::Number(number) => number.to_string().len() <= 40 && number.as_f64().is_some_and(f64::is_finite),
        Value::Bool(_) | Value::Null => true,
        Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn eur() -> Currency {
        Currency::from_code("EUR").unwrap()
    }

    fn problems(body: Value) -> Vec<(String, &'static str)> {
        let invalid = ProductDraft::from_body(&body, eur()).unwrap_err();
        invalid.0.into_iter().map(|e| (e.field, e.code)).collect()
    }

    #[test]
    fn name_price_and_category_are_enough() {
        let draft =
            ProductDraft::from_body(&json!({"name": "Mug", "price": "9.50", "category": "mugs"}), eur()).unwrap();
        assert_eq!(draft.variants.len(), 1);
        assert_eq!(draft.variants[0].price, Money::from_minor(950));
        assert_eq!(draft.status, Status::Active);
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let body =
            json!({"price": -1, "stock": "3", "role": "admin", "images": [{"url": "javascript:x"}], "tags": [""]});
        let found = problems(body);
        for expected in [
            ("name", "required"),
            ("category", "required"),
            ("price", "negative"),
            ("stock", "not_an_integer"),
            ("images[0].url", "invalid"),
            ("tags[0]", "too_short"),
            ("role", "unknown_field"),
        ] {
            assert!(found.contains(&(expected.0.to_owned(), expected.1)), "{expected:?} in {found:?}");
        }
    }

    #[test]
    fn variants_choose_one_value_of_each_option() {
        let base = |variants: Value| json!({"name": "Tee", "category": 1, "options": [{"name": "Size", "values": ["S", "M"]}], "variants": variants});
        let good = base(json!([{"options": {"Size": "S"}, "price": 1}, {"options": {"Size": "M"}, "price": 2}]));
        assert!(ProductDraft::from_body(&good, eur()).is_ok());
        assert_eq!(problems(base(json!([{"options": {"Size": "XL"}, "price": 1}])))[0].1, "option_value");
        assert_eq!(problems(base(json!([{"price": 1}])))[0].1, "option_value");
        let twice = base(json!([{"options": {"Size": "S"}, "price": 1}, {"options": {"Size": "S"}, "price": 2}]));
        assert_eq!(problems(twice)[0].1, "duplicate");
        assert_eq!(
            problems(json!({"name": "Tee", "category": 1, "price": 1, "variants": [{"price": 1}]}))[0].1,
            "not_allowed"
        );
    }
}
