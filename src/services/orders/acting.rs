//! How a use case on an order is carried out: one write, once for an idempotency key, and where money is to go back,
//! the provider asked after that write and the answer kept in another.

use super::whole;
use crate::domain::order::{RefundStatus, WholeOrder};
use crate::domain::{Currency, OrderId};
use crate::services::idempotency::{Begun, Claim, Rendered};
use crate::services::{Ctx, Outcome, Shop};
use crate::store::WriteTx;

/// How whoever asks is answered.
pub struct Answering {
    /// The key under which the answer is kept, if the request came with one.
    pub claim: Option<Claim>,
    /// What is answered.
    pub render: fn(&WholeOrder, Currency) -> Rendered,
}

/// Where an action stands after its write.
enum Stage {
    /// It is done, and this is the answer.
    Done(Rendered),
    /// Money of this order is to go back.
    Ask(OrderId),
}

impl Shop {
    /// Does `work` in one write, unless it was done before under the same key. Refunds that it leaves pending are
    /// carried out after its commit; whatever cuts that short, a job or the same request sent again goes on with it.
    pub(super) async fn order_act(
        &self,
        ctx: &Ctx,
        how: Answering,
        work: impl FnOnce(&WriteTx<'_>, &Ctx) -> Outcome<OrderId> + Send + 'static,
    ) -> Outcome<Rendered> {
        let Answering { claim, render } = how;
        let _held = claim.as_ref().map(|claim| self.claim_hold(claim)).transpose()?;
        let (currency, here, kept) = (self.settings.currency(), ctx.clone(), claim.clone());
        let begin = move |tx: &WriteTx<'_>| -> Outcome<Stage> {
            match kept.as_ref().map(|claim| claim.begun(tx, here.now)).transpose()? {
                Some(Begun::Done(answer)) => return Ok(Stage::Done(answer)),
                Some(Begun::Cut(order)) => return Ok(Stage::Ask(OrderId::new(order))),
                Some(Begun::New) | None => {}
            }
            let id = work(tx, &here)?;
            let after = whole(tx, id)?;
            if pending(&after).next().is_some() {
                if let Some(claim) = &kept {
                    claim.open(tx, id.get(), here.now)?;
                }
                return Ok(Stage::Ask(id));
            }
            let answer = render(&after, currency);
            if let Some(claim) = &kept {
                claim.done(tx, &answer, here.now)?;
            }
            Ok(Stage::Done(answer))
        };
        match self.store.write(begin).await? {
            Stage::Done(answer) => Ok(answer),
            Stage::Ask(id) => {
                self.order_refunds_carry_out(ctx, id).await?;
                self.order_answer(id, claim, render).await
            }
        }
    }

    async fn order_answer(
        &self,
        id: OrderId,
        claim: Option<Claim>,
        render: fn(&WholeOrder, Currency) -> Rendered,
    ) -> Outcome<Rendered> {
        let currency = self.settings.currency();
        let Some(claim) = claim else {
            return self.store.read(|tx| Ok(render(&whole(tx, id)?, currency)));
        };
        let close = move |tx: &WriteTx<'_>| -> Outcome<Rendered> {
            let answer = render(&whole(tx, id)?, currency);
            claim.close(tx, &answer)?;
            Ok(answer)
        };
        self.store.write(close).await
    }
}

/// The refunds that a provider is to be asked for.
pub(super) fn pending(whole: &WholeOrder) -> impl Iterator<Item = crate::domain::RefundId> + '_ {
    whole.refunds.iter().filter(|refund| refund.status == RefundStatus::Pending).map(|refund| refund.id)
}
