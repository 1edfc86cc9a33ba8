//! `order_letter` and `stock_letter`: write and send letters about orders and stock.

use crate::domain::JobFailure;
use crate::domain::letters::{OrderLetter, StockLetter};
use crate::services::{Ctx, Shop};

pub(super) async fn to_buyer(shop: &Shop, ctx: &Ctx, letter: OrderLetter) -> Result<(), JobFailure> {
    shop.order_letter_send(ctx, letter).await
}

pub(super) async fn to_staff(shop: &Shop, ctx: &Ctx, letter: StockLetter) -> Result<(), JobFailure> {
    shop.stock_letter_send(ctx, letter).await
}
