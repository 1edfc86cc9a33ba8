//! Reports: what was sold.

use super::{Ctx, Error, Outcome, Shop};
use crate::domain::report::{Sales, SalesBy, Span};
use crate::domain::{Invalid, Right};
use std::time::Duration;

/// How long a report may take: it reads every order of its span.
const REPORT_TIME: Duration = Duration::from_secs(30);

impl Shop {
    /// What was sold in a span of time.
    pub fn sales(&self, ctx: &Ctx, span: Span, by: SalesBy) -> Outcome<Vec<Sales>> {
        ctx.require(Right::ReportsRead)?;
        if span.until <= span.from {
            return Err(Invalid::one("to", "out_of_range", "must be later than from").into());
        }
        self.store.read_within(REPORT_TIME, |tx| Ok::<_, Error>(tx.sales(span, by)?))
    }
}
