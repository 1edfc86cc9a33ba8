//! Payments that a person has to look at.

use super::{Error, Outcome, PAYMENT, PaymentRow, Shop};
use crate::domain::audit::Subject;
use crate::domain::event::EventKind;
use crate::domain::order::{Happening, Payment};
use crate::domain::page::Page;
use crate::domain::payment::{PaymentDetails, PaymentFlag};
use crate::domain::{Direction, Fields, PageSize, PaymentId, Right};
use crate::services::Ctx;
use crate::store::WriteTx;
use serde_json::json;

/// Who is told of a flag.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Aloud {
    /// Everybody.
    Yes,
    /// All but the order's timeline, which says it already.
    ButForTheTimeline,
}

/// Notes that are kept of one payment, the newest: more than anybody reads.
const MOST_NOTES: usize = 20;

/// Says why a person has to look at a payment. Each reason is said once and stays until somebody has looked, whatever
/// else is said of the payment meanwhile: the flag is that of the newest reason, the notes are all of them.
pub(super) fn flag(
    tx: &WriteTx<'_>,
    ctx: &Ctx,
    payment: &Payment,
    flag: PaymentFlag,
    note: &str,
    aloud: Aloud,
) -> Outcome<()> {
    let known = tx.payment_by_id(payment.id)?.ok_or(PAYMENT)?;
    let details = PaymentDetails::of(&known.details);
    let said = details.flag_note.as_deref().filter(|_| known.flag.is_some()).unwrap_or_default();
    // Notes are told apart by their lines.
    let note = &note.replace('\n', " ");
    if said.lines().any(|line| line == note) {
        return Ok(());
    }
    let mut notes: Vec<&str> = said.lines().chain([note.as_str()]).collect();
    notes.drain(..notes.len().saturating_sub(MOST_NOTES));
    let mut flags: Vec<String> =
        PaymentFlag::all_of(known.flag.as_deref(), &details).into_iter().map(|flag| flag.as_str().to_owned()).collect();
    if !flags.iter().any(|known| known == flag.as_str()) {
        flags.push(flag.as_str().to_owned());
    }
    let details = PaymentDetails { flag_note: Some(notes.join("\n")), flags, ..details.clone() };
    tx.payment_flag(payment.id, flag, ctx.now)?;
    tx.payment_details(payment.id, &details, ctx.now)?;
    let detail = json!({ "payment_id": payment.id, "provider": payment.provider, "flag": flag.as_str() });
    if aloud == Aloud::Yes {
        let mut shown = detail.clone();
        shown["text"] = note.as_str().into();
        let kind = Happening::PaymentFlagged.as_str();
        tx.order_event_add(payment.order_id, kind, &shown, false, &ctx.actor_name(), ctx.now)?;
        tx.order_touch(payment.order_id, ctx.now)?;
    }
    tx.audit(&ctx.entry("payment.flag", Subject::from(payment.id), &detail))?;
    let mut told = detail;
    told["order_id"] = json!(payment.order_id);
    tx.event_add(EventKind::PaymentFlagged, payment.id, &told, ctx.now)?;
    Ok(())
}

/// What whoever has looked at a payment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveDraft {
    /// What was found and done.
    pub note: String,
}

impl ResolveDraft {
    /// Reads the body.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        if !fields.has("note") {
            fields.missing("note");
        }
        Self { note: fields.text("note", 1..=500).unwrap_or_default() }
    }
}

impl Shop {
    /// A page of payments, the newest first: all, or those that a person has to look at.
    pub fn payment_list(
        &self,
        ctx: &Ctx,
        flagged: bool,
        size: PageSize,
        from: Option<(PaymentId, Direction)>,
    ) -> Outcome<Page<PaymentRow, PaymentId>> {
        ctx.require(Right::OrdersRead)?;
        self.page_read(
            size,
            from,
            |tx, start, backwards, most| tx.payment_page(flagged, start, backwards, most),
            |row| row.payment.id,
        )
    }

    /// A person has looked at a payment and says what came of it. Its flag goes, the note stays with the order.
    pub async fn payment_resolve(&self, ctx: &Ctx, id: PaymentId, draft: ResolveDraft) -> Outcome<PaymentRow> {
        ctx.require(Right::OrdersWrite)?;
        let ctx = ctx.clone();
        let resolve = move |tx: &WriteTx<'_>| {
            let payment = tx.payment_by_id(id)?.ok_or(PAYMENT)?;
            if !tx.payment_unflag(id, ctx.now)? {
                let detail = format!("payment {id} has no flag, so there is nothing to resolve");
                return Err(Error::Conflict("not_flagged", detail, Vec::new()));
            }
            let details = PaymentDetails { flag_note: None, flags: Vec::new(), ..PaymentDetails::of(&payment.details) };
            tx.payment_details(id, &details, ctx.now)?;
            let shown = json!({ "payment_id": id, "flag": payment.flag, "text": draft.note });
            let kind = Happening::Note.as_str();
            tx.order_event_add(payment.order_id, kind, &shown, false, &ctx.actor_name(), ctx.now)?;
            tx.order_touch(payment.order_id, ctx.now)?;
            tx.audit(&ctx.entry("payment.resolve", Subject::from(id), &json!({ "flag": payment.flag })))?;
            let after = tx.payment_by_id(id)?.ok_or(PAYMENT)?;
            Ok(tx.payment_row(after)?)
        };
        self.store.write(resolve).await
    }
}
