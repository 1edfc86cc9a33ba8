//! A provider for trying the shop out: it pays, declines and delays on command, without a network.
//!
//! It keeps nothing. All it has to know later is written into the reference of a payment, so that a demo survives a
//! restart: `test_PAYMENT_DUE_AMOUNT_CURRENCY_REFUND`, with DUE in milliseconds or `-` for never.

use super::{
    Begun, Event, PaymentError, PaymentKey, PaymentProvider, PaymentRequest, PaymentState, RefundRequest,
    RefundStanding, RefundState, Standing, WebhookRefusal,
};
use crate::domain::payment::{TestOutcome, TestRefund};
use crate::domain::{Money, Timestamp};
use std::time::Duration;

/// The test provider.
pub struct Test;

/// What a reference says.
struct Told<'r> {
    due: Option<Timestamp>,
    amount: Money,
    currency: &'r str,
    refund: TestRefund,
}

fn read(reference: &str) -> Result<Told<'_>, PaymentError> {
    let unknown = || PaymentError::Permanent("the test provider knows no such payment".to_owned());
    let parts: Vec<&str> = reference.split('_').collect();
    let ["test", _, due, amount, currency, refund] = parts[..] else { return Err(unknown()) };
    let due = match due {
        "-" => None,
        ms => Some(Timestamp::from_millis(ms.parse().map_err(|_| unknown())?)),
    };
    let refund = match refund {
        "fail" => TestRefund::Fail,
        "pending" => TestRefund::Pending,
        _ => TestRefund::Succeed,
    };
    Ok(Told { due, amount: Money::from_minor(amount.parse().map_err(|_| unknown())?), currency, refund })
}

