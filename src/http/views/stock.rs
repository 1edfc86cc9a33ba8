//! Stock as staff see it, and the body that moves it.

use super::Moment;
use crate::domain::stock::{Movement, MovementKind, StockItem, StockPolicy, StockReason};
use crate::domain::{MovementId, ProductId, VariantId};
use crate::http::query::Links;
use crate::services::selling::StockMoved;
use schemars::JsonSchema;
use serde::Serialize;

/// The stock of a variant.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "StockLevel")]
pub struct StockView {
    #[schemars(with = "i64")]
    variant_id: VariantId,
    #[schemars(with = "i64")]
    product_id: ProductId,
    /// What the product is called.
    name: String,
    /// The option values of the variant; empty for an only one.
    title: String,
    sku: Option<String>,
    stock_policy: StockPolicy,
    /// What lies on the shelf and is not sold.
    on_hand: i64,
    /// What of it is promised to orders that are not paid.
    reserved: i64,
    /// What can still be sold.
    available: i64,
    /// At this many left, stock is low.
    low_stock_at: Option<i64>,
    /// Whether no more than that is left.
    low: bool,
}

impl StockView {
    fn new(item: StockItem) -> Self {
        let StockItem { name, title, level } = item;
        Self {
            low: level.is_low(),
            variant_id: level.variant_id,
            product_id: level.product_id,
            name,
            title,
            sku: level.sku.map(|sku| sku.to_string()),
            stock_policy: level.policy,
            on_hand: level.on_hand,
            reserved: level.reserved,
            available: level.available,
            low_stock_at: level.low_stock_at,
        }
    }
}

/// A page of stock.
#[derive(Serialize, JsonSchema)]
pub struct StockList {
    /// The levels in order of variant.
    pub results: Vec<StockView>,
    /// Where the next page is.
    pub next: Option<String>,
    /// Where the previous page is.
    pub previous: Option<String>,
}

impl StockList {
    /// The view of a page.
    pub fn new(items: Vec<StockItem>, links: Links) -> Self {
        let results = items.into_iter().map(StockView::new).collect();
        Self { results, next: links.next, previous: links.previous }
    }
}

/// A line of the stock ledger.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "StockMovement")]
pub struct MovementView {
    #[schemars(with = "i64")]
    id: MovementId,
    #[schemars(with = "i64")]
    variant_id: VariantId,
    kind: MovementKind,
    /// By how much the shelf changed.
    on_hand: i64,
    /// By how much the promises changed.
    reserved: i64,
    /// Why, in a word; null for what an order did, which `kind` and `order` tell.
    reason: Option<String>,
    /// Why, in words.
    note: Option<String>,
    /// Who did it.
    actor: String,
    /// The number of the order it was for.
    order: Option<String>,
    created_at: Moment,
}

impl MovementView {
    fn new(movement: Movement) -> Self {
        let Movement { id, variant_id, kind, on_hand, reserved, reason, note, actor, order, created_at } = movement;
        let (order, created_at) = (order.map(|number| number.to_string()), Moment(created_at));
        Self { id, variant_id, kind, on_hand, reserved, reason, note, actor, order, created_at }
    }
}

/// A page of the stock ledger.
#[derive(Serialize, JsonSchema)]
pub struct MovementList {
    /// The movements, newest first.
    pub results: Vec<MovementView>,
    /// Where the next page is.
    pub next: Option<String>,
    /// Where the previous page is.
    pub previous: Option<String>,
}

impl MovementList {
    /// The view of a page.
    pub fn new(items: Vec<Movement>, links: Links) -> Self {
        let results = items.into_iter().map(MovementView::new).collect();
        Self { results, next: links.next, previous: links.previous }
    }
}

/// What became of a change of stock.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "StockMoved")]
pub struct StockMovedView {
    /// The line of the ledger; null when the count was what the shop knew.
    movement: Option<MovementView>,
    /// The stock as it now stands.
    stock: StockView,
}

impl StockMovedView {
    /// The view of a change.
    pub fn new(moved: StockMoved) -> Self {
        Self { movement: moved.movement.map(MovementView::new), stock: StockView::new(moved.item) }
    }
}

/// A change of stock: of the variant named by `variant_id` or `sku`, by `delta` or to `count`.
#[derive(JsonSchema)]
#[schemars(rename = "StockChange", deny_unknown_fields)]
#[schemars(example = "change_example")]
#[expect(dead_code, reason = "bodies are read field by field; this describes them")]
pub struct StockChangeBody {
    #[schemars(range(min = 1))]
    variant_id: Option<i64>,
    #[schemars(length(min = 1, max = 100))]
    sku: Option<String>,
    /// So many came, or went.
    #[schemars(range(min = -1000000000, max = 1000000000))]
    delta: Option<i64>,
    /// So many lie on the shelf, promised ones included.
    #[schemars(range(min = 0, max = 1000000000))]
    count: Option<i64>,
    /// Required with `delta`.
    reason: Option<StockReason>,
    #[schemars(length(max = 500))]
    note: Option<String>,
}

fn change_example() -> serde_json::Value {
    serde_json::json!({ "variant_id": 1, "delta": 24, "reason": "received", "note": "Delivery of Monday" })
}
