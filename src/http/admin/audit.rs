//! `/admin/audit`: the audit log.

use crate::domain::Timestamp;
use crate::domain::audit::{ActionPick, ActorPick, AuditFilter, AuditPosition};
use crate::http::answer::{Answer, Audience, Managed};
use crate::http::guards::{AuditRead, May, SlowLane};
use crate::http::page::CursorKey;
use crate::http::parameters::{CURSOR, Kind, PAGE_SIZE, Parameter, parameter};
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::views::AuditList;
use crate::services::{Shop, client_address};
use rocket::get;
use rocket_okapi::openapi;
use std::sync::Arc;

/// What the list takes.
pub const AUDIT_LIST: &[Parameter] = &[
    parameter("actor", Kind::Text, "user:7", "By this actor: `user:ID`, `api_key:ID`, `owner`, `shop` or `anonymous`."),
    parameter("action", Kind::Text, "product.", "This action, or with a dot at its end every one that begins so."),
    parameter("subject", Kind::Text, "product:12", "Done to this thing: its kind and id."),
    parameter("client", Kind::Text, "192.0.2.7", "From this address."),
    parameter("since", Kind::Moment, "2026-01-31T00:00:00Z", "At this moment or later."),
    parameter("until", Kind::Moment, "2026-02-28T00:00:00Z", "Before this moment."),
    PAGE_SIZE,
    CURSOR,
];

/// # Read the audit log
/// Who changed what, newest first. A batch or an import is one entry.
#[openapi(tag = "Administration")]
#[get("/admin/audit")]
pub async fn audit_list(
    admin: May<AuditRead>,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    cursors: Managed<'_, CursorKey>,
    slow: Managed<'_, SlowLane>,
) -> Result<Answer<AuditList>, Problem> {
    query.only(AUDIT_LIST)?;
    let (filter, size) = (filter(&query)?, query.page_size()?);
    let scope = format!("audit\u{1}{}", query.key_without(&["cursor", "page_size"]));
    let from = query.one("cursor")?.map(|cursor| cursors.open::<AuditPosition>(&scope, cursor)).transpose()?;
    let (shop, ctx) = (Arc::clone(shop), admin.0);
    let page = slow.run(move || shop.audit_list(&ctx, &filter, size, from)).await?;
    let links = query.links("admin/audit", cursors, &scope, page.next, page.previous);
    Ok(Answer::new(&AuditList::new(&page.items, links), Audience::Nobody))
}

fn filter(query: &Query) -> Result<AuditFilter, Problem> {
    let time = |name| query.parsed(name, "a time such as 2026-01-31T09:05:00Z", Timestamp::parse);
    Ok(AuditFilter {
        actor: query.parsed("actor", "user:ID, api_key:ID, owner, shop or anonymous", ActorPick::parse)?,
        action: query.parsed("action", "an action such as product.update, or product.", ActionPick::parse)?,
        subject: query.parsed("subject", "a kind and an id such as product:12", AuditFilter::subject)?,
        client: query.parsed("client", "an IP address", client_address)?,
        since: time("since")?,
        until: time("until")?,
    })
}
