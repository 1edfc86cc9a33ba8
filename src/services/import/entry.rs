//! One product of a file, on its way from the format that read it to the shop.
//!
//! Every format turns what it finds into the body of one JSON line, and [`ProductDraft::from_line`] judges it, so
//! that the rules of a product are written once. What a file does not speak of stays as it is when the product
//! exists already.

use crate::domain::catalog::{CategoryKey, Product, ProductDraft, VariantDraft};
use crate::domain::search::{SearchDocument, of_product};
use crate::domain::{CategoryId, Currency, Invalid, Slug};
use crate::services::Outcome;
use serde_json::{Map, Value};

/// The body of one JSON line.
pub type Body = Map<String, Value>;

/// A product as a format found it, or why its rows make none.
pub struct Raw {
    /// The line on which it starts.
    pub line: u64,
    /// Its body.
    pub body: Result<Body, String>,
}

/// A product ready to be written.
pub struct Entry {
    /// The line on which it starts.
    pub line: u64,
    /// What it should become.
    pub draft: ProductDraft,
    /// What the file does not speak of.
    pub absent: Absent,
    /// Its search document, where that could be made ahead.
    pub document: Option<SearchDocument>,
}

/// A product that cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// The line on which it starts.
    pub line: u64,
    /// What it is called, as far as that is known.
    pub name: String,
    /// Its first SKU, if it has one.
    pub sku: String,
    /// Why.
    pub reason: String,
}

/// Fields that a file does not speak of, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Absent(u32);

const PRODUCT_FIELDS: [&str; 7] = ["description", "status", "category", "brand", "tags", "attributes", "images"];
const VARIANT_FIELDS: [&str; 7] =
    ["compare_at_price", "stock", "weight_grams", "barcode", "stock_policy", "low_stock_at", "tax_class"];
const SEO: u32 = 1 << 16;
const VARIANT_SHIFT: usize = 8;

impl Absent {
    fn of(body: &Body) -> Self {
        let sale = body.get("variants").and_then(|v| v.get(0)).and_then(Value::as_object).unwrap_or(body);
        let mut bits = if body.contains_key("seo") { 0 } else { SEO };
        for (bit, field) in PRODUCT_FIELDS.iter().enumerate() {
            bits |= u32::from(!body.contains_key(*field)) << bit;
        }
        for (bit, field) in VARIANT_FIELDS.iter().enumerate() {
            bits |= u32::from(!sale.contains_key(*field)) << (bit + VARIANT_SHIFT);
        }
        Self(bits)
    }

    fn lacks(self, field: &str) -> bool {
        let product = PRODUCT_FIELDS.iter().position(|f| *f == field);
        let variant = VARIANT_FIELDS.iter().position(|f| *f == field).map(|bit| bit + VARIANT_SHIFT);
        product.or(variant).is_some_and(|bit| self.0 & (1 << bit) != 0)
    }

    /// Whether the file names no category.
    pub fn category(self) -> bool {
        self.lacks("category")
    }
}

impl Entry {
    /// Judges what a format found.
    pub fn judge(raw: Raw, currency: Currency) -> Result<Self, RowError> {
        let line = raw.line;
        let refused =
            |reason, name: &str, sku: &str| RowError { line, name: name.to_owned(), sku: sku.to_owned(), reason };
        let mut body = raw.body.map_err(|reason| refused(reason, "", ""))?;
        if body.get("category").is_some_and(Value::is_null) {
            body.remove("category");
        }
        blank_out_controls(&mut body);
        let absent = Absent::of(&body);
        let forced = forced_path(&mut body);
        if absent.category() {
            // A product must name one; what this one becomes is decided when it is known whether it exists.
            body.insert("category".to_owned(), Value::from("x"));
        }
        let body = Value::Object(body);
        let (name, sku) = (text_of(&body, "name"), sku_of(&body));
        let mut draft = ProductDraft::from_line(&body, currency).map_err(|e| refused(e.summary(), name, sku))?;
        if let Some(names) = forced {
            draft.category = CategoryKey::Path(names);
        } else if absent.category() {
            draft.category = CategoryKey::Path(Vec::new());
        }
        if let Some((_, problem)) = draft.option_problem() {
            return Err(refused(problem, name, sku));
        }
        Ok(Self { line, draft, absent, document: None })
    }

    /// Makes the search document ahead, on the reading thread, so that both cores have work. Only possible for a
    /// category named by its path, whose words are known without asking the shop.
    pub fn prepare(&mut self) {
        if let CategoryKey::Path(names) = &self.draft.category
            && !names.is_empty()
        {
            self.document = Some(of_product(&self.draft, &names.join(" ")));
        }
    }

