//! Use cases of single products and their variants.

use super::changed::{product_change, product_detail, variant_change};
use super::listing::Shown;
use super::writer::{CatalogWriter, is_public};
use crate::domain::audit::Subject;
use crate::domain::catalog::{
    DUPLICATE_SKU, OptionChoice, OptionType, Product, ProductDraft, Revision, Status, Variant, VariantDraft,
};
use crate::domain::{CategoryId, EventKind, Invalid, ProductId, Right, Timestamp, VariantId};
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{CardRow, ReadTx, WriteTx};
use serde_json::json;

/// How a request names a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// By id.
    Id(i64),
    /// By slug.
    Slug(String),
}

impl Key {
    /// Digits are an id, everything else a slug.
    pub fn parse(text: &str) -> Self {
        ProductId::parse(text).map_or_else(|| Self::Slug(text.to_owned()), |id| Self::Id(id.get()))
    }
}

/// The states a caller is ready to change; none means any state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preconditions(pub Option<Vec<Revision>>);

impl Preconditions {
    /// Refuses when the current state is not one the caller knows.
    pub fn check(&self, current: Revision) -> Outcome<()> {
        match &self.0 {
            Some(known) if !known.contains(&current) => Err(Error::Stale),
            _ => Ok(()),
        }
    }
}

/// A single product as it is shown.
#[derive(Clone, Debug)]
pub struct ShownProduct {
    /// Which.
    pub id: ProductId,
    /// The category whose name it shows.
    pub category_id: CategoryId,
    /// Which state it is.
    pub revision: Revision,
    /// What is shown.
    pub shown: Shown,
}

const PRODUCT: Error = Error::NotFound("product");
const VARIANT: Error = Error::NotFound("variant");

impl Shop {
    /// One product. Only staff see what is not on sale. A former slug is answered with [`Error::Moved`].
    pub fn product_get(&self, ctx: &Ctx, key: &Key) -> Outcome<Product> {
        let sees = |product: &Product| is_public(product) || ctx.may(Right::CatalogRead);
        self.store.read(|tx| match find(tx, key) {
            Ok(product) if sees(&product) => Ok(product),
            // Where something hidden went is hidden too.
            Err(Error::Moved(slug)) if sees(&find(tx, &Key::Slug(slug.to_string()))?) => Err(Error::Moved(slug)),
            Ok(_) | Err(Error::Moved(_)) => Err(PRODUCT),
            Err(other) => Err(other),
        })
    }

    /// One product as it is shown: by its card where that is all the caller sees.
    pub fn product_show(&self, ctx: &Ctx, key: &Key) -> Outcome<ShownProduct> {
        if self.sees_cards(ctx) {
            let row = self.store.read(|tx| {
                Ok::<_, Error>(match key {
                    Key::Id(id) => tx.card_by_id(ProductId::new(*id))?,
                    Key::Slug(slug) => tx.card_by_slug(slug)?,
                })
            })?;
            if let Some(CardRow { id, status, category_id, revision, json: Some(card) }) = row
                && (status == Status::Active || ctx.may(Right::CatalogRead))
            {
                return Ok(ShownProduct { id, category_id, revision, shown: Shown::Card(card) });
            }
        }
        let product = self.product_get(ctx, key)?;
        let (id, category_id, revision) = (product.id, product.category.id, product.revision);
        Ok(ShownProduct { id, category_id, revision, shown: Shown::Product(Box::new(product)) })
    }

