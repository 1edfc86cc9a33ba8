//! Payments: what is written down when an order is placed, and what becomes of it at the provider.

use super::{Outcome, Shop};
use crate::domain::payment::PaymentChoice;
use crate::domain::{Invalid, Money, Timestamp};
use serde_json::Value;
use std::time::Duration;

/// How long after placing an order its payment is looked at, when whoever placed it was cut off before asking the
/// provider.
const FIRST_CHECK: Duration = Duration::from_secs(60);

/// What is to be written down of a payment in the transaction that places its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentPlan {
    /// The provider's name.
    pub provider: String,
    /// The row's `details`: a JSON object.
    pub details: Value,
    /// The row's `check_at`.
    pub check_at: Option<Timestamp>,
    /// Whether `payment_begin` is to be called once the order is placed. Otherwise all is said already.
    pub asks: bool,
}

impl Shop {
    /// What a choice comes to for a total. Refused at `payment.provider` when the shop does not offer that provider, or
    /// when the provider does not take such a total.
    pub fn payment_plan(&self, choice: PaymentChoice, total: Money, now: Timestamp) -> Outcome<PaymentPlan> {
        let PaymentChoice { provider: name, mut details } = choice;
        let Some(provider) = self.providers.payments.by_name(&name) else {
            let names = self.providers.payments.names().join(", ");
            let message = if names.is_empty() {
                "is not offered: this shop takes no payments yet".to_owned()
            } else {
                format!("must be one of {names}")
            };
            return Err(Invalid::one("payment.provider", "not_offered", message).into());
        };
        // Nothing is to be moved for an order that costs nothing; `payment_begin` takes it for paid.
        let asks = provider.moves_money() || total.minor() == 0;
        if total.minor() > 0
            && let Some(why) = provider.refusal(total, self.settings.currency())
        {
            return Err(Invalid::one("payment.provider", "amount_refused", why).into());
        }
        details.instructions = provider.instructions(&details);
        let details = serde_json::to_value(&details).unwrap_or_default();
        Ok(PaymentPlan { provider: name, details, check_at: asks.then(|| now.plus(FIRST_CHECK)), asks })
    }
}
