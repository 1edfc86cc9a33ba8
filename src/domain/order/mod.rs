//! Orders: what was bought, by whom, for how much, and what has come of it.
//!
//! An order is a snapshot: what a product is called or costs later changes nothing in it. What may happen to an order
//! next stands in one table, in `moves.rs`.

mod line;
mod moves;
mod new;
mod payment;
mod terms;
mod timeline;

pub use line::{LineTax, OrderLine};
pub use moves::{Action, Situation};
pub use new::{NewLine, NewOrder};
pub use payment::{NewPayment, Payment, PaymentStatus, Refund, RefundLine, RefundStatus};
pub use terms::{new_order_terms, order_terms, search_terms};
pub use timeline::{Happening, TimelineEntry};

use super::account::AddressDraft;
use super::{FulfillmentId, Money, OrderId, OrderLineId, OrderNumber, Timestamp, UserId};

/// Where an order stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Being put together by the staff; it has no number.
    Draft,
    /// Placed and not paid.
    Pending,
    /// Paid, and not all of it is on its way.
    Paid,
    /// Paid, and all of it is on its way.
    Fulfilled,
    /// Over and done.
    Completed,
    /// Called off.
    Cancelled,
    /// Some of the money went back.
    PartiallyRefunded,
    /// All of the money went back.
    Refunded,
}

impl OrderStatus {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Draft,
        Self::Pending,
        Self::Paid,
        Self::Fulfilled,
        Self::Completed,
        Self::Cancelled,
        Self::PartiallyRefunded,
        Self::Refunded,
    ];

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Fulfilled => "fulfilled",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
        }
    }

    /// The status of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// How much of an order is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FulfillmentStatus {
    /// Nothing.
    Unfulfilled,
    /// Some units.
    PartiallyFulfilled,
    /// All there is to send.
    Fulfilled,
}

impl FulfillmentStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Unfulfilled, Self::PartiallyFulfilled, Self::Fulfilled];

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unfulfilled => "unfulfilled",
            Self::PartiallyFulfilled => "partially_fulfilled",
            Self::Fulfilled => "fulfilled",
        }
    }

    /// The status of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// What the lines of an order come to.
    pub fn of(lines: &[OrderLine]) -> Self {
        if lines.iter().all(|line| line.fulfilled == 0) {
            Self::Unfulfilled
        } else if lines.iter().all(|line| line.to_ship() == 0) {
            Self::Fulfilled
        } else {
            Self::PartiallyFulfilled
        }
    }
}

/// Where an order came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderSource {
    /// Checked out by whoever buys.
    Web,
    /// Made by the staff.
    Staff,
    /// Read from a file of past orders.
    Import,
}

impl OrderSource {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Staff => "staff",
            Self::Import => "import",
        }
    }

    /// The source of that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Web, Self::Staff, Self::Import].into_iter().find(|source| source.as_str() == text)
    }
}

/// The sums of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderSums {
    /// Unit price times quantity over all lines.
    pub subtotal: Money,
    /// Taken off the lines.
    pub discount_total: Money,
    /// For shipping, after what was taken off it.
    pub shipping_total: Money,
    /// All tax, that on shipping included.
    pub tax_total: Money,
    /// To be paid.
    pub total: Money,
}

impl OrderSums {
    /// What the parts come to; with tax included, the tax is within them. None beyond 64 bits.
    pub fn summed(&self, tax_included: bool) -> Option<Money> {
        let tax = if tax_included { 0 } else { self.tax_total.minor() };
        let goods = self.subtotal.minor().checked_sub(self.discount_total.minor())?;
        goods.checked_add(self.shipping_total.minor())?.checked_add(tax).map(Money::from_minor)
    }
}

/// An order without what hangs on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id; people know the number.
    pub id: OrderId,
    /// From the series without gaps; a draft has none.
    pub number: Option<OrderNumber>,
    /// Lets whoever has it see the order.
    pub token: String,
    /// Whose it is, when they have an account.
    pub account_id: Option<UserId>,
    /// Where letters about it go.
    pub email: String,
    /// Where it came from.
    pub source: OrderSource,
    /// Where it stands.
    pub status: OrderStatus,
    /// How much of it is on its way.
    pub fulfillment_status: FulfillmentStatus,
    /// The currency of its amounts.
    pub currency: String,
    /// Whether the unit prices contain the tax.
    pub tax_included: bool,
    /// Its sums.
    pub sums: OrderSums,
    /// The way it is shipped, by id.
    pub shipping_option: Option<String>,
    /// The way it is shipped, by name.
    pub shipping_name: Option<String>,
    /// Where it goes.
    pub shipping_address: Option<AddressDraft>,
    /// Who is billed, when it is somebody else.
    pub billing_address: Option<AddressDraft>,
    /// The code that was given.
    pub discount_code: Option<String>,
    /// How the total came about: a JSON list.
    pub explanation: String,
    /// What whoever bought it had to say.
    pub note: Option<String>,
    /// The address of the client that placed it.
    pub client: Option<String>,
    /// Counts its changes.
    pub version: i64,
    /// When it was placed; for a draft, when it was begun.
    pub placed_at: Timestamp,
    /// When all of it was paid.
    pub paid_at: Option<Timestamp>,
    /// When it was called off.
    pub cancelled_at: Option<Timestamp>,
    /// When it was written down.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// What another shop called it that it came from.
    pub reference: Option<String>,
}

