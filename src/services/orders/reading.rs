//! Looking at orders.

use super::{OrderFilter, OrderPosition, named};
use crate::domain::order::{Order, OrderRef, WholeOrder};
use crate::domain::page::Page;
use crate::domain::{Direction, PageSize, Right};
use crate::services::{Ctx, Error, Outcome, Shop};

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

    /// One order, or draft.
    pub fn order_get(&self, ctx: &Ctx, name: OrderRef) -> Outcome<WholeOrder> {
        ctx.require(Right::OrdersRead)?;
        self.store.read(|tx| named(tx, name))
    }
}