impl PaymentProvider for Test {
    fn name(&self) -> &'static str {
        "test"
    }

    fn begin(&self, request: &PaymentRequest) -> Result<Begun, PaymentError> {
        let details = &request.details;
        let made = request.created_at;
        let delay = details.delay_seconds.map(|seconds| Duration::from_secs(seconds.into()));
        let due = match details.outcome.unwrap_or(TestOutcome::Paid) {
            TestOutcome::Paid => Some(made),
            TestOutcome::Declined => {
                return Err(PaymentError::Declined("The test provider was told to decline.".to_owned()));
            }
            TestOutcome::Pending => delay.map(|delay| made.plus(delay)),
        };
        let due = due.map_or_else(|| "-".to_owned(), |due| due.millis().to_string());
        let refund = match details.refund.unwrap_or(TestRefund::Succeed) {
            TestRefund::Succeed => "succeed",
            TestRefund::Fail => "fail",
            TestRefund::Pending => "pending",
        };
        let (payment, amount, currency) = (request.key.payment, request.amount.minor(), request.currency.code());
        let reference = format!("test_{payment}_{due}_{amount}_{currency}_{refund}");
        let standing = self.look_up(&reference, request.now)?;
        Ok(Begun { standing, client_secret: None, redirect_url: None })
    }

    fn look_up(&self, reference: &str, now: Timestamp) -> Result<Standing, PaymentError> {
        let told = read(reference)?;
        let paid = told.due.is_some_and(|due| due <= now);
        let (state, received) =
            if paid { (PaymentState::Captured, told.amount) } else { (PaymentState::Pending, Money::default()) };
        Ok(Standing { reference: reference.to_owned(), state, received, currency: told.currency.to_owned() })
    }

    /// It keeps nothing, so what was begun and not noted never was.
    fn find(&self, _: &PaymentKey, _: Timestamp) -> Result<Option<Standing>, PaymentError> {
        Ok(None)
    }

    fn capture(&self, reference: &str, _: &PaymentKey, now: Timestamp) -> Result<Standing, PaymentError> {
        self.look_up(reference, now)
    }

    fn cancel(&self, reference: &str, now: Timestamp) -> Result<Standing, PaymentError> {
        let standing = self.look_up(reference, now)?;
        let open = standing.state == PaymentState::Pending;
        Ok(if open { Standing { state: PaymentState::Cancelled, ..standing } } else { standing })
    }

    fn refund(&self, request: &RefundRequest) -> Result<RefundStanding, PaymentError> {
        let state = match read(&request.reference)?.refund {
            TestRefund::Succeed => RefundState::Succeeded,
            TestRefund::Pending => RefundState::Pending,
            TestRefund::Fail => {
                return Err(PaymentError::Permanent("the test provider was told not to refund".to_owned()));
            }
        };
        Ok(RefundStanding { reference: format!("test_refund_{}", request.refund), state })
    }

    fn refund_look_up(&self, reference: &str, _: Timestamp) -> Result<RefundStanding, PaymentError> {
        Ok(RefundStanding { reference: reference.to_owned(), state: RefundState::Succeeded })
    }

    fn event(&self, _: &[u8], _: &[(&str, &str)], _: Timestamp) -> Result<Event, WebhookRefusal> {
        Err(WebhookRefusal::Disabled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::payment::PaymentDetails;
    use crate::domain::{Currency, PaymentId};

    fn request(details: PaymentDetails) -> PaymentRequest {
        let created_at = Timestamp::from_millis(1_000_000);
        PaymentRequest {
            key: PaymentKey { shop: "s".into(), payment: PaymentId::new(7) },
            order_number: "1001".into(),
            amount: Money::from_minor(1999),
            currency: Currency::from_code("EUR").unwrap(),
            email: "ann@example.test".into(),
            return_url: "http://localhost/".into(),
            details,
            created_at,
            now: created_at,
        }
    }

    fn outcome(outcome: TestOutcome, delay_seconds: Option<u32>) -> PaymentDetails {
        PaymentDetails { outcome: Some(outcome), delay_seconds, ..PaymentDetails::default() }
    }

    #[test]
    fn pays_and_declines_at_once_and_later_on_command() {
        let paid = Test.begin(&request(outcome(TestOutcome::Paid, None))).unwrap().standing;
        assert_eq!((paid.state, paid.received.minor(), paid.currency.as_str()), (PaymentState::Captured, 1999, "EUR"));
        let declined = Test.begin(&request(outcome(TestOutcome::Declined, None)));
        assert!(matches!(declined, Err(PaymentError::Declined(_))));
        let late = Test.begin(&request(outcome(TestOutcome::Pending, Some(5)))).unwrap().standing;
        assert_eq!((late.state, late.received.minor()), (PaymentState::Pending, 0));
        let after = |ms: i64| Test.look_up(&late.reference, Timestamp::from_millis(1_000_000 + ms)).unwrap().state;
        assert_eq!((after(4_999), after(5_000)), (PaymentState::Pending, PaymentState::Captured));
        let never = Test.begin(&request(outcome(TestOutcome::Pending, None))).unwrap().standing;
        let end = Timestamp::from_millis(i64::MAX);
        assert_eq!(Test.look_up(&never.reference, end).unwrap().state, PaymentState::Pending);
        assert_eq!(Test.cancel(&never.reference, end).unwrap().state, PaymentState::Cancelled);
    }

    #[test]
    fn begun_again_it_gives_the_same_reference() {
        let first = request(outcome(TestOutcome::Pending, Some(5)));
        let again = PaymentRequest { now: Timestamp::from_millis(2_000_000), ..first.clone() };
        let (first, again) = (Test.begin(&first).unwrap().standing, Test.begin(&again).unwrap().standing);
        assert_eq!(first.reference, again.reference);
        assert_eq!((first.state, again.state), (PaymentState::Pending, PaymentState::Captured));
    }

    #[test]
    fn references_that_are_not_its_own_are_refused() {
        let long = "test_1_2_3_EUR_fail_x";
        for bad in ["", "test", "test_1_x_5_EUR_succeed", "test_1_-_x_EUR_succeed", "pi_1_2_3_EUR_fail", long] {
            assert!(matches!(Test.look_up(bad, Timestamp::from_millis(0)), Err(PaymentError::Permanent(_))), "{bad}");
        }
    }
}
