//! A temporary shop with something to sell and buyers who come all at once.

use crate::cli::{Done, Failure};
use crate::config::Config;
use crate::domain::cart::Quantity;
use crate::domain::catalog::ProductDraft;
use crate::domain::{Currency, Fields, VariantId};
use crate::services::idempotency::{Claim, Rendered};
use crate::services::selling::{CartLineDraft, CheckoutDraft, Wanted};
use crate::services::{Actor, CheckDepth, Ctx, Error, Finding, Outcome, Shop};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::sync::Barrier;

/// A shop that is gone with this.
pub(super) struct Fair {
    pub shop: Arc<Shop>,
    pub runtime: Runtime,
    folder: PathBuf,
}

impl Fair {
    /// Opens a shop in a new folder below this one, or below the system's temporary one.
    pub fn open(below: Option<&Path>) -> Result<Self, Failure> {
        let name = format!("nexus-bench-{}", crate::clock::random_hex::<8>());
        let folder = below.map_or_else(std::env::temp_dir, Path::to_owned).join(name);
        let mut config = Config::default();
        config.data.dir.clone_from(&folder);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(config.workers()).enable_all().build()?;
        Ok(Self { shop: Arc::new(crate::app::open(&config)?), runtime, folder })
    }

    /// Offers something, and gives its one variant.
    pub fn offer(&self, name: &str, units: i64) -> Result<VariantId, Failure> {
        let body = json!({ "name": name, "category": "Fair", "price": "19.90", "stock": units });
        let draft = ProductDraft::from_body(&body, self.currency())?;
        let product = self.runtime.block_on(self.shop.product_create(&Ctx::owner(), draft))?;
        let variant = product.variants.first().ok_or_else(|| Failure::new("a product without a variant"))?;
        Ok(variant.id)
    }

    /// A cart with one of each.
    pub fn cart(&self, variants: &[VariantId]) -> Result<String, Failure> {
        Ok(self.runtime.block_on(filled_cart(&self.shop, variants))?)
    }

    /// Lets all these carts be checked out at once, and gives how it went for each.
    pub fn rush(&self, carts: &[String], body: &Value) -> Result<Vec<Outcome<Rendered>>, Failure> {
        let gate = Arc::new(Barrier::new(carts.len()));
        let buyers = carts.iter().map(|token| {
            let (shop, gate, token, body) = (self.shop.clone(), gate.clone(), token.clone(), body.clone());
            self.runtime.spawn(async move {
                gate.wait().await;
                check_out(&shop, &token, &body).await
            })
        });
        let buyers: Vec<_> = buyers.collect();
        let mut outcomes = Vec::with_capacity(buyers.len());
        for buyer in buyers {
            outcomes.push(self.runtime.block_on(buyer)?);
        }
        Ok(outcomes)
    }

    /// What `nexus check` has to say.
    pub fn check(&self) -> Result<Vec<Finding>, Failure> {
        Ok(self.shop.check(&Ctx::owner(), CheckDepth::Full)?)
    }

    pub fn currency(&self) -> Currency {
        self.shop.settings().currency()
    }
}

impl Drop for Fair {
    fn drop(&mut self) {
        self.shop.close();
        // What cannot be removed lies in the folder of temporary things.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// What the check found, in a line.
pub(super) fn finding(finding: &Finding) -> String {
    format!("{}: {}", finding.check, finding.problem)
}

/// How a bench ends that has printed so many violations.
pub(super) fn violated(count: usize) -> Done {
    if count == 0 { Ok(()) } else { Err(Failure::new(format!("{count} violations"))) }
}

/// What a buyer sends.
pub(super) fn order_body() -> Value {
    json!({
        "email": "buyer@example.com",
        "shipping_address": {
            "name": "A Buyer", "line1": "1 Canal Street", "city": "Utrecht", "postal_code": "3511 AB", "country": "NL",
        },
        "payment": { "provider": "manual" },
    })
}

/// A guest's cart with one of each.
pub(super) async fn filled_cart(shop: &Shop, variants: &[VariantId]) -> Outcome<String> {
    let ctx = Ctx::now(Actor::Anonymous);
    let token = shop.cart_create(&ctx).await?.cart.token;
    for variant in variants {
        let line = CartLineDraft { wanted: Wanted::Variant(*variant), quantity: Quantity::ONE };
        shop.cart_line_add(&ctx, token.clone(), line).await?;
    }
    Ok(token)
}

/// A guest checks out.
pub(super) async fn check_out(shop: &Shop, token: &str, body: &Value) -> Outcome<Rendered> {
    let (ctx, currency) = (Ctx::now(Actor::Anonymous), shop.settings().currency());
    let draft = Fields::read(body, |fields| CheckoutDraft::read(fields, currency)).map_err(Error::from)?;
    let claim = Claim::new(&ctx, Some(token), token, "POST", "/checkout", body.to_string().as_bytes());
    shop.checkout(&ctx, token, draft, claim, crate::http::checkout_answers(currency, String::new())).await
}
