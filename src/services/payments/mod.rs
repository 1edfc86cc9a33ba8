//! Payments: what is written down when an order is placed, what its provider is asked, and what becomes of its answers.
//!
//! A payment is begun outside of every write: the order is placed and committed, the provider asked, and its answer
//! noted in a second write. Whatever cuts that short, the payment has a time at which its provider is asked again.
//! Answers of a call, messages of the provider and what is found when asking later all go through [`standing_note`],
//! which only ever moves a payment on, so that neither their order nor their number matters.

mod asking;
mod flags;
mod messages;
mod noting;
mod reconciling;
mod refunds;

pub use crate::providers::payment::WebhookRefusal;
pub use crate::store::PaymentRow;
pub use asking::PaymentAnswer;
pub use flags::ResolveDraft;
pub use messages::Received;
pub use noting::{PaymentProgress, payment_note};
pub use reconciling::{Checked, Reconciled};

use super::{Error, Outcome, Shop};
use crate::domain::payment::PaymentChoice;
use crate::domain::{Currency, Invalid, Money, Timestamp};
use crate::providers::{PaymentError, PaymentProvider, Payments};
use serde_json::Value;
use std::time::Duration;

/// How long after placing an order its payment is looked at, when whoever placed it was cut off before asking the
/// provider.
const FIRST_CHECK: Duration = Duration::from_secs(60);
/// The setting that tells this shop from others at its providers.
const SHOP_KEY: &str = "payment_key";
const PAYMENT: Error = Error::NotFound("payment");

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

/// Who takes payments in the shop, to be taken into a transaction.
#[derive(Clone)]
pub struct PaymentTerms {
    providers: Payments,
    currency: Currency,
}

impl Shop {
    /// Who takes payments here.
    pub fn payment_terms(&self) -> PaymentTerms {
        PaymentTerms { providers: self.providers.payments.clone(), currency: self.settings.currency() }
    }
}

impl PaymentTerms {
    /// What a choice comes to for a total. Refused at `payment.provider` when the shop does not offer that provider, or
    /// when the provider does not take such a total.
    pub fn plan(&self, choice: PaymentChoice, total: Money, now: Timestamp) -> Outcome<PaymentPlan> {
        let PaymentChoice { provider: name, mut details } = choice;
        let Some(provider) = self.providers.by_name(&name) else {
            let names = self.providers.names().join(", ");
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
            && let Some(why) = provider.refusal(total, self.currency)
        {
            return Err(Invalid::one("payment.provider", "amount_refused", why).into());
        }
        details.instructions = provider.instructions(&details);
        let details = serde_json::to_value(&details).unwrap_or_default();
        Ok(PaymentPlan { provider: name, details, check_at: asks.then(|| now.plus(FIRST_CHECK)), asks })
    }
}

impl Shop {
    /// Asks a provider, on a thread that may block.
    async fn provider_ask<T: Send + 'static>(
        &self,
        name: &str,
        ask: impl FnOnce(&dyn PaymentProvider) -> Result<T, PaymentError> + Send + 'static,
    ) -> Result<T, PaymentError> {
        let Some(provider) = self.providers.payments.by_name(name) else {
            return Err(PaymentError::Temporary(format!("the payment provider {name} is not set up any more")));
        };
        let asked = tokio::task::spawn_blocking(move || ask(provider.as_ref())).await;
        asked
            .unwrap_or_else(|_| Err(PaymentError::Temporary("asking the provider panicked; the log says where".into())))
    }

    /// What tells this shop from others that may share an account at a provider.
    async fn payment_shop_key(&self) -> Outcome<String> {
        if let Some(known) = self.store.read(|tx| Ok::<_, Error>(tx.setting(SHOP_KEY)?))? {
            return Ok(known);
        }
        let new = crate::clock::random_hex::<6>();
        let keep = move |tx: &crate::store::WriteTx<'_>| match tx.setting(SHOP_KEY)? {
            Some(known) => Ok(known),
            None => {
                tx.setting_put(SHOP_KEY, &new)?;
                Ok::<_, Error>(new)
            }
        };
        self.store.write(keep).await
    }
}
