//! Letters about orders and stock: that one is due is queued with the change it tells of, what it says is made of a
//! template when it is sent.

mod back_in_stock;
mod order;
mod sample;
mod shown;
mod stock;
mod templates;

pub use order::order_letter_due;
pub use stock::low_stock_letter_due;
pub use templates::{Template, Written};
pub(in crate::services) use templates::{environment, text_of};

use super::{Ctx, Outcome, Shop};
use crate::domain::{Email, JobFailure, Letter, Right, hex};
use crate::services::Error;
use serde::Serialize;
use sha2::{Digest, Sha256};
use shown::ShopShown;
use templates::Templates;

impl Shop {
    /// Writes a letter with made-up data, to look at.
    pub fn mail_preview(&self, ctx: &Ctx, template: Template) -> Outcome<Written> {
        ctx.require(Right::Maintain)?;
        let written = sample::write(&self.templates(), template, self.shown(), self.settings.currency().code());
        written.map_err(Error::Internal)
    }

    /// Writes the built-in templates into the data folder, to be changed there; those that are there already stay.
    pub fn mail_templates_export(&self, ctx: &Ctx) -> Outcome<Vec<&'static str>> {
        ctx.require(Right::Maintain)?;
        let folder = self.folder.mail_templates();
        self.templates().export().map_err(|e| Error::Internal(format!("{} cannot be written: {e}", folder.display())))
    }

    fn templates(&self) -> Templates {
        Templates::new(self.folder.mail_templates())
    }

    fn shown(&self) -> ShopShown {
        ShopShown { name: self.settings.name.clone(), url: self.url.clone() }
    }

    /// A letter made of a template. Its id stays the same for the same letter.
    fn letter_of(&self, id: &str, to: Email, template: Template, data: &impl Serialize) -> Result<Letter, JobFailure> {
        let written = self.templates().write(template, data).map_err(JobFailure::Permanent)?;
        if let Some(broken) = &written.broken {
            tracing::warn!(problem = %broken, "a template of letters is broken; the built-in one was taken instead");
        }
        let letter = Letter::new(id, to, &written.subject, &written.text).and_then(|l| l.with_html(&written.html));
        letter.map_err(|invalid| JobFailure::Permanent(invalid.summary()))
    }
}

/// The id of a letter, which stays the same as long as what it is made of does: a mailbox can tell a second copy of the
/// same letter. Whatever secrets it is made of cannot be told from it.
fn letter_id(made_of: &str) -> String {
    hex(&Sha256::digest(made_of)[..16])
}
