//! `nexus order …`: lists orders, shows one, and does with it what the staff does.

use super::output::table;
use super::{Common, Done, Failure, wait};
use crate::domain::order::{Order, OrderRef, OrderStatus, WholeOrder, search_terms};
use crate::domain::{Currency, Email, Fields, Money, PageSize};
use crate::services::catalog::Preconditions;
use crate::services::idempotency::Rendered;
use crate::services::orders::{
    Answering, CancelDraft, FulfillmentDraft, NoteDraft, OrderFilter, PaymentDraft, RefundDraft,
};
use crate::services::{Ctx, Outcome, Shop};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Lists orders, shows one, and pays, sends, cancels or refunds it.
#[derive(Args)]
#[command(after_help = "Example: nexus order list --status paid")]
pub struct OrderArgs {
    #[command(subcommand)]
    command: OrderCommand,
}

#[derive(Subcommand)]
enum OrderCommand {
    /// List orders, those placed last first
    #[command(after_help = "Example: nexus order list --status paid --json")]
    List {
        /// Only those in this state; repeat for several
        #[arg(long)]
        status: Vec<String>,
        /// Only those with this e-mail address
        #[arg(long)]
        email: Option<String>,
        /// Only those with words that begin like these: number, e-mail address, names, SKUs
        #[arg(long)]
        search: Option<String>,
        /// How many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Show an order with its lines and what happened to it
    #[command(after_help = "Example: nexus order show 1001")]
    Show(One),
    /// Note that an order was paid by hand
    #[command(after_help = "Example: nexus order pay 1001 --reference \"statement 7\"")]
    Pay {
        #[command(flatten)]
        one: One,
        /// How much came in [default: all that is due]
        #[arg(long)]
        amount: Option<String>,
        /// What a statement of account or a receipt calls it
        #[arg(long)]
        reference: Option<String>,
    },
    /// Note that all that is left of an order was sent
    #[command(after_help = "Example: nexus order fulfill 1001 --carrier \"Parcel Post\" --tracking XY123456789NL")]
    Fulfill {
        #[command(flatten)]
        one: One,
        /// Who carries it
        #[arg(long)]
        carrier: Option<String>,
        /// What the carrier calls it
        #[arg(long)]
        tracking: Option<String>,
    },
    /// Call an order off of which nothing is with the buyer; what was paid goes back
    #[command(after_help = "Example: nexus order cancel 1001 --reason \"No longer made\"")]
    Cancel {
        #[command(flatten)]
        one: One,
        /// Why; whoever bought it reads this
        #[arg(long)]
        reason: Option<String>,
    },
    /// Pay money back
    #[command(after_help = "Example: nexus order refund 1001 --amount 5.00 --reason \"A scratch\"")]
    Refund {
        #[command(flatten)]
        one: One,
        /// How much [default: all that is left]
        #[arg(long)]
        amount: Option<String>,
        /// Put all its units back into stock
        #[arg(long, conflicts_with = "amount")]
        restock: bool,
        /// Why; whoever bought it reads this
        #[arg(long)]
        reason: Option<String>,
    },
    /// Write something down about an order
    #[command(after_help = "Example: nexus order note 1001 \"Asked for gift wrapping\"")]
    Note {
        #[command(flatten)]
        one: One,
        /// What
        text: String,
        /// Let whoever bought it read it
        #[arg(long)]
        visible: bool,
    },
}

#[derive(Args)]
struct One {
    /// Its number, or d and the id of a draft
    number: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: OrderArgs, common: &Common) -> Done {
    let (shop, ctx) = (common.open()?, Ctx::owner());
    let any = || Preconditions(None);
    let currency = shop.settings().currency();
    match args.command {
        OrderCommand::List { status, email, search, limit, json } => {
            let filter = filter(&status, email.as_deref(), search.as_deref())?;
            list(&shop, &ctx, &filter, limit as usize, json)
        }
        OrderCommand::Show(one) => show(&shop.order_get(&ctx, one.name()?)?, one.json),
        OrderCommand::Pay { one, amount, reference } => {
            let body = body([("amount", amount.map(Value::from)), ("reference", reference.map(Value::from))]);
            let draft = Fields::read(&body, |fields| PaymentDraft::read(fields, currency))?;
            one.done(&shop, &ctx, "paid", wait(shop.order_pay(&ctx, one.name()?, any(), draft, unkept()))?)
        }
        OrderCommand::Fulfill { one, carrier, tracking } => {
            let body = body([("carrier", carrier.map(Value::from)), ("tracking_number", tracking.map(Value::from))]);
            let draft = Fields::read(&body, FulfillmentDraft::read)?;
            one.done(&shop, &ctx, "sent", wait(shop.order_fulfill(&ctx, one.name()?, any(), draft, unkept()))?)
        }
        OrderCommand::Cancel { one, reason } => {
            let draft = Fields::read(&body([("reason", reason.map(Value::from))]), CancelDraft::read)?;
            one.done(&shop, &ctx, "cancelled", wait(shop.order_cancel(&ctx, one.name()?, any(), draft, unkept()))?)
        }
        OrderCommand::Refund { one, amount, restock, reason } => {
            let body = body([
                ("amount", amount.map(Value::from)),
                ("restock", restock.then_some(Value::Bool(true))),
                ("reason", reason.map(Value::from)),
            ]);
            let draft = Fields::read(&body, |fields| RefundDraft::read(fields, currency))?;
            one.done(&shop, &ctx, "refunded", wait(shop.order_refund(&ctx, one.name()?, any(), draft, unkept()))?)
        }
        OrderCommand::Note { one, text, visible } => {
            let body = json!({ "text": text, "visible_to_customer": visible });
            let draft = Fields::read(&body, NoteDraft::read)?;
            one.done(&shop, &ctx, "noted", wait(shop.order_note(&ctx, one.name()?, any(), draft, unkept()))?)
        }
    }
}

/// Nobody sends a command twice, so its answer is not kept.
fn unkept() -> Answering {
    let render = Arc::new(|_: &WholeOrder, _| Rendered { status: 200, body: Vec::new(), location: None });
    Answering { claim: None, render }
}

/// The fields that were given, as a body that use cases read.
fn body<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let given = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(given.collect::<Map<_, _>>())
}

