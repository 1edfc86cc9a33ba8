//! Orders as buyers and staff see them.

use super::cart::PostalAddressView;
use super::order_parts::{FulfillmentView, OrderLineView, PaymentView, RefundView, TimelineView};
use super::{Amount, Moment};
use crate::domain::order::{FulfillmentStatus, Order, OrderSource, OrderStatus, Payment, WholeOrder};
use crate::domain::{Currency, PaymentId, UserId};
use crate::http::query::Links;
use schemars::JsonSchema;
use serde::Serialize;

/// Who is shown an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Whoever has just placed it, who is given its token.
    Placer,
    /// Whoever bought it.
    Buyer,
    /// Those who run the shop.
    Staff,
}

/// An order.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Order")]
pub struct OrderView {
    /// From a series without gaps; of a draft, `d` and its id.
    number: String,
    /// Opens `GET /orders/{number}` to whoever has it: in the answer to a checkout and for staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    token: Option<String>,
    status: OrderStatus,
    fulfillment_status: FulfillmentStatus,
    email: String,
    currency: String,
    /// Whether the prices contain the tax.
    tax_included: bool,
    lines: Vec<OrderLineView>,
    /// The sum of the lines before discounts.
    subtotal: Amount,
    /// What was taken off the lines.
    discount_total: Amount,
    /// What shipping costs.
    shipping_total: Amount,
    /// All tax, that on shipping included.
    tax_total: Amount,
    /// `subtotal - discount_total + shipping_total`, and `tax_total` unless the prices contain it.
    total: Amount,
    /// The code that was entered.
    discount_code: Option<String>,
    /// The chosen way to ship it.
    shipping_option: Option<String>,
    /// What that is called.
    shipping_name: Option<String>,
    shipping_address: Option<PostalAddressView>,
    /// Who is billed, when it is somebody else.
    billing_address: Option<PostalAddressView>,
    /// What the buyer had to say.
    note: Option<String>,
    /// The newest payment; null when there is nothing to pay.
    payment: Option<PaymentView>,
    fulfillments: Vec<FulfillmentView>,
    refunds: Vec<RefundView>,
    /// What happened, in order.
    timeline: Vec<TimelineView>,
    placed_at: Moment,
    paid_at: Option<Moment>,
    cancelled_at: Option<Moment>,
    updated_at: Moment,
    /// What only staff sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "StaffPart")]
    staff: Option<StaffPart>,
}

/// What only staff sees of an order.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OrderForStaff")]
struct StaffPart {
    /// The account it belongs to.
    #[schemars(with = "Option<i64>")]
    customer_id: Option<UserId>,
    source: OrderSource,
    /// What another shop called it that it was imported from.
    reference: Option<String>,
    /// The address of the client that placed it.
    client: Option<String>,
    /// All payments, the newest last.
    payments: Vec<StaffPayment>,
    /// Where whoever bought it can pay, while it waits for that.
    payment_link: Option<String>,
    /// What can be done with it now.
    actions: Vec<&'static str>,
}

/// A payment as staff sees it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PaymentForStaff")]
struct StaffPayment {
    #[schemars(with = "i64")]
    id: PaymentId,
    /// What the provider calls it.
    reference: Option<String>,
    /// Why somebody has to look at it.
    flag: Option<String>,
    created_at: Moment,
    #[serde(flatten)]
    payment: PaymentView,
}

