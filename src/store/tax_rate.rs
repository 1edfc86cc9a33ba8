//! SQL of tax rates.

use super::error::StoreResult;
use super::tx::{ReadTx, Row, RowResult, WriteTx, params};
use crate::domain::pricing::{Place, TaxRate, TaxRateDraft};
use crate::domain::{TaxRateId, Timestamp};

const TAX_RATE: &str =
    "select id, version, created_at, updated_at, name, country, region, tax_class, rate_ppm from tax_rate";

fn tax_rate(row: &Row<'_>) -> RowResult<TaxRate> {
    Ok(TaxRate {
        id: row.get(0)?,
        version: row.get(1)?,
        created_at: row.get(2)?,
        updated_at: row.get(3)?,
        draft: TaxRateDraft {
            name: row.get(4)?,
            country: row.get(5)?,
            region: row.get(6)?,
            tax_class: row.get(7)?,
            rate_ppm: row.get(8)?,
        },
    })
}

impl ReadTx<'_> {
    /// One rate.
    pub fn tax_rate_by_id(&self, id: TaxRateId) -> StoreResult<Option<TaxRate>> {
        self.query_one(&format!("{TAX_RATE} where id = ?1"), [id], tax_rate)
    }

    /// A page of rates in order of id, from behind or before one.
    pub fn tax_rate_page(&self, from: Option<TaxRateId>, backwards: bool, limit: usize) -> StoreResult<Vec<TaxRate>> {
        let (sign, direction, start) = if backwards { ("<", "desc", i64::MAX) } else { (">", "asc", 0) };
        let sql = format!("{TAX_RATE} where id {sign} ?1 order by id {direction} limit ?2");
        self.query_all(&sql, params![from.map_or(start, TaxRateId::get), limit], tax_rate)
    }

    /// All rates that apply in a place, whatever the class of goods.
    pub fn tax_rates_for(&self, place: &Place) -> StoreResult<Vec<TaxRate>> {
        let sql = format!("{TAX_RATE} where country in ('*', ?1) and region in ('', ?2) order by id");
        self.query_all(&sql, params![place.country, place.region], tax_rate)
    }

    /// How many rates there are.
    pub fn tax_rate_count(&self) -> StoreResult<i64> {
        self.query_number("select count(*) from tax_rate", [])
    }

    /// Whether another rate has this name for the same place and class.
    pub fn tax_rate_taken(&self, draft: &TaxRateDraft, except: Option<TaxRateId>) -> StoreResult<bool> {
        let sql = "select exists (select 1 from tax_rate where country = ?1 and region = ?2 and tax_class = ?3 \
                   and name = ?4 and id <> ?5)";
        let TaxRateDraft { name, country, region, tax_class, .. } = draft;
        let except = except.map_or(0, TaxRateId::get);
        Ok(self.query_number(sql, params![country, region, tax_class, name, except])? != 0)
    }
}

impl WriteTx<'_> {
    /// Adds a rate.
    pub fn tax_rate_insert(&self, draft: &TaxRateDraft, at: Timestamp) -> StoreResult<TaxRateId> {
        let sql = "insert into tax_rate (created_at, updated_at, name, country, region, tax_class, rate_ppm) \
                   values (?1, ?1, ?2, ?3, ?4, ?5, ?6)";
        let TaxRateDraft { name, country, region, tax_class, rate_ppm } = draft;
        self.execute(sql, params![at, name, country, region, tax_class, rate_ppm])?;
        Ok(TaxRateId::new(self.last_id()))
    }

    /// Overwrites a rate.
    pub fn tax_rate_update(&self, id: TaxRateId, draft: &TaxRateDraft, at: Timestamp) -> StoreResult<()> {
        let sql = "update tax_rate set updated_at = ?2, name = ?3, country = ?4, region = ?5, tax_class = ?6, \
                   rate_ppm = ?7, version = version + 1 where id = ?1";
        let TaxRateDraft { name, country, region, tax_class, rate_ppm } = draft;
        self.execute(sql, params![id, at, name, country, region, tax_class, rate_ppm]).map(drop)
    }

    /// Removes a rate.
    pub fn tax_rate_delete(&self, id: TaxRateId) -> StoreResult<()> {
        self.execute("delete from tax_rate where id = ?1", [id]).map(drop)
    }
}
