//! Looking at orders.

use super::{OrderFilter, OrderPosition, named};
use crate::domain::order::{Order, OrderRef, WholeOrder};
use crate::domain::page::Page;
use crate::domain::{Direction, PageSize, Right};
use crate::services::{Ctx, Error, Outcome, Shop};

/// Orders that are read at once.
const PIECE: usize = 100;

impl Shop {
    /// A page of orders, those placed last first.
    pub fn order_list(
        &self,
        ctx: &Ctx,
        filter: &OrderFilter,
        size: PageSize,
        from: Option<(OrderPosition, Direction)>,
    ) -> Outcome<Page<Order, OrderPosition>> {
        ctx.require(Right::OrdersRead)?;
        let rows = self.store.read(|tx| Ok::<_, Error>(tx.order_page(filter, from, size.get() + 1)?))?;
        Ok(Page::cut(rows, size, from, OrderPosition::of))
    }

    /// All orders of the person who asks, those placed last first.
    pub fn my_orders(&self, ctx: &Ctx) -> Outcome<Vec<WholeOrder>> {
        let (person, _) = ctx.person()?;
        let filter = OrderFilter { account: Some(person), ..OrderFilter::default() };
        self.store.read(|tx| {
            let (mut whole, mut from) = (Vec::new(), None);
            loop {
                let orders = tx.order_page(&filter, from, PIECE)?;
                from = orders.last().map(|last| (OrderPosition::of(last), Direction::Next));
                let more = orders.len() == PIECE;
                whole.extend(tx.orders_whole(orders)?);
                if !more {
                    return Ok(whole);
                }
            }
        })
    }

    /// One order, or draft.
    pub fn order_get(&self, ctx: &Ctx, name: OrderRef) -> Outcome<WholeOrder> {
        ctx.require(Right::OrdersRead)?;
        self.store.read(|tx| named(tx, name))
    }
}
