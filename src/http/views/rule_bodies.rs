//! What the API description says of the bodies of tax rates, shipping zones and discounts. The bodies themselves are
//! read in `domain`; a test holds the two together.

// These types only describe: nothing builds or reads them.
#![expect(dead_code, reason = "the fields are read by the schema generator alone")]

use super::Moment;
use super::bodies::AmountBody;
use super::discount::DiscountKindName;
use super::shipping_zone::ShippingKindName;
use schemars::JsonSchema;
use serde_json::{Value, json};

/// A percentage from 0 to 100 with at most 4 digits after the point: a decimal string, or a JSON number.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "PercentInput")]
pub enum PercentBody {
    /// `"8.875"`.
    Text(#[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"))] String),
    /// `8.875`.
    Number(#[schemars(range(min = 0, max = 100))] f64),
}

/// A tax rate.
#[derive(JsonSchema)]
#[schemars(rename = "TaxRateInput", deny_unknown_fields)]
#[schemars(example = "tax_rate_example")]
pub struct TaxRateBody {
    /// What the tax is called on a bill.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// ISO 3166-1 alpha-2 code, or `*` for anywhere.
    #[schemars(regex(pattern = r"^([A-Za-z]{2}|\*)$"))]
    country: String,
    /// A region of the country, as addresses write it; case does not matter.
    #[schemars(length(max = 100))]
    region: Option<String>,
    /// Which class of goods bears it; `standard` when not given.
    #[schemars(regex(pattern = r"^[a-z0-9_-]{1,50}$"))]
    tax_class: Option<String>,
    /// In percent. Rates that match the same goods in the same place add up.
    rate: PercentBody,
}

fn tax_rate_example() -> Value {
    json!({ "name": "VAT", "country": "DE", "rate": "19" })
}

/// Changes to a tax rate (RFC 7396).
#[derive(JsonSchema)]
#[schemars(rename = "TaxRatePatch", deny_unknown_fields)]
#[schemars(example = "tax_rate_patch_example")]
pub struct TaxRatePatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 100))]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = r"^([A-Za-z]{2}|\*)$"))]
    country: Option<String>,
    #[schemars(length(max = 100))]
    region: Option<String>,
    #[schemars(regex(pattern = r"^[a-z0-9_-]{1,50}$"))]
    tax_class: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PercentBody")]
    rate: Option<PercentBody>,
}

fn tax_rate_patch_example() -> Value {
    json!({ "rate": "16" })
}

/// A place.
#[derive(JsonSchema)]
#[schemars(rename = "ShippingAreaInput", deny_unknown_fields)]
pub struct ShippingAreaBody {
    /// ISO 3166-1 alpha-2 code, or `*` for everywhere that no zone names.
    #[schemars(regex(pattern = r"^([A-Za-z]{2}|\*)$"))]
    country: String,
    /// A region of the country; case does not matter.
    #[schemars(length(max = 100))]
    region: Option<String>,
}

/// How far a step reaches: grams for the kind `weight`, an amount for `subtotal`.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "ShippingUptoInput")]
pub enum UptoBody {
    /// Grams, or an amount.
    Number(#[schemars(range(min = 0))] f64),
    /// An amount.
    Text(#[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"))] String),
}

/// A price up to a weight or a value, both inclusive.
#[derive(JsonSchema)]
#[schemars(rename = "ShippingStepInput", deny_unknown_fields)]
pub struct ShippingStepBody {
    /// Left out for everything above the step before.
    upto: Option<UptoBody>,
    price: AmountBody,
}

/// A way to ship.
#[derive(JsonSchema)]
#[schemars(rename = "ShippingRateInput", deny_unknown_fields)]
pub struct ShippingRateBody {
    /// Of one that is there already, to keep it.
    #[schemars(range(min = 1))]
    id: Option<i64>,
    /// What the buyer reads.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    kind: ShippingKindName,
    /// Of `flat`, which needs it, and `pickup`.
    price: Option<AmountBody>,
    /// Of `weight` and `subtotal`, each reaching further than the one before.
    #[schemars(length(max = 100))]
    steps: Option<Vec<ShippingStepBody>>,
    /// The value of the goods from which it costs nothing.
    free_from: Option<AmountBody>,
    /// Which class of goods it is to the tax office; `standard` when not given.
    #[schemars(regex(pattern = r"^[a-z0-9_-]{1,50}$"))]
    tax_class: Option<String>,
}

/// A shipping zone with its places and ways to ship.
#[derive(JsonSchema)]
#[schemars(rename = "ShippingZoneInput", deny_unknown_fields)]
#[schemars(example = "shipping_zone_example")]
pub struct ShippingZoneBody {
    /// What staff calls it.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// Where it is. The most exact place counts: region, then country, then `*`.
    #[schemars(length(min = 1, max = 1000))]
    areas: Vec<ShippingAreaBody>,
    /// The ways to ship there, in order; none for a zone that is not shipped to.
    #[schemars(length(max = 100))]
    rates: Vec<ShippingRateBody>,
}

fn shipping_zone_example() -> Value {
    json!({
        "name": "Germany",
        "areas": [{ "country": "DE" }],
        "rates": [
            { "name": "Parcel", "kind": "flat", "price": "4.90", "free_from": "50.00" },
            { "name": "Freight", "kind": "weight", "steps": [{ "upto": 50000, "price": "29.00" }, { "price": "59.00" }] },
        ],
    })
}

/// Changes to a shipping zone (RFC 7396); a list that is given replaces the one there is.
#[derive(JsonSchema)]
#[schemars(rename = "ShippingZonePatch", deny_unknown_fields)]
#[schemars(example = "shipping_zone_patch_example")]
pub struct ShippingZonePatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 100))]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<ShippingAreaBody>", length(min = 1, max = 1000))]
    areas: Option<Vec<ShippingAreaBody>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<ShippingRateBody>", length(max = 100))]
    rates: Option<Vec<ShippingRateBody>>,
}

