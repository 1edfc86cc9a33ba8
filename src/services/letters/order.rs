//! Letters to the buyer of an order.

use super::letter_id;
use super::shown::{LineShown, OrderData, OrderShown, RefundShown, ShipmentShown, ShopShown, SumShown};
use super::templates::Template;
use crate::domain::account::AddressDraft;
use crate::domain::letters::{OrderLetter, OrderOccasion};
use crate::domain::order::{OrderLine, OrderStatus, Payment, WholeOrder};
use crate::domain::{Currency, Email, Job, JobFailure, Money, OrderId, Right, Timestamp};
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::WriteTx;
use serde_json::Value;

/// Queues a letter to the buyer in the transaction of what it tells of.
pub fn order_letter_due(tx: &WriteTx<'_>, order: OrderId, occasion: OrderOccasion, now: Timestamp) -> Outcome<()> {
    tx.job_add(&Job::OrderLetter(OrderLetter { order, occasion }), now)?;
    Ok(())
}

impl Shop {
    /// Writes and sends a letter to the buyer of an order. When the order, or what is told of, is gone, that is all
    /// there is to do.
    pub async fn order_letter_send(&self, ctx: &Ctx, letter: OrderLetter) -> Result<(), JobFailure> {
        ctx.require(Right::Maintain)?;
        let whole = self.store.read(|tx| Ok::<_, Error>(tx.order_whole(letter.order)?))?;
        let Some(whole) = whole else { return Ok(()) };
        // Nobody is thanked for what was called off meanwhile, nor before the provider has taken the payment on.
        let thanks = whole.order.status != OrderStatus::Cancelled && whole.stands();
        if letter.occasion == OrderOccasion::Placed && !thanks {
            return Ok(());
        }
        // Somebody erased is written to no more.
        let Some(to) = Email::parse(&whole.order.email) else { return Ok(()) };
        let currency = Currency::from_code(&whole.order.currency).unwrap_or_else(|| self.settings.currency());
        let (shop, link) = (self.shown(), self.order_link(&whole.order));
        let Some(data) = data(&whole, letter.occasion, shop, link, currency) else { return Ok(()) };
        // With the token in it, nobody can guess the id.
        let id = letter_id(&format!("{} {:?}", whole.order.token, letter.occasion));
        let letter = self.letter_of(&id, to, template(letter.occasion), &data)?;
        self.mail_send(ctx, letter).await
    }
}

const fn template(occasion: OrderOccasion) -> Template {
    match occasion {
        OrderOccasion::Placed => Template::OrderPlaced,
        OrderOccasion::Paid => Template::OrderPaid,
        OrderOccasion::Shipped(_) => Template::OrderShipped,
        OrderOccasion::Refunded(_) => Template::OrderRefunded,
        OrderOccasion::Cancelled => Template::OrderCancelled,
    }
}

/// What a letter fills in; nothing when what it tells of is gone.
fn data(
    whole: &WholeOrder,
    occasion: OrderOccasion,
    shop: ShopShown,
    url: String,
    currency: Currency,
) -> Option<OrderData> {
    let amount = |money| currency.format(money);
    let shipment = match occasion {
        OrderOccasion::Shipped(id) => {
            let sent = whole.fulfillments.iter().find(|sent| sent.id == id)?;
            let lines = sent.lines.iter().filter_map(|(line, quantity)| Some((whole.line(*line)?, *quantity)));
            let lines = lines.map(|(line, quantity)| line_shown(line, quantity, currency)).collect();
            let (carrier, tracking_number) = (sent.carrier.clone(), sent.tracking_number.clone());
            Some(ShipmentShown { carrier, tracking_number, lines })
        }
        _ => None,
    };
    let refund = match occasion {
        OrderOccasion::Refunded(id) => {
            let refund = whole.refunds.iter().find(|refund| refund.id == id)?;
            Some(RefundShown { amount: amount(refund.amount), reason: refund.reason.clone() })
        }
        _ => None,
    };
    let order = &whole.order;
    let shown = OrderShown {
        url,
        number: order.name(),
        currency: order.currency.clone(),
        tax_included: order.tax_included,
        lines: whole.lines.iter().map(|line| line_shown(line, line.quantity, currency)).collect(),
        totals: totals(whole, currency),
        total: amount(order.sums.total),
        shipping_address: order.shipping_address.as_ref().map(AddressDraft::lines).unwrap_or_default(),
        instructions: whole.payments.last().and_then(instructions),
    };
    Some(OrderData { shop, order: shown, shipment, refund })
}

fn line_shown(line: &OrderLine, quantity: i64, currency: Currency) -> LineShown {
    let amount = line.unit_price.minor().saturating_mul(quantity);
    LineShown {
        name: line.name.clone(),
        title: line.title.clone(),
        sku: line.sku.clone(),
        quantity,
        amount: currency.format(Money::from_minor(amount)),
    }
}

/// Subtotal and total always, what lies between them when there is any.
fn totals(whole: &WholeOrder, currency: Currency) -> Vec<SumShown> {
    let sums = &whole.order.sums;
    let sum = |label: &str, money| SumShown { label: label.to_owned(), amount: currency.format(money) };
    let some = |money: Money| money.minor() != 0;
    let mut rows = vec![sum("Subtotal", sums.subtotal)];
    if some(sums.discount_total) {
        rows.push(sum("Discount", Money::from_minor(-sums.discount_total.minor())));
    }
    let shipping = whole.order.shipping_name.as_deref().map(|name| format!("Shipping ({name})"));
    if some(sums.shipping_total) || shipping.is_some() {
        rows.push(sum(shipping.as_deref().unwrap_or("Shipping"), sums.shipping_total));
    }
    if some(sums.tax_total) {
        rows.push(sum(if whole.order.tax_included { "Tax included" } else { "Tax" }, sums.tax_total));
    }
    rows.push(sum("Total", sums.total));
    rows
}

/// What the buyer has to do while the payment is open.
fn instructions(payment: &Payment) -> Option<String> {
    let told = payment.details.get("instructions").and_then(Value::as_str)?;
    (payment.status.open() && !told.is_empty()).then(|| told.to_owned())
}
