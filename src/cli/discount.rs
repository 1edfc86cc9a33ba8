//! `nexus discount …`: makes discounts and lists them.

use super::output::table;
use super::{Common, Done, Failure, wait};
use crate::domain::pricing::{Discount, DiscountDraft, DiscountKind, percent_text};
use crate::domain::{Currency, Fields, PageSize};
use crate::services::selling::DiscountFilter;
use crate::services::{Ctx, Shop};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

/// Makes discounts and lists them.
#[derive(Args)]
#[command(after_help = "Example: nexus discount create --name \"Ten percent off\" --code SAVE10 --percent 10")]
pub struct DiscountArgs {
    #[command(subcommand)]
    command: DiscountCommand,
}

#[derive(Subcommand)]
enum DiscountCommand {
    /// Make a discount; without a code it applies by itself
    #[command(after_help = "Example: nexus discount create --name \"Ten percent off\" --code SAVE10 --percent 10")]
    Create(Box<CreateArgs>),
    /// List the discounts
    #[command(after_help = "Example: nexus discount list --code SAVE10 --json")]
    List {
        /// Only the one with this code
        #[arg(long)]
        code: Option<String>,
        /// Only those that are switched on
        #[arg(long)]
        active: bool,
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
struct CreateArgs {
    /// What the buyer reads
    #[arg(long)]
    name: String,
    /// What the buyer enters, whatever the case
    #[arg(long)]
    code: Option<String>,
    /// What it does [default: told by --percent, --amount or --buy]
    #[arg(long)]
    kind: Option<KindArg>,
    /// How much less, such as 12.5
    #[arg(long)]
    percent: Option<String>,
    /// The amount it takes off
    #[arg(long)]
    amount: Option<String>,
    /// How many are bought at their price
    #[arg(long, requires = "get")]
    buy: Option<i64>,
    /// How many of each --buy and --get cost less
    #[arg(long, requires = "buy")]
    get: Option<i64>,
    /// The id of a product it is for; repeat for several
    #[arg(long = "product", value_name = "ID")]
    products: Vec<i64>,
    /// The id of a category it is for, with all below it; repeat for several
    #[arg(long = "category", value_name = "ID")]
    categories: Vec<i64>,
    /// A tag it is for; repeat for several
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// The least value of what it is for
    #[arg(long, value_name = "AMOUNT")]
    min_subtotal: Option<String>,
    /// The least number of units of what it is for
    #[arg(long, value_name = "UNITS")]
    min_quantity: Option<i64>,
    /// From when on, such as 2027-01-31T00:00:00Z
    #[arg(long, value_name = "TIME")]
    starts_at: Option<String>,
    /// When it is over
    #[arg(long, value_name = "TIME")]
    ends_at: Option<String>,
    /// How many orders may use it
    #[arg(long, value_name = "ORDERS")]
    usage_limit: Option<i64>,
    /// How many orders of one customer may use it
    #[arg(long, value_name = "ORDERS")]
    per_customer_limit: Option<i64>,
    /// Let it go together with other combinable ones
    #[arg(long)]
    combinable: bool,
    /// The lower, the earlier it applies
    #[arg(long, allow_negative_numbers = true)]
    priority: Option<i64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum KindArg {
    Percent,
    Fixed,
    FreeShipping,
    #[value(name = "buy_x_get_y")]
    BuyXGetY,
}

impl KindArg {
    const fn name(self) -> &'static str {
        match self {
            Self::Percent => "percent",
            Self::Fixed => "fixed",
            Self::FreeShipping => "free_shipping",
            Self::BuyXGetY => "buy_x_get_y",
        }
    }
}

impl CreateArgs {
    /// The body that the API would take, so that both read it in the same way.
    fn body(&self) -> Value {
        let kind = self.kind.map(KindArg::name).or(match (&self.buy, &self.amount, &self.percent) {
            (Some(_), ..) => Some("buy_x_get_y"),
            (None, Some(_), _) => Some("fixed"),
            (None, None, Some(_)) => Some("percent"),
            _ => None,
        });
        let given = [
            ("kind", json!(kind)),
            ("code", json!(self.code)),
            ("percent", json!(self.percent)),
            ("amount", json!(self.amount)),
            ("buy", json!(self.buy)),
            ("get", json!(self.get)),
            ("min_subtotal", json!(self.min_subtotal)),
            ("min_quantity", json!(self.min_quantity)),
            ("starts_at", json!(self.starts_at)),
            ("ends_at", json!(self.ends_at)),
            ("usage_limit", json!(self.usage_limit)),
            ("per_customer_limit", json!(self.per_customer_limit)),
            ("priority", json!(self.priority)),
            ("name", json!(self.name)),
            ("products", json!(self.products)),
            ("categories", json!(self.categories)),
            ("tags", json!(self.tags)),
            ("combinable", json!(self.combinable)),
        ];
        Value::Object(given.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
    }
}

pub(super) fn run(args: DiscountArgs, common: &Common) -> Done {
    let shop = common.open()?;
    match args.command {
        DiscountCommand::Create(args) => create(&shop, &args),
        DiscountCommand::List { code, active, json } => {
            list(&shop, &DiscountFilter { code, active: active.then_some(true) }, json)
        }
    }
}

fn create(shop: &Shop, args: &CreateArgs) -> Done {
    let currency = shop.settings().currency();
    let draft = Fields::read(&args.body(), |fields| DiscountDraft::read(fields, currency))?;
    let made = wait(shop.discount_create(&Ctx::owner(), draft))??;
    if args.json {
        println!("{}", row(&made, currency));
    } else {
        let how = made.draft.code.as_ref().map_or("applies by itself".to_owned(), |code| format!("code {code}"));
        println!("created discount {} {:?}: {}, {how}", made.id, made.draft.name, effect(&made, currency));
    }
    Ok(())
}

fn list(shop: &Shop, filter: &DiscountFilter, json: bool) -> Done {
    let currency = shop.settings().currency();
    let size = PageSize::new(100).ok_or_else(|| Failure::new("a page of a hundred"))?;
    let (mut from, mut rows) = (None, Vec::new());
    loop {
        let page = shop.discount_list(&Ctx::owner(), filter, size, from)?;
        if json {
            page.items.iter().for_each(|discount| println!("{}", row(discount, currency)));
        } else {
            rows.extend(page.items.iter().map(|discount| cells(discount, currency)));
        }
        let Some(next) = page.next else { break };
        from = Some((next, crate::domain::Direction::Next));
    }
    if !rows.is_empty() {
        print!("{}", table(&["id", "code", "effect", "uses", "active", "name"], &rows));
    }
    Ok(())
}

fn cells(discount: &Discount, currency: Currency) -> Vec<String> {
    let draft = &discount.draft;
    let limit = draft.usage_limit.map_or(String::new(), |limit| format!(" of {limit}"));
    let (uses, active) = (format!("{}{limit}", discount.uses), if draft.active { "yes" } else { "no" });
    let code = draft.code.clone().unwrap_or_else(|| "-".to_owned());
    vec![discount.id.to_string(), code, effect(discount, currency), uses, active.to_owned(), draft.name.clone()]
}

/// What it does, in words.
fn effect(discount: &Discount, currency: Currency) -> String {
    match discount.draft.kind {
        DiscountKind::Percent { rate_ppm } => format!("{}% off", percent_text(rate_ppm)),
        DiscountKind::Fixed { amount } => format!("{} {} off", currency.format(amount), currency.code()),
        DiscountKind::FreeShipping => "free shipping".to_owned(),
        DiscountKind::BuyXGetY { buy, get, rate_ppm } => {
            format!("{get} of each {} {}% off", buy + get, percent_text(rate_ppm))
        }
    }
}

fn row(discount: &Discount, currency: Currency) -> Value {
    let mut row = discount.draft.body(currency);
    row["id"] = json!(discount.id);
    row["uses"] = json!(discount.uses);
    row["created_at"] = json!(discount.created_at.to_rfc3339());
    row["updated_at"] = json!(discount.updated_at.to_rfc3339());
    row
}
