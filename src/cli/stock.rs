//! `nexus stock …`: counts stock, moves it and shows its ledger.

use super::output::table;
use super::{Common, Done, Failure, wait};
use crate::domain::stock::{Movement, MovementFilter, StockChange, StockItem, StockKey, StockReason};
use crate::domain::{Direction, PageSize, Sku};
use crate::services::selling::StockMoved;
use crate::services::{Ctx, Shop};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::io::{BufWriter, Write};

/// Counts stock, moves it and shows its ledger.
#[derive(Args)]
#[command(after_help = "Example: nexus stock move MUG-1 --delta 24 --reason received")]
pub struct StockArgs {
    #[command(subcommand)]
    command: StockCommand,
}

#[derive(Subcommand)]
enum StockCommand {
    /// Say how many lie on the shelf, promised ones included
    #[command(after_help = "Example: nexus stock set MUG-1 --count 12 --note 'Year-end count'")]
    Set {
        /// The code of the variant
        sku: String,
        /// How many were counted
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..=1_000_000_000))]
        count: i64,
        /// Why: counted, corrected, damaged, lost, used, received or returned
        #[arg(long, default_value = "counted", value_parser = reason)]
        reason: StockReason,
        #[command(flatten)]
        more: More,
    },
    /// Add what came, or take away what went
    #[command(after_help = "Example: nexus stock move MUG-1 --delta -2 --reason damaged")]
    Move {
        /// The code of the variant
        sku: String,
        /// How many came; below zero, how many went
        #[arg(long, value_name = "N", allow_negative_numbers = true)]
        delta: i64,
        /// Why: received, returned, corrected, damaged, lost or used
        #[arg(long, default_value = "corrected", value_parser = reason)]
        reason: StockReason,
        #[command(flatten)]
        more: More,
    },
    /// Show what moved the stock of a variant, newest first
    #[command(after_help = "Example: nexus stock ledger MUG-1 --limit 20")]
    Ledger {
        /// The code of the variant
        sku: String,
        /// How many lines at most
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
struct More {
    /// Why, in words
    #[arg(long)]
    note: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn reason(text: &str) -> Result<StockReason, String> {
    let known = || StockReason::ALL.map(StockReason::as_str).join(", ");
    StockReason::parse(text).ok_or_else(|| format!("must be one of {}", known()))
}

pub(super) fn run(args: StockArgs, common: &Common) -> Done {
    let shop = common.open()?;
    match args.command {
        StockCommand::Set { sku, count, reason, more } => {
            let body = json!({ "sku": sku, "count": count, "reason": reason.as_str(), "note": more.note });
            change(&shop, &body, more.json)
        }
        StockCommand::Move { sku, delta, reason, more } => {
            let body = json!({ "sku": sku, "delta": delta, "reason": reason.as_str(), "note": more.note });
            change(&shop, &body, more.json)
        }
        StockCommand::Ledger { sku, limit, json } => ledger(&shop, &sku, limit, json),
    }
}

/// What is asked for is judged as over HTTP.
fn change(shop: &Shop, body: &Value, json: bool) -> Done {
    let change = crate::domain::Fields::read(body, StockChange::read)?;
    let StockMoved { movement, item } = wait(shop.stock_move(&Ctx::owner(), change))??;
    if json {
        println!("{}", json!({ "movement": movement.as_ref().map(object), "stock": level(&item) }));
        return Ok(());
    }
    match movement {
        Some(movement) => println!("{:+} units: {}", movement.on_hand, said(&item)),
        None => println!("as the shop knew: {}", said(&item)),
    }
    Ok(())
}

fn said(item: &StockItem) -> String {
    let numbers = &item.level;
    let (on_hand, reserved, available) = (numbers.on_hand, numbers.reserved, numbers.available);
    format!("{} has {on_hand} on hand, {reserved} reserved, {available} available", item.name)
}

fn ledger(shop: &Shop, sku: &str, limit: usize, json: bool) -> Done {
    let key = Sku::parse(sku).ok_or_else(|| Failure::new("a SKU is a text of 1 to 100 characters"))?;
    let ctx = Ctx::owner();
    let item = shop.stock_get(&ctx, &StockKey::Sku(key))?;
    let filter = MovementFilter { variant: Some(item.level.variant_id), ..MovementFilter::default() };
    let (mut left, mut from, mut rows) = (limit, None, Vec::new());
    let mut out = BufWriter::new(std::io::stdout().lock());
    while left > 0 {
        let size = PageSize::new(u32::try_from(left.min(100)).unwrap_or(100)).unwrap_or_default();
        let page = shop.movement_list(&ctx, &filter, size, from)?;
        left -= page.items.len();
        if json {
            page.items.iter().try_for_each(|movement| writeln!(out, "{}", object(movement)))?;
        } else {
            rows.extend(page.items.iter().map(row));
        }
        let Some(next) = page.next else { break };
        from = Some((next, Direction::Next));
    }
    if !json {
        writeln!(out, "{}", said(&item))?;
        let header = ["id", "at", "kind", "on_hand", "reserved", "order", "actor", "why"];
        write!(out, "{}", table(&header, &rows))?;
    }
    Ok(out.flush()?)
}

fn row(movement: &Movement) -> Vec<String> {
    let why = [movement.reason.as_deref(), movement.note.as_deref()];
    vec![
        movement.id.to_string(),
        movement.created_at.to_rfc3339(),
        movement.kind.as_str().to_owned(),
        format!("{:+}", movement.on_hand),
        format!("{:+}", movement.reserved),
        movement.order.map_or_else(String::new, |number| number.to_string()),
        movement.actor.clone(),
        why.into_iter().flatten().collect::<Vec<_>>().join(": "),
    ]
}

fn object(movement: &Movement) -> Value {
    json!({
        "id": movement.id, "variant_id": movement.variant_id, "kind": movement.kind, "on_hand": movement.on_hand,
        "reserved": movement.reserved, "reason": movement.reason, "note": movement.note, "actor": movement.actor,
        "order": movement.order.map(|number| number.to_string()), "created_at": movement.created_at.to_rfc3339(),
    })
}

fn level(item: &StockItem) -> Value {
    let level = &item.level;
    json!({
        "variant_id": level.variant_id, "product_id": level.product_id, "sku": level.sku, "name": item.name,
        "stock_policy": level.policy, "on_hand": level.on_hand, "reserved": level.reserved,
        "available": level.available, "low_stock_at": level.low_stock_at,
    })
}
