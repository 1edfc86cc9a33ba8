//! Reads the bodies of discounts.

use super::percent::{percent, percent_text};
use super::{DiscountDraft, DiscountKind};
use crate::domain::catalog::merge_patch;
use crate::domain::fields::line;
use crate::domain::{CategoryId, Currency, Fields, Invalid, Money, ProductId, Timestamp};
use serde_json::{Value, json};

/// Ids that a scope may name.
const MOST_IDS: usize = 1_000;

/// A number of uses that no shop reaches.
const MOST_USES: i64 = 1_000_000_000;

/// What only some kinds take.
const KIND_FIELDS: [&str; 4] = ["percent", "amount", "buy", "get"];

impl DiscountDraft {
    /// Reads the body of a discount.
    pub fn read(fields: &mut Fields<'_>, currency: Currency) -> Self {
        for name in ["name", "kind"] {
            if !fields.has(name) {
                fields.missing(name);
            }
        }
        let moment = "a time such as 2027-01-31T00:00:00Z";
        let draft = Self {
            name: fields.text("name", 1..=200).unwrap_or_default(),
            code: fields.parsed("code", "1 to 64 letters, digits, hyphens, underscores or points", code).flatten(),
            kind: kind(fields, currency),
            products: ids(fields, "products").into_iter().map(ProductId::new).collect(),
            categories: ids(fields, "categories").into_iter().map(CategoryId::new).collect(),
            tags: fields.list("tags", 50, tag).unwrap_or_default(),
            min_subtotal: fields.money("min_subtotal", currency),
            min_quantity: fields.integer("min_quantity", 1..=1_000_000),
            starts_at: fields.parsed("starts_at", moment, Timestamp::parse),
            ends_at: fields.parsed("ends_at", moment, Timestamp::parse),
            usage_limit: fields.integer("usage_limit", 1..=MOST_USES),
            per_customer_limit: fields.integer("per_customer_limit", 1..=MOST_USES),
            combinable: fields.boolean("combinable").unwrap_or(false),
            priority: fields.integer("priority", -1_000..=1_000).unwrap_or(0),
            active: fields.boolean("active").unwrap_or(true),
        };
        if draft.starts_at.zip(draft.ends_at).is_some_and(|(start, end)| end <= start) {
            fields.wrong("ends_at", "out_of_range", "must be later than starts_at");
        }
        draft
    }

    /// The body that would make the discount what it is.
    pub fn body(&self, currency: Currency) -> Value {
        let money = |amount: Money| currency.format(amount);
        let time = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339);
        json!({
            "name": self.name, "code": self.code, "kind": self.kind.as_str(),
            "percent": self.kind.rate_ppm().map(percent_text), "amount": self.kind.amount().map(money),
            "buy": self.kind.buy_and_get().map(|(buy, _)| buy), "get": self.kind.buy_and_get().map(|(_, get)| get),
            "products": self.products, "categories": self.categories, "tags": self.tags,
            "min_subtotal": self.min_subtotal.map(money), "min_quantity": self.min_quantity,
            "starts_at": time(self.starts_at), "ends_at": time(self.ends_at),
            "usage_limit": self.usage_limit, "per_customer_limit": self.per_customer_limit,
            "combinable": self.combinable, "priority": self.priority, "active": self.active,
        })
    }

    /// What it becomes after a merge patch (RFC 7396). One that names another kind says anew what that kind takes.
    pub fn patched(&self, patch: &Value, currency: Currency) -> Result<Self, Invalid> {
        let mut body = self.body(currency);
        if let Some(object) = body.as_object_mut()
            && patch.get("kind").is_some_and(|kind| kind.as_str() != Some(self.kind.as_str()))
        {
            object.retain(|name, _| !KIND_FIELDS.contains(&name.as_str()));
        }
        merge_patch(&mut body, patch);
        Fields::read(&body, |fields| Self::read(fields, currency))
    }
}

impl DiscountKind {
    /// The rate of a kind that has one, in parts per million.
    pub const fn rate_ppm(self) -> Option<i64> {
        match self {
            Self::Percent { rate_ppm } | Self::BuyXGetY { rate_ppm, .. } => Some(rate_ppm),
            Self::Fixed { .. } | Self::FreeShipping => None,
        }
    }

    /// The amount of a kind that has one.
    pub const fn amount(self) -> Option<Money> {
        match self {
            Self::Fixed { amount } => Some(amount),
            _ => None,
        }
    }

    /// How many are bought and got, of the kind that has this.
    pub const fn buy_and_get(self) -> Option<(i64, i64)> {
        match self {
            Self::BuyXGetY { buy, get, .. } => Some((buy, get)),
            _ => None,
        }
    }
}

/// A code as a buyer can type it; a blank one is none.
fn code(text: &str) -> Option<Option<String>> {
    let text = text.trim();
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    (plain && text.len() <= 64).then(|| (!text.is_empty()).then(|| text.to_owned()))
}

