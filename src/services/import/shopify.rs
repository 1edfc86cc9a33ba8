//! Shopify's product CSV in its three generations: the legacy export, the one of 2022 to 2025 with
//! `Product Category`, and the newer template with `URL handle`. Rows of one product stand together and share
//! its handle; a row may add a variant, a picture, or both.
//!
//! Columns without a counterpart here (Google Shopping, prices for other countries, metafields) are passed over.

use super::cells::{attribute_value, scaled, unguard};
use super::columns::{Rename, comma_list, renamed};
use super::entry::{Body, Raw};
use super::table::{Line, Named, Table};
use crate::domain::Slug;
use crate::domain::stock::StockPolicy;
use serde_json::{Map, Value, json};

const OPTIONS: usize = 3;

/// Where each thing stands; several names are those of the generations.
struct Columns {
    handle: usize,
    title: usize,
    body: Option<usize>,
    vendor: Option<usize>,
    category: Option<usize>,
    kind: Option<usize>,
    tags: Option<usize>,
    published: Option<usize>,
    status: Option<usize>,
    sku: Option<usize>,
    barcode: Option<usize>,
    price: Option<usize>,
    compare: Option<usize>,
    stock: Option<usize>,
    tracker: Option<usize>,
    policy: Option<usize>,
    grams: Option<usize>,
    image: Option<usize>,
    image_position: Option<usize>,
    image_alt: Option<usize>,
    seo_title: Option<usize>,
    seo_description: Option<usize>,
    options: [(Option<usize>, Option<usize>); OPTIONS],
    attributes: Vec<(usize, String)>,
}

/// Whether a header is Shopify's.
pub fn recognises(names: &Named) -> bool {
    names.find(&["handle", "url handle"]).is_some()
        && names.find(&["title"]).is_some()
        && names
            .find(&["variant price", "option1 name", "option1 value", "vendor", "published on online store"])
            .is_some()
}

impl Columns {
    fn new(original: &[Option<String>], names: &Named) -> Option<Self> {
        let find = |wanted: &[&str]| names.find(wanted);
        let option = |n: usize| (find(&[&format!("option{n} name")]), find(&[&format!("option{n} value")]));
        Some(Self {
            handle: find(&["handle", "url handle"])?,
            title: find(&["title"])?,
            body: find(&["body (html)", "description", "body html"]),
            vendor: find(&["vendor"]),
            category: find(&["product category", "standard product type", "standardized product type"]),
            kind: find(&["type", "custom product type"]),
            tags: find(&["tags"]),
            published: find(&["published", "published on online store"]),
            status: find(&["status"]),
            sku: find(&["variant sku", "sku"]),
            barcode: find(&["variant barcode", "barcode"]),
            price: find(&["variant price", "price"]),
            compare: find(&["variant compare at price", "compare-at price", "compare at price"]),
            stock: find(&["variant inventory qty", "inventory quantity"]),
            tracker: find(&["variant inventory tracker", "inventory tracker"]),
            policy: find(&["variant inventory policy", "continue selling when out of stock"]),
            grams: find(&["variant grams", "weight value (grams)"]),
            image: find(&["image src", "product image url"]),
            image_position: find(&["image position"]),
            image_alt: find(&["image alt text"]),
            seo_title: find(&["seo title"]),
            seo_description: find(&["seo description"]),
            options: [option(1), option(2), option(3)],
            attributes: names.attributes(original),
        })
    }
}

/// Products of a Shopify file.
pub struct Shopify {
    table: Table,
    columns: Columns,
}

impl Shopify {
    /// Understands the header.
    pub fn open(table: Table, renames: &[Rename]) -> Result<Self, String> {
        let original = renamed(table.header(), renames)?;
        let names = Named::new(original.clone());
        let columns = Columns::new(&original, &names).ok_or("a Shopify file needs the columns Handle and Title")?;
        Ok(Self { table, columns })
    }

