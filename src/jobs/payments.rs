//! `reconcile`: asks providers where payments and refunds stand, as far as that is due.

use crate::domain::JobFailure;
use crate::services::{Ctx, Shop};

pub(super) async fn run(shop: &Shop, ctx: &Ctx) -> Result<(), JobFailure> {
    Ok(shop.payment_reconcile(ctx).await?)
}
