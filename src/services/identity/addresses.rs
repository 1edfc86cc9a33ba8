//! A person's address book.

use crate::domain::account::{Address, AddressDraft};
use crate::domain::audit::Subject;
use crate::domain::catalog::Revision;
use crate::domain::page::Page;
use crate::domain::{AddressId, Direction, Invalid, PageSize, UserId};
use crate::services::catalog::Preconditions;
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::ReadTx;
use serde_json::json;

/// Addresses in one book.
const MOST_ADDRESSES: usize = 100;

const ADDRESS: Error = Error::NotFound("address");

impl Shop {
    /// The addresses of the person who asks.
    pub fn address_list(&self, ctx: &Ctx) -> Outcome<Vec<Address>> {
        let (user, _) = ctx.person()?;
        self.store.read(|tx| Ok(tx.address_all(user)?))
    }

    /// A page of them in order of id.
    pub fn address_page(
        &self,
        ctx: &Ctx,
        size: PageSize,
        from: Option<(AddressId, Direction)>,
    ) -> Outcome<Page<Address, AddressId>> {
        Ok(Page::of_whole(self.address_list(ctx)?, size, from, |address| address.id))
    }

    /// One of them.
    pub fn address_get(&self, ctx: &Ctx, id: AddressId) -> Outcome<Address> {
        let (user, _) = ctx.person()?;
        self.store.read(|tx| current(tx, user, id))
    }

    /// Adds one.
    pub async fn address_create(&self, ctx: &Ctx, draft: AddressDraft) -> Outcome<Address> {
        let (user, _) = ctx.person()?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                if tx.address_all(user)?.len() >= MOST_ADDRESSES {
                    let detail = format!("an address book holds at most {MOST_ADDRESSES} addresses: remove one first");
                    return Err(Error::Conflict("too_many", detail, Vec::new()));
                }
                let id = tx.address_insert(user, &draft, ctx.now)?;
                tx.audit(&ctx.entry("address.create", Subject::from(id), &json!({})))?;
                current(tx, user, id)
            })
            .await
    }

    /// Changes one to what `edit` makes of it.
    pub async fn address_update(
        &self,
        ctx: &Ctx,
        id: AddressId,
        known: Preconditions,
        edit: impl FnOnce(&Address) -> Result<AddressDraft, Invalid> + Send + 'static,
    ) -> Outcome<Address> {
        let (user, _) = ctx.person()?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let before = current(tx, user, id)?;
                known.check(Revision::of(before.version))?;
                tx.address_update(id, &edit(&before)?, ctx.now)?;
                tx.audit(&ctx.entry("address.update", Subject::from(id), &json!({})))?;
                current(tx, user, id)
            })
            .await
    }

    /// Removes one.
    pub async fn address_remove(&self, ctx: &Ctx, id: AddressId, known: Preconditions) -> Outcome<()> {
        let (user, _) = ctx.person()?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                known.check(Revision::of(current(tx, user, id)?.version))?;
                tx.address_delete(id)?;
                Ok(tx.audit(&ctx.entry("address.remove", Subject::from(id), &json!({})))?)
            })
            .await
    }
}

fn current(tx: &ReadTx<'_>, user: UserId, id: AddressId) -> Outcome<Address> {
    tx.address_by_id(user, id)?.ok_or(ADDRESS)
}
