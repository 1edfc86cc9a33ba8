//! Letters that are due about orders and stock: what they are about. Each is written when it is sent.

use super::{FulfillmentId, OrderId, RefundId, StockRequestId, Timestamp, VariantId};
use serde::{Deserialize, Serialize};

/// What happened to an order that its buyer is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderOccasion {
    /// It was placed.
    Placed,
    /// Its payment arrived.
    Paid,
    /// This shipment is on its way.
    Shipped(FulfillmentId),
    /// This refund was made.
    Refunded(RefundId),
    /// It was cancelled.
    Cancelled,
}

/// A letter to the buyer of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderLetter {
    /// Which order.
    pub order: OrderId,
    /// What happened.
    pub occasion: OrderOccasion,
}

/// A letter to the staff: this variant runs low.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StockLetter {
    /// Which variant.
    pub variant: VariantId,
    /// When it began to; jobs of earlier versions do not say.
    #[serde(default)]
    pub since: Option<Timestamp>,
}

/// The letter of a request to be told that something is back: one that asks, or the one it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StockRequestLetter {
    /// Which request.
    pub request: StockRequestId,
}