impl One {
    fn name(&self) -> Result<OrderRef, Failure> {
        let wrong = || Failure::new(format!("{:?} is no number of an order, such as 1001", self.number));
        OrderRef::parse(&self.number).ok_or_else(wrong)
    }

    fn done(&self, shop: &Shop, ctx: &Ctx, what: &str, outcome: Outcome<Rendered>) -> Done {
        outcome?;
        let after = shop.order_get(ctx, self.name()?)?;
        if self.json {
            println!("{}", whole_row(&after));
        } else {
            println!("order {}: {what}; it is {} now", after.order.name(), after.order.status.as_str());
        }
        Ok(())
    }
}

fn filter(statuses: &[String], email: Option<&str>, search: Option<&str>) -> Result<OrderFilter, Failure> {
    let known = || OrderStatus::ALL.map(OrderStatus::as_str).join(", ");
    let parse = |text: &String| {
        OrderStatus::parse(text).ok_or_else(|| Failure::new(format!("--status {text:?}: must be one of {}", known())))
    };
    let wrong = || Failure::new("--email must be an e-mail address");
    Ok(OrderFilter {
        statuses: statuses.iter().map(parse).collect::<Result<_, _>>()?,
        email_key: email.map(|text| Email::parse(text).ok_or_else(wrong)).transpose()?.map(|email| email.key()),
        words: search.map(search_terms),
        ..OrderFilter::default()
    })
}

fn list(shop: &Shop, ctx: &Ctx, filter: &OrderFilter, limit: usize, json: bool) -> Done {
    let size = PageSize::new(100).unwrap_or_default();
    let (mut orders, mut from) = (Vec::new(), None);
    loop {
        let page = shop.order_list(ctx, filter, size, from)?;
        orders.extend(page.items);
        match page.next {
            Some(next) if orders.len() < limit => from = Some((next, crate::domain::Direction::Next)),
            _ => break,
        }
    }
    orders.truncate(limit);
    if json {
        orders.iter().for_each(|order| println!("{}", row(order)));
        return Ok(());
    }
    let cells = |order: &Order| {
        vec![
            order.name(),
            order.status.as_str().to_owned(),
            order.fulfillment_status.as_str().to_owned(),
            amount(order, order.sums.total),
            order.placed_at.to_rfc3339(),
            order.email.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = orders.iter().map(cells).collect();
    print!("{}", table(&["number", "status", "sent", "total", "placed", "e-mail"], &rows));
    Ok(())
}

fn show(whole: &WholeOrder, json: bool) -> Done {
    if json {
        println!("{}", whole_row(whole));
        return Ok(());
    }
    let order = &whole.order;
    println!("order {} of {}", order.name(), order.email);
    println!("{}, {}", order.status.as_str(), order.fulfillment_status.as_str());
    if let Some(reference) = &order.reference {
        println!("called {reference} in the shop it came from");
    }
    println!("total {} {}", amount(order, order.sums.total), order.currency);
    let lines: Vec<Vec<String>> = whole
        .lines
        .iter()
        .map(|line| {
            let name = if line.title.is_empty() { line.name.clone() } else { format!("{} {}", line.name, line.title) };
            vec![
                line.id.to_string(),
                line.sku.clone().unwrap_or_default(),
                name,
                line.quantity.to_string(),
                amount(order, line.total),
            ]
        })
        .collect();
    print!("{}", table(&["line", "sku", "name", "units", "total"], &lines));
    for entry in &whole.timeline {
        println!("{}  {} by {}", entry.created_at.to_rfc3339(), entry.kind, entry.actor);
    }
    Ok(())
}

fn amount(order: &Order, money: Money) -> String {
    Currency::from_code(&order.currency).map_or_else(|| money.minor().to_string(), |currency| currency.format(money))
}

fn row(order: &Order) -> Value {
    json!({
        "number": order.name(), "status": order.status, "fulfillment_status": order.fulfillment_status,
        "email": order.email, "total": amount(order, order.sums.total), "currency": order.currency,
        "placed_at": order.placed_at.to_rfc3339(), "reference": order.reference,
    })
}

fn whole_row(whole: &WholeOrder) -> Value {
    let order = &whole.order;
    let mut shown = row(order);
    let line = |line: &crate::domain::order::OrderLine| {
        json!({
            "id": line.id, "sku": line.sku, "name": line.name, "quantity": line.quantity, "fulfilled": line.fulfilled,
            "refunded": line.refunded, "returned": line.returned, "total": amount(order, line.total),
        })
    };
    let payment = |payment: &crate::domain::order::Payment| {
        json!({
            "id": payment.id, "provider": payment.provider, "status": payment.status,
            "captured": amount(order, payment.captured), "refunded": amount(order, payment.refunded),
        })
    };
    shown["lines"] = whole.lines.iter().map(line).collect();
    shown["payments"] = whole.payments.iter().map(payment).collect();
    shown["actions"] = whole.situation().actions().into_iter().map(|action| action.as_str()).collect();
    shown
}
