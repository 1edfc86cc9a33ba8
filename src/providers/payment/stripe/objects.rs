//! Reads what Stripe tells: payment intents, refunds, charges, disputes and events.

use super::super::{
    Begun, Event, PaymentError, PaymentKey, PaymentState, RefundKey, RefundStanding, RefundState, Says, Standing,
    WebhookRefusal,
};
use super::amount::told;
use super::wire::word;
use crate::domain::{Currency, Money, Timestamp};
use serde_json::Value;

/// What a payment carries at Stripe, so that it is known again.
pub(super) const SHOP: &str = "nexus_shop";
/// The payment's id.
pub(super) const PAYMENT: &str = "nexus_payment";
/// The refund's id.
pub(super) const REFUND: &str = "nexus_refund";

/// An id of Stripe's, such as `pi_1Nabc`.
pub(super) fn id(value: &Value) -> Option<String> {
    let plain = |t: &&str| {
        (3..=255).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    value.as_str().filter(plain).map(str::to_owned)
}

/// An amount in a currency that may be any.
fn amount(value: &Value, code: &str) -> Option<Money> {
    let amount = value.as_i64()?;
    match Currency::from_code(code) {
        Some(currency) => told(amount, currency),
        // A currency nobody knows is not the shop's: the number is for people to look at.
        None => Some(Money::from_minor(amount)),
    }
}

/// Where a payment intent stands.
pub(super) fn standing(intent: &Value) -> Option<Standing> {
    let currency = intent["currency"].as_str()?.to_ascii_uppercase();
    let (state, of) = match intent["status"].as_str()? {
        "succeeded" => (PaymentState::Captured, "amount_received"),
        "requires_capture" => (PaymentState::Authorized, "amount_capturable"),
        "canceled" => (PaymentState::Cancelled, "amount_received"),
        "processing" => (PaymentState::Processing, "amount_received"),
        _ => (PaymentState::Pending, "amount_received"),
    };
    let received = amount(&intent[of], &currency)?;
    Some(Standing { reference: id(&intent["id"])?, state, received, currency })
}

/// A payment intent with what the buyer needs to pay it.
pub(super) fn begun(intent: &Value) -> Option<Begun> {
    let standing = standing(intent)?;
    let open = standing.state == PaymentState::Pending;
    let text = |value: &Value, most: usize| value.as_str().filter(|t| t.len() <= most).map(str::to_owned);
    let client_secret = text(&intent["client_secret"], 500).filter(|_| open);
    let redirect_url = text(&intent["next_action"]["redirect_to_url"]["url"], 2_000)
        .filter(|url| open && url.starts_with("https://") && !url.contains(char::is_whitespace));
    Some(Begun { standing, client_secret, redirect_url, ask_at: None })
}

/// Where a refund stands.
pub(super) fn refund(refund: &Value) -> Option<RefundStanding> {
    let state = match refund["status"].as_str()? {
        "succeeded" => RefundState::Succeeded,
        "failed" | "canceled" => {
            let why = word(&refund["failure_reason"]).replace('_', " ");
            RefundState::Failed(if why.is_empty() { "Stripe says that it failed".to_owned() } else { why })
        }
        _ => RefundState::Pending,
    };
    Some(RefundStanding { reference: id(&refund["id"])?, state })
}

/// Whose refund it is, when a shop like this one asked for it.
pub(super) fn refund_key(refund: &Value) -> Option<RefundKey> {
    let metadata = &refund["metadata"];
    RefundKey::read(metadata[SHOP].as_str()?, metadata[REFUND].as_str()?)
}

fn payment_key(intent: &Value) -> Option<PaymentKey> {
    let metadata = &intent["metadata"];
    PaymentKey::read(metadata[SHOP].as_str()?, metadata[PAYMENT].as_str()?)
}

/// What the last attempt of the buyer failed on, in words for people.
fn failure(intent: &Value) -> Option<String> {
    let message = intent["last_payment_error"]["message"].as_str()?;
    Some(message.chars().filter(|c| !c.is_control()).take(300).collect())
}

/// Reads an answer, or says that it cannot be made sense of.
pub(super) fn understood<T>(read: Option<T>) -> Result<T, PaymentError> {
    read.ok_or_else(|| PaymentError::Temporary("Stripe answered something that makes no sense".to_owned()))
}

/// A moment in seconds.
fn moment(seconds: &Value) -> Option<Timestamp> {
    seconds.as_i64()?.checked_mul(1_000).map(Timestamp::from_millis)
}

/// What an event says. Kinds that do not matter here say nothing; one that matters must make sense.
pub(super) fn event(body: &[u8]) -> Result<Event, WebhookRefusal> {
    let event: Value = serde_json::from_slice(body).map_err(|_| WebhookRefusal::Malformed)?;
    let thing = &event["data"]["object"];
    let kind = event["type"].as_str().filter(|kind| kind.len() <= 100).ok_or(WebhookRefusal::Malformed)?;
    let says = match kind {
        "payment_intent.succeeded"
        | "payment_intent.payment_failed"
        | "payment_intent.canceled"
        | "payment_intent.processing"
        | "payment_intent.amount_capturable_updated" => {
            let failure = failure(thing).filter(|_| kind == "payment_intent.payment_failed");
            standing(thing).map(|standing| Says::Payment { standing, key: payment_key(thing), failure })
        }
        "charge.refunded" => match (id(&thing["payment_intent"]), thing["currency"].as_str()) {
            // A charge without a payment intent is none of the shop's.
            (None, _) => Some(Says::Nothing),
            (Some(reference), Some(code)) => amount(&thing["amount_refunded"], &code.to_ascii_uppercase())
                .map(|total| Says::Refunded { reference, total, at: moment(&event["created"]) }),
            (Some(_), None) => None,
        },
        "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
            let payment = id(&thing["payment_intent"]);
            refund(thing).map(|standing| Says::Refund { payment, standing, key: refund_key(thing) })
        }
        "charge.dispute.created" => Some(match id(&thing["payment_intent"]) {
            Some(reference) => Says::Disputed { reference, reason: word(&thing["reason"]).replace('_', " ") },
            None => Says::Nothing,
        }),
        _ => Some(Says::Nothing),
    };
    let id = id(&event["id"]).ok_or(WebhookRefusal::Malformed)?;
    Ok(Event { id, kind: kind.to_owned(), says: says.ok_or(WebhookRefusal::Malformed)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn intent(status: &str) -> Value {
        json!({
            "id": "pi_1", "object": "payment_intent", "status": status, "amount": 1999, "amount_received": 1999,
            "amount_capturable": 0, "currency": "eur", "client_secret": "pi_1_secret_2",
            "metadata": {"nexus_shop": "s", "nexus_payment": "7-1000"},
        })
    }

    fn says(kind: &str, thing: &Value) -> Result<Says, WebhookRefusal> {
        let body = json!({"id": "evt_1", "type": kind, "data": {"object": thing}});
        event(body.to_string().as_bytes()).map(|event| event.says)
    }

    #[test]
    fn payment_intents_are_read_whatever_happened_to_them() {
        for (status, state) in [
            ("requires_payment_method", PaymentState::Pending),
            ("requires_confirmation", PaymentState::Pending),
            ("requires_action", PaymentState::Pending),
            ("processing", PaymentState::Processing),
            ("requires_capture", PaymentState::Authorized),
            ("succeeded", PaymentState::Captured),
            ("canceled", PaymentState::Cancelled),
        ] {
            let begun = begun(&intent(status)).unwrap();
            assert_eq!(begun.standing.state, state, "{status}");
            assert_eq!(begun.client_secret.is_some(), state == PaymentState::Pending, "{status}");
        }
    }

    #[test]
    fn events_say_what_matters_and_nothing_else() {
        let paid = says("payment_intent.succeeded", &intent("succeeded")).unwrap();
        let Says::Payment { standing, key: Some(key), failure: None } = paid else { panic!("{paid:?}") };
        assert_eq!((standing.received.minor(), standing.currency.as_str()), (1999, "EUR"));
        assert_eq!((key.shop.as_str(), key.payment.get()), ("s", 7));
        let refund =
            json!({"id": "re_1", "status": "succeeded", "metadata": {"nexus_shop": "s", "nexus_refund": "3-1000"}});
        let refunded = says("refund.updated", &refund).unwrap();
        assert!(matches!(&refunded, Says::Refund { key: Some(key), .. } if key.refund.get() == 3), "{refunded:?}");
        assert_eq!(says("customer.created", &json!({"id": "cus_1"})), Ok(Says::Nothing));
        let charge = json!({"id": "ch_1", "payment_intent": "pi_1", "currency": "eur", "amount_refunded": 500});
        let total = Money::from_minor(500);
        let refunded = |at| Ok(Says::Refunded { reference: "pi_1".into(), total, at });
        assert_eq!(says("charge.refunded", &charge), refunded(None));
        let dated =
            json!({"id": "evt_1", "created": 1_800_000_000, "type": "charge.refunded", "data": {"object": charge}});
        let dated = event(dated.to_string().as_bytes()).map(|event| event.says);
        assert_eq!(dated, refunded(Some(Timestamp::from_millis(1_800_000_000_000))));
        assert_eq!(says("payment_intent.succeeded", &json!({"id": "pi_1"})), Err(WebhookRefusal::Malformed));
        assert_eq!(event(b"[]"), Err(WebhookRefusal::Malformed));
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "\\PC{0,200}") {
            let _ = event(text.as_bytes());
        }
    }
}
