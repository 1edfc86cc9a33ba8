//! WooCommerce's product CSV with English headers. Variations name their parent by SKU or `id:123` and may stand
//! anywhere after it, so products with variations wait until the end of the file; all others pass at once.

use super::cells::{scaled, unguard};
use super::columns::{Rename, comma_list, renamed};
use super::entry::{Body, Raw};
use super::table::{Line, Named, Table};
use crate::domain::Timestamp;
use crate::domain::stock::StockPolicy;
use serde_json::{Map, Value, json};
use std::collections::{HashMap, VecDeque};

/// What a variation that fits any value of an option chooses.
const ANY: &str = "Any";

struct Columns {
    id: Option<usize>,
    kind: Option<usize>,
    sku: Option<usize>,
    name: usize,
    published: Option<usize>,
    short: Option<usize>,
    description: Option<usize>,
    in_stock: Option<usize>,
    stock: Option<usize>,
    backorders: Option<usize>,
    /// Where, and grams in 10^-5 of one unit.
    weight: Option<(usize, u64)>,
    sale_from: Option<usize>,
    sale_to: Option<usize>,
    sale: Option<usize>,
    regular: Option<usize>,
    categories: Option<usize>,
    tags: Option<usize>,
    images: Option<usize>,
    parent: Option<usize>,
    grouped: Option<usize>,
    barcode: Option<usize>,
    brand: Option<usize>,
    attributes: Vec<(usize, usize)>,
    own_attributes: Vec<(usize, String)>,
}

/// Whether a header is WooCommerce's.
pub fn recognises(names: &Named) -> bool {
    names.find(&["regular price"]).is_some()
        && names.find(&["name"]).is_some()
        && names.find(&["type", "categories"]).is_some()
}

impl Columns {
    fn new(original: &[Option<String>], names: &Named) -> Option<Self> {
        let find = |wanted: &str| names.find(&[wanted]);
        let units = [
            ("weight (kg)", 100_000_000),
            ("weight (g)", 100_000),
            ("weight (lbs)", 45_359_237),
            ("weight (oz)", 2_834_952),
        ];
        let attribute = |(at, name): (usize, &str)| {
            let number = name.strip_prefix("attribute ")?.strip_suffix(" name")?.to_owned();
            Some((at, find(&format!("attribute {number} value(s)"))?))
        };
        Some(Self {
            id: find("id"),
            kind: find("type"),
            sku: find("sku"),
            name: find("name")?,
            published: find("published"),
            short: find("short description"),
            description: find("description"),
            in_stock: find("in stock?"),
            stock: find("stock"),
            backorders: find("backorders allowed?"),
            weight: units.iter().find_map(|(name, grams)| Some((find(name)?, *grams))),
            sale_from: find("date sale price starts"),
            sale_to: find("date sale price ends"),
            sale: find("sale price"),
            regular: find("regular price"),
            categories: find("categories"),
            tags: find("tags"),
            images: find("images"),
            parent: find("parent"),
            grouped: find("grouped products"),
            barcode: find("gtin, upc, ean, or isbn"),
            brand: find("brands"),
            attributes: names.names().filter_map(attribute).collect(),
            own_attributes: names.attributes(original),
        })
    }
}

/// Attribute names with their values, in the order of the columns.
type NamedValues = Vec<(String, Vec<String>)>;

/// A product that waits for its variations.
struct Waiting {
    line: u64,
    body: Body,
    attributes: NamedValues,
    variations: Vec<(Body, NamedValues)>,
    problem: Option<String>,
}

/// Products of a WooCommerce file.
pub struct WooCommerce {
    table: Table,
    columns: Columns,
    now: Timestamp,
    waiting: Vec<Waiting>,
    /// Where the parents wait, by SKU and by `id:`.
    by_key: HashMap<String, usize>,
    /// Variations that came before their parent.
    early: Vec<(u64, String, Body, NamedValues)>,
    /// Groups, which cost what their cheapest member costs.
    groups: Vec<(u64, Body, Vec<String>)>,
    prices: HashMap<String, String>,
    ready: Option<VecDeque<Raw>>,
}

impl WooCommerce {
    /// Understands the header.
    pub fn open(table: Table, renames: &[Rename], now: Timestamp) -> Result<Self, String> {
        let original = renamed(table.header(), renames)?;
        let names = Named::new(original.clone());
        let columns = Columns::new(&original, &names).ok_or("a WooCommerce file needs the column Name")?;
        Ok(Self {
            table,
            columns,
            now,
            waiting: Vec::new(),
            by_key: HashMap::new(),
            early: Vec::new(),
            groups: Vec::new(),
            prices: HashMap::new(),
            ready: None,
        })
    }

    /// The next product.
    pub fn next_raw(&mut self) -> Result<Option<Raw>, String> {
        if self.ready.is_none() {
            while let Some(line) = self.table.next_line()? {
                if let Some(raw) = self.take(&line) {
                    return Ok(Some(raw));
                }
            }
            self.ready = Some(self.finish());
        }
        Ok(self.ready.as_mut().and_then(VecDeque::pop_front))
    }

