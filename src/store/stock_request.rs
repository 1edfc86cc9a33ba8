//! SQL of requests to be told that something is back in stock.

use super::error::StoreResult;
use super::tx::{ReadTx, Row, RowResult, WriteTx, params};
use crate::domain::{Email, ProductId, StockRequestId, Timestamp, UserId, VariantId};

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StockRequestState {
    /// Whoever reads the mail of its address has not confirmed it.
    Unconfirmed,
    /// It waits for the product.
    Waiting,
    /// The product is back; the letter is on its way.
    Due,
    /// The letter was sent.
    Sent,
}

impl StockRequestState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Unconfirmed => "unconfirmed",
            Self::Waiting => "waiting",
            Self::Due => "due",
            Self::Sent => "sent",
        }
    }

    fn parse(text: &str) -> Self {
        let known = [Self::Unconfirmed, Self::Waiting, Self::Due].into_iter().find(|state| state.as_str() == text);
        known.unwrap_or(Self::Sent)
    }
}

/// A request.
#[derive(Clone, Debug)]
pub struct StockRequestRow {
    /// Its id.
    pub id: StockRequestId,
    /// For which product.
    pub product_id: ProductId,
    /// For which variant; any when none.
    pub variant_id: Option<VariantId>,
    /// Who made it, when they were signed in.
    pub account_id: Option<UserId>,
    /// Where the letter goes.
    pub email: String,
    /// Where it stands.
    pub state: StockRequestState,
    /// When that last changed.
    pub updated_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

const REQUEST: &str =
    "select id, product_id, variant_id, account_id, email, state, updated_at, expires_at from stock_request";

fn request(row: &Row<'_>) -> RowResult<StockRequestRow> {
    let variant: VariantId = row.get(2)?;
    Ok(StockRequestRow {
        id: row.get(0)?,
        product_id: row.get(1)?,
        variant_id: (variant.get() != 0).then_some(variant),
        account_id: row.get(3)?,
        email: row.get(4)?,
        state: StockRequestState::parse(row.get_ref(5)?.as_str()?),
        updated_at: row.get(6)?,
        expires_at: row.get(7)?,
    })
}

impl ReadTx<'_> {
    /// The request with this id.
    pub fn stock_request_by_id(&self, id: StockRequestId) -> StoreResult<Option<StockRequestRow>> {
        self.query_one(&format!("{REQUEST} where id = ?1"), [id], request)
    }

    /// The request whose last letter held the token of this hash.
    pub fn stock_request_by_token(&self, hash: &[u8], now: Timestamp) -> StoreResult<Option<StockRequestRow>> {
        self.query_one(&format!("{REQUEST} where token = ?1 and expires_at > ?2"), params![hash, now], request)
    }

    /// The request of an address for a product or one of its variants.
    pub fn stock_request_of(
        &self,
        product: ProductId,
        variant: Option<VariantId>,
        email: &Email,
    ) -> StoreResult<Option<StockRequestRow>> {
        let sql = format!("{REQUEST} where product_id = ?1 and variant_id = ?2 and email_key = ?3");
        self.query_one(&sql, params![product, variant.map_or(0, VariantId::get), email.key()], request)
    }

    /// The products that a person waits for.
    pub fn stock_requests_by(&self, user: UserId) -> StoreResult<Vec<ProductId>> {
        let sql = "select distinct product_id from stock_request where account_id = ?1 order by product_id";
        self.query_all(sql, [user], |row| row.get(0))
    }

    /// How many requests of an address have not ended, and how many of them are not confirmed.
    pub fn stock_request_counts(&self, email: &Email, now: Timestamp) -> StoreResult<(i64, i64)> {
        let sql = "select count(*), count(*) filter (where state = 'unconfirmed') from stock_request \
                   where email_key = ?1 and state <> 'sent' and expires_at > ?2";
        let counts = self.query_one(sql, params![email.key(), now], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(counts.unwrap_or_default())
    }

    /// Requests that wait for a variant, at most so many.
    pub fn stock_requests_waiting(
        &self,
        product: ProductId,
        variant: VariantId,
        now: Timestamp,
        most: usize,
    ) -> StoreResult<Vec<StockRequestId>> {
        let sql = "select id from stock_request where product_id = ?1 and state = 'waiting' and variant_id in (0, ?2) \
                   and expires_at > ?3 order by id limit ?4";
        self.query_all(sql, params![product, variant, now, most], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// Writes a request down, over the one for the same thing and address that there may be.
    pub fn stock_request_put(&self, row: &StockRequestRow, email: &Email) -> StoreResult<StockRequestId> {
        let sql = "insert into stock_request (product_id, variant_id, account_id, email, email_key, state, created_at, \
                   updated_at, expires_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8) \
                   on conflict (product_id, variant_id, email_key) do update set account_id = excluded.account_id, \
                   email = excluded.email, state = excluded.state, updated_at = excluded.updated_at, \
                   expires_at = excluded.expires_at returning id";
        let variant = row.variant_id.map_or(0, VariantId::get);
        let state = row.state.as_str();
        let params = params![
            row.product_id,
            variant,
            row.account_id,
            email.as_str(),
            email.key(),
            state,
            row.updated_at,
            row.expires_at
        ];
        Ok(StockRequestId::new(self.query_number(sql, params)?))
    }

    /// Moves a request from one state to another; false when it is not in the first.
    pub fn stock_request_move(
        &self,
        id: StockRequestId,
        from: StockRequestState,
        to: StockRequestState,
        at: Timestamp,
        expires_at: Timestamp,
    ) -> StoreResult<bool> {
        let sql = "update stock_request set state = ?3, updated_at = ?4, expires_at = ?5 where id = ?1 and state = ?2";
        Ok(self.execute(sql, params![id, from.as_str(), to.as_str(), at, expires_at])? > 0)
    }

    /// Keeps the hash of the token in a request's letter; the one before no longer counts.
    pub fn stock_request_set_token(&self, id: StockRequestId, hash: &[u8]) -> StoreResult<()> {
        self.execute("update stock_request set token = ?2 where id = ?1", params![id, hash]).map(drop)
    }

    /// Removes all requests of an address.
    pub fn stock_requests_drop(&self, email: &str) -> StoreResult<()> {
        self.execute("delete from stock_request where email_key = ?1", [email.to_lowercase()]).map(drop)
    }

    /// Removes all requests of a person, those made without signing in included.
    pub(super) fn stock_requests_forget(&self, user: UserId) -> StoreResult<()> {
        self.execute("delete from stock_request where account_id = ?1", [user])?;
        let sql = "delete from stock_request where email_key = (select email_key from account where id = ?1 \
                   and verified_at is not null)";
        self.execute(sql, [user]).map(drop)
    }

    /// Removes requests that have ended, at most so many.
    pub fn stock_requests_sweep(&self, now: Timestamp, most: usize) -> StoreResult<usize> {
        let sql = "delete from stock_request where id in \
                   (select id from stock_request where expires_at <= ?1 order by expires_at limit ?2)";
        self.execute(sql, params![now, most])
    }
}
