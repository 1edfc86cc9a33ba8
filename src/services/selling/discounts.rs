//! Discounts.

use crate::domain::audit::Subject;
use crate::domain::catalog::Revision;
use crate::domain::page::Page;
use crate::domain::pricing::{Discount, DiscountDraft};
use crate::domain::{CategoryId, Direction, DiscountId, FieldError, Invalid, PageSize, ProductId, Right};
use crate::services::catalog::Preconditions;
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{DiscountFilter, ReadTx};
use serde_json::{Value, json};

/// Discounts that apply by themselves: each is looked at for every cart.
const MOST_AUTOMATIC: i64 = 100;

const DISCOUNT: Error = Error::NotFound("discount");

impl Shop {
    /// A page of discounts in order of id.
    pub fn discount_list(
        &self,
        ctx: &Ctx,
        filter: &DiscountFilter,
        size: PageSize,
        from: Option<(DiscountId, Direction)>,
    ) -> Outcome<Page<Discount, DiscountId>> {
        ctx.require(Right::DiscountsRead)?;
        self.page_read(
            size,
            from,
            |tx, start, backwards, most| tx.discount_page(filter, start, backwards, most),
            |discount| discount.id,
        )
    }

    /// One discount.
    pub fn discount_get(&self, ctx: &Ctx, id: DiscountId) -> Outcome<Discount> {
        ctx.require(Right::DiscountsRead)?;
        self.store.read(|tx| current(tx, id))
    }

    /// Adds a discount.
    pub async fn discount_create(&self, ctx: &Ctx, draft: DiscountDraft) -> Outcome<Discount> {
        ctx.require(Right::DiscountsWrite)?;
        let (ctx, currency) = (ctx.clone(), self.settings.currency());
        self.store
            .write(move |tx| {
                check(tx, &draft, None)?;
                let id = tx.discount_insert(&draft, ctx.now)?;
                tx.audit(&ctx.entry("discount.create", Subject::from(id), &brief(&draft.body(currency))))?;
                current(tx, id)
            })
            .await
    }

    /// Changes one to what `edit` makes of it. Orders that used it keep what they got.
    pub async fn discount_update(
        &self,
        ctx: &Ctx,
        id: DiscountId,
        known: Preconditions,
        edit: impl FnOnce(&Discount) -> Result<DiscountDraft, Invalid> + Send + 'static,
    ) -> Outcome<Discount> {
        ctx.require(Right::DiscountsWrite)?;
        let (ctx, currency) = (ctx.clone(), self.settings.currency());
        self.store
            .write(move |tx| {
                let before = current(tx, id)?;
                known.check(Revision::of(before.version))?;
                let draft = edit(&before)?;
                check(tx, &draft, Some(&before))?;
                tx.discount_update(id, &draft, ctx.now)?;
                let (old, new) = (brief(&before.draft.body(currency)), brief(&draft.body(currency)));
                let detail = json!({ "before": old, "after": new });
                tx.audit(&ctx.entry("discount.update", Subject::from(id), &detail))?;
                current(tx, id)
            })
            .await
    }

    /// Removes one that nobody has used.
    pub async fn discount_remove(&self, ctx: &Ctx, id: DiscountId, known: Preconditions) -> Outcome<()> {
        ctx.require(Right::DiscountsWrite)?;
        let (ctx, currency) = (ctx.clone(), self.settings.currency());
        self.store
            .write(move |tx| {
                let before = current(tx, id)?;
                known.check(Revision::of(before.version))?;
                if before.uses > 0 {
                    let detail = "orders have used this discount: set active to false instead";
                    return Err(Error::Conflict("discount_in_use", detail.to_owned(), Vec::new()));
                }
                tx.discount_delete(id)?;
                Ok(tx.audit(&ctx.entry("discount.remove", Subject::from(id), &brief(&before.draft.body(currency))))?)
            })
            .await
    }
}

fn current(tx: &ReadTx<'_>, id: DiscountId) -> Outcome<Discount> {
    tx.discount_by_id(id)?.ok_or(DISCOUNT)
}

/// What the audit log says of a discount: long lists of ids would push out the rest.
fn brief(body: &Value) -> Value {
    let mut brief = body.clone();
    for name in ["products", "categories"] {
        if let Some(count) = brief[name].as_array().map(Vec::len).filter(|count| *count > 20) {
            brief[name] = json!(format!("{count} ids"));
        }
    }
    brief
}

/// Refuses what does not go with what is there.
fn check(tx: &ReadTx<'_>, draft: &DiscountDraft, before: Option<&Discount>) -> Outcome<()> {
    let own = before.map(|discount| discount.id);
    if let Some(code) = &draft.code
        && tx.discount_by_code(code)?.is_some_and(|other| Some(other.id) != own)
    {
        return Err(Error::taken("code", "is another discount's"));
    }
    let uses = before.map_or(0, |discount| discount.uses);
    if draft.usage_limit.is_some_and(|limit| limit < uses) {
        let message = format!("must be at least {uses}: it has been used so often; set active to false to end it");
        let error = FieldError { field: "usage_limit".to_owned(), code: "below_uses", message: message.clone() };
        return Err(Error::Conflict("below_uses", format!("usage_limit {message}"), vec![error]));
    }
    let automatic = |draft: &DiscountDraft| draft.code.is_none() && draft.active;
    if automatic(draft)
        && !before.is_some_and(|discount| automatic(&discount.draft))
        && tx.discount_automatic_count()? >= MOST_AUTOMATIC
    {
        let detail = format!("at most {MOST_AUTOMATIC} discounts without a code are active: end another one first");
        return Err(Error::Conflict("too_many", detail, Vec::new()));
    }
    refuse_unknown_scope(tx, draft, before)
}

/// Whatever is new in the scope must exist; what was there may have been removed from the catalog since.
fn refuse_unknown_scope(tx: &ReadTx<'_>, draft: &DiscountDraft, before: Option<&Discount>) -> Outcome<()> {
    let empty = (Vec::new(), Vec::new());
    let (products, categories) = before.map_or(empty, |d| (d.draft.products.clone(), d.draft.categories.clone()));
    let new_products: Vec<ProductId> = draft.products.iter().filter(|id| !products.contains(id)).copied().collect();
    let new_categories: Vec<CategoryId> =
        draft.categories.iter().filter(|id| !categories.contains(id)).copied().collect();
    let mut errors = Vec::new();
    let mut unknown = |field: &str, id: String| {
        let message = format!("names {id}, which does not exist");
        errors.push(FieldError { field: field.to_owned(), code: "unknown", message });
    };
    tx.products_unknown(&new_products)?.iter().for_each(|id| unknown("products", id.to_string()));
    tx.categories_unknown(&new_categories)?.iter().for_each(|id| unknown("categories", id.to_string()));
    if errors.is_empty() { Ok(()) } else { Err(Invalid(errors).into()) }
}
