//! Looks for damage and for broken rules: the file, its references, the search index, the sums.

use super::error::StoreResult;
use super::order_check::ORDER_INVARIANTS;
use super::tx::ReadTx;
use crate::domain::ProductId;

/// How much to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckDepth {
    /// The structure of the file, without comparing indexes to rows.
    Quick,
    /// Everything.
    Full,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which check found it.
    pub check: &'static str,
    /// What is wrong, naming the table.
    pub problem: String,
}

/// A part of a full check that can be made on its own, so that no view of the database is held for as long as a check of
/// all of it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckPiece {
    /// The structure of a table and of its indexes.
    Table(String),
    /// What a table refers to.
    References(String),
    /// A rule of the shop, by its place among them.
    Rule(usize),
    /// The cards of products from one on.
    Cards(ProductId),
    /// The audit log.
    AuditLog,
    /// The search index.
    SearchIndex,
}

/// Products whose cards make one piece.
const CARDS: usize = 5_000;

/// Rules that hold for every row, as queries that give the offenders.
const INVARIANTS: &[(&str, &str)] = &[
    (
        "ratings",
        "select 'product ' || p.id || ': rating, rating_count or rating_sum differ from its reviews' from product p left join \
         (select product_id, count(*) as n, sum(rating) as s from review where status = 'approved' group by product_id) r \
         on r.product_id = p.id where p.rating_count <> coalesce(r.n, 0) or p.rating_sum <> coalesce(r.s, 0) \
         or p.rating <> coalesce((r.s * 200 + r.n) / (2 * r.n), 0) limit 20",
    ),
    (
        "every product has a variant",
        "select 'product ' || id || ' has no variant' from product p where not exists (select 1 from variant v where v.product_id = p.id) limit 20",
    ),
    (
        "product sums",
        "select 'product ' || p.id || ': price, price_max, stock or in_stock differ from its variants' from product p join \
         (select product_id, min(price) as low, max(price) as high, sum(stock) as stock, max(stock > 0 or stock_policy <> 'deny') as sells from variant group by product_id) v \
         on v.product_id = p.id where p.price <> v.low or p.price_max <> v.high or p.stock <> v.stock or p.in_stock <> v.sells limit 20",
    ),
    (
        "stock",
        "select 'variant ' || id || ': stock ' || stock || ' is not what ' || on_hand || ' on hand less ' || reserved || ' reserved leave' from variant \
         where stock <> max(on_hand - reserved, 0) or (stock_policy = 'deny' and reserved > on_hand) limit 20",
    ),
    (
        "stock ledger",
        "select 'variant ' || v.id || ': ' || v.on_hand || ' on hand and ' || v.reserved || ' reserved are not the sums of its stock_movement rows' \
         from variant v left join (select variant_id, sum(on_hand) as on_hand, sum(reserved) as reserved from stock_movement group by variant_id) m \
         on m.variant_id = v.id where v.on_hand <> v.opening_stock + coalesce(m.on_hand, 0) or v.reserved <> coalesce(m.reserved, 0) limit 20",
    ),
    (
        "reservations",
        "select 'variant ' || v.id || ': ' || v.reserved || ' reserved are not the sum of its reservation rows' \
         from variant v left join (select variant_id, sum(quantity) as quantity from reservation group by variant_id) r \
         on r.variant_id = v.id where v.reserved <> coalesce(r.quantity, 0) limit 20",
    ),
    (
        "category tree",
        "with recursive reached (id) as (select id from category where parent_id is null union select c.id from reached r join category c on c.parent_id = r.id) select 'category ' || id || ' is not below any root' from category where id not in (select id from reached) limit 20",
    ),
    (
        "tags",
        "select 'product_tag: ' || tag || ' of product ' || product_id || ' has no product' from product_tag t where not exists (select 1 from product p where p.id = t.product_id) limit 20",
    ),
    (
        "attributes",
        "select 'product_attribute: ' || name || ' of product ' || product_id || ' has no product' from product_attribute a where not exists (select 1 from product p where p.id = a.product_id) limit 20",
    ),
    (
        "redirects",
        "select 'slug_redirect: ' || kind || ' ' || slug || ' leads nowhere' from slug_redirect r where (kind = 'product' and not exists (select 1 from product p where p.id = r.target_id)) or (kind = 'category' and not exists (select 1 from category c where c.id = r.target_id)) limit 20",
    ),
    (
        "paid orders have their money",
        "select 'order ' || o.id || ' is ' || o.status || ' without exactly its total captured' from shop_order o \
         where o.source <> 'import' and o.status in ('paid', 'fulfilled', 'completed', 'partially_refunded', 'refunded') \
         and not exists (select 1 from payment p where p.order_id = o.id and p.flag is not null) \
         and ((select count(*) from payment p where p.order_id = o.id and p.status = 'captured' \
         and p.captured = o.total and p.currency = o.currency) = 0 \
         or (select sum(p.captured - p.refunded) from payment p where p.order_id = o.id) > o.total) limit 20",
    ),
    (
        "captured payments are whole, and their orders know",
        "select 'payment ' || p.id || ' is captured, and its amount or order does not say so' from payment p \
         join shop_order o on o.id = p.order_id where p.status = 'captured' and (p.captured <> p.amount \
         or o.status in ('draft', 'pending')) limit 20",
    ),
    (
        "refunds",
        "select 'payment ' || p.id || ': refunded differs from its refunds' from payment p where p.refunded <> \
         (select coalesce(sum(r.amount), 0) from refund r where r.payment_id = p.id and r.status <> 'failed') limit 20",
    ),
    (
        "discount uses",
        "select 'discount ' || d.id || ': ' || d.uses || ' uses counted, ' || (select count(*) from discount_use u where u.discount_id = d.id) || ' there' from discount d where d.uses <> (select count(*) from discount_use u where u.discount_id = d.id) limit 20",
    ),
    (
        "discount limits",
        "select 'discount ' || d.id || ' was used more often than its limit of ' || usage_limit from discount d where d.uses > d.usage_limit limit 20",
    ),
];

