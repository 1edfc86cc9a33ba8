//! SQL of the books: postings whose amounts sum to zero.

use super::error::StoreResult;
use super::tx::{ReadTx, WriteTx, params};
use crate::domain::{OrderId, Timestamp};

/// Accounts of the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerAccount {
    /// What buyers owe; below zero what the shop owes them.
    Receivable,
    /// What was sold, without tax.
    Sales,
    /// What was taken off.
    Discounts,
    /// What shipping brought.
    Shipping,
    /// Tax to be passed on.
    Tax,
    /// Money in.
    Money,
    /// What was paid back of what was sold.
    Refunds,
}

impl LedgerAccount {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Receivable => "receivable",
            Self::Sales => "sales",
            Self::Discounts => "discounts",
            Self::Shipping => "shipping",
            Self::Tax => "tax",
            Self::Money => "money",
            Self::Refunds => "refunds",
        }
    }
}

impl ReadTx<'_> {
    /// What the shop owes whoever bought, by its books: what came in that no sale has used up. Zero where they owe.
    pub fn ledger_owed_back(&self, order: OrderId) -> StoreResult<i64> {
        let sql = "select max(-coalesce(sum(amount), 0), 0) from ledger_entry \
                   where order_id = ?1 and account = 'receivable'";
        self.query_number(sql, [order])
    }
}

impl WriteTx<'_> {
    /// Puts a posting into the books; its amounts must sum to zero. Those that are zero are left out.
    pub fn ledger_post(
        &self,
        order: OrderId,
        posting: &str,
        currency: &str,
        entries: &[(LedgerAccount, i64)],
        at: Timestamp,
    ) -> StoreResult<()> {
        let sql = "insert into ledger_entry (order_id, posting, account, amount, currency, created_at) \
                   select ?1, ?2, value ->> 0, value ->> 1, ?4, ?5 from json_each(?3) order by key";
        let amounts = entries.iter().filter(|(_, amount)| *amount != 0);
        let amounts: Vec<(&str, i64)> = amounts.map(|(account, amount)| (account.as_str(), *amount)).collect();
        let amounts = serde_json::to_string(&amounts).unwrap_or_else(|_| "[]".to_owned());
        self.execute(sql, params![order, posting, amounts, currency, at]).map(drop)
    }

    /// Undoes the posting of an order by its opposite.
    pub fn ledger_reverse(&self, order: OrderId, posting: &str, reversal: &str, at: Timestamp) -> StoreResult<()> {
        let sql = "insert into ledger_entry (order_id, posting, account, amount, currency, created_at) \
                   select order_id, ?3, account, -amount, currency, ?4 from ledger_entry \
                   where order_id = ?1 and posting = ?2";
        self.execute(sql, params![order, posting, reversal, at]).map(drop)
    }
}
