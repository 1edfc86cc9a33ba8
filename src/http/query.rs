//! How query parameters are read; which there are stands in `parameters.rs`.

use super::BASE;
use super::page::CursorKey;
use super::parameters::{ORDERINGS, Parameter};
use super::problem::Problem;
use crate::domain::catalog::{CategoryPick, Ordering, ProductFilter, Status};
use crate::domain::fields::money_problem;
use crate::domain::review::rating_parse;
use crate::domain::search::SearchQuery;
use crate::domain::{Currency, Direction, Money, PageSize, ProductId, Timestamp};
use rocket::Request;
use rocket::request::{FromRequest, Outcome};
use rocket_okapi::r#gen::OpenApiGenerator;
use rocket_okapi::okapi::openapi3::{RefOr, Response, Responses};
use rocket_okapi::request::{OpenApiFromRequest, RequestHeaderInput};
use serde::Serialize;

/// The ways from one page of a list to its neighbours.
pub struct Links {
    /// Where the next page is.
    pub next: Option<String>,
    /// Where the previous page is.
    pub previous: Option<String>,
}

/// The parameters of a request, decoded, in order of name.
pub struct Query {
    pairs: Vec<(String, String)>,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Query {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let raw = request.uri().query().map_or("", |query| query.as_str());
        match Self::parse(raw) {
            Ok(query) => Outcome::Success(query),
            Err(problem) => Outcome::Error((problem.stash(request), ())),
        }
    }
}

/// The parameters are added to the description in `openapi.rs`, from the tables in `parameters.rs`. Whoever reads the query
/// refuses what they do not know.
impl OpenApiFromRequest<'_> for Query {
    fn from_request_input(_: &mut OpenApiGenerator, _: String, _: bool) -> rocket_okapi::Result<RequestHeaderInput> {
        Ok(RequestHeaderInput::None)
    }

    fn get_responses(_: &mut OpenApiGenerator) -> rocket_okapi::Result<Responses> {
        let mut responses = Responses::default();
        responses.responses.insert("400".to_owned(), RefOr::Object(Response::default()));
        Ok(responses)
    }
}

/// More parameters than any sensible request has.
const MOST_PAIRS: usize = 100;
/// Products that may be asked for by id at once.
const MOST_IDS: usize = 100;

