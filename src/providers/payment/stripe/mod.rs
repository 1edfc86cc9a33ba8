//! Payments with Stripe: payment intents over its API, messages from its webhooks.
//!
//! Without a `payment_method` an intent waits for the storefront, which lets the buyer pay with the `client_secret`.
//! With one it is confirmed at once, and is paid, declined, or sends the buyer to a page of their bank.

mod amount;
mod objects;
mod signature;
mod wire;

use super::{
    Begun, Event, PaymentError, PaymentKey, PaymentProvider, PaymentRequest, RefundRequest, RefundStanding, Standing,
    WebhookRefusal,
};
use crate::config::{Secret, StripeSettings};
use crate::domain::{Currency, Money, Timestamp};
use objects::{PAYMENT, SHOP, understood};
use serde_json::Value;
use std::time::Duration;
use wire::{Form, Refused, Wire};

/// How long Stripe knows an idempotency key again, less an hour.
const KEY_KEPT: Duration = Duration::from_secs(23 * 3_600);

/// One account at Stripe.
pub struct Stripe {
    wire: Wire,
    secrets: Vec<Secret>,
}

impl Stripe {
    /// The account of these settings.
    pub fn new(settings: &StripeSettings) -> Self {
        Self::with_timeout(settings, None)
    }

    /// With another limit to how long a call may take.
    pub fn with_timeout(settings: &StripeSettings, total: Option<Duration>) -> Self {
        let wire = Wire::new(&settings.api_base, &settings.secret_key, total);
        Self { wire, secrets: settings.signing_secrets().cloned().collect() }
    }

    fn intent(&self, path: &str) -> Result<Standing, PaymentError> {
        understood(objects::standing(&self.wire.get(path)?))
    }

    /// Does something to an intent. What does not go with where it stands was done before, or can never be: then it is
    /// where it stands that counts.
    fn act(&self, reference: &str, action: &str, key: Option<&str>) -> Result<Standing, PaymentError> {
        let path = intent_path(reference)?;
        match self.wire.post(&format!("{path}/{action}"), key, &Vec::new()) {
            Ok(intent) => understood(objects::standing(&intent)),
            Err(Refused::State | Refused::KeyReused) => self.intent(&path),
            Err(refused) => Err(refused.into()),
        }
    }
}

/// The path of an intent. The reference came from Stripe, and is looked at nevertheless.
fn intent_path(reference: &str) -> Result<String, PaymentError> {
    let unknown = || PaymentError::Permanent("Stripe has no payment of such a name".to_owned());
    let id = objects::id(&Value::from(reference)).ok_or_else(unknown)?;
    Ok(format!("/v1/payment_intents/{id}"))
}

/// The amount as Stripe counts it.
fn sent(money: Money, currency: Currency) -> Result<String, PaymentError> {
    let amount = amount::sent(money, currency);
    amount.map(|amount| amount.to_string()).map_err(|why| PaymentError::Permanent(format!("Stripe {why}")))
}

impl PaymentProvider for Stripe {
    fn name(&self) -> &'static str {
        "stripe"
    }

    fn refusal(&self, total: Money, currency: Currency) -> Option<String> {
        amount::sent(total, currency).err()
    }

    fn begin(&self, request: &PaymentRequest) -> Result<Begun, PaymentError> {
        if request.now.since(request.key.made) > KEY_KEPT {
            // The key may be forgotten: to begin again could be to charge again.
            let found = self.find(&request.key, request.now)?;
            return found.ok_or_else(|| PaymentError::Permanent("Stripe was never asked in time".to_owned()));
        }
        let mut form: Form<'_> = vec![
            ("amount", sent(request.amount, request.currency)?),
            ("currency", request.currency.code().to_ascii_lowercase()),
            ("description", format!("Order {}", request.order_number)),
            ("metadata[nexus_order]", request.order_number.clone()),
            ("metadata[nexus_payment]", request.key.name()),
            ("metadata[nexus_shop]", request.key.shop.clone()),
            ("automatic_payment_methods[enabled]", "true".to_owned()),
        ];
        if let Some(method) = &request.details.payment_method {
            form.push(("payment_method", method.clone()));
            form.push(("confirm", "true".to_owned()));
            form.push(("return_url", request.return_url.clone()));
        }
        match self.wire.post("/v1/payment_intents", Some(&request.key.text()), &form) {
            Ok(intent) => understood(objects::begun(&intent)),
            // It was begun when something else was set, such as the address of the shop.
            Err(Refused::KeyReused) => self.find(&request.key, request.now)?.ok_or_else(|| Refused::KeyReused.into()),
            Err(refused) => Err(refused.into()),
        }
    }

    fn look_up(&self, reference: &str, _: Timestamp) -> Result<Standing, PaymentError> {
        self.intent(&intent_path(reference)?)
    }

    fn find(&self, key: &PaymentKey, _: Timestamp) -> Result<Option<Begun>, PaymentError> {
        let query = format!("metadata['{PAYMENT}']:'{}' AND metadata['{SHOP}']:'{}'", key.name(), key.shop);
        let query = percent_encoding::utf8_percent_encode(&query, percent_encoding::NON_ALPHANUMERIC);
        let found = self.wire.get(&format!("/v1/payment_intents/search?limit=1&query={query}"))?;
        found["data"].get(0).map(|intent| understood(objects::begun(intent))).transpose()
    }

    fn capture(&self, reference: &str, key: &PaymentKey, _: Timestamp) -> Result<Standing, PaymentError> {
        self.act(reference, "capture", Some(&format!("{}-capture", key.text())))
    }

    fn cancel(&self, reference: &str, _: Timestamp) -> Result<Standing, PaymentError> {
        self.act(reference, "cancel", None)
    }

    fn refund(&self, request: &RefundRequest) -> Result<RefundStanding, PaymentError> {
        let intent = objects::id(&Value::from(request.reference.as_str()));
        let intent = intent.ok_or_else(|| PaymentError::Permanent("Stripe has no such payment".to_owned()))?;
        if request.again {
            // What was asked before may have been done; the list knows at once, and for longer than keys are kept.
            let listed = self.wire.get(&format!("/v1/refunds?limit=100&payment_intent={intent}"))?;
            let mut listed = listed["data"].as_array().into_iter().flatten();
            if let Some(known) = listed.find(|refund| objects::refund_key(refund).as_ref() == Some(&request.key)) {
                return understood(objects::refund(known));
            }
        }
        let form: Form<'_> = vec![
            ("payment_intent", intent),
            ("amount", sent(request.amount, request.currency)?),
            ("metadata[nexus_refund]", request.key.name()),
            ("metadata[nexus_shop]", request.key.shop.clone()),
        ];
        let refund = self.wire.post("/v1/refunds", Some(&request.key.text()), &form)?;
        understood(objects::refund(&refund))
    }

    fn refund_look_up(&self, reference: &str, _: Timestamp) -> Result<RefundStanding, PaymentError> {
        let id = objects::id(&Value::from(reference));
        let id = id.ok_or_else(|| PaymentError::Permanent("Stripe has no such refund".to_owned()))?;
        understood(objects::refund(&self.wire.get(&format!("/v1/refunds/{id}"))?))
    }

    fn event(&self, body: &[u8], headers: &[(&str, &str)], now: Timestamp) -> Result<Event, WebhookRefusal> {
        signature::verify(body, headers, &self.secrets, now)?;
        objects::event(body)
    }
}
