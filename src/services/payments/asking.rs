//! Begins a payment at its provider, or asks where one stands.

use super::noting::{PaymentProgress, payment_note};
use super::{Error, Outcome, PAYMENT, Shop};
use crate::domain::order::{Order, Payment};
use crate::domain::payment::PaymentDetails;
use crate::domain::{Currency, PaymentId};
use crate::providers::PaymentError;
use crate::providers::payment::{Begun, PaymentKey, PaymentRequest, Standing};
use crate::services::Ctx;
use std::time::{Duration, Instant};

/// A call that failed sooner than this is made once more at once: the buyer waits.
const QUICKLY: Duration = Duration::from_secs(5);

/// What a provider said of a payment, to be noted in a write.
#[derive(Clone, Debug)]
pub struct PaymentAnswer {
    /// The payment.
    pub(super) payment: PaymentId,
    /// What was said.
    pub(super) said: Said,
}

#[derive(Clone, Debug)]
pub(super) enum Said {
    /// Nobody had to be asked: nothing is to be paid.
    Free,
    /// Nobody had to be asked: the payment is over, or staff says when it is paid.
    Known,
    /// It was begun.
    Begun(Begun),
    /// It stands there.
    Stands(Standing),
    /// It was not begun.
    NotBegun(PaymentError),
    /// Where it stands is not known.
    Silent(PaymentError),
}

impl Shop {
    /// Begins a payment and notes what came of it. Called again, it goes on where it was cut off.
    pub async fn payment_begin(&self, ctx: &Ctx, id: PaymentId) -> Outcome<PaymentProgress> {
        let answer = self.payment_ask(ctx, id).await?;
        let ctx = ctx.clone();
        self.store.write(move |tx| payment_note(tx, &ctx, &answer)).await
    }

    /// Asks the provider to begin a payment, or where it stands if it was begun. What it says changes nothing until it is
    /// noted with [`payment_note`]; for whoever has more to write down in the same write.
    pub async fn payment_ask(&self, ctx: &Ctx, id: PaymentId) -> Outcome<PaymentAnswer> {
        let (payment, order) = self.store.read(|tx| {
            let payment = tx.payment_by_id(id)?.ok_or(PAYMENT)?;
            let order = tx.order_by_id(payment.order_id)?.ok_or(Error::NotFound("order"))?;
            Ok::<_, Error>((payment, order))
        })?;
        let answer = |said| Ok(PaymentAnswer { payment: id, said });
        if !payment.status.open() {
            return answer(Said::Known);
        }
        if payment.amount.minor() == 0 {
            return answer(Said::Free);
        }
        if self.providers.payments.by_name(&payment.provider).is_some_and(|provider| !provider.moves_money()) {
            return answer(Said::Known);
        }
        if let Some(reference) = payment.reference {
            let now = ctx.now;
            let asked = self.provider_ask(&payment.provider, move |provider| provider.look_up(&reference, now)).await;
            return answer(asked.map_or_else(Said::Silent, Said::Stands));
        }
        let provider = payment.provider.clone();
        let request = self.payment_request(ctx, payment, &order).await?;
        let asked = self.provider_ask(&provider, move |provider| {
            let begun = Instant::now();
            match provider.begin(&request) {
                Err(PaymentError::Temporary(_)) if begun.elapsed() < QUICKLY => provider.begin(&request),
                answer => answer,
            }
        });
        answer(asked.await.map_or_else(Said::NotBegun, Said::Begun))
    }

    async fn payment_request(&self, ctx: &Ctx, payment: Payment, order: &Order) -> Outcome<PaymentRequest> {
        let currency = Currency::from_code(&payment.currency)
            .ok_or_else(|| Error::Internal(format!("payment {} has an unknown currency", payment.id)))?;
        let number = order.name();
        Ok(PaymentRequest {
            key: self.payment_key(&payment).await?,
            // In the query, unlike in letters: what stands behind # need not survive the way by the provider.
            return_url: format!("{}/orders/{number}?token={}", self.url, order.token),
            order_number: number,
            amount: payment.amount,
            currency,
            email: order.email.clone(),
            details: PaymentDetails::of(&payment.details),
            now: ctx.now,
        })
    }

    pub(super) async fn payment_key(&self, payment: &Payment) -> Outcome<PaymentKey> {
        Ok(PaymentKey { shop: self.payment_shop_key().await?, payment: payment.id, made: payment.created_at })
    }
}
