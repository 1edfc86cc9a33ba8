//! `order_letter`, `stock_letter`, `back_in_stock` and `stock_request_letter`: letters about orders and stock.

use crate::domain::letters::{OrderLetter, StockLetter, StockRequestLetter};
use crate::domain::{JobFailure, VariantId};
use crate::services::{Ctx, Shop};

pub(super) async fn to_buyer(shop: &Shop, ctx: &Ctx, letter: OrderLetter) -> Result<(), JobFailure> {
    shop.order_letter_send(ctx, letter).await
}

pub(super) async fn to_staff(shop: &Shop, ctx: &Ctx, letter: StockLetter) -> Result<(), JobFailure> {
    shop.stock_letter_send(ctx, letter).await
}

pub(super) async fn back_in_stock(shop: &Shop, ctx: &Ctx, variant: VariantId) -> Result<(), JobFailure> {
    shop.back_in_stock_announce(ctx, variant).await
}

pub(super) async fn to_who_waits(shop: &Shop, ctx: &Ctx, letter: StockRequestLetter) -> Result<(), JobFailure> {
    shop.stock_request_letter_send(ctx, letter).await
}