    /// The next product.
    pub fn next_raw(&mut self) -> Result<Option<Raw>, String> {
        let Some(first) = self.table.next_line()? else { return Ok(None) };
        let number = first.number;
        let handle = first.cell(self.columns.handle).trim().to_owned();
        let mut problem = self.table.width_problem(&first);
        let mut product = Reading::new(&self.columns);
        product.row(&first);
        let body = product.first(&first);
        while !handle.is_empty() {
            let Some(line) = self.table.next_line()? else { break };
            if line.cell(self.columns.handle).trim() != handle {
                self.table.give_back(line);
                break;
            }
            problem = problem.or_else(|| self.table.width_problem(&line));
            product.row(&line);
        }
        Ok(Some(Raw { line: number, body: problem.map_or_else(|| Ok(product.body(body)), Err) }))
    }
}

struct Reading<'c> {
    columns: &'c Columns,
    options: Vec<(String, Vec<String>)>,
    variants: Vec<Body>,
    images: Vec<(u64, Value)>,
}

fn cell(line: &Line, column: Option<usize>) -> &str {
    column.map_or("", |at| unguard(line.cell(at).trim()))
}

fn text(cell: &str) -> Value {
    if cell.is_empty() { Value::Null } else { Value::from(cell) }
}

/// Shopify writes an apostrophe before codes of digits, so that spreadsheets keep their zeros.
fn code(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(cell)
}

impl<'c> Reading<'c> {
    fn new(columns: &'c Columns) -> Self {
        Self { columns, options: Vec::new(), variants: Vec::new(), images: Vec::new() }
    }

    /// What the first row says about the product itself.
    fn first(&self, line: &Line) -> Body {
        let c = self.columns;
        let mut body = Map::new();
        let mut put = |field: &str, value: Value| drop(body.insert(field.to_owned(), value));
        put("name", text(unguard(line.cell(c.title))));
        put("slug", handle(line.cell(c.handle).trim()));
        let mut put_column = |field: &str, column: Option<usize>, value: &dyn Fn(&str) -> Value| {
            if column.is_some() {
                put(field, value(cell(line, column)));
            }
        };
        put_column("brand", c.vendor, &text);
        put_column("tags", c.tags, &|tags| json!(comma_list(tags)));
        if let Some(at) = c.body {
            // As it is: blanks may matter in HTML.
            put("description", text(unguard(line.cell(at))));
        }
        let category = Some(cell(line, c.category)).filter(|n| !n.is_empty()).unwrap_or(cell(line, c.kind));
        if !category.is_empty() {
            // A type such as `shoes` is a name, not the slug of a category that must exist.
            put("category", Value::from(format!("> {category}")));
        }
        put("status", Value::from(status(cell(line, c.status), cell(line, c.published))));
        if c.seo_title.is_some() || c.seo_description.is_some() {
            let seo =
                json!({"title": text(cell(line, c.seo_title)), "description": text(cell(line, c.seo_description))});
            put("seo", seo);
        }
        if !c.attributes.is_empty() {
            let given = c.attributes.iter().filter(|(at, _)| !line.cell(*at).is_empty());
            put(
                "attributes",
                Value::Object(given.map(|(at, name)| (name.clone(), attribute_value(line.cell(*at)))).collect()),
            );
        }
        body
    }

    /// What any row adds: a variant, a picture.
    fn row(&mut self, line: &Line) {
        let c = self.columns;
        let has_value = c.options.iter().any(|(_, value)| !cell(line, *value).is_empty());
        if self.variants.is_empty() || has_value || !cell(line, c.price).is_empty() || !cell(line, c.sku).is_empty() {
            let variant = self.variant(line);
            self.variants.push(variant);
        }
        let url = cell(line, c.image);
        if !url.is_empty() {
            let url = url.replace(' ', "%20");
            let position = cell(line, c.image_position).parse().unwrap_or(u64::MAX);
            if self.images.iter().all(|(_, image)| image["url"] != url.as_str()) {
                self.images.push((position, json!({"url": url, "alt": cell(line, c.image_alt)})));
            }
        }
    }