    /// Takes a row; gives the product when it is complete.
    fn take(&mut self, line: &Line) -> Option<Raw> {
        let problem = self.table.width_problem(line);
        let row = Row { columns: &self.columns, line, now: self.now };
        let kind = row.cell(self.columns.kind).to_lowercase();
        let is = |word: &str| kind.split(',').any(|part| part.trim() == word);
        let (body, attributes) = (row.body(is("variation")), row.attributes());
        let sku = row.cell(self.columns.sku).to_owned();
        if let Some(price) = body.get("price").and_then(Value::as_str) {
            self.prices.insert(sku.clone(), price.to_owned());
        }
        if is("variation") {
            let parent = row.cell(self.columns.parent).to_owned();
            match self.by_key.get(&parent) {
                Some(at) => {
                    let waiting = &mut self.waiting[*at];
                    waiting.problem = waiting.problem.take().or(problem);
                    waiting.variations.push((body, attributes));
                }
                None => self.early.push((line.number, parent, body, attributes)),
            }
            return None;
        }
        if is("variable") {
            let at = self.waiting.len();
            self.by_key.insert(format!("id:{}", row.cell(self.columns.id)), at);
            if !sku.is_empty() {
                self.by_key.insert(sku, at);
            }
            self.waiting.push(Waiting { line: line.number, body, attributes, variations: Vec::new(), problem });
            return None;
        }
        let body = with_attributes(body, &attributes);
        if is("grouped") && body.get("price").is_none_or(Value::is_null) && problem.is_none() {
            self.groups.push((line.number, body, comma_list(row.cell(self.columns.grouped))));
            return None;
        }
        Some(Raw { line: line.number, body: problem.map_or(Ok(body), Err) })
    }

    /// What was held back, once the whole file has been seen.
    fn finish(&mut self) -> VecDeque<Raw> {
        let mut ready = VecDeque::new();
        for (line, parent, body, attributes) in std::mem::take(&mut self.early) {
            match self.by_key.get(&parent) {
                Some(at) => self.waiting[*at].variations.push((body, attributes)),
                None => {
                    let reason = format!("the variation's parent {parent:?} is not a variable product of this file");
                    ready.push_back(Raw { line, body: Err(reason) });
                }
            }
        }
        ready.extend(std::mem::take(&mut self.waiting).into_iter().map(Waiting::raw));
        for (line, mut body, members) in std::mem::take(&mut self.groups) {
            let prices = members.iter().filter_map(|sku| self.prices.get(sku));
            // Compared as hundred-thousandths, so that 9.5 is less than 10.
            let lowest = prices.min_by_key(|price| scaled(price, 100_000, 0).unwrap_or(i64::MAX)).cloned();
            body.insert("price".to_owned(), lowest.map_or(Value::Null, Value::from));
            ready.push_back(Raw { line, body: Ok(body) });
        }
        ready
    }
}

impl Waiting {
    fn raw(self) -> Raw {
        let line = self.line;
        Raw { line, body: self.problem.clone().map_or_else(|| Ok(self.body()), Err) }
    }

    /// Attributes that some variation chooses become options, the others stay properties.
    fn body(self) -> Body {
        let chosen = |name: &str| {
            self.variations.iter().any(|(_, choice)| choice.iter().any(|(n, v)| n == name && !v.is_empty()))
        };
        let (mut options, rest): (Vec<_>, Vec<_>) = self.attributes.into_iter().partition(|(name, _)| chosen(name));
        let mut body = with_attributes(self.body, &rest);
        if self.variations.is_empty() || options.is_empty() && self.variations.len() == 1 {
            body.extend(self.variations.into_iter().next().map(|(sale, _)| sale).unwrap_or_default());
            return body;
        }
        for field in ["price", "compare_at_price", "stock", "stock_policy", "weight_grams", "barcode", "sku"] {
            body.shift_remove(field);
        }
        let mut variants = Vec::new();
        for (mut sale, choice) in self.variations {
            let mut chosen = Map::new();
            for (name, values) in &mut options {
                let value =
                    choice.iter().find(|(n, _)| n == name).and_then(|(_, v)| v.first()).map_or(ANY, String::as_str);
                if values.iter().all(|known| known != value) {
                    values.push(value.to_owned());
                }
                chosen.insert(name.clone(), Value::from(value));
            }
            sale.insert("options".to_owned(), Value::Object(chosen));
            variants.push(Value::Object(sale));
        }
        body.insert(
            "options".to_owned(),
            options.iter().map(|(name, values)| json!({"name": name, "values": values})).collect(),
        );
        body.insert("variants".to_owned(), Value::Array(variants));
        body
    }
}

fn with_attributes(mut body: Body, attributes: &[(String, Vec<String>)]) -> Body {
    let mut all = body.get("attributes").and_then(Value::as_object).cloned().unwrap_or_default();
    for (name, values) in attributes {
        match values.as_slice() {
            [] => {}
            [one] => drop(all.insert(name.clone(), Value::from(one.as_str()))),
            many => drop(all.insert(name.clone(), json!(many))),
        }
    }
    body.insert("attributes".to_owned(), Value::Object(all));
    body
}

