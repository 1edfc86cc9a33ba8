//! Discounts as those who run the shop see them.

use super::{Amount, Moment, one_of};
use crate::domain::pricing::{Discount, DiscountKind, percent_text};
use crate::domain::{CategoryId, Currency, DiscountId, ProductId};
use crate::http::query::Links;
use schemars::JsonSchema;
use schemars::r#gen::SchemaGenerator;
use schemars::schema::Schema;
use serde::Serialize;

/// What a discount does, as it is named.
#[derive(Serialize)]
#[serde(transparent)]
pub struct DiscountKindName(&'static str);

impl JsonSchema for DiscountKindName {
    fn schema_name() -> String {
        "DiscountKind".to_owned()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        one_of(DiscountKind::NAMES)
    }
}

/// A discount.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Discount")]
pub struct DiscountView {
    #[schemars(with = "i64")]
    id: DiscountId,
    /// What the buyer reads.
    name: String,
    /// What the buyer enters; null for one that applies by itself.
    code: Option<String>,
    kind: DiscountKindName,
    /// How much less; null for kinds that have no rate.
    #[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    percent: Option<String>,
    /// What `fixed` takes off.
    amount: Option<Amount>,
    /// How many are bought at their price, for `buy_x_get_y`.
    buy: Option<i64>,
    /// How many cost less, for `buy_x_get_y`.
    get: Option<i64>,
    /// These products are in scope.
    #[schemars(with = "Vec<i64>")]
    products: Vec<ProductId>,
    /// What stands in these categories or below them is in scope.
    #[schemars(with = "Vec<i64>")]
    categories: Vec<CategoryId>,
    /// What has one of these tags is in scope.
    tags: Vec<String>,
    min_subtotal: Option<Amount>,
    min_quantity: Option<i64>,
    starts_at: Option<Moment>,
    ends_at: Option<Moment>,
    usage_limit: Option<i64>,
    per_customer_limit: Option<i64>,
    combinable: bool,
    priority: i64,
    active: bool,
    /// How many orders have used it.
    uses: i64,
    created_at: Moment,
    updated_at: Moment,
}

impl DiscountView {
    /// The view of a discount.
    pub fn new(discount: Discount, currency: Currency) -> Self {
        let Discount { id, draft, uses, created_at, updated_at, .. } = discount;
        let amount = |money| Amount(money, currency);
        Self {
            id,
            name: draft.name,
            code: draft.code,
            kind: DiscountKindName(draft.kind.as_str()),
            percent: draft.kind.rate_ppm().map(percent_text),
            amount: draft.kind.amount().map(amount),
            buy: draft.kind.buy_and_get().map(|(buy, _)| buy),
            get: draft.kind.buy_and_get().map(|(_, get)| get),
            products: draft.products,
            categories: draft.categories,
            tags: draft.tags,
            min_subtotal: draft.min_subtotal.map(amount),
            min_quantity: draft.min_quantity,
            starts_at: draft.starts_at.map(Moment),
            ends_at: draft.ends_at.map(Moment),
            usage_limit: draft.usage_limit,
            per_customer_limit: draft.per_customer_limit,
            combinable: draft.combinable,
            priority: draft.priority,
            active: draft.active,
            uses,
            created_at: Moment(created_at),
            updated_at: Moment(updated_at),
        }
    }
}

/// A page of discounts.
#[derive(Serialize, JsonSchema)]
pub struct DiscountList {
    /// The discounts in order of id.
    pub results: Vec<DiscountView>,
    /// Where the next page is.
    pub next: Option<String>,
    /// Where the previous page is.
    pub previous: Option<String>,
}

impl DiscountList {
    /// The view of a page.
    pub fn new(discounts: Vec<Discount>, currency: Currency, links: Links) -> Self {
        let results = discounts.into_iter().map(|discount| DiscountView::new(discount, currency)).collect();
        Self { results, next: links.next, previous: links.previous }
    }
}
