//! Money that no provider moves: by bank transfer, on delivery, at the counter. Staff says when it is there.

use super::{
    Begun, Event, PaymentError, PaymentKey, PaymentProvider, PaymentRequest, RefundRequest, RefundStanding,
    RefundState, Standing, WebhookRefusal,
};
use crate::domain::Timestamp;
use crate::domain::payment::{ManualMethod, PaymentDetails};

/// Payments that staff marks as received and gives back by hand.
pub struct Manual {
    transfer: String,
}

impl Manual {
    /// With what buyers are told who pay by bank transfer.
    pub fn new(transfer_instructions: &str) -> Self {
        Self { transfer: transfer_instructions.to_owned() }
    }
}

fn nothing_to_ask() -> PaymentError {
    PaymentError::Permanent("staff says whether a manual payment has arrived; there is nobody to ask".to_owned())
}

impl PaymentProvider for Manual {
    fn name(&self) -> &'static str {
        "manual"
    }

    fn moves_money(&self) -> bool {
        false
    }

    fn instructions(&self, details: &PaymentDetails) -> Option<String> {
        Some(match details.method {
            None | Some(ManualMethod::BankTransfer) => self.transfer.clone(),
            Some(ManualMethod::CashOnDelivery) => "Pay when the goods are delivered.".to_owned(),
            Some(ManualMethod::InPerson) => "Pay at the counter.".to_owned(),
        })
    }

    fn begin(&self, _: &PaymentRequest) -> Result<Begun, PaymentError> {
        Err(nothing_to_ask())
    }

    fn look_up(&self, _: &str, _: Timestamp) -> Result<Standing, PaymentError> {
        Err(nothing_to_ask())
    }

    fn find(&self, _: &PaymentKey, _: Timestamp) -> Result<Option<Standing>, PaymentError> {
        Ok(None)
    }

    fn capture(&self, _: &str, _: &PaymentKey, _: Timestamp) -> Result<Standing, PaymentError> {
        Err(nothing_to_ask())
    }

    fn cancel(&self, _: &str, _: Timestamp) -> Result<Standing, PaymentError> {
        Err(nothing_to_ask())
    }

    /// Whoever asks for the refund hands the money over: asking is doing.
    fn refund(&self, request: &RefundRequest) -> Result<RefundStanding, PaymentError> {
        let reference = format!("manual-{}", request.refund);
        Ok(RefundStanding { reference, state: RefundState::Succeeded })
    }

    fn refund_look_up(&self, reference: &str, _: Timestamp) -> Result<RefundStanding, PaymentError> {
        Ok(RefundStanding { reference: reference.to_owned(), state: RefundState::Succeeded })
    }

    fn event(&self, _: &[u8], _: &[(&str, &str)], _: Timestamp) -> Result<Event, WebhookRefusal> {
        Err(WebhookRefusal::Disabled)
    }
}