/// One row being read.
struct Row<'r> {
    columns: &'r Columns,
    line: &'r Line,
    now: Timestamp,
}

impl Row<'_> {
    fn cell(&self, column: Option<usize>) -> &str {
        column.map_or("", |at| unguard(self.line.cell(at)).trim())
    }

    fn text(&self, column: Option<usize>) -> Value {
        let cell = self.cell(column);
        if cell.is_empty() { Value::Null } else { Value::from(cell) }
    }

    /// Names and values of the attributes the row fills in.
    fn attributes(&self) -> NamedValues {
        let pairs = self
            .columns
            .attributes
            .iter()
            .map(|(name, values)| (self.cell(Some(*name)).to_owned(), comma_list(self.cell(Some(*values)))));
        pairs.filter(|(name, _)| !name.is_empty()).collect()
    }

    fn body(&self, variation: bool) -> Body {
        let c = self.columns;
        let mut body = self.sale();
        if variation {
            return body;
        }
        let mut put = |field: &str, value: Value| drop(body.insert(field.to_owned(), value));
        put("name", self.text(Some(c.name)));
        put(
            "status",
            Value::from(if self.cell(c.published) == "1" || c.published.is_none() { "active" } else { "draft" }),
        );
        if c.description.is_some() || c.short.is_some() {
            put("description", Value::from(self.description()));
        }
        if let Some(first) = comma_list(self.cell(c.categories)).first() {
            put("category", Value::from(format!("> {first}")));
        }
        if c.tags.is_some() {
            put("tags", json!(comma_list(self.cell(c.tags))));
        }
        if c.brand.is_some() {
            put("brand", comma_list(self.cell(c.brand)).first().map_or(Value::Null, |b| Value::from(b.as_str())));
        }
        if c.images.is_some() {
            let urls = comma_list(self.cell(c.images));
            put("images", urls.iter().map(|url| json!({"url": url.replace(' ', "%20")})).collect());
        }
        let own = c.own_attributes.iter().filter(|(at, _)| !self.line.cell(*at).is_empty());
        let own: Map<String, Value> =
            own.map(|(at, name)| (name.clone(), super::cells::attribute_value(self.cell(Some(*at))))).collect();
        put("attributes", Value::Object(own));
        body
    }

    /// The short text and the long one, as a product page shows both.
    fn description(&self) -> String {
        let (short, long) = (self.cell(self.columns.short), self.cell(self.columns.description));
        // The export writes line breaks as the two characters `\n`.
        let both = match (short.is_empty(), long.is_empty()) {
            (true, _) => long.to_owned(),
            (_, true) => short.to_owned(),
            _ => format!("{short}\n\n{long}"),
        };
        both.replace("\\n", "\n")
    }

    fn sale(&self) -> Body {
        let c = self.columns;
        let mut sale = Map::new();
        let mut put = |field: &str, value: Value| drop(sale.insert(field.to_owned(), value));
        put("sku", self.text(c.sku));
        let (regular, reduced) = (self.cell(c.regular), self.cell(c.sale));
        if !reduced.is_empty() && self.sale_is_on() {
            put("price", Value::from(reduced));
            put("compare_at_price", self.text(c.regular));
        } else {
            put("price", if regular.is_empty() { self.text(c.sale) } else { Value::from(regular) });
            put("compare_at_price", Value::Null);
        }
        let (stock, policy) = self.stock();
        put("stock", stock);
        put("stock_policy", Value::from(policy.as_str()));
        if let Some((at, grams)) = c.weight {
            let cell = self.cell(Some(at));
            let weight = scaled(cell, grams, 5).map_or_else(|| Value::from(cell), Value::from);
            put("weight_grams", if cell.is_empty() { Value::Null } else { weight });
        }
        if c.barcode.is_some() {
            put("barcode", self.text(c.barcode));
        }
        sale
    }

    fn sale_is_on(&self) -> bool {
        let day = |column| self.cell(column).get(..10).and_then(Timestamp::parse);
        let day_ms = 86_400_000;
        day(self.columns.sale_from).is_none_or(|from| from <= self.now)
            && day(self.columns.sale_to).is_none_or(|to| self.now.millis() < to.millis() + day_ms)
    }

    /// How many there are, and what happens when there are none. What is in stock without a number is sold without
    /// counting.
    fn stock(&self) -> (Value, StockPolicy) {
        let (stock, state) = (self.cell(self.columns.stock), self.cell(self.columns.in_stock).to_lowercase());
        let available = matches!(state.as_str(), "" | "1" | "yes" | "true" | "instock" | "backorder");
        let goes_on = matches!(self.cell(self.columns.backorders).to_lowercase().as_str(), "1" | "yes" | "notify");
        let counted = if goes_on { StockPolicy::Backorder } else { StockPolicy::Deny };
        match stock.split('.').next().unwrap_or("").parse::<i64>() {
            _ if stock.is_empty() && available => (Value::from(0), StockPolicy::Untracked),
            _ if stock.is_empty() => (Value::from(0), StockPolicy::Deny),
            Ok(count) => (Value::from(count.max(0)), counted),
            Err(_) => (Value::from(stock), counted),
        }
    }
}
