//! SQL of shipping zones, with their areas and rates.

use super::error::StoreResult;
use super::tx::{ReadTx, Row, RowResult, WriteTx, params};
use crate::domain::catalog::Stored;
use crate::domain::pricing::{
    Place, ShippingArea, ShippingKind, ShippingRate, ShippingRateDraft, ShippingRules, ShippingZone, ShippingZoneDraft,
    Step,
};
use crate::domain::{ShippingRateId, ShippingZoneId, Timestamp};

const ZONE: &str = "select id, version, created_at, updated_at, name from shipping_zone";

const RATE: &str = "select id, name, kind, price, steps, free_from, tax_class from shipping_rate";

fn zone(row: &Row<'_>) -> RowResult<ShippingZone> {
    Ok(ShippingZone {
        id: row.get(0)?,
        version: row.get(1)?,
        created_at: row.get(2)?,
        updated_at: row.get(3)?,
        name: row.get(4)?,
        areas: Vec::new(),
        rates: Vec::new(),
    })
}

fn rate(row: &Row<'_>) -> RowResult<ShippingRate> {
    let steps: Stored<Vec<Step>> = Stored::trusted(row.get(4)?);
    Ok(ShippingRate {
        id: row.get(0)?,
        draft: ShippingRateDraft {
            name: row.get(1)?,
            kind: ShippingKind::parse(&row.get::<_, String>(2)?).unwrap_or(ShippingKind::Flat),
            price: row.get(3)?,
            steps: steps.value(),
            free_from: row.get(5)?,
            tax_class: row.get(6)?,
        },
    })
}

fn area(row: &Row<'_>) -> RowResult<ShippingArea> {
    Ok(ShippingArea { country: row.get(0)?, region: row.get(1)? })
}