    /// The draft for a product that exists: what the file does not speak of is taken from it.
    pub fn over(&self, before: &Product) -> ProductDraft {
        let now = ProductDraft::of(before);
        let mut draft = self.draft.clone();
        let lacks = |field| self.absent.lacks(field);
        if lacks("description") {
            draft.description = now.description;
        }
        if lacks("status") {
            draft.status = now.status;
        }
        if lacks("category") {
            draft.category = CategoryKey::Id(before.category.id);
        }
        if lacks("brand") {
            draft.brand = now.brand;
        }
        if lacks("tags") {
            draft.tags = now.tags;
        }
        if lacks("attributes") {
            draft.attributes = now.attributes;
        }
        if lacks("images") {
            draft.images = now.images;
        }
        if self.absent.0 & SEO != 0 {
            draft.seo = now.seo;
        }
        for variant in &mut draft.variants {
            if let Some(old) = same_variant(&now.variants, variant) {
                self.keep_sale(variant, old);
            }
        }
        draft
    }

    fn keep_sale(&self, variant: &mut VariantDraft, old: &VariantDraft) {
        if self.absent.lacks("compare_at_price") {
            variant.compare_at_price = old.compare_at_price;
        }
        if self.absent.lacks("stock") {
            variant.stock = old.stock;
        }
        if self.absent.lacks("stock_policy") {
            variant.stock_policy = old.stock_policy;
        }
        if self.absent.lacks("low_stock_at") {
            variant.low_stock_at = old.low_stock_at;
        }
        if self.absent.lacks("tax_class") {
            variant.tax_class.clone_from(&old.tax_class);
        }
        if self.absent.lacks("weight_grams") {
            variant.weight_grams = old.weight_grams;
        }
        if self.absent.lacks("barcode") {
            variant.barcode.clone_from(&old.barcode);
        }
        // A file without SKUs must not take them away.
        if variant.sku.is_none() {
            variant.sku.clone_from(&old.sku);
        }
    }

    /// Its first SKU, for messages.
    pub fn sku(&self) -> &str {
        self.draft.variants.iter().find_map(|v| v.sku.as_ref()).map_or("", |sku| sku.as_str())
    }
}

/// Control characters in a name, brand or description are remains of broken encodings that no page shows. Other
/// shops' files hold some, and a product should not be refused for them: they become blanks.
fn blank_out_controls(body: &mut Body) {
    let stray = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    for field in ["name", "brand", "description"] {
        if let Some(Value::String(text)) = body.get_mut(field)
            && text.contains(stray)
        {
            *text = text.replace(stray, " ");
        }
    }
}

/// A category that would read as an id or slug but is meant as the name of a root is written with `>` in front.
fn forced_path(body: &mut Body) -> Option<Vec<String>> {
    let name = body.get("category")?.as_str()?.trim().strip_prefix('>')?.trim().to_owned();
    body.insert("category".to_owned(), Value::from("x"));
    Some(name.split('>').map(|part| part.trim().to_owned()).collect())
}

/// How a file names a category, so that reading gives the same one: by its path, with a `>` in front where the
/// path alone would read as something else.
pub fn category_text(path: &[String], id: CategoryId) -> String {
    let whole = path.join(" > ");
    if path.iter().any(|name| name.contains('>')) {
        return id.to_string();
    }
    match path {
        [root] if CategoryId::parse(root).is_some() || Slug::parse(root).is_some() => format!("> {whole}"),
        _ => whole,
    }
}

fn same_variant<'a>(old: &'a [VariantDraft], new: &VariantDraft) -> Option<&'a VariantDraft> {
    let by_sku = new.sku.as_ref().and_then(|sku| old.iter().find(|v| v.sku.as_ref() == Some(sku)));
    by_sku.or_else(|| old.iter().find(|v| v.options == new.options))
}

fn text_of<'a>(body: &'a Value, field: &str) -> &'a str {
    body.get(field).and_then(Value::as_str).unwrap_or("")
}

fn sku_of(body: &Value) -> &str {
    let own = text_of(body, "sku");
    if own.is_empty() { body.get("variants").and_then(|v| v.get(0)).map_or("", |v| text_of(v, "sku")) } else { own }
}

/// Reads the category that `--category` names.
pub fn category_of(text: &str) -> Outcome<CategoryKey> {
    let body = serde_json::json!({"name": "x", "price": 0, "category": text});
    let currency = Currency::from_code("EUR").ok_or_else(|| Invalid::one("category", "invalid", "cannot be read"))?;
    Ok(ProductDraft::from_body(&body, currency)?.category)
}
