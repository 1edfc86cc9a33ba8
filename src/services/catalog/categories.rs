//! Use cases that change categories.
//!
//! Products are found by the names of their categories, so renaming or moving one builds the search documents of
//! everything below anew, in the same transaction. That may be much: these writes run alone.

use super::category_tree::current;
use super::changed::category_fields;
use super::placing::free_slug;
use super::products::Preconditions;
use super::writer::{CatalogWriter, note_category};
use crate::domain::audit::Subject;
use crate::domain::catalog::{Category, CategoryDraft, CategoryPick, CategoryRemoval, Stored};
use crate::domain::{CategoryId, Invalid, Right, Slug, Timestamp};
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{CategoryRow, WriteTx};
use serde_json::{Value, json};

/// The deepest a tree may be.
const DEEPEST: usize = 20;
/// Products whose search documents are built at a time.
const PIECE: usize = 500;

impl Shop {
    /// Creates a category.
    pub async fn category_create(&self, ctx: &Ctx, draft: CategoryDraft) -> Outcome<Category> {
        ctx.require(Right::CatalogWrite)?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let parent_id = parent(tx, &ctx, &draft, None)?;
                let slug = slug(tx, &draft, None)?;
                let seo = Stored::new(&draft.seo);
                let id = tx.category_insert(&row(&draft, parent_id, &slug, &seo, ctx.now))?;
                let category = current(tx, id)?;
                note_category(tx, &category)?;
                let detail = json!({ "slug": category.slug.as_str(), "name": category.name, "parent_id": parent_id });
                tx.audit(&ctx.entry("category.create", Subject::from(id), &detail))?;
                Ok(category)
            })
            .await
    }

    /// Changes a category to what `edit` makes of its current state.
    pub async fn category_update(
        &self,
        ctx: &Ctx,
        id: CategoryId,
        known: Preconditions,
        edit: impl FnOnce(&Category) -> Result<CategoryDraft, Invalid> + Send + 'static,
    ) -> Outcome<Category> {
        ctx.require(Right::CatalogWrite)?;
        let ctx = ctx.clone();
        self.store
            .write_alone(move |tx| {
                let before = current(tx, id)?;
                known.check(before.revision)?;
                let draft = edit(&before)?;
                let parent_id = parent(tx, &ctx, &draft, Some(id))?;
                let slug = slug(tx, &draft, Some(&before))?;
                let seo = Stored::new(&draft.seo);
                note_category(tx, &before)?;
                tx.category_update(&before, &row(&draft, parent_id, &slug, &seo, ctx.now))?;
                let after = current(tx, id)?;
                let shown = |c: &Category| (c.name.clone(), c.slug.clone(), c.parent_id);
                if shown(&after) != shown(&before) {
                    reindex_below(tx, &ctx, id)?;
                }
                note_category(tx, &after)?;
                let fields = category_fields(&before, &after);
                if !fields.is_empty() {
                    let detail = json!({ "fields": fields, "revision": after.revision.own });
                    tx.audit(&ctx.entry("category.update", Subject::from(id), &detail))?;
                }
                Ok(after)
            })
            .await
    }

    /// Removes a category, by default only an empty one.
    pub async fn category_remove(
        &self,
        ctx: &Ctx,
        id: CategoryId,
        known: Preconditions,
        removal: CategoryRemoval,
    ) -> Outcome<()> {
        ctx.require(Right::CatalogWrite)?;
        let ctx = ctx.clone();
        self.store
            .write_alone(move |tx| {
                let before = current(tx, id)?;
                known.check(before.revision)?;
                note_category(tx, &before)?;
                let how = match removal {
                    CategoryRemoval::OnlyEmpty => {
                        refuse_full(tx, id)?;
                        tx.category_delete(id)?;
                        json!({})
                    }
                    CategoryRemoval::MoveTo(target) => {
                        let products = move_contents(tx, &ctx, id, target)?;
                        tx.category_delete(id)?;
                        json!({ "moved_to": target, "products": products })
                    }
                    CategoryRemoval::Cascade => {
                        let (categories, products) = remove_below(tx, &ctx, id)?;
                        json!({ "cascade": true, "categories": categories, "products": products })
                    }
                };
                tx.audit(&ctx.entry("category.remove", Subject::from(id), &removed(&before, how)))?;
                Ok(())
            })
            .await
    }
}

fn row<'a>(
    draft: &'a CategoryDraft,
    parent_id: Option<CategoryId>,
    slug: &'a Slug,
    seo: &'a Stored<crate::domain::catalog::Seo>,
    at: Timestamp,
) -> CategoryRow<'a> {
    CategoryRow {
        parent_id,
        slug,
        name: &draft.name,
        description: &draft.description,
        position: draft.position,
        seo,
        at,
    }
}

/// The node a category goes under; never itself or one below it, and not too deep.
fn parent(tx: &WriteTx<'_>, ctx: &Ctx, draft: &CategoryDraft, own: Option<CategoryId>) -> Outcome<Option<CategoryId>> {
    let Some(key) = &draft.parent else { return Ok(None) };
    let found = CatalogWriter::new(tx, ctx).category(key).map_err(|error| match error {
        Error::Invalid(_) => Invalid::one("parent", "unknown", "is not a category of this shop").into(),
        other => other,
    })?;
    let ancestors = tx.category_ancestors(found)?;
    if own.is_some_and(|own| ancestors.iter().any(|c| c.id == own)) {
        return Err(Invalid::one("parent", "cycle", "is the category itself or lies below it").into());
    }
    if too_deep(tx, ancestors.len(), own)? {
        return Err(Invalid::one("parent", "too_deep", format!("categories may be nested {DEEPEST} deep")).into());
    }
    Ok(Some(found))
}

