//! What `nexus status` asks of a running shop, on a port of this machine that is told, with a token, in a file which only
//! the owner of the data folder may read.

use super::aside::{Asked, Told};
use super::metrics::is_bearer;
use super::views::StatusView;
use crate::services::{Ctx, Shop};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where the running shop can be asked, as it stands in the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ControlFile {
    /// The process.
    pub process: u32,
    /// Where it listens for this alone.
    pub address: std::net::SocketAddr,
    /// What has to be brought along.
    pub token: String,
    /// Where the public reaches the shop.
    pub url: String,
}

/// Answers for the owner.
pub struct Control {
    /// The shop.
    pub shop: Arc<Shop>,
    /// What has to be brought along.
    pub token: String,
}

impl Control {
    /// Answers one question.
    pub fn answer(&self, asked: &Asked) -> Told {
        if !is_bearer(asked.authorization.as_deref(), &self.token) {
            return Told::plain(401, "bring the token of the file along\n");
        }
        if asked.path != "/status" {
            return Told::plain(404, "nothing is here\n");
        }
        match self.shop.status(&Ctx::owner()) {
            Ok(status) => {
                let view = StatusView::new(&status, self.shop.settings().currency());
                Told { status: 200, kind: "application/json", body: super::answer::text(&view) }
            }
            Err(error) => Told::plain(503, &format!("{error}\n")),
        }
    }
}
