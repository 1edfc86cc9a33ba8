//! `nexus bench oversell`: many buyers want few units, and few uses of a discount code, at once.

use super::fair::{Fair, finding, order_body, violated};
use crate::cli::output::table;
use crate::cli::{Done, Failure};
use crate::domain::Fields;
use crate::domain::pricing::DiscountDraft;
use crate::services::catalog::Preconditions;
use crate::services::idempotency::Rendered;
use crate::services::{Actor, Ctx, Error, Outcome};
use clap::Args;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Lets many buyers want few units at once, and few uses of a discount code. Exactly as many orders as there are must be
/// placed, numbered without a gap, and the ledgers must add up. Exit code 1 when anything is not so.
#[derive(Args)]
#[command(after_help = "Example: nexus bench oversell --buyers 500 --units 20 --json")]
pub struct OversellArgs {
    /// How many buyers come at once
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=800))]
    buyers: u32,
    /// How many units there are, and how often the code may be used
    #[arg(long, value_name = "M", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    units: u32,
    /// Where the temporary shop is made [default: the system's temporary folder]
    #[arg(long, value_name = "DIR")]
    within: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How one rush went.
struct Rush {
    what: &'static str,
    buyers: usize,
    limit: usize,
    placed: usize,
    refused: usize,
    /// Whatever else came of a checkout, by its words.
    others: BTreeMap<String, usize>,
    took: Duration,
}

impl Rush {
    fn of(what: &'static str, limit: usize, refusal: &str, outcomes: &[Outcome<Rendered>], took: Duration) -> Self {
        let mut rush =
            Self { what, buyers: outcomes.len(), limit, placed: 0, refused: 0, others: BTreeMap::new(), took };
        for outcome in outcomes {
            match outcome {
                Ok(answer) if answer.status == 201 => rush.placed += 1,
                Err(Error::Conflict(code, ..)) if *code == refusal => rush.refused += 1,
                Ok(answer) => *rush.others.entry(format!("status {}", answer.status)).or_default() += 1,
                Err(error) => *rush.others.entry(error.to_string()).or_default() += 1,
            }
        }
        rush
    }

    /// What is not as it must be.
    fn violations(&self) -> Vec<String> {
        let expected = self.limit.min(self.buyers);
        let mut found = Vec::new();
        if self.placed != expected {
            found.push(format!("{}: {} orders were placed instead of {expected}", self.what, self.placed));
        }
        found.extend(self.others.iter().map(|(what, count)| format!("{}: {count} x {what}", self.what)));
        found
    }

    fn row(&self) -> Vec<String> {
        let others: usize = self.others.values().sum();
        let cells = [self.buyers, self.limit, self.placed, self.refused, others];
        let took = format!("{} ms", self.took.as_millis());
        std::iter::once(self.what.to_owned()).chain(cells.iter().map(ToString::to_string)).chain([took]).collect()
    }

    fn json(&self) -> Value {
        json!({
            "what": self.what, "buyers": self.buyers, "limit": self.limit, "placed": self.placed,
            "refused": self.refused, "others": self.others, "ms": self.took.as_secs_f64() * 1000.0,
        })
    }
}

pub(super) fn run(args: &OversellArgs) -> Done {
    let fair = Fair::open(args.within.as_deref())?;
    let rushes = [units(&fair, args)?, code(&fair, args)?];
    let findings = fair.check()?;
    drop(fair);
    let mut violations: Vec<String> = rushes.iter().flat_map(Rush::violations).collect();
    violations.extend(findings.iter().map(finding));
    if args.json {
        let rushes: Vec<Value> = rushes.iter().map(Rush::json).collect();
        println!("{}", json!({ "ok": violations.is_empty(), "rushes": rushes, "violations": violations }));
    } else {
        let header = ["wanted at once", "buyers", "there are", "placed", "refused", "other", "took"];
        print!("{}", table(&header, &rushes.iter().map(Rush::row).collect::<Vec<_>>()));
        println!(
            "ledgers of stock, discounts, payments and books: {}",
            match findings.len() {
                0 => "they add up".to_owned(),
                count => format!("{count} findings"),
            }
        );
        violations.iter().for_each(|violation| println!("VIOLATION {violation}"));
    }
    violated(violations.len())
}

/// Everybody wants one of the few units.
fn units(fair: &Fair, args: &OversellArgs) -> Result<Rush, Failure> {
    let variant = fair.offer("Last ones", i64::from(args.units))?;
    let carts = match args.units {
        // Nobody can put into a cart what there is none of.
        0 => Vec::new(),
        _ => (0..args.buyers).map(|_| fair.cart(&[variant])).collect::<Result<Vec<_>, _>>()?,
    };
    rush(fair, "a unit", args.units, "out_of_stock", &carts, &order_body())
}

/// Everybody wants the price that only a few may have.
fn code(fair: &Fair, args: &OversellArgs) -> Result<Rush, Failure> {
    let variant = fair.offer("Enough for all", i64::from(args.buyers))?;
    let limit = args.units.max(1);
    let body = json!({ "name": "Half", "code": "HALF", "kind": "percent", "percent": "50", "usage_limit": limit });
    let draft = Fields::read(&body, |fields| DiscountDraft::read(fields, fair.currency()))?;
    fair.runtime.block_on(fair.shop.discount_create(&Ctx::owner(), draft))?;
    let mut carts = Vec::new();
    for _ in 0..args.buyers {
        let token = fair.cart(&[variant])?;
        let guest = Ctx::now(Actor::Anonymous);
        fair.runtime.block_on(fair.shop.cart_discount_set(
            &guest,
            token.clone(),
            Preconditions::default(),
            "HALF".into(),
        ))?;
        carts.push(token);
    }
    let mut body = order_body();
    body["expected_total"] = json!("9.95");
    rush(fair, "a discount code", limit, "discount_used_up", &carts, &body)
}

fn rush(
    fair: &Fair,
    what: &'static str,
    limit: u32,
    refusal: &str,
    carts: &[String],
    body: &Value,
) -> Result<Rush, Failure> {
    let started = Instant::now();
    let outcomes = fair.rush(carts, body)?;
    Ok(Rush::of(what, limit as usize, refusal, &outcomes, started.elapsed()))
}