/// Reads the kind and what it takes.
fn kind(fields: &mut Fields<'_>, currency: Currency) -> DiscountKind {
    let known = |text: &str| DiscountKind::NAMES.into_iter().find(|name| *name == text);
    let name = fields.parsed("kind", "percent, fixed, free_shipping or buy_x_get_y", known);
    let rate = percent(fields, "percent");
    let amount = fields.money("amount", currency);
    let (buy, get) = (fields.integer("buy", 1..=999), fields.integer("get", 1..=999));
    let (needed, more): (&[&str], &[&str]) = match name {
        Some("percent") => (&["percent"], &[]),
        Some("fixed") => (&["amount"], &[]),
        Some("buy_x_get_y") => (&["buy", "get"], &["percent"]),
        Some(_) => (&[], &[]),
        None => (&[], &KIND_FIELDS),
    };
    for field in KIND_FIELDS {
        if needed.contains(&field) && !fields.has(field) {
            fields.missing(field);
        } else if fields.has(field) && !needed.contains(&field) && !more.contains(&field) {
            fields.wrong(field, "not_allowed", format!("does not belong to the kind {}", name.unwrap_or_default()));
        }
    }
    if rate == Some(0) {
        fields.wrong("percent", "out_of_range", "must be above 0");
    }
    if amount.is_some_and(|amount| amount.minor() == 0) {
        fields.wrong("amount", "out_of_range", "must be above 0");
    }
    match name {
        Some("percent") => DiscountKind::Percent { rate_ppm: rate.unwrap_or_default() },
        Some("fixed") => DiscountKind::Fixed { amount: amount.unwrap_or_default() },
        Some("buy_x_get_y") => DiscountKind::BuyXGetY {
            buy: buy.unwrap_or_default(),
            get: get.unwrap_or_default(),
            rate_ppm: rate.unwrap_or(1_000_000),
        },
        _ => DiscountKind::FreeShipping,
    }
}

/// Reads a list of ids, each once.
fn ids(fields: &mut Fields<'_>, name: &'static str) -> Vec<i64> {
    let id = |value: &Value| {
        let id = value.as_i64().filter(|id| *id > 0);
        id.ok_or_else(|| Invalid::one("", "invalid", "must be an id: a whole number above 0"))
    };
    let mut ids = fields.list(name, MOST_IDS, id).unwrap_or_default();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn tag(value: &Value) -> Result<String, Invalid> {
    line(value, &(1..=50)).map_err(|(code, message)| Invalid::one("", code, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eur() -> Currency {
        Currency::from_code("EUR").unwrap()
    }

    fn read(body: &Value) -> Result<DiscountDraft, Invalid> {
        Fields::read(body, |fields| DiscountDraft::read(fields, eur()))
    }

    #[test]
    fn a_discount_is_read_back_from_its_own_body() {
        for body in [
            json!({ "name": "A", "kind": "percent", "percent": "12.5", "code": "save-12", "tags": ["gift"] }),
            json!({ "name": "B", "kind": "fixed", "amount": "5.00", "min_subtotal": 20, "min_quantity": 2 }),
            json!({ "name": "C", "kind": "free_shipping", "starts_at": "2027-01-01", "ends_at": "2027-02-01T00:00:00Z" }),
            json!({ "name": "D", "kind": "buy_x_get_y", "buy": 2, "get": 1, "products": [3, 1, 3], "categories": [2] }),
        ] {
            let draft = read(&body).unwrap();
            assert_eq!(read(&draft.body(eur())).unwrap(), draft);
            assert_eq!(draft.patched(&json!({}), eur()).unwrap(), draft);
        }
    }

    #[test]
    fn each_kind_takes_its_own_fields() {
        for (body, field, code) in [
            (json!({ "kind": "percent" }), "percent", "required"),
            (json!({ "kind": "percent", "percent": 101 }), "percent", "too_large"),
            (json!({ "kind": "percent", "percent": "0" }), "percent", "out_of_range"),
            (json!({ "kind": "percent", "percent": 5, "amount": 5 }), "amount", "not_allowed"),
            (json!({ "kind": "fixed", "amount": 0 }), "amount", "out_of_range"),
            (json!({ "kind": "fixed", "amount": "1.999" }), "amount", "too_many_digits"),
            (json!({ "kind": "free_shipping", "percent": 5 }), "percent", "not_allowed"),
            (json!({ "kind": "buy_x_get_y", "buy": 0, "get": 1 }), "buy", "out_of_range"),
            (json!({ "kind": "buy_x_get_y", "buy": 2 }), "get", "required"),
            (json!({ "kind": "gift", "percent": 5 }), "kind", "invalid"),
            (json!({ "kind": "free_shipping", "code": "no blanks" }), "code", "invalid"),
            (json!({ "kind": "free_shipping", "products": [0] }), "products[0]", "invalid"),
            (json!({ "kind": "free_shipping", "uses": 1 }), "uses", "unknown_field"),
            (
                json!({ "kind": "free_shipping", "starts_at": "2027-02-01", "ends_at": "2027-02-01" }),
                "ends_at",
                "out_of_range",
            ),
        ] {
            let mut body = body;
            body["name"] = json!("A");
            let wrong: Vec<_> = read(&body).unwrap_err().0.into_iter().map(|e| (e.field, e.code)).collect();
            assert_eq!(wrong, [(field.to_owned(), code)], "{body}");
        }
    }

    #[test]
    fn a_patch_to_another_kind_drops_what_the_old_one_took() {
        let draft = read(&json!({ "name": "A", "kind": "percent", "percent": 10 })).unwrap();
        let fixed = draft.patched(&json!({ "kind": "fixed", "amount": "5" }), eur()).unwrap();
        assert_eq!(fixed.kind, DiscountKind::Fixed { amount: Money::from_minor(500) });
        let same = draft.patched(&json!({ "kind": "percent" }), eur()).unwrap();
        assert_eq!(same, draft);
    }
}
