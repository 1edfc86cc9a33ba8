//! Tax rates as those who run the shop see them.

use super::Moment;
use crate::domain::TaxRateId;
use crate::domain::pricing::{TaxRate, percent_text};
use crate::http::query::Links;
use schemars::JsonSchema;
use serde::Serialize;

/// A tax rate.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TaxRate")]
pub struct TaxRateView {
    #[schemars(with = "i64")]
    id: TaxRateId,
    /// What the tax is called on a bill.
    name: String,
    /// ISO 3166-1 alpha-2 code, or `*` for anywhere.
    country: String,
    /// Null for all of the country.
    region: Option<String>,
    /// Which class of goods bears it.
    tax_class: String,
    /// In percent.
    #[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    rate: String,
    created_at: Moment,
    updated_at: Moment,
}

impl TaxRateView {
    /// The view of a rate.
    pub fn new(rate: TaxRate) -> Self {
        let TaxRate { id, draft, created_at, updated_at, .. } = rate;
        Self {
            id,
            name: draft.name,
            country: draft.country,
            region: Some(draft.region).filter(|region| !region.is_empty()),
            tax_class: draft.tax_class,
            rate: percent_text(draft.rate_ppm),
            created_at: Moment(created_at),
            updated_at: Moment(updated_at),
        }
    }
}

/// A page of tax rates.
#[derive(Serialize, JsonSchema)]
pub struct TaxRateList {
    /// The rates in order of id.
    pub results: Vec<TaxRateView>,
    /// Where the next page is.
    pub next: Option<String>,
    /// Where the previous page is.
    pub previous: Option<String>,
}

impl TaxRateList {
    /// The view of a page.
    pub fn new(rates: Vec<TaxRate>, links: Links) -> Self {
        Self { results: rates.into_iter().map(TaxRateView::new).collect(), next: links.next, previous: links.previous }
    }
}
