//! Which account an order belongs to.

use super::{Told, tell};
use crate::domain::order::Happening;
use crate::domain::{Email, UserId};
use crate::services::{Ctx, Outcome};
use crate::store::WriteTx;
use serde_json::json;

/// Gives the orders that were placed as a guest to the account whose mailbox is now proven to be the one they were
/// placed with, and its reviews of what was bought count as a buyer's. Before that they are nobody's: whoever registers
/// with an address does not thereby own it.
pub(crate) fn orders_link(tx: &WriteTx<'_>, ctx: &Ctx, user: UserId, email: &str) -> Outcome<()> {
    let Some(email) = Email::parse(email) else { return Ok(()) };
    for order in tx.orders_link(user, &email, ctx.now)? {
        let told = Told {
            audit: "order.link",
            timeline: Happening::Linked,
            event: None,
            detail: json!({ "customer_id": user }),
            said: None,
        };
        tell(tx, ctx, order, told)?;
        tx.reviews_verify(order)?;
    }
    Ok(())
}
