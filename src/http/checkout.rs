//! `/carts/{token}/checkout`: a cart becomes an order.

use super::BASE;
use super::answer::{Answer, Audience, Managed};
use super::guards::{Caller, IdempotencyKey};
use super::json::Body;
use super::kept::Kept;
use super::problem::Problem;
use super::views::{CheckoutBody, OrderView, Reader};
use crate::domain::order::WholeOrder;
use crate::domain::{Currency, Fields};
use crate::services::Shop;
use crate::services::idempotency::Rendered;
use crate::services::selling::{CheckoutAnswers, CheckoutDraft};
use rocket::post;
use rocket_okapi::openapi;
use std::sync::Arc;

/// # Check out
/// Makes an order of the cart, at the prices and with the stock of this moment. Send the total that the buyer was shown
/// as `expected_total`: when it is another one by now, the answer is 409 and names the new sums.
///
/// With a provider that asks the buyer to pay elsewhere the order is `pending`, and `payment` says how to go on. A
/// payment that is declined is 402: the order is called off and the cart open again. 503 means that the provider could
/// not be reached: the same request, sent again, goes on where it was cut off.
#[openapi(tag = "Selling")]
#[post("/carts/<token>/checkout", data = "<body>")]
pub async fn checkout(
    caller: Caller,
    key: IdempotencyKey,
    token: &str,
    body: Body<CheckoutBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Kept<OrderView>, Problem> {
    let currency = shop.settings().currency();
    let draft = Fields::read(&body.value, |fields| CheckoutDraft::read(fields, currency))?;
    let request = caller.0.origin.request_id.clone().unwrap_or_default();
    let claim = key.claim_of_cart(&caller.0, token, &body.raw);
    Ok(shop.checkout(&caller.0, token, draft, claim, answers(currency, request)).await?.into())
}

/// How the checkout that `request` asks for is answered.
pub fn answers(currency: Currency, request: String) -> CheckoutAnswers {
    CheckoutAnswers {
        placed: Arc::new(move |whole| placed(whole, currency)),
        declined: Arc::new(move |_, reason| declined(reason, &request)),
    }
}

fn placed(whole: &WholeOrder, currency: Currency) -> Rendered {
    let number = whole.order.name();
    let place = if whole.order.account_id.is_some() { "me/orders" } else { "orders" };
    let view = OrderView::new(whole, currency, Reader::Placer);
    Answer::<OrderView>::new(&view, Audience::Nobody).created_at(format!("{BASE}/{place}/{number}")).rendered()
}

fn declined(reason: &str, request: &str) -> Rendered {
    // Most reasons are sentences of the provider.
    let reason = reason.trim_end_matches(['.', '!', ' ']);
    let detail = format!("{reason}. Pay in another way, with a new Idempotency-Key.");
    Problem::new(402, "payment-declined", "The payment was declined", detail).rendered_for(request)
}
