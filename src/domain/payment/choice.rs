//! How a buyer wants to pay: the provider and what it needs to know, as a checkout says it and as a payment keeps it.

use crate::domain::Fields;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How money comes that no provider moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ManualMethod {
    /// To the shop's account; shipped when it has arrived.
    BankTransfer,
    /// To whoever delivers; shipped before.
    CashOnDelivery,
    /// At the counter.
    InPerson,
}

/// What the test provider does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    /// It pays at once.
    Paid,
    /// It declines.
    Declined,
    /// It waits, and pays when the delay is over, if there is one.
    Pending,
}

/// What the test provider does when a payment is to be refunded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestRefund {
    /// It refunds at once.
    Succeed,
    /// It refuses.
    Fail,
    /// It takes its time: the refund is done when it is looked up.
    Pending,
}

/// What a payment keeps beside its amounts. Every field belongs to one provider; those of the others are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PaymentDetails {
    /// manual: how the money comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<ManualMethod>,
    /// manual: what the buyer has to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// test: what becomes of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<TestOutcome>,
    /// test: seconds until a pending payment pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_seconds: Option<u32>,
    /// test: what becomes of refunds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund: Option<TestRefund>,
    /// stripe: what the buyer pays with, when the storefront has collected it already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<String>,
    /// Why it was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// What staff is told beside the flag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag_note: Option<String>,
    /// The flags there were since a person last looked, the oldest first. Of payments flagged long ago there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
}

impl PaymentDetails {
    /// The text that is stored.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// Reads what is stored; what a newer version has written counts as absent.
    pub fn of(stored: &Value) -> Self {
        serde_json::from_value(stored.clone()).unwrap_or_default()
    }
}

/// The provider a buyer has chosen, and what it needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentChoice {
    /// The provider's name.
    pub provider: String,
    /// What it needs to know.
    pub details: PaymentDetails,
}

impl PaymentChoice {
    /// Reads `{"provider": "manual" | "stripe" | "test", …}`. Whether the shop offers that provider is another matter.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        if !fields.has("provider") {
            fields.missing("provider");
        }
        let provider = fields.text("provider", 1..=40).unwrap_or_default();
        let mut details = PaymentDetails::default();
        match provider.as_str() {
            "manual" => {
                let methods = "bank_transfer, cash_on_delivery or in_person";
                let method = fields.parsed("method", methods, |text| match text {
                    "bank_transfer" => Some(ManualMethod::BankTransfer),
                    "cash_on_delivery" => Some(ManualMethod::CashOnDelivery),
                    "in_person" => Some(ManualMethod::InPerson),
                    _ => None,
                });
                details.method = Some(method.unwrap_or(ManualMethod::BankTransfer));
            }
            "test" => read_test(fields, &mut details),
            "stripe" => {
                let method = fields.parsed("payment_method", "an id such as pm_1Nabc of Stripe.js", |text| {
                    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                    (plain && (4..=255).contains(&text.len())).then(|| text.to_owned())
                });
                details.payment_method = method;
            }
            _ => {}
        }
        Self { provider, details }
    }
}

fn read_test(fields: &mut Fields<'_>, details: &mut PaymentDetails) {
    let outcome = fields.parsed("outcome", "paid, declined or pending", |text| match text {
        "paid" => Some(TestOutcome::Paid),
        "declined" => Some(TestOutcome::Declined),
        "pending" => Some(TestOutcome::Pending),
        _ => None,
    });
    details.outcome = Some(outcome.unwrap_or(TestOutcome::Paid));
    details.delay_seconds = fields.integer("delay_seconds", 0..=86_400).and_then(|seconds| u32::try_from(seconds).ok());
    details.refund = fields.parsed("refund", "succeed, fail or pending", |text| match text {
        "succeed" => Some(TestRefund::Succeed),
        "fail" => Some(TestRefund::Fail),
        "pending" => Some(TestRefund::Pending),
        _ => None,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Invalid;
    use serde_json::json;

    fn read(body: &Value) -> Result<PaymentChoice, Invalid> {
        Fields::read(body, PaymentChoice::read)
    }

    #[test]
    fn choices_are_read_with_what_their_provider_needs() {
        let manual = read(&json!({"provider": "manual"})).unwrap();
        assert_eq!(manual.details.method, Some(ManualMethod::BankTransfer));
        let test = read(&json!({"provider": "test", "outcome": "pending", "delay_seconds": 5})).unwrap();
        assert_eq!((test.details.outcome, test.details.delay_seconds), (Some(TestOutcome::Pending), Some(5)));
        assert_eq!(read(&json!({"provider": "stripe"})).unwrap().details, PaymentDetails::default());
        let text = test.details.to_text();
        assert_eq!(PaymentDetails::of(&serde_json::from_str(&text).unwrap()), test.details, "{text}");
    }

    #[test]
    fn what_is_wrong_or_belongs_to_another_provider_is_named() {
        for (body, field) in [
            (json!({}), "provider"),
            (json!({"provider": 1}), "provider"),
            (json!({"provider": "manual", "method": "barter"}), "method"),
            (json!({"provider": "manual", "outcome": "paid"}), "outcome"),
            (json!({"provider": "test", "outcome": "free"}), "outcome"),
            (json!({"provider": "test", "delay_seconds": -1}), "delay_seconds"),
            (json!({"provider": "stripe", "payment_method": "pm/../x"}), "payment_method"),
            (json!({"provider": "stripe", "amount": 1}), "amount"),
        ] {
            let fields: Vec<_> = read(&body).unwrap_err().0.into_iter().map(|e| e.field).collect();
            assert_eq!(fields, [field], "{body}");
        }
    }
}
