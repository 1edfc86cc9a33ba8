//! What hangs on an order: lines, payments, what was sent and paid back, what happened, addresses.

use super::{Amount, Moment};
use crate::domain::account::AddressDraft;
use crate::domain::order::{Fulfillment, OrderLine, Payment, PaymentStatus, Refund, RefundStatus, TimelineEntry};
use crate::domain::{Currency, EventId, FulfillmentId, OrderLineId, ProductId, RefundId, VariantId};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// A line of an order: what was bought, as it was called and as it cost then.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OrderLine")]
pub struct OrderLineView {
    #[schemars(with = "i64")]
    id: OrderLineId,
    /// The product, while there is one.
    #[schemars(with = "Option<i64>")]
    product_id: Option<ProductId>,
    /// The variant, while there is one.
    #[schemars(with = "Option<i64>")]
    variant_id: Option<VariantId>,
    sku: Option<String>,
    name: String,
    /// Which variant; empty where there is only one.
    title: String,
    quantity: i64,
    unit_price: Amount,
    /// What was taken off the line.
    discount: Amount,
    tax: Amount,
    /// `unit_price * quantity - discount`, and `tax` unless the prices contain it.
    total: Amount,
    /// Units that were sent.
    fulfilled: i64,
    /// Units that were paid back.
    refunded: i64,
    /// Units that came back.
    returned: i64,
}

/// A payment.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Payment")]
pub struct PaymentView {
    /// Who takes the money.
    provider: String,
    /// Such as `bank_transfer`, where the provider has several.
    method: Option<String>,
    status: PaymentStatus,
    amount: Amount,
    /// What came in.
    captured: Amount,
    /// What went back or is on its way back.
    refunded: Amount,
    /// How to pay.
    instructions: Option<String>,
    /// Where to pay.
    redirect_url: Option<String>,
    /// With which the buyer's browser pays at the provider.
    client_secret: Option<String>,
}

/// Something that was sent.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Fulfillment")]
pub struct FulfillmentView {
    #[schemars(with = "i64")]
    id: FulfillmentId,
    carrier: Option<String>,
    tracking_number: Option<String>,
    lines: Vec<LineUnits>,
    created_at: Moment,
}

/// Units of a line.
#[derive(Serialize, JsonSchema)]
pub struct LineUnits {
    #[schemars(with = "i64")]
    line_id: OrderLineId,
    quantity: i64,
}

/// Money that goes back.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Refund")]
pub struct RefundView {
    #[schemars(with = "i64")]
    id: RefundId,
    amount: Amount,
    status: RefundStatus,
    reason: Option<String>,
    /// Whether the units went back into stock.
    restock: bool,
    /// What it is for; empty when it is for no line in particular.
    lines: Vec<LineUnits>,
    created_at: Moment,
}

/// Something that happened to an order.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TimelineEntry")]
pub struct TimelineView {
    #[schemars(with = "i64")]
    id: EventId,
    /// What, such as `placed` or `note`.
    kind: String,
    detail: Map<String, Value>,
    /// Whether the buyer sees it, too.
    visible: bool,
    at: Moment,
    /// Who did it: for staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    actor: Option<String>,
}

/// A postal address on an order or a cart.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PostalAddress")]
pub struct PostalView {
    name: String,
    company: Option<String>,
    line1: String,
    line2: Option<String>,
    city: String,
    region: Option<String>,
    postal_code: String,
    /// ISO 3166-1 alpha-2 code.
    country: String,
    phone: Option<String>,
    vat_number: Option<String>,
}

impl PostalView {
    /// The view of an address.
    pub fn new(address: &AddressDraft) -> Self {
        let AddressDraft { name, company, line1, line2, city, region, postal_code, country, phone, vat_number } =
            address.clone();
        Self { name, company, line1, line2, city, region, postal_code, country, phone, vat_number }
    }
}

impl OrderLineView {
    /// The view of one.
    pub fn new(line: &OrderLine, currency: Currency) -> Self {
        let amount = |money| Amount(money, currency);
        Self {
            id: line.id,
            product_id: line.product_id,
            variant_id: line.variant_id,
            sku: line.sku.clone(),
            name: line.name.clone(),
            title: line.title.clone(),
            quantity: line.quantity,
            unit_price: amount(line.unit_price),
            discount: amount(line.discount),
            tax: amount(line.tax),
            total: amount(line.total),
            fulfilled: line.fulfilled,
            refunded: line.refunded,
            returned: line.returned,
        }
    }
}

impl PaymentView {
    /// The view of one.
    pub fn new(payment: &Payment, currency: Currency) -> Self {
        let amount = |money| Amount(money, currency);
        // How to pay is of no use to anybody once it is settled, one way or the other.
        let open = payment.status.open();
        let instructions = payment.details.get("instructions").and_then(Value::as_str);
        Self {
            provider: payment.provider.clone(),
            method: payment.method().map(str::to_owned),
            status: payment.status,
            amount: amount(payment.amount),
            captured: amount(payment.captured),
            refunded: amount(payment.refunded),
            instructions: instructions.filter(|_| open).map(str::to_owned),
            redirect_url: payment.redirect_url.clone().filter(|_| open),
            client_secret: payment.client_secret.clone().filter(|_| open),
        }
    }
}

impl FulfillmentView {
    /// The view of one.
    pub fn new(sent: &Fulfillment) -> Self {
        Self {
            id: sent.id,
            carrier: sent.carrier.clone(),
            tracking_number: sent.tracking_number.clone(),
            lines: sent
                .lines
                .iter()
                .map(|(line_id, quantity)| LineUnits { line_id: *line_id, quantity: *quantity })
                .collect(),
            created_at: Moment(sent.created_at),
        }
    }
}

impl RefundView {
    /// The view of one.
    pub fn new(refund: &Refund, currency: Currency) -> Self {
        let units = refund.lines.iter();
        Self {
            id: refund.id,
            amount: Amount(refund.amount, currency),
            status: refund.status,
            reason: refund.reason.clone(),
            restock: refund.restock,
            lines: units.map(|units| LineUnits { line_id: units.line_id, quantity: units.quantity }).collect(),
            created_at: Moment(refund.created_at),
        }
    }
}

impl TimelineView {
    /// The view of one.
    pub fn new(entry: &TimelineEntry, staff: bool) -> Self {
        Self {
            id: entry.id,
            kind: entry.kind.clone(),
            detail: entry.detail.as_object().cloned().unwrap_or_default(),
            visible: entry.visible,
            at: Moment(entry.created_at),
            actor: staff.then(|| entry.actor.clone()),
        }
    }
}
