//! `nexus webhook …`: who is told of events, and whether that gets through.

use super::output::table;
use super::{Common, Done, Failure, wait};
use crate::domain::webhook::{Delivery, DeliveryState, ReplayRange, Webhook};
use crate::domain::{EventKind, PageSize, Timestamp, WebhookId};
use crate::services::{Ctx, Shop};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// Looks after those who are told of events.
#[derive(Args)]
#[command(after_help = "Example: nexus webhook list")]
pub struct WebhookArgs {
    #[command(subcommand)]
    command: WebhookCommand,
}

#[derive(Subcommand)]
enum WebhookCommand {
    /// List who is told of what, and who cannot be reached
    #[command(after_help = "Example: nexus webhook list --json")]
    List {
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Send an event that says nothing right away, and tell what became of it
    #[command(after_help = "Example: nexus webhook test 3")]
    Test {
        /// The webhook's id, as the list shows it
        #[arg(value_name = "ID", value_parser = webhook_id)]
        id: WebhookId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Have the events of a stretch of time sent again; a running shop or `nexus job run` does it
    #[command(after_help = "Example: nexus webhook replay 3 --from 2026-01-31T00:00:00Z --to 2026-02-01T00:00:00Z")]
    Replay {
        /// The webhook's id, as the list shows it
        #[arg(value_name = "ID", value_parser = webhook_id)]
        id: WebhookId,
        /// Events from this moment on
        #[arg(long, value_parser = moment)]
        from: Timestamp,
        /// Events before this moment
        #[arg(long, value_parser = moment)]
        to: Timestamp,
        /// Only events of this kind; repeat for several
        #[arg(long = "event", value_name = "KIND", value_parser = kind)]
        kinds: Vec<EventKind>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

fn webhook_id(text: &str) -> Result<WebhookId, &'static str> {
    WebhookId::parse(text).ok_or("a webhook's id is a number, see `nexus webhook list`")
}

fn moment(text: &str) -> Result<Timestamp, &'static str> {
    Timestamp::parse(text).ok_or("a moment is written as 2026-01-31T00:00:00Z")
}

fn kind(text: &str) -> Result<EventKind, &'static str> {
    EventKind::parse(text)
        .filter(|kind| *kind != EventKind::WebhookTest)
        .ok_or("an event is named such as order.placed")
}

pub(super) fn run(args: WebhookArgs, common: &Common) -> Done {
    let shop = common.open()?;
    let done = match args.command {
        WebhookCommand::List { json } => list(&shop, json),
        WebhookCommand::Test { id, json } => test(&shop, id, json),
        WebhookCommand::Replay { id, from, to, kinds, json } => {
            replay(&shop, id, ReplayRange { from, to, kinds }, json)
        }
    };
    shop.close();
    done
}

fn replay(shop: &Shop, id: WebhookId, range: ReplayRange, json: bool) -> Done {
    if range.from >= range.to {
        return Err(Failure::new("--to must be later than --from"));
    }
    let count = wait(shop.webhook_replay(&Ctx::owner(), id, range))??;
    if json {
        println!("{}", json!({ "replayed": count }));
    } else {
        println!("{count} events are sent again by a running shop or `nexus job run`");
    }
    Ok(())
}

fn list(shop: &Shop, json: bool) -> Done {
    let all = PageSize::new(100).unwrap_or_default();
    let webhooks = shop.webhook_list(&Ctx::owner(), all, None)?.items;
    if json {
        webhooks.iter().for_each(|webhook| println!("{}", row(webhook)));
        return Ok(());
    }
    let cells = |webhook: &Webhook| {
        let kinds: Vec<&str> = webhook.draft.kinds.iter().map(|kind| kind.as_str()).collect();
        let kinds = if kinds.is_empty() { "all".to_owned() } else { kinds.join(",") };
        let state = match (&webhook.failing_reason, webhook.draft.active) {
            (_, false) => "off".to_owned(),
            (None, true) => "ok".to_owned(),
            (Some(why), true) => format!("failing: {why}"),
        };
        vec![webhook.id.to_string(), webhook.draft.name.clone(), webhook.draft.url.clone(), kinds, state]
    };
    let rows: Vec<_> = webhooks.iter().map(cells).collect();
    print!("{}", table(&["id", "name", "url", "events", "state"], &rows));
    Ok(())
}

fn row(webhook: &Webhook) -> Value {
    let kinds: Vec<&str> = webhook.draft.kinds.iter().map(|kind| kind.as_str()).collect();
    json!({
        "id": webhook.id, "name": webhook.draft.name, "url": webhook.draft.url, "events": kinds,
        "active": webhook.draft.active, "failing_since": webhook.failing_since.map(Timestamp::to_rfc3339),
        "failing_reason": webhook.failing_reason,
    })
}

/// No server runs on the shop, so what is due is sent from here.
fn test(shop: &Shop, id: WebhookId, json: bool) -> Done {
    let delivery = wait(async {
        let delivery = shop.webhook_test(&Ctx::owner(), id).await?;
        shop.webhooks_deliver(&Ctx::shop()).await?;
        shop.delivery_get(&Ctx::owner(), id, delivery.id)
    })??;
    let Delivery { state, last_status, last_error, .. } = delivery;
    let delivered = state == DeliveryState::Delivered;
    let why = last_error.unwrap_or_else(|| "it was not tried".to_owned());
    if json {
        let why = (!delivered).then_some(&why);
        println!("{}", json!({ "delivered": delivered, "status": last_status, "error": why }));
    } else if delivered {
        println!("webhook {id} took the test");
    }
    if delivered { Ok(()) } else { Err(Failure::new(format!("webhook {id} did not take the test: {why}"))) }
}
