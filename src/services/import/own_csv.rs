//! Our own CSV: one row a variant; rows of one product stand together and share its slug.

use super::cells::{attribute_value, integer_value, split_list, unguard};
use super::columns::{Rename, renamed, unknown};
use super::entry::{Body, Raw};
use super::table::{Line, Table};
use crate::domain::Currency;
use serde_json::{Map, Value, json};

/// What stands in a column.
enum Column {
    /// Nothing that is wanted.
    Dropped,
    /// A text field of the product.
    Text(&'static str),
    /// A text field of the variant.
    SaleText(&'static str),
    /// A number field of the variant.
    SaleNumber(&'static str),
    Tags,
    ImageUrls,
    ImageAlts,
    SeoTitle,
    SeoDescription,
    Currency,
    OptionName(usize),
    OptionValue(usize),
    /// All values of an option in their order, where that is not the order of the variants.
    OptionValues(usize),
    Attribute(String),
}

/// The columns by name; options and attributes have numbers and names of their own.
pub const COLUMNS: [&str; 26] = [
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
    "stock",
    "stock_policy",
    "low_stock_at",
    "tax_class",
    "weight_grams",
    "barcode",
    "option1_name",
    "option1_value",
    "option1_values",
    "image_urls",
    "image_alts",
    "seo_title",
    "seo_description",
    "created_at",
    "currency",
    "weight_g",
];

/// The most options a product may have.
const MOST_OPTIONS: usize = 10;

fn column(name: &str) -> Option<Column> {
    if let Some(attribute) = name.strip_prefix("attr.").filter(|a| !a.trim().is_empty()) {
        return Some(Column::Attribute(attribute.trim().to_owned()));
    }
    let name = name.to_ascii_lowercase();
    if let Some(option) = name.strip_prefix("option") {
        let (number, part) = option.split_once('_')?;
        let index = number.parse::<usize>().ok().filter(|n| (1..=MOST_OPTIONS).contains(n))? - 1;
        return match part {
            "name" => Some(Column::OptionName(index)),
            "value" => Some(Column::OptionValue(index)),
            "values" => Some(Column::OptionValues(index)),
            _ => None,
        };
    }
    Some(match name.as_str() {
        "slug" => Column::Text("slug"),
        "name" => Column::Text("name"),
        "description" => Column::Text("description"),
        "status" => Column::Text("status"),
        "category" => Column::Text("category"),
        "brand" => Column::Text("brand"),
        "created_at" => Column::Text("created_at"),
        "sku" => Column::SaleText("sku"),
        "price" => Column::SaleText("price"),
        "compare_at_price" => Column::SaleText("compare_at_price"),
        "barcode" => Column::SaleText("barcode"),
        "stock" => Column::SaleNumber("stock"),
        "stock_policy" => Column::SaleText("stock_policy"),
        "low_stock_at" => Column::SaleNumber("low_stock_at"),
        "tax_class" => Column::SaleText("tax_class"),
        "weight_grams" | "weight_g" => Column::SaleNumber("weight_grams"),
        "tags" => Column::Tags,
        "image_urls" => Column::ImageUrls,
        "image_alts" => Column::ImageAlts,
        "seo_title" => Column::SeoTitle,
        "seo_description" => Column::SeoDescription,
        "currency" => Column::Currency,
        _ => return None,
    })
}

/// Products of our own CSV.
pub struct OwnCsv {
    table: Table,
    columns: Vec<Column>,
    currency: Currency,
    slug: Option<usize>,
}

impl OwnCsv {
    /// Understands the header, or says which columns it does not know.
    pub fn open(table: Table, renames: &[Rename], currency: Currency) -> Result<Self, String> {
        let names = renamed(table.header(), renames)?;
        let columns: Vec<Option<Column>> =
            names.iter().map(|name| name.as_deref().map_or(Some(Column::Dropped), column)).collect();
        let strange = names.iter().zip(&columns).filter(|(_, c)| c.is_none()).filter_map(|(name, _)| name.as_deref());
        let strange: Vec<&str> = strange.collect();
        if !strange.is_empty() {
            return Err(unknown(&strange, &COLUMNS));
        }
        let mut seen = std::collections::HashSet::new();
        if let Some(twice) = names.iter().flatten().find(|name| !seen.insert(name.as_str())) {
            return Err(format!("the column {twice:?} stands in the header twice"));
        }
        let columns: Vec<Column> = columns.into_iter().flatten().collect();
        let slug = columns.iter().position(|c| matches!(c, Column::Text("slug")));
        Ok(Self { table, columns, currency, slug })
    }

    /// The next product.
    pub fn next_raw(&mut self) -> Result<Option<Raw>, String> {
        let Some(first) = self.table.next_line()? else { return Ok(None) };
        self.check_currency(&first)?;
        let number = first.number;
        if let Some(problem) = self.table.width_problem(&first) {
            return Ok(Some(Raw { line: number, body: Err(problem) }));
        }
        let mut product = Reading::default();
        product.product(&self.columns, &first);
        product.variant(&self.columns, &first);
        let slug = self.slug.map_or("", |at| first.cell(at)).to_owned();
        let mut problem = None;
        while !slug.is_empty() {
            let Some(line) = self.table.next_line()? else { break };
            if self.slug.map_or("", |at| line.cell(at)) != slug {
                self.table.give_back(line);
                break;
            }
            self.check_currency(&line)?;
            problem = problem.or_else(|| self.table.width_problem(&line));
            product.variant(&self.columns, &line);
        }
        Ok(Some(Raw { line: number, body: problem.map_or_else(|| Ok(product.body()), Err) }))
    }

    fn check_currency(&self, line: &Line) -> Result<(), String> {
        let Some(at) = self.columns.iter().position(|c| matches!(c, Column::Currency)) else { return Ok(()) };
        let (stated, own) = (line.cell(at).trim(), self.currency.code());
        if stated.is_empty() || stated.eq_ignore_ascii_case(own) {
            return Ok(());
        }
        Err(format!(
            "line {}: the price is in {stated}, but this shop sells in {own}; --map currency=- ignores the column",
            line.number
        ))
    }
}

/// A product being put together from its rows.
#[derive(Default)]
struct Reading {
    body: Body,
    options: Vec<(String, Vec<String>)>,
    variants: Vec<Body>,
    chosen: bool,
}

fn text(cell: &str) -> Value {
    if cell.is_empty() { Value::Null } else { Value::from(unguard(cell)) }
}

impl Reading {
    /// Takes what the first row says about the product itself.
    fn product(&mut self, columns: &[Column], line: &Line) {
        let (mut attributes, mut has_attributes) = (Map::new(), false);
        let (mut urls, mut alts) = (None, Vec::new());
        let mut seo: Option<Body> = None;
        for (column, cell) in columns.iter().zip(line.cells()) {
            match column {
                Column::Text(field) => drop(self.body.insert((*field).to_owned(), text(cell))),
                Column::Tags => drop(self.body.insert("tags".to_owned(), json!(split_list(unguard(cell))))),
                Column::SeoTitle => drop(seo.get_or_insert_default().insert("title".to_owned(), text(cell))),
                Column::SeoDescription => {
                    drop(seo.get_or_insert_default().insert("description".to_owned(), text(cell)))
                }
                Column::ImageUrls => urls = Some(unguard(cell)),
                Column::ImageAlts => alts = split_list(unguard(cell)),
                Column::Attribute(name) => {
                    has_attributes = true;
                    if !cell.is_empty() {
                        attributes.insert(name.clone(), attribute_value(unguard(cell)));
                    }
                }
                Column::OptionName(index) if !cell.is_empty() => {
                    self.option(*index).0 = unguard(cell).trim().to_owned()
                }
                Column::OptionValues(index) if !cell.is_empty() => self.option(*index).1 = split_list(unguard(cell)),
                _ => {}
            }
        }
        if let Some(urls) = urls {
            self.body.insert("images".to_owned(), images(urls, &alts));
        }
        if let Some(seo) = seo {
            self.body.insert("seo".to_owned(), Value::Object(seo));
        }
        if has_attributes {
            self.body.insert("attributes".to_owned(), Value::Object(attributes));
        }
    }

    fn option(&mut self, index: usize) -> &mut (String, Vec<String>) {
        if self.options.len() <= index {
            self.options.resize_with(index + 1, Default::default);
        }
        &mut self.options[index]
    }

    /// Takes what a row says about its variant.
    fn variant(&mut self, columns: &[Column], line: &Line) {
        let (mut sale, mut choice) = (Map::new(), Map::new());
        for (column, cell) in columns.iter().zip(line.cells()) {
            match column {
                Column::SaleText(field) => drop(sale.insert((*field).to_owned(), text(cell))),
                Column::SaleNumber(field) if cell.is_empty() => drop(sale.insert((*field).to_owned(), Value::Null)),
                Column::SaleNumber(field) => drop(sale.insert((*field).to_owned(), integer_value(cell))),
                Column::OptionValue(index) if !cell.is_empty() => {
                    let value = unguard(cell).trim().to_owned();
                    let option = self.option(*index);
                    if !option.1.contains(&value) {
                        option.1.push(value.clone());
                    }
                    choice.insert(option.0.clone(), Value::from(value));
                }
                _ => {}
            }
        }
        if !choice.is_empty() {
            self.chosen = true;
            sale.insert("options".to_owned(), Value::Object(choice));
        }
        self.variants.push(sale);
    }

    fn body(mut self) -> Body {
        let plain = self.variants.len() == 1 && !self.chosen;
        match self.variants.pop() {
            Some(only) if plain => self.body.extend(only),
            Some(last) => {
                self.variants.push(last);
                let options = self.options.iter().map(|(name, values)| json!({"name": name, "values": values}));
                self.body.insert("options".to_owned(), options.collect());
                self.body.insert("variants".to_owned(), self.variants.into_iter().map(Value::Object).collect());
            }
            None => {}
        }
        self.body
    }
}

/// Pictures from a cell of addresses, separated by blanks, and one of texts in the same order.
fn images(urls: &str, alts: &[String]) -> Value {
    let image = |(index, url): (usize, &str)| json!({"url": url, "alt": alts.get(index).map_or("", String::as_str)});
    urls.split_whitespace().enumerate().map(image).collect()
}
