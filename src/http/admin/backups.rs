//! `/admin/backups`: backups of the whole shop.

use crate::domain::backup::BackupKind;
use crate::http::answer::{Answer, Audience, Managed};
use crate::http::download::Packed;
use crate::http::guards::{Maintain, May};
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::views::{BackupList, BackupView};
use crate::services::{Error, Shop};
use rocket::tokio::fs::File;
use rocket::{get, post};
use rocket_okapi::openapi;
use std::sync::Arc;

/// # List backups
/// All at once, newest first, with the one that is being made and the last that failed.
#[openapi(tag = "Administration")]
#[get("/admin/backups")]
pub async fn backup_list(
    admin: May<Maintain>,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<BackupList>, Problem> {
    query.only(&[])?;
    Ok(Answer::new(&BackupList::new(shop.backup_list(&admin.0)?), Audience::Nobody))
}

/// # Make a backup
/// It is begun and made beside what the shop does, one at a time: the list shows when it is done. It holds all that was
/// acknowledged before, is looked over before it gets its name, and is kept until somebody removes the file.
#[openapi(tag = "Administration")]
#[post("/admin/backups")]
pub async fn backup_begin(admin: May<Maintain>, shop: Managed<'_, Arc<Shop>>) -> Result<Answer<BackupView>, Problem> {
    let begun = shop.backup_begin(&admin.0, BackupKind::Manual).await?;
    Ok(Answer::new(&BackupView::new(begun), Audience::Nobody).accepted())
}

/// # Download a backup
/// It holds the whole shop, people's data among it, but no keys; `nexus restore` takes it.
#[openapi(tag = "Administration")]
#[get("/admin/backups/<name>")]
pub async fn backup_download(
    admin: May<Maintain>,
    name: &str,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Packed, Problem> {
    let (path, size) = shop.backup_file(&admin.0, name).await?;
    // Removed in between.
    let file = File::open(path).await.map_err(|_| Error::NotFound("backup"))?;
    Ok(Packed { name: name.to_owned(), file, size })
}
