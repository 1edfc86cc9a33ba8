//! `mail`: sends the letter that the job holds.

use crate::domain::{JobFailure, Letter};
use crate::services::{Ctx, Shop};

pub(super) async fn send(shop: &Shop, ctx: &Ctx, letter: Letter) -> Result<(), JobFailure> {
    shop.mail_send(ctx, letter).await
}
