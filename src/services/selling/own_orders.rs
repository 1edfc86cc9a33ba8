//! Orders as those read them who placed them: a guest by the order's token, a customer by their sign-in.

use crate::domain::order::{Order, OrderRef, WholeOrder};
use crate::domain::page::Page;
use crate::domain::{Direction, OrderNumber, PageSize, UserId};
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{OwnPosition, ReadTx};
use subtle::ConstantTimeEq;

const ORDER: Error = Error::NotFound("order");

/// Compared with the token of whoever asks for an order that is not there, so that it takes as long as for one that is.
const NO_TOKEN: &str = "-------------------------------------------";

impl Shop {
    /// The order of this number, for whoever has its token. A wrong token is answered like a number that is not there.
    pub fn order_by_token(&self, number: Option<OrderNumber>, token: &str) -> Outcome<WholeOrder> {
        self.store.read(|tx| {
            let order = order_of_bearer(tx, number, token)?;
            tx.orders_whole(vec![order])?.pop().ok_or(ORDER)
        })
    }

    /// A page of the orders of the person who asks, the newest first.
    pub fn my_order_list(
        &self,
        ctx: &Ctx,
        size: PageSize,
        from: Option<(OwnPosition, Direction)>,
    ) -> Outcome<Page<Order, OwnPosition>> {
        let (person, _) = ctx.person()?;
        self.page_read(
            size,
            from,
            |tx, start, backwards, most| tx.orders_of_account(person, start, backwards, most),
            |order| (order.placed_at, order.id),
        )
    }

    /// One of them.
    pub fn my_order_get(&self, ctx: &Ctx, number: OrderNumber) -> Outcome<WholeOrder> {
        let (person, _) = ctx.person()?;
        self.store.read(|tx| {
            let order = order_of_person(tx, person, number)?;
            tx.orders_whole(vec![order])?.pop().ok_or(ORDER)
        })
    }
}

/// The order of this number, for whoever has its token, without what hangs on it.
pub(in crate::services) fn order_of_bearer(
    tx: &ReadTx<'_>,
    number: Option<OrderNumber>,
    token: &str,
) -> Outcome<Order> {
    let found = tx.order_named(OrderRef::Number(number.unwrap_or(OrderNumber::new(0))))?;
    let known = found.as_ref().map_or(NO_TOKEN, |order| order.token.as_str());
    let same = bool::from(known.as_bytes().ct_eq(token.as_bytes()));
    found.filter(|_| same).ok_or(ORDER)
}

/// The order of this number, for the person whose it is, without what hangs on it.
pub(in crate::services) fn order_of_person(tx: &ReadTx<'_>, person: UserId, number: OrderNumber) -> Outcome<Order> {
    let found = tx.order_named(OrderRef::Number(number))?;
    found.filter(|order| order.account_id == Some(person)).ok_or(ORDER)
}
