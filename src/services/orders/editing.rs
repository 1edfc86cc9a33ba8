//! What the staff may change about an order, and what it writes down beside it.

use super::acting::Answering;
use super::{Told, named, ready, step};
use crate::domain::account::AddressDraft;
use crate::domain::audit::Subject;
use crate::domain::catalog::Revision;
use crate::domain::order::{Action, Happening, OrderRef};
use crate::domain::{Email, Fields, Right};
use crate::services::catalog::Preconditions;
use crate::services::idempotency::Rendered;
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::WriteTx;
use serde_json::{Value, json};

/// What the staff changes about an order that has not been sent (RFC 7396): what is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderEdit {
    /// Where letters go.
    pub email: Option<Email>,
    /// Where it goes.
    pub shipping_address: Option<AddressDraft>,
    /// Who is billed; none within for nobody else.
    pub billing_address: Option<Option<AddressDraft>>,
    /// What whoever bought it had to say; empty for nothing.
    pub note: Option<String>,
}

impl OrderEdit {
    /// Reads a merge patch. An address is given as a whole: where something goes must not be put together from two.
    pub fn read(fields: &mut Fields<'_>, body: &Value) -> Self {
        fields.kept(&["email", "shipping_address"]);
        let taken_away = |name: &str| body.get(name).is_some_and(Value::is_null);
        let billing = fields.object("billing_address", AddressDraft::read);
        let note = fields.long_text("note", 2_000).map(|text| text.trim().to_owned());
        Self {
            email: fields.parsed("email", "an e-mail address", |text| Email::parse(text.trim())),
            shipping_address: fields.object("shipping_address", AddressDraft::read),
            billing_address: if taken_away("billing_address") { Some(None) } else { billing.map(Some) },
            note: if taken_away("note") { Some(String::new()) } else { note },
        }
    }

    fn fields(&self) -> Vec<&'static str> {
        let given = [
            ("email", self.email.is_some()),
            ("shipping_address", self.shipping_address.is_some()),
            ("billing_address", self.billing_address.is_some()),
            ("note", self.note.is_some()),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
    }
}

/// Something that the staff writes down about an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoteDraft {
    /// What.
    pub text: String,
    /// Whether whoever bought it may read it.
    pub visible: bool,
}

impl NoteDraft {
    /// Reads the body.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        if !fields.has("text") {
            fields.missing("text");
        }
        let text = fields.long_text("text", 5_000).map(|text| text.trim().to_owned());
        if text.as_deref() == Some("") {
            fields.wrong("text", "too_short", "must not be empty");
        }
        Self { text: text.unwrap_or_default(), visible: fields.boolean("visible_to_customer").unwrap_or(false) }
    }
}

impl Shop {
    /// Changes where an order goes or whom it is about. What it costs stays: it was agreed on.
    pub async fn order_edit(
        &self,
        ctx: &Ctx,
        name: OrderRef,
        known: Preconditions,
        edit: OrderEdit,
        how: Answering,
    ) -> Outcome<Rendered> {
        ctx.require(Right::OrdersWrite)?;
        let work = move |tx: &WriteTx<'_>, ctx: &Ctx| {
            let before = ready(tx, name, &known, Action::Edit)?;
            let fields = edit.fields();
            let mut order = before.order;
            let kept = || Email::parse(&order.email).ok_or_else(|| Error::Internal("an order without address".into()));
            let email = edit.email.map_or_else(kept, Ok)?;
            order.shipping_address = edit.shipping_address.or(order.shipping_address);
            order.billing_address = edit.billing_address.unwrap_or(order.billing_address);
            order.note = edit.note.map_or(order.note, |text| Some(text).filter(|text| !text.is_empty()));
            if !tx.order_edit(&order, &email, ctx.now)? {
                return Err(Error::Stale);
            }
            let told = Told {
                audit: "order.update",
                timeline: Happening::Edited,
                event: None,
                detail: json!({ "fields": fields }),
                said: None,
            };
            Ok(step(tx, ctx, order.id, told)?.id)
        };
        self.order_act(ctx, how, work).await
    }

    /// Writes something down about an order.
    pub async fn order_note(
        &self,
        ctx: &Ctx,
        name: OrderRef,
        known: Preconditions,
        note: NoteDraft,
        how: Answering,
    ) -> Outcome<Rendered> {
        ctx.require(Right::OrdersWrite)?;
        let work = move |tx: &WriteTx<'_>, ctx: &Ctx| {
            let before = named(tx, name)?;
            known.check(Revision::of(before.revision()))?;
            let (id, NoteDraft { text, visible }) = (before.order.id, note);
            let (kind, detail) = (Happening::Note.as_str(), json!({ "text": text }));
            tx.order_event_add(id, kind, &detail, visible, &ctx.actor_name(), ctx.now)?;
            tx.order_touch(id, ctx.now)?;
            tx.audit(&ctx.entry("order.note", Subject::from(id), &json!({ "visible": visible })))?;
            Ok(id)
        };
        self.order_act(ctx, how, work).await
    }
}