impl Query {
    fn parse(raw: &str) -> Result<Self, Problem> {
        let mut pairs = Vec::new();
        for part in raw.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            pairs.push((decode(name)?, decode(value)?));
        }
        if pairs.len() > MOST_PAIRS {
            return Err(Problem::bad_request(format!("at most {MOST_PAIRS} query parameters are read")));
        }
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Self { pairs })
    }

    /// Refuses parameters that are not in a table.
    pub fn only(&self, known: &[Parameter]) -> Result<(), Problem> {
        let is_known =
            |name: &str| known.iter().any(|p| p.name == name || (p.name == "attr.NAME" && is_attribute(name)));
        match self.pairs.iter().find(|(name, _)| !is_known(name)) {
            None => Ok(()),
            Some((name, _)) => {
                let shown: String = name.chars().take(60).collect();
                let names: Vec<&str> = known.iter().map(|p| p.name).collect();
                let known = match names.as_slice() {
                    [] => "none is taken here: the list comes whole".to_owned(),
                    names => format!("known are {}", names.join(", ")),
                };
                Err(Problem::bad_request(format!("unknown query parameter {shown:?}; {known}")))
            }
        }
    }

    /// The same for the same request, whatever the order of its parameters.
    pub fn key(&self) -> String {
        self.key_without(&[])
    }

    /// The same without some parameters.
    pub fn key_without(&self, left_out: &[&str]) -> String {
        let mut key = String::with_capacity(64);
        for (name, value) in self.pairs.iter().filter(|(name, _)| !left_out.contains(&name.as_str())) {
            for part in [name, value] {
                key.push_str(part);
                key.push('\u{1}');
            }
        }
        key
    }

    /// All but the cursor, encoded again, to build the addresses of other pages.
    pub fn without_cursor(&self) -> String {
        let mut text = String::new();
        for (name, value) in self.pairs.iter().filter(|(name, _)| name != "cursor") {
            text.push_str(&encode(name));
            text.push('=');
            text.push_str(&encode(value));
            text.push('&');
        }
        text
    }

    /// Where the neighbours of a page are; `list` is what its cursors are sealed with.
    pub fn links<P: Serialize>(
        &self,
        path: &str,
        cursors: &CursorKey,
        list: &str,
        next: Option<P>,
        previous: Option<P>,
    ) -> Links {
        let others = self.without_cursor();
        let link = |position: P, way| format!("{BASE}/{path}?{others}cursor={}", cursors.seal(list, &position, way));
        Links {
            next: next.map(|position| link(position, Direction::Next)),
            previous: previous.map(|position| link(position, Direction::Previous)),
        }
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that may be given once.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.pairs.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str());
        let first = values.next();
        match values.next() {
            Some(_) => Err(Problem::bad_request(format!("{name} may be given once"))),
            None => Ok(first.filter(|value| !value.is_empty())),
        }
    }

    /// The value of a parameter that must mean something to `parse`.
    pub fn parsed<T>(
        &self,
        name: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(value) = self.one(name)? else { return Ok(None) };
        parse(value).map(Some).ok_or_else(|| Problem::bad_request(format!("{name} must be {expected}")))
    }

    /// True or false.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        self.parsed(name, "true or false (1 or 0 is taken too)", |value| match value {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        })
    }

    /// A positive id.
    pub fn id(&self, name: &str) -> Result<Option<i64>, Problem> {
        self.parsed(name, "a positive whole number", |value| ProductId::parse(value).map(ProductId::get))
    }

    /// The page size; out of bounds is 422, as the contract says.
    pub fn page_size(&self) -> Result<PageSize, Problem> {
        self.page_size_or(PageSize::default())
    }

    /// The page size, or another than the usual one where none is asked for.
    pub fn page_size_or(&self, unasked: PageSize) -> Result<PageSize, Problem> {
        let Some(value) = self.one("page_size")? else { return Ok(unasked) };
        value.parse().ok().and_then(PageSize::new).ok_or_else(|| {
            crate::domain::Invalid::one("page_size", "out_of_range", "must be a whole number from 1 to 100").into()
        })
    }

    fn money(&self, name: &str, currency: Currency) -> Result<Option<Money>, Problem> {
        let Some(value) = self.one(name)? else { return Ok(None) };
        let wrong = |error| {
            let (code, message) = money_problem(error, currency);
            Problem::from(crate::domain::Invalid::one(name, code, message))
        };
        currency.parse(value).map(Some).map_err(wrong)
    }

    /// Whether a part is asked for in `include`.
    pub fn include(&self) -> Result<(bool, bool), Problem> {
        let (mut count, mut facets) = (false, false);
        for part in
            self.all("include").flat_map(|value| value.split(',')).map(str::trim).filter(|part| !part.is_empty())
        {
            match part {
                "count" => count = true,
                "facets" => facets = true,
                _ => return Err(Problem::bad_request("include takes count and facets")),
            }
        }
        Ok((count, facets))
    }

    /// The ordering; best match first when something is searched.
    pub fn ordering(&self, searching: bool) -> Result<Ordering, Problem> {
        let Some(name) = self.one("ordering")? else { return Ok(Ordering::default_for(searching)) };
        let shown: String = name.chars().take(60).collect();
        let ordering = Ordering::parse(name).ok_or_else(|| {
            Problem::bad_request(format!("unknown ordering {shown:?}; known are {}", ORDERINGS.join(", ")))
        })?;
        if name == "relevance" && !searching {
            return Err(Problem::bad_request("ordering=relevance needs search"));
        }
        Ok(ordering)
    }

    /// The filter of a list of products.
    pub fn product_filter(&self, currency: Currency) -> Result<ProductFilter, Problem> {
        let time = |name| self.parsed(name, "a time such as 2026-01-31T09:05:00Z", Timestamp::parse);
        let mut filter = ProductFilter {
            categories: self.all("category").filter(|v| !v.is_empty()).map(CategoryPick::parse).collect(),
            min_price: self.money("min_price", currency)?,
            max_price: self.money("max_price", currency)?,
            min_rating: self.parsed("min_rating", "a number from 1 to 5 such as 4.5", rating_parse)?,
            in_stock: self.flag("in_stock")?,
            brands: self.texts("brand"),
            tags: self.texts("tag"),
            search: self.one("search")?.map(SearchQuery::parse),
            created_after: time("created_after")?,
            updated_after: time("updated_after")?,
            ids: self.ids()?,
            ..ProductFilter::default()
        };
        for (name, value) in self.pairs.iter().filter(|(name, _)| is_attribute(name)) {
            filter.attributes.entry(name["attr.".len()..].to_owned()).or_default().push(value.clone());
        }
        let statuses = self.all("status").flat_map(|value| value.split(',')).filter(|v| !v.is_empty());
        let statuses: Option<Vec<Status>> = statuses.map(Status::parse).collect();
        match statuses {
            None => return Err(Problem::bad_request("status must be draft, active or archived")),
            Some(mut statuses) if !statuses.is_empty() => {
                statuses.sort_unstable();
                statuses.dedup();
                filter.statuses = statuses;
            }
            Some(_) => {}
        }
        Ok(filter)
    }

    /// Ids, joined by commas or each on its own.
    fn ids(&self) -> Result<Option<Vec<ProductId>>, Problem> {
        let given = self.all("ids").filter(|value| !value.is_empty()).flat_map(|value| value.split(','));
        let mut ids = Vec::new();
        for text in given.map(str::trim) {
            ids.push(ProductId::parse(text).ok_or_else(|| {
                let shown: String = text.chars().take(60).collect();
                Problem::bad_request(format!("ids must be positive whole numbers joined by commas; {shown:?} is none"))
            })?);
        }
        if ids.len() > MOST_IDS {
            let detail = format!("ids takes at most {MOST_IDS} ids, and these are {}: ask several times", ids.len());
            return Err(Problem::bad_request(detail));
        }
        ids.sort_unstable();
        ids.dedup();
        Ok((!ids.is_empty()).then_some(ids))
    }

    /// The values of a parameter, repeated or joined by commas.
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.all(name).flat_map(|value| value.split(',')).filter(|value| !value.is_empty())
    }

    fn texts(&self, name: &str) -> Vec<String> {
        self.all(name).filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }
}

