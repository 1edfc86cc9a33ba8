//! Compares what is kept beside products with what would be made of them now: their cards and their words for searches.

use super::{CheckPiece, Finding, MOST, found, found_or_damaged};
use crate::domain::catalog::{Product, ProductDraft};
use crate::domain::search::{SearchDocument, of_product};
use crate::domain::{CategoryId, ProductId};
use crate::store::error::StoreResult;
use crate::store::product::placeholders;
use crate::store::tx::{ReadTx, params_from_iter};
use std::collections::HashMap;

/// Products that are read at once.
const AT_ONCE: usize = 500;

/// The weights of a product and how many words of it the index has; nothing of what is not there.
type Indexed = (Option<Vec<u8>>, Option<Vec<u8>>);

impl ReadTx<'_> {
    /// Products behind `after`, so many of them, of which something else is kept than would be made now.
    pub(super) fn derived_check(&self, after: ProductId, most: usize) -> StoreResult<Vec<Finding>> {
        let (mut findings, mut paths) = (Vec::new(), HashMap::new());
        for ids in self.product_ids_after(after, most)?.chunks(AT_ONCE) {
            // Where one cannot be read, the others are looked at all the same, but for those read along with it.
            let some = CheckPiece::Products(ProductId::new(ids[0].get() - 1));
            findings.extend(found_or_damaged(&some, self.derived_of(ids, &mut paths))?);
            findings.truncate(MOST);
        }
        Ok(findings)
    }

    fn derived_of(&self, ids: &[ProductId], paths: &mut HashMap<CategoryId, String>) -> StoreResult<Vec<Finding>> {
        let products = self.products_by_ids(ids)?;
        let mut findings = found("cards", self.cards_stale(ids, &products)?);
        findings.extend(found("search index", self.words_stale(ids, &products, paths)?));
        Ok(findings)
    }

    fn cards_stale(&self, ids: &[ProductId], products: &[Product]) -> StoreResult<Vec<String>> {
        let cards = self.cards_by_ids(ids)?;
        let stale = products
            .iter()
            .filter(|product| cards.get(&product.id).is_some_and(|json| *json != (self.card_maker().make)(product)));
        Ok(stale.map(|p| format!("product_card: the card of product {} is out of date", p.id)).collect())
    }

    /// Products without words are what `search_check` finds.
    fn words_stale(
        &self,
        ids: &[ProductId],
        products: &[Product],
        paths: &mut HashMap<CategoryId, String>,
    ) -> StoreResult<Vec<String>> {
        let mut indexed = self.indexed(ids)?;
        let mut problems = Vec::new();
        for product in products {
            let Some((weights, count)) = indexed.remove(&product.id) else { continue };
            let path = match paths.get(&product.category.id) {
                Some(path) => path,
                None => {
                    let path = self.category_path(product.category.id)?.join(" ");
                    paths.entry(product.category.id).or_insert(path)
                }
            };
            let document = of_product(&ProductDraft::of(product), path);
            let id = product.id;
            if weights.is_some_and(|weights| weights != document.weights) {
                problems.push(format!(
                    "search_weight: product {id} is weighed by other words than it has; nexus reindex mends it"
                ));
            }
            if count.is_some_and(|count| number_in(&count) != Some(words_in(&document))) {
                problems.push(format!(
                    "search_index: it has another number of words of product {id} than this has; nexus reindex mends it"
                ));
            }
        }
        Ok(problems)
    }

    fn indexed(&self, ids: &[ProductId]) -> StoreResult<HashMap<ProductId, Indexed>> {
        let sql = format!(
            "select p.id, w.weights, d.sz from product p left join search_weight w on w.product_id = p.id \
             left join search_index_docsize d on d.id = p.id where p.id in ({})",
            placeholders(ids.len())
        );
        let rows = self.query_all(&sql, params_from_iter(ids), |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
        Ok(rows.into_iter().collect())
    }
}

/// How many words the index splits a document into: it knows no other letters of ASCII than those and digits.
fn words_in(document: &SearchDocument) -> u64 {
    let is_between = |c: char| c.is_ascii() && !c.is_ascii_alphanumeric();
    document.words.split(is_between).filter(|word| !word.is_empty()).count() as u64
}

/// The number that the engine has written in as few bytes as it takes, seven bits in each.
fn number_in(bytes: &[u8]) -> Option<u64> {
    let (last, others) = bytes.split_last()?;
    let is_one = last & 0x80 == 0 && others.len() < 8 && others.iter().all(|byte| byte & 0x80 != 0);
    is_one.then(|| bytes.iter().fold(0, |number, byte| number << 7 | u64::from(byte & 0x7f)))
}
