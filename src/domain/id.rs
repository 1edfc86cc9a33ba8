//! One type for each kind of id, so that a product's id cannot be passed where a category's is due.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// An id as it is stored: a positive 64-bit integer.
            pub const fn new(value: i64) -> Self {
                Self(value)
            }

            /// The number itself.
            pub const fn get(self) -> i64 {
                self.0
            }

            /// Reads a positive decimal without sign, blanks or leading zeros; anything else is no id.
            pub fn parse(text: &str) -> Option<Self> {
                let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
                if plain { text.parse().ok().map(Self) } else { None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// A product.
    ProductId,
    /// A sellable variant of a product.
    VariantId,
    /// A node of the category tree.
    CategoryId,
    /// A person who can sign in.
    UserId,
    /// One run of an import.
    ImportId,
    /// A sign-in that lasts, on one device.
    SessionId,
    /// An address in somebody's address book.
    AddressId,
    /// A key for an integration.
    ApiKeyId,
    /// An entry of the audit log.
    AuditId,
    /// A piece of work to be done later.
    JobId,
    /// A movement of stock.
    MovementId,
    /// A tax rate.
    TaxRateId,
    /// A shipping zone.
    ShippingZoneId,
    /// A way to ship within a zone.
    ShippingRateId,
    /// A discount.
    DiscountId,
    /// A cart.
    CartId,
    /// A line of a cart.
    CartLineId,
    /// An order.
    OrderId,
    /// The number of an order, as people know it.
    OrderNumber,
    /// A line of an order.
    OrderLineId,
    /// A shipment of an order.
    FulfillmentId,
    /// A payment of an order.
    PaymentId,
    /// A refund of a payment.
    RefundId,
    /// Something that happened and is told to others.
    EventId,
    /// An address that is told of events.
    WebhookId,
    /// One event on its way to one address.
    DeliveryId,
    /// A review of a product.
    ReviewId,
    /// A wish to be told that something is back in stock.
    StockRequestId,
    /// An invoice or credit note.
    InvoiceId,
}

#[cfg(test)]
mod tests {
    use super::ProductId;

    #[test]
    fn parse_takes_plain_positive_decimals_only() {
        assert_eq!(ProductId::parse("42"), Some(ProductId::new(42)));
        for bad in ["", "0", "007", "-1", "+1", " 1", "1.0", "9223372036854775808", "x"] {
            assert_eq!(ProductId::parse(bad), None, "{bad:?}");
        }
    }
}
