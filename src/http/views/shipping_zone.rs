//! Shipping zones as those who run the shop see them.

use super::{Amount, Moment, one_of};
use crate::domain::pricing::{ShippingArea, ShippingKind, ShippingRate, ShippingZone, Step};
use crate::domain::{Currency, Money, ShippingRateId, ShippingZoneId};
use crate::http::query::Links;
use schemars::JsonSchema;
use schemars::r#gen::SchemaGenerator;
use schemars::schema::Schema;
use serde::Serialize;

/// How a price is found, as it is named.
#[derive(Serialize)]
#[serde(transparent)]
pub struct ShippingKindName(&'static str);

impl JsonSchema for ShippingKindName {
    fn schema_name() -> String {
        "ShippingKind".to_owned()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        one_of(ShippingKind::ALL.map(ShippingKind::as_str))
    }
}

/// A place.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ShippingArea")]
pub struct ShippingAreaView {
    /// ISO 3166-1 alpha-2 code, or `*` for everywhere that no zone names.
    country: String,
    /// Null for all of the country that no zone names.
    region: Option<String>,
}

/// How far a step reaches: grams, or an amount.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "ShippingUpto")]
pub enum UptoView {
    /// Grams.
    Grams(i64),
    /// The value of the goods.
    Value(Amount),
}

/// A price up to a weight or a value, both inclusive.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ShippingStep")]
pub struct ShippingStepView {
    /// Grams for the kind `weight`, an amount for `subtotal`; null for everything above.
    upto: Option<UptoView>,
    price: Amount,
}

impl ShippingStepView {
    fn new(step: Step, kind: ShippingKind, currency: Currency) -> Self {
        let upto = |upto| match kind {
            ShippingKind::Subtotal => UptoView::Value(Amount(Money::from_minor(upto), currency)),
            _ => UptoView::Grams(upto),
        };
        Self { upto: step.upto.map(upto), price: Amount(step.price, currency) }
    }
}

/// A way to ship.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ShippingRate")]
pub struct ShippingRateView {
    #[schemars(with = "i64")]
    id: ShippingRateId,
    /// What the buyer reads.
    name: String,
    kind: ShippingKindName,
    /// Null where the price goes by steps.
    price: Option<Amount>,
    /// The prices by weight or value.
    steps: Vec<ShippingStepView>,
    /// The value of the goods from which it costs nothing.
    free_from: Option<Amount>,
    /// Which class of goods it is to the tax office.
    tax_class: String,
}

impl ShippingRateView {
    fn new(rate: ShippingRate, currency: Currency) -> Self {
        let (id, draft) = (rate.id, rate.draft);
        let fixed = matches!(draft.kind, ShippingKind::Flat | ShippingKind::Pickup);
        Self {
            id,
            name: draft.name,
            kind: ShippingKindName(draft.kind.as_str()),
            price: fixed.then_some(Amount(draft.price, currency)),
            steps: draft.steps.into_iter().map(|step| ShippingStepView::new(step, draft.kind, currency)).collect(),
            free_from: draft.free_from.map(|from| Amount(from, currency)),
            tax_class: draft.tax_class,
        }
    }
}

/// A shipping zone.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ShippingZone")]
pub struct ShippingZoneView {
    #[schemars(with = "i64")]
    id: ShippingZoneId,
    /// What staff calls it.
    name: String,
    /// Where it is. The most exact place counts: region, then country, then `*`.
    areas: Vec<ShippingAreaView>,
    /// The ways to ship there, in order.
    rates: Vec<ShippingRateView>,
    created_at: Moment,
    updated_at: Moment,
}

impl ShippingZoneView {
    /// The view of a zone.
    pub fn new(zone: ShippingZone, currency: Currency) -> Self {
        let ShippingZone { id, name, areas, rates, created_at, updated_at, .. } = zone;
        let area = |area: ShippingArea| ShippingAreaView {
            country: area.country,
            region: Some(area.region).filter(|region| !region.is_empty()),
        };
        Self {
            id,
            name,
            areas: areas.into_iter().map(area).collect(),
            rates: rates.into_iter().map(|rate| ShippingRateView::new(rate, currency)).collect(),
            created_at: Moment(created_at),
            updated_at: Moment(updated_at),
        }
    }
}

/// A page of shipping zones.
#[derive(Serialize, JsonSchema)]
pub struct ShippingZoneList {
    /// The zones in order of id.
    pub results: Vec<ShippingZoneView>,
    /// Where the next page is.
    pub next: Option<String>,
    /// Where the previous page is.
    pub previous: Option<String>,
}

impl ShippingZoneList {
    /// The view of a page.
    pub fn new(zones: Vec<ShippingZone>, currency: Currency, links: Links) -> Self {
        let results = zones.into_iter().map(|zone| ShippingZoneView::new(zone, currency)).collect();
        Self { results, next: links.next, previous: links.previous }
    }
}
