//! Speaks with Stripe's API: forms go out, JSON comes back, and what went wrong is told apart by what it means.

use super::super::PaymentError;
use crate::config::Secret;
use serde_json::Value;
use std::time::{Duration, Instant};
use ureq::Agent;

/// The version of the API that this file speaks; answers stay as they are when Stripe changes its own.
const VERSION: &str = "2024-06-20";
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a call may take in all.
const TOTAL: Duration = Duration::from_secs(20);
/// Bytes of an answer that are read.
const MOST_BYTES: u64 = 1024 * 1024;

/// Why a call came to nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// What it means for a payment.
    Because(PaymentError),
    /// What was asked does not go with where the thing stands.
    State,
    /// The key was used for something else.
    KeyReused,
    /// There is no such thing.
    Missing,
}

impl From<Refused> for PaymentError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Because(error) => error,
            Refused::State => Self::Permanent("Stripe: it does not go with where the payment stands".to_owned()),
            Refused::KeyReused => Self::Permanent("Stripe: the idempotency key was used for something else".to_owned()),
            Refused::Missing => Self::Permanent("Stripe: there is no such thing in this account".to_owned()),
        }
    }
}

/// The API of one account.
pub(super) struct Wire {
    agent: Agent,
    base: String,
    authorization: Secret,
}

/// What a form holds.
pub(super) type Form<'f> = Vec<(&'f str, String)>;

impl Wire {
    pub(super) fn new(base: &str, key: &Secret, total: Option<Duration>) -> Self {
        let plain = base.starts_with("http://");
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(!plain)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(total.unwrap_or(TOTAL)))
            .user_agent(concat!("nexus/", env!("CARGO_PKG_VERSION")));
        if plain {
            // An API on this machine is not behind the proxy that the environment names.
            config = config.proxy(None);
        }
        let authorization = Secret::new(format!("Bearer {}", key.reveal()));
        Self { agent: config.build().into(), base: base.trim_end_matches('/').to_owned(), authorization }
    }

    /// Asks.
    pub(super) fn get(&self, path: &str) -> Result<Value, Refused> {
        self.run(path, || {
            let request = self.agent.get(format!("{}{path}", self.base));
            let request = request.header("Authorization", self.authorization.reveal());
            request.header("Stripe-Version", VERSION).call()
        })
    }

    /// Does something, once for each key.
    pub(super) fn post(&self, path: &str, key: Option<&str>, form: &Form<'_>) -> Result<Value, Refused> {
        self.run(path, || {
            let mut request = self.agent.post(format!("{}{path}", self.base));
            request = request.header("Authorization", self.authorization.reveal()).header("Stripe-Version", VERSION);
            if let Some(key) = key {
                request = request.header("Idempotency-Key", key);
            }
            request.send_form(form.iter().map(|(name, value)| (*name, value.as_str())))
        })
    }

    fn run(
        &self,
        path: &str,
        call: impl FnOnce() -> Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Value, Refused> {
        let begun = Instant::now();
        let outcome = call().map_err(|error| lost(&error)).and_then(|mut response| {
            let status = response.status().as_u16();
            let text = response.body_mut().with_config().limit(MOST_BYTES).read_to_string();
            answer(status, &text.map_err(|error| lost(&error))?)
        });
        // Everything behind the second part of a path names somebody's payment.
        let what = path.split(['?', '/']).nth(2).unwrap_or_default();
        let took_ms = begun.elapsed().as_millis();
        match &outcome {
            Ok(_) => tracing::debug!(what, took_ms, "Stripe answered"),
            Err(refused) => tracing::info!(what, took_ms, ?refused, "Stripe did not do it"),
        }
        outcome
    }
}

/// A call whose outcome is unknown. The cause names hosts and files at most.
fn lost(error: &ureq::Error) -> Refused {
    Refused::Because(PaymentError::Temporary(format!("Stripe could not be reached: {error}")))
}

/// What an answer means.
fn answer(status: u16, text: &str) -> Result<Value, Refused> {
    let because = |error| Err(Refused::Because(error));
    let body: Option<Value> = serde_json::from_str(text).ok();
    if (200..300).contains(&status) {
        return body.ok_or_else(|| Refused::Because(PaymentError::Temporary("Stripe answered no JSON".to_owned())));
    }
    let body = body.unwrap_or_default();
    let error = &body["error"];
    let (kind, code) = (word(&error["type"]), word(&error["code"]));
    // Its message may quote what was sent, so none but that of a declined card, which is for the buyer, is kept.
    let named = if code.is_empty() { kind } else { code };
    match (status, kind, code) {
        (402, ..) => {
            let message = error["message"].as_str().unwrap_or("The payment was declined.");
            because(PaymentError::Declined(message.chars().filter(|c| !c.is_control()).take(300).collect()))
        }
        (400, _, "amount_too_small" | "amount_too_large") => {
            because(PaymentError::Declined("This total cannot be paid this way.".to_owned()))
        }
        (400, "idempotency_error", _) => Err(Refused::KeyReused),
        (400, _, "payment_intent_unexpected_state") => Err(Refused::State),
        (404, _, _) => Err(Refused::Missing),
        (401 | 403, ..) => because(PaymentError::Temporary(format!("Stripe does not take the shop's key ({status})"))),
        (409 | 424 | 429, ..) | (500.., ..) | (0..400, ..) => {
            because(PaymentError::Temporary(format!("Stripe answered {status} {named}").trim_end().to_owned()))
        }
        _ => because(PaymentError::Permanent(format!("Stripe refused it: {status} {named}").trim_end().to_owned())),
    }
}

/// A word of Stripe's own, such as a code; nothing that could be something else.
pub(super) fn word(value: &Value) -> &str {
    value.as_str().filter(|t| t.len() <= 60 && t.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn because(status: u16, error: &Value) -> PaymentError {
        match answer(status, &json!({ "error": error }).to_string()) {
            Err(Refused::Because(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn refusals_are_told_apart_by_what_can_be_done_about_them() {
        let declined = because(402, &json!({"type": "card_error", "code": "card_declined", "message": "No money."}));
        assert_eq!(declined, PaymentError::Declined("No money.".into()));
        for status in [302, 401, 403, 409, 429, 500, 502, 503] {
            assert!(matches!(because(status, &json!({})), PaymentError::Temporary(_)), "{status}");
        }
        let wrong = because(400, &json!({"type": "invalid_request_error", "message": "No such ann@example.test"}));
        assert_eq!(wrong, PaymentError::Permanent("Stripe refused it: 400 invalid_request_error".into()));
        let state = json!({"error": {"type": "invalid_request_error", "code": "payment_intent_unexpected_state"}});
        assert_eq!(answer(400, &state.to_string()), Err(Refused::State));
        assert!(matches!(answer(200, "<html>"), Err(Refused::Because(PaymentError::Temporary(_)))));
        assert!(matches!(answer(500, "<html>"), Err(Refused::Because(PaymentError::Temporary(_)))));
    }
}
