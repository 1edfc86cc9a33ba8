//! Lines of an order, and how their units are counted.

use crate::domain::{Money, OrderId, OrderLineId, ProductId, VariantId};
use serde::{Deserialize, Serialize};

/// A tax within a line: what it is called, how high it is, and how much it comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTax {
    /// Its name.
    pub name: String,
    /// Its rate in parts per million.
    pub rate_ppm: i64,
    /// What it comes to.
    pub amount: Money,
}

/// A line of an order.
///
/// Of `quantity` units, `fulfilled` were sent and `withdrawn` never will be, as they were refunded before. Of those
/// sent, `returned` came back. `refunded` counts units whose price went back, sent or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// Its id.
    pub id: OrderLineId,
    /// Of which order.
    pub order_id: OrderId,
    /// The product, while it is there.
    pub product_id: Option<ProductId>,
    /// The variant, while it is there.
    pub variant_id: Option<VariantId>,
    /// The SKU it had.
    pub sku: Option<String>,
    /// What the product was called.
    pub name: String,
    /// What the variant was called.
    pub title: String,
    /// How many units.
    pub quantity: i64,
    /// What one cost.
    pub unit_price: Money,
    /// What was taken off the line.
    pub discount: Money,
    /// The tax on the line, within the total or on top as the order says.
    pub tax: Money,
    /// What the line comes to.
    pub total: Money,
    /// The taxes one by one.
    pub taxes: Vec<LineTax>,
    /// What one unit weighs.
    pub weight_grams: Option<i64>,
    /// Units that were sent.
    pub fulfilled: i64,
    /// Units that were paid back.
    pub refunded: i64,
    /// Units that came back.
    pub returned: i64,
    /// Units that were paid back before they were sent.
    pub withdrawn: i64,
}

impl OrderLine {
    /// Units that are still to be sent.
    pub const fn to_ship(&self) -> i64 {
        self.quantity - self.fulfilled - self.withdrawn
    }

    /// Of `units` to be paid back, those that are taken out of what was still to be sent. What came back and was not
    /// paid back yet goes first.
    pub fn withdraw(&self, units: i64) -> i64 {
        let back_unpaid = (self.returned - (self.refunded - self.withdrawn)).max(0);
        (units - back_unpaid).clamp(0, self.to_ship())
    }

    /// The part of the line's total that falls on units `from` to `from + units`. The parts of all units are the
    /// whole, to the smallest coin, however the line is cut.
    pub fn share(&self, from: i64, units: i64) -> Money {
        let upto = |n: i64| i128::from(self.total.minor()) * i128::from(n) / i128::from(self.quantity);
        let part = upto(from + units) - upto(from);
        Money::from_minor(i64::try_from(part).unwrap_or(self.total.minor()))
    }

    /// What paying these units back comes to, after those that were paid back before.
    pub fn refund_of(&self, units: i64) -> Money {
        self.share(self.refunded, units)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub fn line(quantity: i64, total: i64) -> OrderLine {
        OrderLine {
            id: OrderLineId::new(1),
            order_id: OrderId::new(1),
            product_id: None,
            variant_id: None,
            sku: None,
            name: "Mug".to_owned(),
            title: String::new(),
            quantity,
            unit_price: Money::from_minor(0),
            discount: Money::from_minor(0),
            tax: Money::from_minor(0),
            total: Money::from_minor(total),
            taxes: Vec::new(),
            weight_grams: None,
            fulfilled: 0,
            refunded: 0,
            returned: 0,
            withdrawn: 0,
        }
    }

    #[test]
    fn what_came_back_is_paid_back_before_what_was_not_sent() {
        let line = OrderLine { fulfilled: 2, returned: 1, ..line(4, 400) };
        assert_eq!([line.withdraw(1), line.withdraw(2), line.withdraw(3), line.withdraw(4)], [0, 1, 2, 2]);
        let line = OrderLine { refunded: 2, withdrawn: 1, ..line };
        assert_eq!([line.to_ship(), line.withdraw(1), line.withdraw(2)], [1, 1, 1]);
    }

    proptest! {
        #[test]
        fn refunds_of_units_one_by_one_come_to_the_line(quantity in 1_i64..=999, total in 0_i64..=1_000_000_000_000_000) {
            let mut one = line(quantity, total);
            let mut sum = 0;
            for _ in 0..quantity {
                sum += one.refund_of(1).minor();
                one.refunded += 1;
            }
            prop_assert_eq!(sum, total);
        }
    }
}
