//! Payments: how a buyer wants to pay, and why a person has to look at a payment.

mod choice;

pub use choice::{ManualMethod, PaymentChoice, PaymentDetails, TestOutcome, TestRefund};

use serde::Serialize;

/// Why staff has to look at a payment. The names stand in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentFlag {
    /// The provider has taken another amount than the order's.
    AmountMismatch,
    /// The provider has taken another currency than the order's.
    CurrencyMismatch,
    /// It was paid although the order had been cancelled.
    PaidAfterCancel,
    /// The order was paid by it although some of it had been paid otherwise.
    PaidTwice,
    /// A refund that was asked for did not work.
    RefundFailed,
    /// More was refunded at the provider than in the shop.
    RefundedElsewhere,
    /// The buyer disputes the payment.
    Disputed,
    /// The provider has given no final answer for days.
    NoAnswer,
}

impl PaymentFlag {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::AmountMismatch,
        Self::CurrencyMismatch,
        Self::PaidAfterCancel,
        Self::PaidTwice,
        Self::RefundFailed,
        Self::RefundedElsewhere,
        Self::Disputed,
        Self::NoAnswer,
    ];

    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AmountMismatch => "amount_mismatch",
            Self::CurrencyMismatch => "currency_mismatch",
            Self::PaidAfterCancel => "paid_after_cancel",
            Self::PaidTwice => "paid_twice",
            Self::RefundFailed => "refund_failed",
            Self::RefundedElsewhere => "refunded_elsewhere",
            Self::Disputed => "disputed",
            Self::NoAnswer => "no_answer",
        }
    }

    /// The one of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flag| flag.as_str() == text)
    }

    /// All flags of a payment, the oldest first: `newest` is the one it was given last, if a person has to look at it.
    pub fn all_of(newest: Option<&str>, details: &PaymentDetails) -> Vec<Self> {
        let Some(newest) = newest else { return Vec::new() };
        let older = details.flags.iter().map(String::as_str).filter(|_| details.flags.iter().any(|f| f == newest));
        let mut flags: Vec<Self> = older.filter_map(Self::parse).collect();
        if flags.is_empty() {
            flags.extend(Self::parse(newest));
        }
        flags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        assert!(PaymentFlag::ALL.iter().all(|s| PaymentFlag::parse(s.as_str()) == Some(*s)));
        assert_eq!(PaymentFlag::parse("paid"), None);
    }

    #[test]
    fn flags_of_payments_that_were_flagged_before_they_were_kept_are_the_newest_one() {
        let details = |flags: &[&str]| PaymentDetails {
            flags: flags.iter().map(|&flag| flag.to_owned()).collect(),
            ..PaymentDetails::default()
        };
        let (disputed, failed) = (PaymentFlag::Disputed, PaymentFlag::RefundFailed);
        assert_eq!(PaymentFlag::all_of(None, &details(&["disputed"])), []);
        assert_eq!(PaymentFlag::all_of(Some("disputed"), &details(&[])), [disputed]);
        assert_eq!(PaymentFlag::all_of(Some("disputed"), &details(&["refund_failed", "disputed"])), [failed, disputed]);
        assert_eq!(PaymentFlag::all_of(Some("disputed"), &details(&["refund_failed"])), [disputed]);
        assert_eq!(PaymentFlag::all_of(Some("disputed"), &details(&["of tomorrow", "disputed"])), [disputed]);
    }
}