    /// Creates a product.
    pub async fn product_create(&self, ctx: &Ctx, draft: ProductDraft) -> Outcome<Product> {
        ctx.require(Right::CatalogWrite)?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let id = CatalogWriter::new(tx, &ctx).create(&draft)?;
                let product = current(tx, id)?;
                tx.audit(&ctx.entry("product.create", Subject::from(id), &product_detail(&product)))?;
                tell(tx, EventKind::ProductCreated, &product, ctx.now)?;
                Ok(product)
            })
            .await
    }

    /// Changes a product to what `edit` makes of its current state.
    pub async fn product_update(
        &self,
        ctx: &Ctx,
        id: ProductId,
        known: Preconditions,
        edit: impl FnOnce(&Product) -> Result<ProductDraft, Invalid> + Send + 'static,
    ) -> Outcome<Product> {
        ctx.require(Right::CatalogWrite)?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let before = current(tx, id)?;
                known.check(before.revision)?;
                if !CatalogWriter::new(tx, &ctx).update(&before, &edit(&before)?)? {
                    return Ok(before);
                }
                let after = current(tx, id)?;
                tx.audit(&ctx.entry("product.update", Subject::from(id), &product_change(&before, &after)))?;
                tell(tx, EventKind::ProductUpdated, &after, ctx.now)?;
                Ok(after)
            })
            .await
    }

    /// Removes a product; one that orders refer to is archived instead.
    pub async fn product_remove(&self, ctx: &Ctx, id: ProductId, known: Preconditions) -> Outcome<()> {
        ctx.require(Right::CatalogWrite)?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let before = current(tx, id)?;
                known.check(before.revision)?;
                if CatalogWriter::new(tx, &ctx).remove(&before)? {
                    tx.audit(&ctx.entry("product.remove", Subject::from(id), &product_detail(&before)))?;
                    return tell(tx, EventKind::ProductRemoved, &before, ctx.now);
                }
                let after = current(tx, id)?;
                tx.audit(&ctx.entry("product.archive", Subject::from(id), &product_detail(&after)))?;
                tell(tx, EventKind::ProductUpdated, &after, ctx.now)
            })
            .await
    }

    /// Adds a variant to a product.
    pub async fn variant_create(&self, ctx: &Ctx, id: ProductId, draft: VariantDraft) -> Outcome<(Product, VariantId)> {
        ctx.require(Right::CatalogWrite)?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let before = current(tx, id)?;
                let after = rewrite(tx, &ctx, &before, |variants| {
                    variants.push(VariantDraft { id: None, ..draft });
                    Ok(())
                })?;
                let added = after.variants.iter().find(|v| before.variants.iter().all(|old| old.id != v.id));
                let added = added.map(|v| v.id).ok_or(VARIANT)?;
                tx.audit(&ctx.entry("variant.create", Subject::from(added), &variant_change(&before, &after)))?;
                tell(tx, EventKind::ProductUpdated, &after, ctx.now)?;
                Ok((after, added))
            })
            .await
    }

    /// Changes a variant to what `edit` makes of its current state.
    pub async fn variant_update(
        &self,
        ctx: &Ctx,
        id: VariantId,
        known: Preconditions,
        edit: impl FnOnce(&Variant) -> Result<VariantDraft, Invalid> + Send + 'static,
    ) -> Outcome<Product> {
        ctx.require(Right::CatalogWrite)?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let before = product_of(tx, id)?;
                known.check(before.revision)?;
                let old = before.variants.iter().find(|v| v.id == id).ok_or(VARIANT)?;
                let changed = edit(old)?;
                let after = rewrite(tx, &ctx, &before, |variants| {
                    variants.iter_mut().filter(|v| v.id == Some(id)).for_each(|v| *v = changed.clone());
                    Ok(())
                })?;
                if after.revision != before.revision {
                    tx.audit(&ctx.entry("variant.update", Subject::from(id), &variant_change(&before, &after)))?;
                    tell(tx, EventKind::ProductUpdated, &after, ctx.now)?;
                }
                Ok(after)
            })
            .await
    }

    /// Removes a variant; the last one of a product stays.
    pub async fn variant_remove(&self, ctx: &Ctx, id: VariantId, known: Preconditions) -> Outcome<()> {
        ctx.require(Right::CatalogWrite)?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let before = product_of(tx, id)?;
                known.check(before.revision)?;
                if before.variants.len() == 1 {
                    let detail = "a product has at least one variant; remove the product instead".to_owned();
                    return Err(Error::Conflict("last_variant", detail, Vec::new()));
                }
                let after = rewrite(tx, &ctx, &before, |variants| {
                    variants.retain(|v| v.id != Some(id));
                    Ok(())
                })?;
                tx.audit(&ctx.entry("variant.remove", Subject::from(id), &variant_change(&before, &after)))?;
                tell(tx, EventKind::ProductUpdated, &after, ctx.now)
            })
            .await
    }
}

/// Adds an event about one product, in shops that tell anybody of anything: others need not keep all that happens to a
/// catalog. Batches and imports add none.
fn tell(tx: &WriteTx<'_>, kind: EventKind, product: &Product, now: Timestamp) -> Outcome<()> {
    if tx.webhook_any_active()? {
        let told = json!({ "id": product.id, "slug": product.slug, "status": product.status.as_str() });
        tx.event_add(kind, product.id, &told, now)?;
    }
    Ok(())
}

/// A product as it now stands in the transaction.
pub(super) fn current(tx: &ReadTx<'_>, id: ProductId) -> Outcome<Product> {
    tx.product_by_id(id)?.ok_or(PRODUCT)
}

fn product_of(tx: &ReadTx<'_>, id: VariantId) -> Outcome<Product> {
    current(tx, tx.product_id_by_variant(id)?.ok_or(VARIANT)?)
}

fn find(tx: &ReadTx<'_>, key: &Key) -> Outcome<Product> {
    let id = match key {
        Key::Id(id) => ProductId::new(*id),
        Key::Slug(slug) => match tx.product_id_by_slug(slug)? {
            Some(id) => id,
            None => return Err(tx.product_moved(slug)?.map_or(PRODUCT, Error::Moved)),
        },
    };
    current(tx, id)
}

/// Writes a product with another list of variants; options gain the values that a variant brings.
fn rewrite(
    tx: &WriteTx<'_>,
    ctx: &Ctx,
    before: &Product,
    change: impl FnOnce(&mut Vec<VariantDraft>) -> Outcome<()>,
) -> Outcome<Product> {
    let mut draft = ProductDraft::of(before);
    change(&mut draft.variants)?;
    for variant in &draft.variants {
        for option in &mut draft.options {
            let value = variant.options.get(&option.name).and_then(serde_json::Value::as_str);
            if let Some(value) = value.filter(|v| !option.values.iter().any(|known| known == v)) {
                option.values.push(value.to_owned());
            }
        }
    }
    drop_unchosen(&mut draft.options, before, &draft.variants);
    if let Some((code, message)) = draft.option_problem() {
        let field = if code == DUPLICATE_SKU { "sku" } else { "options" };
        return Err(Invalid::one(field, code, message).into());
    }
    CatalogWriter::new(tx, ctx).update(before, &draft)?;
    current(tx, before.id)
}

/// Drops the values of options that no variant chooses any more. One that none has chosen before was offered on purpose,
/// and stays.
fn drop_unchosen(options: &mut [OptionType], before: &Product, after: &[VariantDraft]) {
    let earlier: Vec<OptionChoice> = before.variants.iter().map(|variant| variant.options.value()).collect();
    for OptionType { name, values } in options {
        let chooses = |choice: &OptionChoice, value: &str| choice.get(name).is_some_and(|chosen| chosen == value);
        values.retain(|value| {
            after.iter().any(|variant| chooses(&variant.options, value))
                || !earlier.iter().any(|choice| chooses(choice, value))
        });
    }
}
