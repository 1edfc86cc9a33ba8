//! What happened and is told to others: the kinds of events, by names that never change.

use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident: $text:literal),* $(,)?) => {
        /// What kind of thing happened. The name of a kind is stored and sent, so it never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventKind {
            $($(#[$doc])* $name,)*
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name: the noun, a dot, and what happened to it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

kinds! {
    /// An order was placed.
    OrderPlaced: "order.placed",
    /// An order was paid in full.
    OrderPaid: "order.paid",
    /// A shipment of an order left; the payload says whether anything is still to come.
    OrderFulfilled: "order.fulfilled",
    /// An order is done.
    OrderCompleted: "order.completed",
    /// An order was cancelled.
    OrderCancelled: "order.cancelled",
    /// Money of an order was given back, in part or in full.
    OrderRefunded: "order.refunded",
    /// A payment was declined.
    PaymentFailed: "payment.failed",
    /// A payment differs from what the order says and wants somebody to look.
    PaymentFlagged: "payment.flagged",
    /// A variant is running out.
    StockLow: "stock.low",
    /// A variant that was sold out can be bought again.
    StockAvailable: "stock.available",
    /// A product was created.
    ProductCreated: "product.created",
    /// A product, or a variant of it, was changed.
    ProductUpdated: "product.updated",
    /// A product was removed.
    ProductRemoved: "product.removed",
    /// A review waits to be looked at.
    ReviewSubmitted: "review.submitted",
    /// Somebody tries out an endpoint; only that endpoint is told.
    WebhookTest: "webhook.test",
}

impl EventKind {
    /// The kind of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::EventKind;

    #[test]
    fn event_kinds_are_read_back_by_their_names_alone() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.as_str()), Some(*kind));
        }
        for odd in ["", "order", "order.Placed", "order.placed ", "order.eaten"] {
            assert_eq!(EventKind::parse(odd), None, "{odd:?}");
        }
    }
}
