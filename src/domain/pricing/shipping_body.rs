//! Reads the bodies of shipping zones.

use super::tax_rate::{area, tax_class};
use super::{ShippingArea, ShippingKind, ShippingRateDraft, ShippingZone, ShippingZoneDraft, Step};
use crate::domain::{Currency, Fields, Invalid, Money, ShippingRateId};
use serde_json::{Value, json};
use std::collections::HashSet;

/// Places a zone may name.
const MOST_AREAS: usize = 1_000;

/// Ways to ship in one zone.
const MOST_RATES: usize = 100;

/// Steps of one way.
const MOST_STEPS: usize = 100;

/// A weight that nothing shipped reaches, in grams.
const MOST_GRAMS: i64 = 1_000_000_000_000;

impl ShippingZoneDraft {
    /// Reads the body of a zone.
    pub fn read(fields: &mut Fields<'_>, currency: Currency) -> Self {
        for name in ["name", "areas", "rates"] {
            if !fields.has(name) {
                fields.missing(name);
            }
        }
        let areas = fields.list("areas", MOST_AREAS, |value| Fields::read(value, area));
        if areas.as_ref().is_some_and(Vec::is_empty) {
            fields.wrong("areas", "too_few", "must name at least one country, or * for everywhere else");
        }
        let areas = areas.unwrap_or_default();
        let mut seen = HashSet::new();
        for (at, (country, region)) in areas.iter().enumerate() {
            if !seen.insert((country, region.to_ascii_lowercase())) {
                fields.wrong(&format!("areas[{at}]"), "duplicate", "is named before");
            }
        }
        let rates = fields.list("rates", MOST_RATES, |value| Fields::read(value, |f| rate(f, currency)));
        let rates = rates.unwrap_or_default();
        let mut seen = HashSet::new();
        for (at, id) in rates.iter().enumerate().filter_map(|(at, (id, _))| Some((at, (*id)?))) {
            if !seen.insert(id) {
                fields.wrong(&format!("rates[{at}].id"), "duplicate", "is named before");
            }
        }
        Self {
            name: fields.text("name", 1..=100).unwrap_or_default(),
            areas: areas.into_iter().map(|(country, region)| ShippingArea { country, region }).collect(),
            rates,
        }
    }
}

impl ShippingZone {
    /// The body that would make the zone what it is; a PATCH is merged into it.
    pub fn body(&self, currency: Currency) -> Value {
        let areas = self.areas.iter().map(|a| json!({ "country": a.country, "region": a.region }));
        let rates = self.rates.iter().map(|rate| {
            let draft = &rate.draft;
            let fixed = matches!(draft.kind, ShippingKind::Flat | ShippingKind::Pickup);
            json!({
                "id": rate.id, "name": draft.name, "kind": draft.kind.as_str(), "tax_class": draft.tax_class,
                "price": fixed.then(|| currency.format(draft.price)),
                "steps": draft.steps.iter().map(|step| step_body(*step, draft.kind, currency)).collect::<Vec<_>>(),
                "free_from": draft.free_from.map(|from| currency.format(from)),
            })
        });
        json!({ "name": self.name, "areas": areas.collect::<Vec<_>>(), "rates": rates.collect::<Vec<_>>() })
    }
}

fn step_body(step: Step, kind: ShippingKind, currency: Currency) -> Value {
    let upto = match kind {
        ShippingKind::Subtotal => step.upto.map(|upto| json!(currency.format(Money::from_minor(upto)))),
        _ => step.upto.map(Value::from),
    };
    json!({ "upto": upto, "price": currency.format(step.price) })
}

