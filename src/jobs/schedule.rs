//! What the shop does again and again, without being asked.
//!
//! When each chore is due next is kept in the database, so that a shop that was closed makes up for what it missed,
//! once. To add a chore: a line in [`chores`].

use super::Running;
use crate::domain::JobFailure;
use crate::services::{Ctx, Outcome, Shop};
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

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// All chores of the shop.
pub(super) fn chores() -> Arc<[Chore]> {
    Arc::new([
        chore("job_sweep", DAY, |shop, ctx| async move { Ok(shop.job_sweep(&ctx).await.map(drop)?) }),
        sweep("session_sweep", HOUR, |shop, ctx| async move { shop.sessions_sweep(&ctx).await }),
        sweep("decoy_sweep", HOUR, |shop, ctx| async move { shop.decoys_sweep(&ctx).await }),
        sweep("event_sweep", DAY, |shop, ctx| async move { shop.events_sweep(&ctx).await }),
        sweep("cart_sweep", HOUR, |shop, ctx| async move { shop.carts_sweep(&ctx).await }),
        sweep("stock_request_sweep", DAY, |shop, ctx| async move { shop.stock_requests_sweep(&ctx).await }),
        sweep("idempotency_sweep", HOUR, |shop, ctx| async move { shop.idempotency_sweep(&ctx).await }),
        sweep("order_expire", MINUTE, |shop, ctx| async move { shop.orders_expire(&ctx).await }),
        chore("payment_reconcile", MINUTE, |shop, ctx| async move { Ok(shop.payment_reconcile_due(&ctx).await?) }),
        sweep("payment_event_sweep", DAY, |shop, ctx| async move { shop.payment_events_sweep(&ctx).await }),
        chore("check", HOUR, |shop, ctx| async move { Ok(shop.check_when_due(&ctx)?) }),
        chore("backup", HOUR, |shop, ctx| async move { shop.backup_tend(&ctx).await }),
        chore("mail_prune", DAY, |shop, ctx| async move { shop.mail_prune(&ctx).await }),
    ])
}

/// A chore that is done by one call.
fn chore<F>(name: &'static str, every: Duration, run: impl Fn(Arc<Shop>, Ctx) -> F + Send + Sync + 'static) -> Chore
where
    F: Future<Output = Result<(), JobFailure>> + Send + 'static,
{
    Chore { name, every, run: Arc::new(move |shop, ctx| Box::pin(run(shop, ctx))) }
}

/// A chore that is done in pieces, until a call finds nothing more to do.
fn sweep<F, N>(
    name: &'static str,
    every: Duration,
    piece: impl Fn(Arc<Shop>, Ctx) -> F + Clone + Send + Sync + 'static,
) -> Chore
where
    F: Future<Output = Outcome<N>> + Send + 'static,
    N: Default + PartialEq + Send,
{
    chore(name, every, move |shop, ctx| {
        let piece = piece.clone();
        async move {
            while piece(Arc::clone(&shop), ctx.clone()).await? != N::default() {}
            Ok(())
        }
    })
}
