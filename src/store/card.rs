//! Cards: each product as the public sees it, encoded once when it is written.
//!
//! A page shows twenty products of some thirty columns each; reading, copying and encoding these took two thirds
//! of a list's time. A card is read in one piece. It is derived: `check` compares it with its product, a card of
//! another layout counts as missing, and a product without one is encoded when it is read.

use super::error::StoreResult;
use super::product::placeholders;
use super::tx::{ReadTx, WriteTx, params, params_from_iter};
use crate::domain::catalog::{Product, Revision, Status};
use crate::domain::{CategoryId, ProductId};
use std::collections::HashMap;
use std::sync::Arc;

/// How products are encoded; given by whoever puts the shop together.
#[derive(Clone)]
pub struct CardMaker {
    /// Changes whenever the encoding of the same product would.
    pub layout: i64,
    /// Encodes a product.
    pub make: Arc<dyn Fn(&Product) -> String + Send + Sync>,
}

#[cfg(test)]
impl CardMaker {
    /// Shows a product by its name, for tests that look at other things.
    pub fn by_name() -> Self {
        Self { layout: 1, make: Arc::new(|product| product.name.clone()) }
    }
}

/// What a single product is shown by.
#[derive(Clone, Debug)]
pub struct CardRow {
    /// The product.
    pub id: ProductId,
    /// Whether it is shown.
    pub status: Status,
    /// Its category.
    pub category_id: CategoryId,
    /// Its state.
    pub revision: Revision,
    /// Its encoding, when there is one of the layout in use.
    pub json: Option<String>,
}

const CARD: &str = "select p.id, p.status, c.id, p.version, c.version, d.json from product p \
     join category c on c.id = p.category_id left join product_card d on d.product_id = p.id and d.layout = ?2";

impl ReadTx<'_> {
    /// The cards of these products; those that have none are left out.
    pub fn cards_by_ids(&self, ids: &[ProductId]) -> StoreResult<HashMap<ProductId, String>> {
        let sql = format!(
            "select product_id, json from product_card where product_id in ({}) and layout = {}",
            placeholders(ids.len()),
            self.card_layout()
        );
        let cards = self.query_all(&sql, params_from_iter(ids), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(cards.into_iter().collect())
    }

    /// One product by id.
    pub fn card_by_id(&self, id: ProductId) -> StoreResult<Option<CardRow>> {
        self.query_one(&format!("{CARD} where p.id = ?1"), params![id, self.card_layout()], card_row)
    }

    /// One product by its slug now.
    pub fn card_by_slug(&self, slug: &str) -> StoreResult<Option<CardRow>> {
        self.query_one(&format!("{CARD} where p.slug = ?1"), params![slug, self.card_layout()], card_row)
    }

    /// Products behind `after` that have no card of the layout in use.
    pub fn cards_missing(&self, after: ProductId, most: usize) -> StoreResult<Vec<ProductId>> {
        let sql = "select p.id from product p left join product_card d on d.product_id = p.id \
                   where p.id > ?1 and d.layout is not ?2 order by p.id limit ?3";
        self.query_all(sql, params![after, self.card_layout(), most], |row| row.get(0))
    }
}

fn card_row(row: &super::tx::Row<'_>) -> super::tx::RowResult<CardRow> {
    Ok(CardRow {
        id: row.get(0)?,
        status: Status::from_code(row.get(1)?).unwrap_or(Status::Draft),
        category_id: row.get(2)?,
        revision: Revision { own: row.get(3)?, category: row.get(4)? },
        json: row.get(5)?,
    })
}

impl WriteTx<'_> {
    /// Encodes a product as it now stands.
    pub fn card_put(&self, product: &Product) -> StoreResult<()> {
        let (layout, json) = (self.card_layout(), (self.card_maker().make)(product));
        // Not `insert or replace`: that takes a savepoint of its own, at which the search index writes out what it
        // has gathered, and a bulk load takes four times as long.
        let update = "update product_card set layout = ?2, json = ?3 where product_id = ?1";
        if self.execute(update, params![product.id, layout, json])? == 0 {
            let insert = "insert into product_card (product_id, layout, json) values (?1, ?2, ?3)";
            self.execute(insert, params![product.id, layout, json])?;
        }
        Ok(())
    }

    /// Removes a product's card.
    pub(super) fn card_delete(&self, id: ProductId) -> StoreResult<()> {
        self.execute("delete from product_card where product_id = ?1", [id]).map(drop)
    }
}
