//! Units of lines as they are asked for.

use crate::domain::order::{OrderLine, WholeOrder};
use crate::domain::{FieldError, Fields, Invalid, OrderLineId};
use crate::services::{Error, Outcome};
use std::collections::BTreeMap;

/// Lines that one request may name.
const MOST_LINES: usize = 200;

/// So many units of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Units {
    /// Which line.
    pub line: OrderLineId,
    /// How many.
    pub quantity: i64,
}

impl Units {
    /// Reads the field `lines`: `[{"line_id": 7, "quantity": 1}]`.
    pub(super) fn list(fields: &mut Fields<'_>) -> Option<Vec<Self>> {
        let units = fields.list("lines", MOST_LINES, |value| {
            Fields::read(value, |fields| {
                for name in ["line_id", "quantity"] {
                    if !fields.has(name) {
                        fields.missing(name);
                    }
                }
                let line = OrderLineId::new(fields.integer("line_id", 1..=i64::MAX).unwrap_or(0));
                Self { line, quantity: fields.integer("quantity", 1..=1_000_000).unwrap_or(0) }
            })
        })?;
        if units.is_empty() {
            fields.wrong("lines", "too_short", "must name at least one line");
        }
        Some(units)
    }
}

/// The units asked for, checked against the order: lines of its own, each once, no more than `open` says there are.
/// `which` says in words what the open ones are.
pub(super) fn units_of(
    whole: &WholeOrder,
    asked: &[Units],
    which: &str,
    open: impl Fn(&OrderLine) -> i64,
) -> Outcome<Vec<(OrderLineId, i64)>> {
    let (mut units, mut wrong, mut short) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (index, Units { line: id, quantity }) in asked.iter().enumerate() {
        let error =
            |name: &str, code, message: String| FieldError { field: format!("lines[{index}].{name}"), code, message };
        let Some(line) = whole.line(*id) else {
            wrong.push(error("line_id", "unknown", format!("is no line of order {}", whole.order.name())));
            continue;
        };
        if units.insert(*id, *quantity).is_some() {
            wrong.push(error("line_id", "duplicate", "is named twice: give one quantity for each line".to_owned()));
        } else if *quantity > open(line) {
            let message = format!("is more than the {} of {} {which}", open(line), line.name);
            short.push(error("quantity", "too_many", message));
        }
    }
    if !wrong.is_empty() {
        return Err(Invalid(wrong).into());
    }
    if let Some(first) = short.first() {
        let detail = format!("{} {}", first.field, first.message);
        return Err(Error::Conflict("too_many_units", detail, short));
    }
    Ok(units.into_iter().collect())
}
