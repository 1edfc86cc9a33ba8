//! What happened to an order, for people to read.

use crate::domain::{EventId, OrderId, Timestamp};
use serde_json::Value;

/// An entry of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineEntry {
    /// Its id.
    pub id: EventId,
    /// Of which order.
    pub order_id: OrderId,
    /// What happened: `placed`, `paid`, `fulfilled`, `note` and so on.
    pub kind: String,
    /// More about it: a JSON object.
    pub detail: Value,
    /// Whether whoever bought it may read it.
    pub visible: bool,
    /// Who did it.
    pub actor: String,
    /// When.
    pub created_at: Timestamp,
}

/// What can happen to an order. The names stand in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The staff began a draft.
    Drafted,
    /// It was placed.
    Placed,
    /// E-mail address, addresses or note changed.
    Edited,
    /// Money came in.
    Paid,
    /// Some of the money came in.
    PartPaid,
    /// Paying did not work.
    PaymentFailed,
    /// Something about a payment needs a person.
    PaymentFlagged,
    /// Something was sent.
    Fulfilled,
    /// It is over and done.
    Completed,
    /// It was called off.
    Cancelled,
    /// Money is on its way back.
    RefundRequested,
    /// Money went back.
    Refunded,
    /// Money could not be sent back.
    RefundFailed,
    /// Goods came back.
    Returned,
    /// Somebody wrote something down.
    Note,
    /// It was found to belong to an account.
    Linked,
}

impl Happening {
    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drafted => "drafted",
            Self::Placed => "placed",
            Self::Edited => "edited",
            Self::Paid => "paid",
            Self::PartPaid => "part_paid",
            Self::PaymentFailed => "payment_failed",
            Self::PaymentFlagged => "payment_flagged",
            Self::Fulfilled => "fulfilled",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::RefundRequested => "refund_requested",
            Self::Refunded => "refunded",
            Self::RefundFailed => "refund_failed",
            Self::Returned => "returned",
            Self::Note => "note",
            Self::Linked => "linked",
        }
    }

    /// Whether whoever bought may read it. A note says so itself.
    pub const fn visible(self) -> bool {
        matches!(
            self,
            Self::Placed
                | Self::Paid
                | Self::PartPaid
                | Self::PaymentFailed
                | Self::Fulfilled
                | Self::Completed
                | Self::Cancelled
                | Self::Refunded
                | Self::Returned
        )
    }
}
