//! `notice`: writes and sends a letter about an account.

use crate::domain::JobFailure;
use crate::domain::account::Notice;
use crate::services::{Ctx, Shop};

pub(super) async fn send(shop: &Shop, ctx: &Ctx, notice: Notice) -> Result<(), JobFailure> {
    shop.notice_send(ctx, notice).await
}