    fn variant(&mut self, line: &Line) -> Body {
        let c = self.columns;
        let mut sale = Map::new();
        let mut put = |field: &str, column: Option<usize>, value: Value| {
            if column.is_some() {
                sale.insert(field.to_owned(), value);
            }
        };
        put("sku", c.sku, text(code(cell(line, c.sku))));
        put("price", c.price, text(cell(line, c.price)));
        let compare = cell(line, c.compare);
        put(
            "compare_at_price",
            c.compare,
            if compare.bytes().any(|b| (b'1'..=b'9').contains(&b)) { text(compare) } else { Value::Null },
        );
        put("stock", c.stock, self.stock(line));
        put("stock_policy", c.tracker.or(c.policy), Value::from(self.stock_policy(line).as_str()));
        put("weight_grams", c.grams, weight(cell(line, c.grams)));
        put("barcode", c.barcode, text(code(cell(line, c.barcode))));
        let mut choice = Map::new();
        for (index, (name, value)) in c.options.iter().enumerate() {
            let value = cell(line, *value);
            if value.is_empty() {
                continue;
            }
            if self.options.len() <= index {
                self.options.resize_with(index + 1, Default::default);
            }
            let option = &mut self.options[index];
            if option.0.is_empty() {
                option.0 = Some(cell(line, *name))
                    .filter(|n| !n.is_empty())
                    .map_or_else(|| format!("Option {}", index + 1), str::to_owned);
            }
            if option.1.iter().all(|known| known != value) {
                option.1.push(value.to_owned());
            }
            choice.insert(option.0.clone(), Value::from(value));
        }
        sale.insert("options".to_owned(), Value::Object(choice));
        sale
    }

    /// Oversold stock is none.
    fn stock(&self, line: &Line) -> Value {
        let quantity = cell(line, self.columns.stock);
        match quantity.parse::<i64>() {
            Ok(count) => Value::from(count.max(0)),
            Err(_) if quantity.is_empty() => Value::from(0),
            Err(_) => Value::from(quantity),
        }
    }

    /// What nobody tracks is sold without counting.
    fn stock_policy(&self, line: &Line) -> StockPolicy {
        let c = self.columns;
        let goes_on = |word: &str| word.eq_ignore_ascii_case("continue") || word.eq_ignore_ascii_case("true");
        match cell(line, c.policy) {
            _ if c.tracker.is_some() && cell(line, c.tracker).is_empty() => StockPolicy::Untracked,
            word if goes_on(word) => StockPolicy::Backorder,
            _ => StockPolicy::Deny,
        }
    }

    fn body(mut self, mut body: Body) -> Body {
        if self.columns.image.is_some() {
            self.images.sort_by_key(|(position, _)| *position);
            body.insert("images".to_owned(), self.images.into_iter().map(|(_, image)| image).collect());
        }
        let placeholder = |(name, values): &(String, Vec<String>)| {
            name == "Title" && values.len() == 1 && values[0] == "Default Title"
        };
        let plain = self.options.is_empty() || (self.options.len() == 1 && placeholder(&self.options[0]));
        if plain && self.variants.len() == 1 {
            let mut only = self.variants.pop().unwrap_or_default();
            only.shift_remove("options");
            body.extend(only);
        } else {
            let options = self.options.iter().map(|(name, values)| json!({"name": name, "values": values}));
            body.insert("options".to_owned(), options.collect());
            body.insert("variants".to_owned(), self.variants.into_iter().map(Value::Object).collect());
        }
        body
    }
}

/// A handle may be what no slug may be: all digits, with underscores.
fn handle(text: &str) -> Value {
    match Slug::parse(text) {
        _ if text.is_empty() => Value::Null,
        Some(slug) => Value::from(slug.as_str()),
        None => Value::from(Slug::from_text(text).as_str()),
    }
}

fn weight(cell: &str) -> Value {
    match scaled(cell, 1, 0) {
        _ if cell.is_empty() => Value::Null,
        Some(grams) => Value::from(grams),
        None => Value::from(cell),
    }
}

fn status(status: &str, published: &str) -> String {
    match status.to_lowercase().as_str() {
        "" | "active" if published.eq_ignore_ascii_case("false") => "draft".to_owned(),
        "" => "active".to_owned(),
        "unlisted" => "draft".to_owned(),
        other => other.to_owned(),
    }
}
