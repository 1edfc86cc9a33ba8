//! Money that staff has received by hand.

use super::{Error, Outcome};
use crate::domain::order::Payment;
use crate::domain::{Currency, Invalid, Money};
use crate::services::Ctx;
use crate::services::orders::{PaidOutcome, order_paid, order_part_paid};
use crate::store::WriteTx;

/// Notes that money for a manual payment has come in: all that is left, or a part. Parts add up; with the last one the
/// order is paid. None when something is still to come. The caller has checked that the order waits for money.
pub fn payment_receive(
    tx: &WriteTx<'_>,
    ctx: &Ctx,
    payment: &Payment,
    amount: Option<Money>,
    reference: Option<&str>,
) -> Outcome<Option<PaidOutcome>> {
    let conflict = |code, detail| Err(Error::Conflict(code, detail, Vec::new()));
    if payment.provider != "manual" {
        let provider = &payment.provider;
        let detail = format!("this payment goes through {provider}, which says itself when the money is there");
        return conflict("not_manual", detail);
    }
    if !payment.status.open() {
        return conflict("not_open", format!("payment {} is {}", payment.id, payment.status.as_str()));
    }
    if let Some(reference) = reference
        && tx.payment_by_reference(&payment.provider, reference)?.is_some_and(|other| other.id != payment.id)
    {
        return Err(Invalid::one("reference", "taken", "is that of another payment; leave it out or add to it").into());
    }
    let left = Money::from_minor(payment.amount.minor() - payment.captured.minor());
    let came = amount.unwrap_or(left);
    if came.minor() == 0 && left.minor() > 0 {
        return Err(Invalid::one("amount", "out_of_range", "must be above zero").into());
    }
    if came > left {
        let left = Currency::from_code(&payment.currency).map_or_else(String::new, |known| known.format(left));
        return Err(
            Invalid::one("amount", "too_large", format!("must be at most {left}, which is what is left")).into()
        );
    }
    if came < left {
        order_part_paid(tx, ctx, payment, came)?;
        return Ok(None);
    }
    order_paid(tx, ctx, payment.order_id, payment.id, reference).map(Some)
}
