//! `/admin/reports`: what was sold.

use crate::domain::Timestamp;
use crate::domain::report::{SalesBy, Span};
use crate::http::answer::{Answer, Audience, Managed};
use crate::http::guards::{May, ReportsRead, SlowLane};
use crate::http::parameters::SALES_REPORT;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::views::SalesReport;
use crate::services::Shop;
use rocket::get;
use rocket_okapi::openapi;
use std::sync::Arc;
use std::time::Duration;

/// Without a span the last thirty days are summed up.
const USUAL: Duration = Duration::from_secs(30 * 86_400);

/// # Sum up what was sold
/// Paid orders count when they were placed, refunds when they were made. Periods are in UTC; products are the thousand
/// that brought most.
#[openapi(tag = "Administration")]
#[get("/admin/reports/sales")]
pub async fn sales_report(
    staff: May<ReportsRead>,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    slow: Managed<'_, SlowLane>,
) -> Result<Answer<SalesReport>, Problem> {
    query.only(SALES_REPORT)?;
    let time = |name| query.parsed(name, "a time such as 2026-01-31T00:00:00Z", Timestamp::parse);
    let until = time("to")?.unwrap_or(staff.0.now);
    let from = time("from")?.unwrap_or_else(|| until.minus(USUAL));
    let by = query.parsed("by", "day, month, year or product", SalesBy::parse)?.unwrap_or(SalesBy::Day);
    let (shop, ctx, currency) = (Arc::clone(shop), staff.0, shop.settings().currency());
    let sales = slow.run(move || shop.sales(&ctx, Span { from, until }, by)).await?;
    Ok(Answer::new(&SalesReport::new(&sales, currency), Audience::Nobody))
}
