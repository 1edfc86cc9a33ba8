//! What the shop does again and again, without being asked.
//!
//! When each chore is due next is kept in the database, so that a shop that was closed makes up for what it missed,
//! once. To add a chore: a line in [`chores`].

use super::Running;
use crate::services::{Ctx, Shop};
use std::sync::Arc;
use std::time::Duration;

/// Something that recurs.
#[derive(Clone)]
pub struct Chore {
    /// Its name in the database; never to be changed.
    pub name: &'static str,
    /// How often.
    pub every: Duration,
    /// What to do.
    pub run: Arc<dyn Fn(Arc<Shop>, Ctx) -> Running + Send + Sync>,
}

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// All chores of the shop.
pub(super) fn chores() -> Arc<[Chore]> {
    Arc::new([
        Chore {
            name: "job_sweep",
            every: DAY,
            run: Arc::new(|shop, ctx| Box::pin(async move { Ok(shop.job_sweep(&ctx).await.map(drop)?) })),
        },
        Chore {
            name: "session_sweep",
            every: HOUR,
            run: Arc::new(|shop, ctx| {
                Box::pin(async move {
                    while shop.sessions_sweep(&ctx).await? > 0 {}
                    Ok(())
                })
            }),
        },
        Chore {
            name: "decoy_sweep",
            every: HOUR,
            run: Arc::new(|shop, ctx| {
                Box::pin(async move {
                    while shop.decoys_sweep(&ctx).await? > 0 {}
                    Ok(())
                })
            }),
        },
        Chore {
            name: "idempotency_sweep",
            every: HOUR,
            run: Arc::new(|shop, ctx| {
                Box::pin(async move {
                    while shop.idempotency_sweep(&ctx).await? > 0 {}
                    Ok(())
                })
            }),
        },
        Chore {
            name: "mail_prune",
            every: DAY,
            run: Arc::new(|shop, ctx| Box::pin(async move { shop.mail_prune(&ctx).await })),
        },
    ])
}