impl ReadTx<'_> {
    /// Runs the checks; an empty list means all is well.
    pub fn check(&self, depth: CheckDepth) -> StoreResult<Vec<Finding>> {
        if depth == CheckDepth::Quick {
            return self.check_pages("pragma quick_check(20)");
        }
        let mut findings = self.check_file()?;
        if findings.iter().all(|finding| finding.check != INTEGRITY) {
            findings.extend(self.check_rules(true)?);
        }
        Ok(findings)
    }

    /// Looks for damage to the file: its pages and indexes, the search index among them, and its references.
    pub(super) fn check_file(&self) -> StoreResult<Vec<Finding>> {
        let mut findings = self.check_pages("pragma integrity_check(20)")?;
        if !findings.is_empty() {
            return Ok(findings);
        }
        findings.extend(self.orphans("pragma foreign_key_check")?);
        Ok(findings)
    }

    /// Looks for broken rules; at the audit log only where its key is at hand.
    pub(super) fn check_rules(&self, audit: bool) -> StoreResult<Vec<Finding>> {
        let mut findings = Vec::new();
        for rule in rules() {
            findings.extend(self.rule_check(rule)?);
        }
        findings.extend(self.cards_check()?.into_iter().map(|problem| Finding { check: "cards", problem }));
        if audit {
            findings.extend(self.audit_check()?);
        }
        findings.extend(self.search_check()?.into_iter().map(|problem| Finding { check: "search index", problem }));
        Ok(findings)
    }

    /// The pieces of a full check.
    pub fn check_pieces(&self) -> StoreResult<Vec<CheckPiece>> {
        let tables = "select name from sqlite_schema where type = 'table' and name not like 'sqlite~_%' escape '~' order by name";
        let tables: Vec<String> = self.query_all(tables, [], |row| row.get(0))?;
        let mut pieces: Vec<CheckPiece> = tables.iter().cloned().map(CheckPiece::Table).collect();
        pieces.extend(tables.into_iter().map(CheckPiece::References));
        pieces.extend((0..rules().count()).map(CheckPiece::Rule));
        let mut after = ProductId::new(0);
        while let Some(last) = self.product_ids_after(after, CARDS)?.last() {
            pieces.push(CheckPiece::Cards(after));
            after = *last;
        }
        pieces.extend([CheckPiece::AuditLog, CheckPiece::SearchIndex]);
        Ok(pieces)
    }

    /// Makes one piece of a full check.
    pub fn check_piece(&self, piece: &CheckPiece) -> StoreResult<Vec<Finding>> {
        let found = |check: &'static str, problems: Vec<String>| {
            problems.into_iter().map(|problem| Finding { check, problem }).collect()
        };
        match piece {
            CheckPiece::Table(name) => {
                let mut damage = self.check_pages(&format!("pragma integrity_check({})", quoted(name)))?;
                damage.truncate(20);
                Ok(damage)
            }
            CheckPiece::References(name) => self.orphans(&format!("pragma foreign_key_check({})", quoted(name))),
            CheckPiece::Rule(place) => rules().nth(*place).map_or(Ok(Vec::new()), |rule| self.rule_check(rule)),
            CheckPiece::Cards(after) => {
                let ids = self.product_ids_after(*after, CARDS)?;
                let mut stale = Vec::new();
                for some in ids.chunks(500) {
                    stale.extend(self.cards_stale(some)?);
                }
                stale.truncate(20);
                Ok(found("cards", stale))
            }
            CheckPiece::AuditLog => self.audit_check(),
            CheckPiece::SearchIndex => Ok(found("search index", self.search_check()?)),
        }
    }

    fn rule_check(&self, (check, sql): (&'static str, &'static str)) -> StoreResult<Vec<Finding>> {
        let problems: Vec<String> = self.query_all(sql, [], |row| row.get(0))?;
        Ok(problems.into_iter().map(|problem| Finding { check, problem }).collect())
    }

    fn audit_check(&self) -> StoreResult<Vec<Finding>> {
        let broken = self.audit_verify(None, &|_| {})?.err();
        Ok(broken.map(|broken| Finding { check: "audit log", problem: broken.to_string() }).into_iter().collect())
    }

    fn orphans(&self, pragma: &str) -> StoreResult<Vec<Finding>> {
        let orphans = self.query_all(pragma, [], |row| {
            let (table, rowid, parent) =
                (row.get::<_, String>(0)?, row.get::<_, Option<i64>>(1)?, row.get::<_, String>(2)?);
            Ok(format!("table {table}, row {}: refers to a row of {parent} that is not there", rowid.unwrap_or(0)))
        })?;
        Ok(orphans.into_iter().take(20).map(|problem| Finding { check: "foreign keys", problem }).collect())
    }

    fn check_pages(&self, pragma: &str) -> StoreResult<Vec<Finding>> {
        let lines: Vec<String> = self.query_all(pragma, [], |row| row.get(0))?;
        let problems = lines.into_iter().filter(|line| line != "ok").map(|line| self.damage_named(line));
        Ok(problems.map(|problem| Finding { check: INTEGRITY, problem }).collect())
    }
}

/// The check of the file itself; when it finds something, nothing else can be trusted.
const INTEGRITY: &str = "integrity";

/// All rules of the shop, each with its name.
fn rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    INVARIANTS.iter().chain(ORDER_INVARIANTS).copied()
}

/// A name as the engine takes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
