//! The demo shop: a small hand-made catalog and a login of each role, for a first look.

use crate::domain::{Right, Role};
use crate::services::import::{ImportFormat, ImportMode, ImportOptions};
use crate::services::{Ctx, Error, Outcome, Shop, passwords};
use crate::store::password_hash_of;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

const CATALOG: &str = include_str!("../../../static/demo/catalog.jsonl");

/// The password of the demo logins. It is no secret, so `serve --demo` is for looking around only.
pub const DEMO_PASSWORD: &str = "demo-shop-2026";

const LOGINS: [(&str, Role); 3] =
    [("admin@demo.test", Role::Admin), ("staff@demo.test", Role::Staff), ("customer@demo.test", Role::Customer)];

/// What the demo brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoFilled {
    /// Products filled in; 0 when the shop had some.
    pub products: u64,
    /// The demo logins there are.
    pub logins: Vec<&'static str>,
}

impl fmt::Display for DemoFilled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.products {
            0 => f.write_str("the shop has products already")?,
            count => write!(f, "{count} products")?,
        }
        if !self.logins.is_empty() {
            let logins = self.logins.join(" or ");
            write!(f, "; sign in as {logins} with password {DEMO_PASSWORD}, which everybody knows")?;
        }
        Ok(())
    }
}

impl Shop {
    /// Fills an empty shop with the demo catalog and logins; does nothing to one that has products.
    pub async fn demo_fill(&self, ctx: &Ctx) -> Outcome<DemoFilled> {
        ctx.require(Right::Maintain)?;
        if self.product_count(ctx)? > 0 {
            return Ok(DemoFilled { products: 0, logins: self.demo_logins(ctx)? });
        }
        // Logins first: after a crash in between, the shop is still empty and the next start fills it.
        for (email, role) in LOGINS {
            match self.user_create(ctx, email, role, DEMO_PASSWORD.to_owned()).await {
                Ok(_) | Err(Error::Conflict(..)) => {}
                Err(other) => return Err(other),
            }
        }
        let options = ImportOptions {
            file: "demo".to_owned(),
            format: Some(ImportFormat::Jsonl),
            mode: ImportMode::AllOrNothing,
            ..ImportOptions::default()
        };
        let report = self.import_products(ctx, CATALOG.as_bytes(), options, Arc::default(), None).await?;
        if let Some(refused) = report.errors.first() {
            return Err(Error::Internal(format!("demo catalog, line {}: {}", refused.line, refused.reason)));
        }
        Ok(DemoFilled { products: report.created, logins: self.demo_logins(ctx)? })
    }

    fn demo_logins(&self, ctx: &Ctx) -> Outcome<Vec<&'static str>> {
        let users = self.user_list(ctx, None)?;
        let there = |email: &str| users.iter().any(|user| user.email == email && user.active);
        Ok(LOGINS.iter().map(|(email, _)| *email).filter(|email| there(email)).collect())
    }
}

/// The demo logins in a database by which anybody can sign in, since they have the password that everybody knows. Works
/// beside a shop that runs, too; nothing is said of a database that cannot be read.
pub fn demo_logins_open(database: &Path) -> Vec<&'static str> {
    let is_open = |email: &str| {
        let hash = password_hash_of(database, email).ok().flatten();
        hash.is_some_and(|hash| passwords::matches(DEMO_PASSWORD, &hash))
    };
    LOGINS.iter().map(|(email, _)| *email).filter(|email| is_open(email)).collect()
}