fn shipping_zone_patch_example() -> Value {
    json!({ "areas": [{ "country": "DE" }, { "country": "AT" }] })
}

/// A discount. `percent` needs `percent`; `fixed` needs `amount`; `buy_x_get_y` needs `buy` and `get`, and its `percent`
/// is 100 when not given.
#[derive(JsonSchema)]
#[schemars(rename = "DiscountInput", deny_unknown_fields)]
#[schemars(example = "discount_example")]
pub struct DiscountBody {
    /// What the buyer reads.
    #[schemars(length(min = 1, max = 200))]
    name: String,
    /// What the buyer enters, whatever the case; without one it applies by itself.
    #[schemars(regex(pattern = r"^[A-Za-z0-9._-]{0,64}$"))]
    code: Option<String>,
    kind: DiscountKindName,
    percent: Option<PercentBody>,
    amount: Option<AmountBody>,
    #[schemars(range(min = 1, max = 999))]
    buy: Option<i64>,
    #[schemars(range(min = 1, max = 999))]
    get: Option<i64>,
    /// These products are in scope. Without products, categories and tags everything is.
    #[schemars(length(max = 1000), inner(range(min = 1)))]
    products: Option<Vec<i64>>,
    /// What stands in these categories or below them is in scope.
    #[schemars(length(max = 1000), inner(range(min = 1)))]
    categories: Option<Vec<i64>>,
    /// What has one of these tags is in scope.
    #[schemars(length(max = 50), inner(length(min = 1, max = 50)))]
    tags: Option<Vec<String>>,
    /// The least value of what is in scope.
    min_subtotal: Option<AmountBody>,
    /// The least number of units in scope.
    #[schemars(range(min = 1, max = 1000000))]
    min_quantity: Option<i64>,
    starts_at: Option<Moment>,
    /// When it is over.
    ends_at: Option<Moment>,
    /// How many orders may use it.
    #[schemars(range(min = 1, max = 1000000000))]
    usage_limit: Option<i64>,
    /// How many orders of one customer, known by e-mail address, may use it.
    #[schemars(range(min = 1, max = 1000000000))]
    per_customer_limit: Option<i64>,
    /// Whether it goes together with other combinable ones; false when not given.
    combinable: Option<bool>,
    /// The lower, the earlier it applies; 0 when not given.
    #[schemars(range(min = -1000, max = 1000))]
    priority: Option<i64>,
    /// True when not given.
    active: Option<bool>,
}

fn discount_example() -> Value {
    json!({ "name": "Ten percent off", "code": "SAVE10", "kind": "percent", "percent": "10", "usage_limit": 100 })
}

/// Changes to a discount (RFC 7396). With another `kind`, what that kind takes is given anew.
#[derive(JsonSchema)]
#[schemars(rename = "DiscountPatch", deny_unknown_fields)]
#[schemars(example = "discount_patch_example")]
pub struct DiscountPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 200))]
    name: Option<String>,
    #[schemars(regex(pattern = r"^[A-Za-z0-9._-]{0,64}$"))]
    code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DiscountKindName")]
    kind: Option<DiscountKindName>,
    percent: Option<PercentBody>,
    amount: Option<AmountBody>,
    #[schemars(range(min = 1, max = 999))]
    buy: Option<i64>,
    #[schemars(range(min = 1, max = 999))]
    get: Option<i64>,
    #[schemars(length(max = 1000), inner(range(min = 1)))]
    products: Option<Vec<i64>>,
    #[schemars(length(max = 1000), inner(range(min = 1)))]
    categories: Option<Vec<i64>>,
    #[schemars(length(max = 50), inner(length(min = 1, max = 50)))]
    tags: Option<Vec<String>>,
    min_subtotal: Option<AmountBody>,
    #[schemars(range(min = 1, max = 1000000))]
    min_quantity: Option<i64>,
    starts_at: Option<Moment>,
    ends_at: Option<Moment>,
    #[schemars(range(min = 1, max = 1000000000))]
    usage_limit: Option<i64>,
    #[schemars(range(min = 1, max = 1000000000))]
    per_customer_limit: Option<i64>,
    combinable: Option<bool>,
    #[schemars(range(min = -1000, max = 1000))]
    priority: Option<i64>,
    active: Option<bool>,
}

fn discount_patch_example() -> Value {
    json!({ "active": false })
}
