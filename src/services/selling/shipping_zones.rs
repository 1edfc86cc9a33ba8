//! Shipping zones, each with its areas and rates.

use crate::domain::audit::Subject;
use crate::domain::catalog::Revision;
use crate::domain::page::Page;
use crate::domain::pricing::{ShippingZone, ShippingZoneDraft};
use crate::domain::{Direction, FieldError, Invalid, PageSize, Right, ShippingRateId, ShippingZoneId};
use crate::services::catalog::Preconditions;
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::ReadTx;
use serde_json::json;

/// Zones a shop may have.
const MOST_ZONES: i64 = 1_000;

const ZONE: Error = Error::NotFound("shipping zone");

impl Shop {
    /// A page of zones in order of id.
    pub fn shipping_zone_list(
        &self,
        ctx: &Ctx,
        size: PageSize,
        from: Option<(ShippingZoneId, Direction)>,
    ) -> Outcome<Page<ShippingZone, ShippingZoneId>> {
        ctx.require(Right::SettingsRead)?;
        self.page_read(
            size,
            from,
            |tx, start, backwards, most| tx.shipping_zone_page(start, backwards, most),
            |zone| zone.id,
        )
    }

    /// One zone.
    pub fn shipping_zone_get(&self, ctx: &Ctx, id: ShippingZoneId) -> Outcome<ShippingZone> {
        ctx.require(Right::SettingsRead)?;
        self.store.read(|tx| current(tx, id))
    }

    /// Adds a zone.
    pub async fn shipping_zone_create(&self, ctx: &Ctx, draft: ShippingZoneDraft) -> Outcome<ShippingZone> {
        ctx.require(Right::SettingsWrite)?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                if tx.shipping_zone_count()? >= MOST_ZONES {
                    let detail = format!("a shop has at most {MOST_ZONES} shipping zones: remove one first");
                    return Err(Error::Conflict("too_many", detail, Vec::new()));
                }
                refuse_strange_rates(&draft, &[])?;
                refuse_taken(tx, &draft, None)?;
                let id = tx.shipping_zone_insert(&draft, ctx.now)?;
                tx.audit(&ctx.entry("shipping_zone.create", Subject::from(id), &brief(&draft)))?;
                current(tx, id)
            })
            .await
    }

    /// Changes one to what `edit` makes of it.
    pub async fn shipping_zone_update(
        &self,
        ctx: &Ctx,
        id: ShippingZoneId,
        known: Preconditions,
        edit: impl FnOnce(&ShippingZone) -> Result<ShippingZoneDraft, Invalid> + Send + 'static,
    ) -> Outcome<ShippingZone> {
        ctx.require(Right::SettingsWrite)?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let before = current(tx, id)?;
                known.check(Revision::of(before.version))?;
                let draft = edit(&before)?;
                let own: Vec<ShippingRateId> = before.rates.iter().map(|rate| rate.id).collect();
                refuse_strange_rates(&draft, &own)?;
                refuse_taken(tx, &draft, Some(id))?;
                tx.shipping_zone_update(&before, &draft, ctx.now)?;
                tx.audit(&ctx.entry("shipping_zone.update", Subject::from(id), &brief(&draft)))?;
                current(tx, id)
            })
            .await
    }

    /// Removes one with its areas and rates. When it was the last, the shop ships anywhere for nothing again.
    pub async fn shipping_zone_remove(&self, ctx: &Ctx, id: ShippingZoneId, known: Preconditions) -> Outcome<()> {
        ctx.require(Right::SettingsWrite)?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let before = current(tx, id)?;
                known.check(Revision::of(before.version))?;
                tx.shipping_zone_delete(id)?;
                let detail = json!({ "name": before.name });
                Ok(tx.audit(&ctx.entry("shipping_zone.remove", Subject::from(id), &detail))?)
            })
            .await
    }
}

fn current(tx: &ReadTx<'_>, id: ShippingZoneId) -> Outcome<ShippingZone> {
    tx.shipping_zone_by_id(id)?.ok_or(ZONE)
}

/// What the audit log says of a zone.
fn brief(draft: &ShippingZoneDraft) -> serde_json::Value {
    let rates: Vec<&str> = draft.rates.iter().map(|(_, rate)| rate.name.as_str()).collect();
    json!({ "name": draft.name, "areas": draft.areas.len(), "rates": rates })
}

/// A rate that is named must be one of the zone's own.
fn refuse_strange_rates(draft: &ShippingZoneDraft, own: &[ShippingRateId]) -> Result<(), Invalid> {
    let strange = |(at, (id, _)): (usize, &(Option<ShippingRateId>, _))| {
        id.filter(|id| !own.contains(id)).map(|_| FieldError {
            field: format!("rates[{at}].id"),
            code: "unknown",
            message: "is not a rate of this zone: leave it out for a new one".to_owned(),
        })
    };
    let errors: Vec<FieldError> = draft.rates.iter().enumerate().filter_map(strange).collect();
    if errors.is_empty() { Ok(()) } else { Err(Invalid(errors)) }
}

/// A name is one zone's, and so is a place.
fn refuse_taken(tx: &ReadTx<'_>, draft: &ShippingZoneDraft, except: Option<ShippingZoneId>) -> Outcome<()> {
    if tx.shipping_zone_named(&draft.name, except)? {
        return Err(Error::taken("name", "is another zone's"));
    }
    for (at, area) in draft.areas.iter().enumerate() {
        let owner = tx.shipping_area_zone(area)?.filter(|(id, _)| Some(*id) != except);
        if let Some((_, name)) = owner {
            return Err(Error::taken(
                &format!("areas[{at}]"),
                format!("belongs to the zone {name:?}: take it out there"),
            ));
        }
    }
    Ok(())
}
