//! `payment_check` and `refund_check`: ask a provider where a payment or a refund stands.

use crate::domain::{JobFailure, PaymentId, RefundId};
use crate::services::{Ctx, Shop};

pub(super) async fn payment(shop: &Shop, ctx: &Ctx, id: PaymentId) -> Result<(), JobFailure> {
    Ok(shop.payment_check(ctx, id).await.map(drop)?)
}

pub(super) async fn refund(shop: &Shop, ctx: &Ctx, id: RefundId) -> Result<(), JobFailure> {
    Ok(shop.refund_check(ctx, id).await?)
}
