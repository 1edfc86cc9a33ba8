//! Tells others what has become of stock: events for those who listen, letters to the staff and to those who wait.

use super::back_in_stock::back_in_stock_due;
use crate::domain::Timestamp;
use crate::domain::event::EventKind;
use crate::domain::stock::{StockLevel, StockNews};
use crate::services::Outcome;
use crate::services::letters::low_stock_letter_due;
use crate::store::WriteTx;
use serde_json::json;

/// Tells that a variant runs low or can be bought again, if that is what changed, in the transaction that changed it.
pub fn stock_news_told(tx: &WriteTx<'_>, before: &StockLevel, after: &StockLevel, now: Timestamp) -> Outcome<()> {
    let Some(news) = before.news(after) else { return Ok(()) };
    let kind = match news {
        StockNews::Low => EventKind::StockLow,
        StockNews::Available => EventKind::StockAvailable,
    };
    let StockLevel { variant_id, product_id, sku, available, .. } = after;
    let sku = sku.as_ref().map(|sku| sku.as_str());
    let payload = json!({ "variant_id": variant_id, "product_id": product_id, "sku": sku, "stock": available });
    tx.event_add(kind, *variant_id, &payload, now)?;
    match news {
        StockNews::Low => low_stock_letter_due(tx, *variant_id, now),
        StockNews::Available => back_in_stock_due(tx, *product_id, *variant_id, now),
    }
}