/// Whether a category with all below it, or a new one, is too high to hang under this many others.
fn too_deep(tx: &WriteTx<'_>, above: usize, own: Option<CategoryId>) -> Outcome<bool> {
    let height = own.map_or(Ok(1), |own| tx.category_height(own))?;
    Ok(above + usize::try_from(height).unwrap_or(DEEPEST) > DEEPEST)
}

fn slug(tx: &WriteTx<'_>, draft: &CategoryDraft, before: Option<&Category>) -> Outcome<Slug> {
    let own = before.map(|c| c.id);
    match (&draft.slug, before) {
        (Some(asked), _) => match tx.category_by_slug(asked.as_str())? {
            Some(other) if Some(other.id) != own => Err(Error::taken("slug", "is another category's")),
            _ => Ok(asked.clone()),
        },
        (None, Some(before)) if before.name == draft.name => Ok(before.slug.clone()),
        (None, _) => free_slug(&Slug::from_text(&draft.name), |slug| Ok(tx.category_slug_taken(slug, own)?)),
    }
}

fn refuse_full(tx: &WriteTx<'_>, id: CategoryId) -> Outcome<()> {
    let (products, children) = tx.category_contents(id)?;
    if products + children == 0 {
        return Ok(());
    }
    let detail = format!(
        "the category holds {products} products and {children} categories; remove them first, or ask with cascade=true or move_to=ID"
    );
    Err(Error::Conflict("not_empty", detail, Vec::new()))
}

/// What an entry says of a category that is gone, and of how it went.
fn removed(category: &Category, how: Value) -> Value {
    let mut detail = json!({ "slug": category.slug.as_str(), "name": category.name });
    if let (Some(detail), Value::Object(how)) = (detail.as_object_mut(), how) {
        detail.extend(how);
    }
    detail
}

/// Gives what a category holds to another one; tells how many products it held.
fn move_contents(tx: &WriteTx<'_>, ctx: &Ctx, id: CategoryId, target: CategoryId) -> Outcome<usize> {
    let wrong = |code, message: &str| Error::Invalid(Invalid::one("move_to", code, message));
    let Some(to) = tx.category_by_id(target)? else { return Err(wrong("unknown", "is not a category of this shop")) };
    let above = tx.category_ancestors(target)?;
    if above.iter().any(|c| c.id == id) {
        return Err(wrong("cycle", "is the category itself or lies below it"));
    }
    // The category itself goes, so what it holds stands one level higher.
    if too_deep(tx, above.len() - 1, Some(id))? {
        return Err(wrong("too_deep", &format!("categories may be nested {DEEPEST} deep")));
    }
    let products = tx.category_product_ids(id)?;
    tx.category_products_move(id, target, ctx.now)?;
    tx.category_children_move(id, target, ctx.now)?;
    let mut writer = CatalogWriter::new(tx, ctx);
    products.chunks(PIECE).try_for_each(|piece| writer.reindex(piece))?;
    for child in tx.category_subtree(&CategoryPick::Id(target))? {
        if child != target {
            reindex_in(tx, ctx, child)?;
        }
    }
    note_category(tx, &to)?;
    Ok(products.len())
}

/// Removes a category with everything below it; tells how many categories and products went.
fn remove_below(tx: &WriteTx<'_>, ctx: &Ctx, id: CategoryId) -> Outcome<(usize, usize)> {
    let mut writer = CatalogWriter::new(tx, ctx);
    // Deepest last in the list, so it is emptied from its end.
    let nodes = tx.category_subtree(&CategoryPick::Id(id))?;
    let mut products = 0;
    for node in &nodes {
        for piece in tx.category_product_ids(*node)?.chunks(PIECE) {
            for product in tx.products_by_ids(piece)? {
                if !writer.remove(&product)? {
                    let detail = format!(
                        "orders refer to {} (id {}): such a product can be archived but not removed, and needs a category; \
                         remove this one with move_to=ID, which gives what it holds to another",
                        product.name, product.id
                    );
                    return Err(Error::Conflict("in_use", detail, Vec::new()));
                }
                products += 1;
            }
        }
    }
    nodes.iter().rev().try_for_each(|node| tx.category_delete(*node))?;
    Ok((nodes.len(), products))
}

fn reindex_below(tx: &WriteTx<'_>, ctx: &Ctx, id: CategoryId) -> Outcome<()> {
    tx.category_subtree(&CategoryPick::Id(id))?.into_iter().try_for_each(|node| reindex_in(tx, ctx, node))
}

fn reindex_in(tx: &WriteTx<'_>, ctx: &Ctx, id: CategoryId) -> Outcome<()> {
    let mut writer = CatalogWriter::new(tx, ctx);
    tx.category_product_ids(id)?.chunks(PIECE).try_for_each(|piece| writer.reindex(piece))
}
