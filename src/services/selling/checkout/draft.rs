//! What somebody sends to check out. Prices and sums are not among it: those are the shop's to say.

use crate::domain::account::AddressDraft;
use crate::domain::{Currency, Email, Fields, Money};

/// What somebody sends to check out. What is left out is taken from the cart, and the e-mail address from the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutDraft {
    /// Where letters about the order go.
    pub email: Option<Email>,
    /// Where it goes.
    pub shipping_address: Option<AddressDraft>,
    /// Who is billed, when it is somebody else.
    pub billing_address: Option<AddressDraft>,
    /// How it is shipped.
    pub shipping_option: Option<String>,
    /// How it is paid.
    pub payment: PaymentChoice,
    /// The total the buyer was shown; when it is another one by now, nothing is ordered.
    pub expected_total: Option<Money>,
    /// What the buyer has to say.
    pub note: Option<String>,
}

/// How somebody wants to pay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaymentChoice {
    /// Who takes the money.
    pub provider: String,
    /// In which way, where the provider has several.
    pub method: Option<String>,
    /// What the test provider is to do.
    pub outcome: Option<String>,
}

impl CheckoutDraft {
    /// Reads the body of a checkout.
    pub fn read(fields: &mut Fields<'_>, currency: Currency) -> Self {
        if !fields.has("payment") {
            fields.missing("payment");
        }
        Self {
            email: fields.parsed("email", "an e-mail address", |text| Email::parse(text.trim())),
            shipping_address: fields.object("shipping_address", AddressDraft::read),
            billing_address: fields.object("billing_address", AddressDraft::read),
            shipping_option: fields.text("shipping_option", 1..=40),
            payment: fields.object("payment", PaymentChoice::read).unwrap_or_default(),
            expected_total: fields.money("expected_total", currency),
            note: fields.long_text("note", 2_000).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
        }
    }
}

impl PaymentChoice {
    fn read(fields: &mut Fields<'_>) -> Self {
        if !fields.has("provider") {
            fields.missing("provider");
        }
        Self {
            provider: fields.text("provider", 1..=40).unwrap_or_default(),
            method: fields.text("method", 1..=40),
            outcome: fields.text("outcome", 1..=40),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(body: &Value) -> Result<CheckoutDraft, Vec<(String, &'static str)>> {
        let euro = Currency::from_code("EUR").unwrap();
        let read = Fields::read(body, |fields| CheckoutDraft::read(fields, euro));
        read.map_err(|invalid| invalid.0.into_iter().map(|e| (e.field, e.code)).collect())
    }

    #[test]
    fn checkout_needs_a_payment_and_takes_no_prices() {
        let draft = read(&json!({ "payment": { "provider": "manual" }, "note": " \n" })).unwrap();
        assert_eq!((draft.payment.provider.as_str(), draft.note), ("manual", None));
        assert_eq!(read(&json!({})).unwrap_err(), [("payment".to_owned(), "required")]);
        for field in ["total", "price", "subtotal", "currency", "discount", "tax", "status", "user_id", "lines", "id"] {
            let wrong = read(&json!({ "payment": { "provider": "manual" }, field: 1 })).unwrap_err();
            assert_eq!(wrong, [(field.to_owned(), "unknown_field")]);
        }
        let nested = json!({ "payment": { "provider": "manual", "amount": 1 }, "shipping_address": { "id": 3 } });
        let wrong = read(&nested).unwrap_err();
        assert!(wrong.contains(&("payment.amount".to_owned(), "unknown_field")), "{wrong:?}");
        assert!(wrong.contains(&("shipping_address.id".to_owned(), "unknown_field")), "{wrong:?}");
    }

    #[test]
    fn expected_total_is_an_amount() {
        let draft = |total: &str| {
            let body = format!(r#"{{"payment": {{"provider": "manual"}}, "expected_total": {total}}}"#);
            read(&serde_json::from_str(&body).unwrap()).map(|draft| draft.expected_total)
        };
        assert_eq!(draft("\"12.50\""), Ok(Some(Money::from_minor(1250))));
        assert_eq!(draft("12.5"), Ok(Some(Money::from_minor(1250))));
        assert_eq!(draft("-0"), Ok(Some(Money::from_minor(0))));
        for bad in ["-1", "1.999", "1e400", "\"x\"", "true", "9223372036854775808"] {
            assert!(draft(bad).is_err(), "{bad}");
        }
    }
}