impl OrderView {
    /// What a reader sees of an order.
    pub fn new(whole: &WholeOrder, shop: Currency, reader: Reader) -> Self {
        let WholeOrder { order, lines, payments, fulfillments, refunds, timeline } = whole;
        let currency = Currency::from_code(&order.currency).unwrap_or(shop);
        let amount = |money| Amount(money, currency);
        let staff = reader == Reader::Staff;
        let sums = order.sums;
        Self {
            number: order.name(),
            token: (reader != Reader::Buyer).then(|| order.token.clone()),
            status: order.status,
            fulfillment_status: order.fulfillment_status,
            email: order.email.clone(),
            currency: order.currency.clone(),
            tax_included: order.tax_included,
            lines: lines.iter().map(|line| OrderLineView::new(line, currency)).collect(),
            subtotal: amount(sums.subtotal),
            discount_total: amount(sums.discount_total),
            shipping_total: amount(sums.shipping_total),
            tax_total: amount(sums.tax_total),
            total: amount(sums.total),
            discount_code: order.discount_code.clone(),
            shipping_option: order.shipping_option.clone(),
            shipping_name: order.shipping_name.clone(),
            shipping_address: order.shipping_address.clone().map(PostalAddressView::new),
            billing_address: order.billing_address.clone().map(PostalAddressView::new),
            note: order.note.clone(),
            payment: payments.last().map(|payment| PaymentView::new(payment, currency)),
            fulfillments: fulfillments.iter().map(FulfillmentView::new).collect(),
            refunds: refunds.iter().map(|refund| RefundView::new(refund, currency)).collect(),
            timeline: timeline
                .iter()
                .filter(|entry| staff || entry.visible)
                .map(|entry| TimelineView::new(entry, staff))
                .collect(),
            placed_at: Moment(order.placed_at),
            paid_at: order.paid_at.map(Moment),
            cancelled_at: order.cancelled_at.map(Moment),
            updated_at: Moment(order.updated_at),
            staff: staff.then(|| StaffPart::new(whole, currency)),
        }
    }
}

impl OrderView {
    /// With the address at which it can be paid.
    pub fn with_payment_link(mut self, link: String) -> Self {
        if let Some(staff) = &mut self.staff {
            staff.payment_link = Some(link);
        }
        self
    }
}

impl StaffPart {
    fn new(whole: &WholeOrder, currency: Currency) -> Self {
        let payment = |payment: &Payment| StaffPayment {
            id: payment.id,
            reference: payment.reference.clone(),
            flag: payment.flag.clone(),
            created_at: Moment(payment.created_at),
            payment: PaymentView::new(payment, currency),
        };
        Self {
            customer_id: whole.order.account_id,
            source: whole.order.source,
            reference: whole.order.reference.clone(),
            client: whole.order.client.clone(),
            payments: whole.payments.iter().map(payment).collect(),
            payment_link: None,
            actions: whole.situation().actions().into_iter().map(|action| action.as_str()).collect(),
        }
    }
}

/// An order in a list.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OrderSummary")]
pub struct OrderSummary {
    number: String,
    status: OrderStatus,
    fulfillment_status: FulfillmentStatus,
    email: String,
    /// The account it belongs to.
    #[schemars(with = "Option<i64>")]
    customer_id: Option<UserId>,
    currency: String,
    total: Amount,
    placed_at: Moment,
    paid_at: Option<Moment>,
    updated_at: Moment,
}

impl OrderSummary {
    /// What lists say of an order.
    pub fn new(order: &Order, shop: Currency) -> Self {
        let currency = Currency::from_code(&order.currency).unwrap_or(shop);
        Self {
            number: order.name(),
            status: order.status,
            fulfillment_status: order.fulfillment_status,
            email: order.email.clone(),
            customer_id: order.account_id,
            currency: order.currency.clone(),
            total: Amount(order.sums.total, currency),
            placed_at: Moment(order.placed_at),
            paid_at: order.paid_at.map(Moment),
            updated_at: Moment(order.updated_at),
        }
    }
}

/// A page of orders, the newest first.
#[derive(Serialize, JsonSchema)]
pub struct OrderList {
    /// The orders.
    pub results: Vec<OrderSummary>,
    /// Where the next page is.
    pub next: Option<String>,
    /// Where the previous page is.
    pub previous: Option<String>,
}

impl OrderList {
    /// The view of a page.
    pub fn new(orders: &[Order], shop: Currency, links: Links) -> Self {
        let results = orders.iter().map(|order| OrderSummary::new(order, shop)).collect();
        Self { results, next: links.next, previous: links.previous }
    }
}
