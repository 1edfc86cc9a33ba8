//! `deliver`: tells others of events, as far as that is due.

use crate::domain::JobFailure;
use crate::services::{Ctx, Shop};

pub(super) async fn run(shop: &Shop, ctx: &Ctx) -> Result<(), JobFailure> {
    Ok(shop.webhooks_deliver(ctx).await?)
}