impl ReadTx<'_> {
    /// One zone with everything in it.
    pub fn shipping_zone_by_id(&self, id: ShippingZoneId) -> StoreResult<Option<ShippingZone>> {
        let bare = self.query_one(&format!("{ZONE} where id = ?1"), [id], zone)?;
        bare.map(|zone| self.shipping_zone_filled(zone)).transpose()
    }

    /// A page of zones in order of id, from behind or before one.
    pub fn shipping_zone_page(
        &self,
        from: Option<ShippingZoneId>,
        backwards: bool,
        limit: usize,
    ) -> StoreResult<Vec<ShippingZone>> {
        let (sign, direction, start) = if backwards { ("<", "desc", i64::MAX) } else { (">", "asc", 0) };
        let sql = format!("{ZONE} where id {sign} ?1 order by id {direction} limit ?2");
        let zones = self.query_all(&sql, params![from.map_or(start, ShippingZoneId::get), limit], zone)?;
        zones.into_iter().map(|zone| self.shipping_zone_filled(zone)).collect()
    }

    fn shipping_zone_filled(&self, zone: ShippingZone) -> StoreResult<ShippingZone> {
        let sql = "select country, region from shipping_area where zone_id = ?1 order by country, region";
        let areas = self.query_all(sql, [zone.id], area)?;
        Ok(ShippingZone { areas, rates: self.shipping_rates_of(zone.id)?, ..zone })
    }

    fn shipping_rates_of(&self, zone: ShippingZoneId) -> StoreResult<Vec<ShippingRate>> {
        self.query_all(&format!("{RATE} where zone_id = ?1 order by position"), [zone], rate)
    }

    /// What a place can be shipped by: the rates of the zone that names its region, else its country, else everywhere.
    pub fn shipping_rates_for(&self, place: &Place) -> StoreResult<ShippingRules> {
        let sql = "select zone_id from shipping_area where (country = ?1 and region in ('', ?2)) \
                   or (country = '*' and region = '') order by country = '*', region = '' limit 1";
        let zone = self.query_one(sql, params![place.country, place.region], |row| row.get(0))?;
        match zone {
            Some(zone) => Ok(ShippingRules::Rates(self.shipping_rates_of(zone)?)),
            None if self.shipping_zone_count()? == 0 => Ok(ShippingRules::BuiltIn),
            None => Ok(ShippingRules::Rates(Vec::new())),
        }
    }

    /// How many zones there are.
    pub fn shipping_zone_count(&self) -> StoreResult<i64> {
        self.query_number("select count(*) from shipping_zone", [])
    }

    /// Whether another zone has this name.
    pub fn shipping_zone_named(&self, name: &str, except: Option<ShippingZoneId>) -> StoreResult<bool> {
        let sql = "select exists (select 1 from shipping_zone where name = ?1 and id <> ?2)";
        Ok(self.query_number(sql, params![name, except.map_or(0, ShippingZoneId::get)])? != 0)
    }

    /// The zone that an area belongs to, and its name.
    pub fn shipping_area_zone(&self, area: &ShippingArea) -> StoreResult<Option<(ShippingZoneId, String)>> {
        let sql = "select z.id, z.name from shipping_area a join shipping_zone z on z.id = a.zone_id \
                   where a.country = ?1 and a.region = ?2";
        self.query_one(sql, params![area.country, area.region], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

impl WriteTx<'_> {
    /// Adds a zone.
    pub fn shipping_zone_insert(&self, draft: &ShippingZoneDraft, at: Timestamp) -> StoreResult<ShippingZoneId> {
        let sql = "insert into shipping_zone (created_at, updated_at, name) values (?1, ?1, ?2)";
        self.execute(sql, params![at, draft.name])?;
        let id = ShippingZoneId::new(self.last_id());
        self.shipping_zone_fill(id, draft)?;
        Ok(id)
    }

    /// Overwrites a zone with its areas and rates. Rates that are named keep their ids, so that a buyer who has chosen
    /// one still has it.
    pub fn shipping_zone_update(
        &self,
        before: &ShippingZone,
        draft: &ShippingZoneDraft,
        at: Timestamp,
    ) -> StoreResult<()> {
        let sql = "update shipping_zone set updated_at = ?2, name = ?3, version = version + 1 where id = ?1";
        self.execute(sql, params![before.id, at, draft.name])?;
        self.execute("delete from shipping_area where zone_id = ?1", [before.id])?;
        let kept: Vec<ShippingRateId> = draft.rates.iter().filter_map(|(id, _)| *id).collect();
        for rate in before.rates.iter().filter(|rate| !kept.contains(&rate.id)) {
            self.execute("delete from shipping_rate where id = ?1", [rate.id])?;
        }
        self.shipping_zone_fill(before.id, draft)
    }

    fn shipping_zone_fill(&self, zone: ShippingZoneId, draft: &ShippingZoneDraft) -> StoreResult<()> {
        for area in &draft.areas {
            let sql = "insert into shipping_area (country, region, zone_id) values (?1, ?2, ?3)";
            self.execute(sql, params![area.country, area.region, zone])?;
        }
        let sql = "insert into shipping_rate (id, zone_id, position, name, kind, price, steps, free_from, tax_class) \
                   values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) on conflict (id) do update set position = ?3, name = ?4, \
                   kind = ?5, price = ?6, steps = ?7, free_from = ?8, tax_class = ?9 where zone_id = ?2";
        for ((id, rate), position) in draft.rates.iter().zip(0_i64..) {
            let ShippingRateDraft { name, kind, price, steps, free_from, tax_class } = rate;
            let steps = Stored::new(steps);
            self.execute(
                sql,
                params![id, zone, position, name, kind.as_str(), price, steps.json(), free_from, tax_class],
            )?;
        }
        Ok(())
    }

    /// Removes a zone with its areas and rates.
    pub fn shipping_zone_delete(&self, id: ShippingZoneId) -> StoreResult<()> {
        self.execute("delete from shipping_zone where id = ?1", [id]).map(drop)
    }
}