fn is_attribute(name: &str) -> bool {
    name.len() > "attr.".len() && name.starts_with("attr.")
}

fn decode(text: &str) -> Result<String, Problem> {
    let spaced = text.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8();
    decoded.map(|text| text.into_owned()).map_err(|_| Problem::bad_request("query parameters must be UTF-8"))
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
        .replace("%2D", "-")
        .replace("%5F", "_")
        .replace("%2E", ".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::parameters::PRODUCT_LIST;

    #[test]
    fn the_key_does_not_depend_on_order() {
        let a = Query::parse("category=a&min_price=1&category=b").unwrap();
        let b = Query::parse("min_price=1&category=a&category=b").unwrap();
        assert_eq!(a.key(), b.key());
        assert_ne!(a.key(), Query::parse("min_price=1&category=b&category=c").unwrap().key());
    }

    #[test]
    fn unknown_parameters_are_named() {
        let query = Query::parse("categroy=a").unwrap();
        assert!(query.only(PRODUCT_LIST).unwrap_err().detail.contains("categroy"));
        assert!(Query::parse("attr.color=red&attr.size=m").unwrap().only(PRODUCT_LIST).is_ok());
    }

    #[test]
    fn every_named_ordering_is_described() {
        let names: Vec<&str> = Ordering::NAMED.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ORDERINGS);
    }
}
