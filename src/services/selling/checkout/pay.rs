//! Asks the provider for the payment of an order that stands, and keeps what it said together with the answer.

use super::{CheckoutAnswers, whole};
use crate::domain::order::WholeOrder;
use crate::domain::{OrderId, PaymentId};
use crate::services::idempotency::{Claim, Rendered};
use crate::services::payments::{PaymentProgress, payment_note};
use crate::services::{Ctx, Error, Outcome, Shop};

impl Shop {
    /// The second half of a checkout. When the provider gave no answer its order stands and the key stays open: the same
    /// request goes on here.
    pub(super) async fn checkout_pay(
        &self,
        ctx: &Ctx,
        order: OrderId,
        payment: PaymentId,
        claim: Claim,
        answers: CheckoutAnswers,
    ) -> Outcome<Rendered> {
        let said = self.payment_ask(ctx, payment).await?;
        let ctx = ctx.clone();
        let answered = self.store.write(move |tx| {
            let progress = payment_note(tx, &ctx, &said)?;
            let whole = whole(tx, order)?;
            let Some(answer) = answer(&progress, &whole, payment, &answers) else { return Ok::<_, Error>(None) };
            claim.close(tx, &answer)?;
            Ok(Some(answer))
        });
        answered.await?.ok_or(Error::NoProvider)
    }
}

/// What the buyer is answered; nothing while the provider does not even know of the payment.
fn answer(
    progress: &PaymentProgress,
    whole: &WholeOrder,
    payment: PaymentId,
    answers: &CheckoutAnswers,
) -> Option<Rendered> {
    let reached = || whole.payments.iter().any(|one| one.id == payment && one.reference.is_some());
    match progress {
        PaymentProgress::Paid => Some((answers.placed)(whole)),
        PaymentProgress::Pending => reached().then(|| (answers.placed)(whole)),
        PaymentProgress::Declined(reason) => Some((answers.declined)(whole, reason)),
        PaymentProgress::Unavailable => Some((answers.declined)(whole, "The payment could not be begun.")),
    }
}