fn rate(fields: &mut Fields<'_>, currency: Currency) -> (Option<ShippingRateId>, ShippingRateDraft) {
    for name in ["name", "kind"] {
        if !fields.has(name) {
            fields.missing(name);
        }
    }
    let id = fields.integer("id", 1..=i64::MAX).map(ShippingRateId::new);
    let kind = fields.parsed("kind", "flat, weight, subtotal or pickup", ShippingKind::parse);
    let price = fields.money("price", currency);
    let steps = fields.list("steps", MOST_STEPS, |value| step(value, kind, currency));
    match kind {
        Some(ShippingKind::Flat) if !fields.has("price") => fields.missing("price"),
        Some(ShippingKind::Weight | ShippingKind::Subtotal) => {
            if fields.has("price") {
                fields.wrong("price", "not_allowed", "belongs into steps");
            }
            if !fields.has("steps") || steps.as_ref().is_some_and(Vec::is_empty) {
                fields.wrong("steps", "too_few", "must hold at least one step");
            }
        }
        Some(_) if steps.as_ref().is_some_and(|steps| !steps.is_empty()) => {
            fields.wrong("steps", "not_allowed", "belong to the kinds weight and subtotal");
        }
        _ => {}
    }
    let steps = steps.unwrap_or_default();
    for (at, pair) in steps.windows(2).enumerate() {
        if pair[0].upto.is_none_or(|low| pair[1].upto.is_some_and(|high| high <= low)) {
            fields.wrong(&format!("steps[{}]", at + 1), "not_rising", "must reach further than the one before it");
        }
    }
    let draft = ShippingRateDraft {
        name: fields.text("name", 1..=100).unwrap_or_default(),
        kind: kind.unwrap_or(ShippingKind::Flat),
        price: price.unwrap_or_default(),
        steps,
        free_from: fields.money("free_from", currency),
        tax_class: tax_class(fields),
    };
    (id, draft)
}

fn step(value: &Value, kind: Option<ShippingKind>, currency: Currency) -> Result<Step, Invalid> {
    Fields::read(value, |fields| {
        if !fields.has("price") {
            fields.missing("price");
        }
        let upto = match kind {
            Some(ShippingKind::Subtotal) => fields.money("upto", currency).map(Money::minor),
            Some(_) => fields.integer("upto", 0..=MOST_GRAMS),
            // Which of the two it is cannot be told; that the kind is wrong is said already.
            None => fields.value("upto").map(|_| 0),
        };
        Step { upto, price: fields.money("price", currency).unwrap_or_default() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rates: Value) -> Result<ShippingZoneDraft, Invalid> {
        let body = json!({ "name": "Home", "areas": [{ "country": "de" }, { "country": "*" }], "rates": rates });
        let currency = Currency::from_code("EUR").unwrap();
        Fields::read(&body, |f| ShippingZoneDraft::read(f, currency))
    }

    fn wrong(rate: Value) -> Vec<(String, &'static str)> {
        read(json!([rate])).unwrap_err().0.into_iter().map(|e| (e.field, e.code)).collect()
    }

    #[test]
    fn each_kind_takes_its_own_price() {
        let zone = read(json!([
            { "name": "Parcel", "kind": "flat", "price": "4.90", "free_from": "50" },
            { "name": "By weight", "kind": "weight", "steps": [{ "upto": 1000, "price": 3 }, { "price": "9.90" }] },
            { "name": "By value", "kind": "subtotal", "steps": [{ "upto": "50.00", "price": 3 }] },
            { "name": "Pickup", "kind": "pickup" },
        ]));
        let rates = zone.unwrap().rates;
        assert_eq!((rates[0].1.price.minor(), rates[0].1.free_from.unwrap().minor()), (490, 5_000));
        assert_eq!(rates[1].1.steps.iter().map(|s| s.upto).collect::<Vec<_>>(), [Some(1_000), None]);
        assert_eq!(rates[2].1.steps[0].upto, Some(5_000));
        for (rate, field, code) in [
            (json!({ "name": "A", "kind": "flat" }), "rates[0].price", "required"),
            (json!({ "name": "A", "kind": "air" }), "rates[0].kind", "invalid"),
            (json!({ "name": "A", "kind": "weight" }), "rates[0].steps", "too_few"),
            (json!({ "name": "A", "kind": "weight", "steps": [] }), "rates[0].steps", "too_few"),
            (
                json!({ "name": "A", "kind": "weight", "steps": [{ "upto": "1", "price": 1 }] }),
                "rates[0].steps[0].upto",
                "not_an_integer",
            ),
            (
                json!({ "name": "A", "kind": "flat", "price": 1, "steps": [{ "price": 1 }] }),
                "rates[0].steps",
                "not_allowed",
            ),
            (
                json!({ "name": "A", "kind": "weight", "price": 1, "steps": [{ "price": 1 }] }),
                "rates[0].price",
                "not_allowed",
            ),
            (
                json!({ "name": "A", "kind": "weight", "steps": [{ "upto": 5, "price": 1 }, { "upto": 5, "price": 1 }] }),
                "rates[0].steps[1]",
                "not_rising",
            ),
            (
                json!({ "name": "A", "kind": "weight", "steps": [{ "price": 1 }, { "price": 1 }] }),
                "rates[0].steps[1]",
                "not_rising",
            ),
        ] {
            assert_eq!(wrong(rate.clone()), [(field.to_owned(), code)], "{rate}");
        }
    }
}