impl Order {
    /// How people name it: its number, or `d` and the id of a draft.
    pub fn name(&self) -> String {
        self.number.map_or_else(|| format!("d{}", self.id), |number| number.to_string())
    }
}

/// How an order is named in an address: `1001`, or `d17` while it is a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderRef {
    /// A placed order.
    Number(OrderNumber),
    /// A draft.
    Draft(OrderId),
}

impl OrderRef {
    /// Reads the name of an order.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix('d') {
            Some(id) => OrderId::parse(id).map(Self::Draft),
            None => OrderNumber::parse(text).map(Self::Number),
        }
    }
}

/// An order with all that hangs on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeOrder {
    /// The order itself.
    pub order: Order,
    /// What was bought.
    pub lines: Vec<OrderLine>,
    /// How it was paid, the newest attempt last.
    pub payments: Vec<Payment>,
    /// What was sent.
    pub fulfillments: Vec<Fulfillment>,
    /// What was paid back.
    pub refunds: Vec<Refund>,
    /// What happened, in order.
    pub timeline: Vec<TimelineEntry>,
}

impl WholeOrder {
    /// What decides which actions are possible.
    pub fn situation(&self) -> Situation {
        let held = self.payments.iter().any(|payment| payment.captured > payment.refunded);
        let on_delivery = self.payments.last().is_some_and(Payment::on_delivery);
        let shipped = self.lines.iter().any(|line| line.fulfilled > line.returned);
        let unsent = self.lines.iter().any(|line| line.to_ship() > 0);
        let (status, fulfillment) = (self.order.status, self.order.fulfillment_status);
        Situation { status, fulfillment, on_delivery, held, shipped, unsent }
    }

    /// Whether there is an order to thank for: the staff made it, or whoever takes the payment knows of it. Before a
    /// provider has answered it may still be that nothing comes of it.
    pub fn stands(&self) -> bool {
        self.order.source != OrderSource::Web || self.payments.iter().any(Payment::stands)
    }

    /// Counts the changes of the order and of its payments.
    pub fn revision(&self) -> i64 {
        self.order.version + self.payments.iter().map(|payment| payment.version).sum::<i64>()
    }

    /// What the shop has of the order's money, in minor units: what came in less what went back.
    pub fn money_kept(&self) -> i64 {
        let came: i64 = self.payments.iter().map(|payment| payment.captured.minor()).sum();
        let done = |refund: &&Refund| refund.status == RefundStatus::Succeeded;
        came - self.refunds.iter().filter(done).map(|refund| refund.amount.minor()).sum::<i64>()
    }

    /// The line of that id.
    pub fn line(&self, id: OrderLineId) -> Option<&OrderLine> {
        self.lines.iter().find(|line| line.id == id)
    }
}

/// Something that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fulfillment {
    /// Its id.
    pub id: FulfillmentId,
    /// Of which order.
    pub order_id: OrderId,
    /// Who carries it.
    pub carrier: Option<String>,
    /// What the carrier calls it.
    pub tracking_number: Option<String>,
    /// Who sent it.
    pub actor: String,
    /// When.
    pub created_at: Timestamp,
    /// Which lines, and how many units of each.
    pub lines: Vec<(OrderLineId, i64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        assert_eq!(OrderRef::parse("1001"), Some(OrderRef::Number(OrderNumber::new(1001))));
        assert_eq!(OrderRef::parse("d7"), Some(OrderRef::Draft(OrderId::new(7))));
        for bad in ["", "d", "d0", "D7", "01", "-1", "1.0", "dd7", " 7"] {
            assert_eq!(OrderRef::parse(bad), None, "{bad}");
        }
        for status in OrderStatus::ALL {
            assert_eq!(OrderStatus::parse(status.as_str()), Some(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        for status in FulfillmentStatus::ALL {
            assert_eq!(FulfillmentStatus::parse(status.as_str()), Some(status));
        }
    }

    #[test]
    fn sums_never_wrap() {
        let sums = OrderSums {
            subtotal: Money::from_minor(i64::MAX),
            shipping_total: Money::from_minor(1),
            ..OrderSums::default()
        };
        assert_eq!(sums.summed(true), None);
        let sums = OrderSums { subtotal: Money::from_minor(100), tax_total: Money::from_minor(19), ..sums };
        assert_eq!(sums.summed(true), Some(Money::from_minor(101)));
        assert_eq!(sums.summed(false), Some(Money::from_minor(120)));
    }
}
