//! The books: what each step of an order posts. The amounts of a posting sum to zero.

use crate::domain::order::{Order, Refund};
use crate::services::{Error, Outcome};
use crate::store::{LedgerAccount, WriteTx};
use LedgerAccount::{Discounts, Money, Receivable, Refunds, Sales, Shipping, Tax};

use crate::counters::Count;
use crate::domain::{PaymentId, Timestamp};

const PLACED: &str = "place";
const CANCELLED: &str = "cancel";

/// What a placed order posts: what is owed, against what was sold, taken off, shipped and taxed.
fn placed(order: &Order) -> [(LedgerAccount, i64); 5] {
    let sums = order.sums;
    // The tax within the prices is no income of the shop.
    let within = if order.tax_included { sums.tax_total.minor() } else { 0 };
    [
        (Receivable, sums.total.minor()),
        (Sales, within - sums.subtotal.minor()),
        (Discounts, sums.discount_total.minor()),
        (Shipping, -sums.shipping_total.minor()),
        (Tax, -sums.tax_total.minor()),
    ]
}

/// Posts that an order was placed.
pub(in crate::services) fn post_placed(tx: &WriteTx<'_>, order: &Order, at: Timestamp) -> Outcome<()> {
    post(tx, order, PLACED, &placed(order), at)
}

/// Posts that an order was called off before it was paid.
pub(super) fn post_cancelled(tx: &WriteTx<'_>, order: &Order, at: Timestamp) -> Outcome<()> {
    Ok(tx.ledger_reverse(order.id, PLACED, CANCELLED, at)?)
}

/// Posts that a part of a payment came in, or all of it.
pub(super) fn post_paid(tx: &WriteTx<'_>, order: &Order, payment: PaymentId, came: i64, at: Timestamp) -> Outcome<()> {
    tx.count(Count::Revenue, u64::try_from(came).unwrap_or(0));
    post(tx, order, &format!("pay:{payment}"), &[(Money, came), (Receivable, -came)], at)
}

/// Posts that money went back: first what the shop owed, since it came in for an order that was called off or was more than
/// the order came to, and then of what was sold.
pub(super) fn post_refunded(tx: &WriteTx<'_>, order: &Order, refund: &Refund, at: Timestamp) -> Outcome<()> {
    let went = refund.amount.minor();
    tx.count(Count::Refunded, u64::try_from(went).unwrap_or(0));
    let owed = tx.ledger_owed_back(order.id)?.min(went);
    let entries = [(Receivable, owed), (Refunds, went - owed), (Money, -went)];
    post(tx, order, &format!("refund:{}", refund.id), &entries, at)
}

fn post(
    tx: &WriteTx<'_>,
    order: &Order,
    posting: &str,
    entries: &[(LedgerAccount, i64)],
    at: Timestamp,
) -> Outcome<()> {
    if entries.iter().map(|(_, amount)| i128::from(*amount)).sum::<i128>() != 0 {
        return Err(Error::Internal(format!("posting {posting} of order {} does not sum to zero", order.id)));
    }
    Ok(tx.ledger_post(order.id, posting, &order.currency, entries, at)?)
}
