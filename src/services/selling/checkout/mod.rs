//! Checking out: a cart becomes an order, once.
//!
//! Everything is decided and written in one transaction (`ring_up.rs`). When money is to be moved by somebody else,
//! they are asked after its commit, and a second transaction keeps what they said together with the answer (`pay.rs`).
//! A request that is cut off in between goes on when it comes again; a job does so if it never does.

mod draft;
mod pay;
mod refusals;
mod ring_up;

pub use draft::CheckoutDraft;

use crate::domain::order::WholeOrder;
use crate::services::idempotency::{Claim, Rendered};
use crate::services::identity::Secret;
use crate::services::selling::CartTerms;
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::ReadTx;
use ring_up::{RungUp, Till, TillRules};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

/// Makes the answer to a payment that was declined, from the order and the reason.
pub type Declined = Arc<dyn Fn(&WholeOrder, &str) -> Rendered + Send + Sync>;

/// How answers are rendered, to be kept in the transaction that makes them true.
#[derive(Clone)]
pub struct CheckoutAnswers {
    /// Of an order that stands.
    pub placed: Arc<dyn Fn(&WholeOrder) -> Rendered + Send + Sync>,
    /// Of one that was called off, since its payment was declined for this reason.
    pub declined: Declined,
}

impl Shop {
    /// Makes an order of a cart. Whoever has the cart's token may, and its owner alone when it has one.
    pub async fn checkout(
        &self,
        ctx: &Ctx,
        token: &str,
        draft: CheckoutDraft,
        claim: Claim,
        answers: CheckoutAnswers,
    ) -> Outcome<Rendered> {
        let _held = self.claim_hold(&claim)?;
        let till = Till {
            ctx: ctx.clone(),
            token: token.to_owned(),
            draft,
            claim: claim.clone(),
            order_token: Secret::new().text(),
            client: ctx.origin.client.map(client_name),
            rules: self.till_rules(),
        };
        let (kept, placed) = (claim.clone(), answers.placed.clone());
        let rung = self.store.write(move |tx| {
            let rung = till.ring_up(tx)?;
            let RungUp::Placed(order) = rung else { return Ok::<_, Error>(rung) };
            let answer = placed(&order);
            kept.done(tx, &answer, till.ctx.now)?;
            Ok(RungUp::Known(answer))
        });
        match rung.await.inspect_err(|error| self.note_oversell(error))? {
            RungUp::Known(answer) => Ok(answer),
            RungUp::Placed(order) => {
                Err(Error::Internal(format!("order {} was placed without an answer", order.order.id)))
            }
            RungUp::Asks(order, payment) => self.checkout_pay(ctx, order, payment, claim, answers).await,
        }
    }

    fn till_rules(&self) -> TillRules {
        TillRules {
            terms: CartTerms { takes_only_option: true, ..self.cart_terms() },
            payments: self.payment_terms(),
            currency: self.settings.currency(),
            hide_stock: self.settings.hide_stock,
            most_held: self.most_held,
            held_for: Duration::from_secs(60 * u64::from(self.selling.reservation_minutes)),
            first_number: self.selling.first_order_number,
        }
    }
}

fn whole(tx: &ReadTx<'_>, order: crate::domain::OrderId) -> Outcome<WholeOrder> {
    tx.order_whole(order)?.ok_or_else(|| Error::Internal(format!("order {order} is gone")))
}

/// Who counts as one client: an IPv4 address, or an IPv6 network, since whoever has one address has its /64.
fn client_name(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{}/64", Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::client_name;

    #[test]
    fn addresses_of_one_network_are_one_client() {
        let name = |text: &str| client_name(text.parse().unwrap());
        assert_eq!(name("192.0.2.7"), "192.0.2.7");
        assert_eq!(name("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(name("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    }
}
