//! Payments and refunds of an order, as they are kept. How a provider is spoken to stands elsewhere.

use crate::domain::{Money, OrderId, OrderLineId, PaymentId, RefundId, Timestamp};
use serde_json::Value;

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Nothing is known to have come in.
    Pending,
    /// The money is set aside, and not ours yet.
    Authorized,
    /// The money is ours.
    Captured,
    /// It did not work.
    Failed,
    /// It was called off.
    Cancelled,
}

impl PaymentStatus {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Authorized => "authorized",
            Self::Captured => "captured",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Authorized, Self::Captured, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|status| status.as_str() == text)
    }

    /// Whether money may still come of it.
    pub const fn open(self) -> bool {
        matches!(self, Self::Pending | Self::Authorized)
    }
}

/// A payment of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// Of which order.
    pub order_id: OrderId,
    /// Who takes the money: `manual`, `stripe`, `test`.
    pub provider: String,
    /// What the provider calls it.
    pub reference: Option<String>,
    /// Where it stands.
    pub status: PaymentStatus,
    /// What is to be paid.
    pub amount: Money,
    /// In which currency.
    pub currency: String,
    /// What came in.
    pub captured: Money,
    /// What went back or is on its way back.
    pub refunded: Money,
    /// Lets the buyer's browser pay at the provider.
    pub client_secret: Option<String>,
    /// Where the buyer pays.
    pub redirect_url: Option<String>,
    /// What else the provider needs to know: a JSON object, such as `{"method": "cash_on_delivery"}`.
    pub details: Value,
    /// Why a person has to look at it.
    pub flag: Option<String>,
    /// When to ask the provider about it.
    pub check_at: Option<Timestamp>,
    /// Counts its changes.
    pub version: i64,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Payment {
    /// The method within the provider.
    pub fn method(&self) -> Option<&str> {
        self.details.get("method").and_then(Value::as_str)
    }

    /// Whether the goods are sent before they are paid.
    pub fn on_delivery(&self) -> bool {
        self.provider == "manual" && self.method() == Some("cash_on_delivery")
    }

    /// Whether its provider knows of it and has not declined it outright, or nobody has to be asked.
    pub fn stands(&self) -> bool {
        self.provider == "manual" || self.reference.is_some() || self.status == PaymentStatus::Captured
    }

    /// What can be paid back.
    pub fn refundable(&self) -> Money {
        Money::from_minor(self.captured.minor() - self.refunded.minor())
    }
}

/// A payment about to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPayment {
    /// Who takes the money.
    pub provider: String,
    /// What is to be paid.
    pub amount: Money,
    /// In which currency.
    pub currency: String,
    /// What else the provider needs to know: a JSON object.
    pub details: Value,
    /// When to ask the provider about it, when nothing is heard.
    pub check_at: Option<Timestamp>,
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// The provider is being asked.
    Pending,
    /// The money went back.
    Succeeded,
    /// It did not.
    Failed,
}

impl RefundStatus {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// The status of that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Succeeded, Self::Failed].into_iter().find(|status| status.as_str() == text)
    }
}

/// A refund of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Its id.
    pub id: RefundId,
    /// Of which order.
    pub order_id: OrderId,
    /// Of which payment.
    pub payment_id: PaymentId,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub status: RefundStatus,
    /// What the provider calls it.
    pub reference: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Whether the units go back into stock.
    pub restock: bool,
    /// Who asked for it.
    pub actor: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The units it pays for; none when it is an amount.
    pub lines: Vec<RefundLine>,
}

/// Units that a refund pays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundLine {
    /// Of which line.
    pub line_id: OrderLineId,
    /// How many.
    pub quantity: i64,
    /// How many of them had not been sent, and never will be.
    pub withdrawn: i64,
}
