//! Payments as staff sees them.

use super::{Amount, Moment, one_of};
use crate::domain::order::PaymentStatus;
use crate::domain::payment::{PaymentDetails, PaymentFlag};
use crate::domain::{Currency, PaymentId};
use crate::http::query::Links;
use crate::services::payments::PaymentRow;
use schemars::JsonSchema;
use schemars::r#gen::SchemaGenerator;
use schemars::schema::Schema;
use serde::Serialize;

/// Why a person has to look.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Flag(PaymentFlag);

impl JsonSchema for Flag {
    fn schema_name() -> String {
        "PaymentFlag".to_owned()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        one_of(PaymentFlag::ALL.into_iter().map(PaymentFlag::as_str))
    }
}

/// A payment of an order.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PaymentRow")]
pub struct PaymentRowView {
    #[schemars(with = "i64")]
    id: PaymentId,
    /// The number of its order, or `d` and the id of a draft.
    order: String,
    /// Who takes the money.
    provider: String,
    /// What the provider calls it.
    reference: Option<String>,
    status: PaymentStatus,
    /// What is to be paid.
    amount: Amount,
    /// What came in.
    captured: Amount,
    /// What went back or is on its way back.
    refunded: Amount,
    currency: String,
    /// Why a person has to look: the newest reason.
    flag: Option<Flag>,
    /// All reasons since a person last looked, the oldest first.
    flags: Vec<Flag>,
    /// Why it has its flag: a line for each reason since a person last looked.
    flag_note: Option<String>,
    /// When the provider is asked about it next.
    check_at: Option<Moment>,
    created_at: Moment,
    updated_at: Moment,
}

impl PaymentRowView {
    /// The view of one.
    pub fn new(row: PaymentRow, currency: Currency) -> Self {
        let PaymentRow { payment, number } = row;
        let amount = |money| Amount(money, currency);
        let order = number.map_or_else(|| format!("d{}", payment.order_id), |number| number.to_string());
        let details = PaymentDetails::of(&payment.details);
        Self {
            id: payment.id,
            order,
            flag: payment.flag.as_deref().and_then(PaymentFlag::parse).map(Flag),
            flags: PaymentFlag::all_of(payment.flag.as_deref(), &details).into_iter().map(Flag).collect(),
            flag_note: details.flag_note,
            provider: payment.provider,
            reference: payment.reference,
            status: payment.status,
            amount: amount(payment.amount),
            captured: amount(payment.captured),
            refunded: amount(payment.refunded),
            currency: payment.currency,
            check_at: payment.check_at.map(Moment),
            created_at: Moment(payment.created_at),
            updated_at: Moment(payment.updated_at),
        }
    }
}

/// A page of payments.
#[derive(Serialize, JsonSchema)]
pub struct PaymentList {
    /// The payments, the newest first.
    results: Vec<PaymentRowView>,
    /// Where the next page is.
    next: Option<String>,
    /// Where the previous page is.
    previous: Option<String>,
}

impl PaymentList {
    /// The view of a page.
    pub fn new(rows: Vec<PaymentRow>, currency: Currency, links: Links) -> Self {
        let results = rows.into_iter().map(|row| PaymentRowView::new(row, currency)).collect();
        Self { results, next: links.next, previous: links.previous }
    }
}
