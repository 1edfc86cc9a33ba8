//! `nexus openapi`: prints the API description.

use super::Done;
use clap::Args;

/// Prints the API description (OpenAPI 3) as JSON.
#[derive(Args)]
#[command(after_help = "Example: nexus openapi > openapi.json")]
pub struct OpenapiArgs {}

pub(super) fn run(_: OpenapiArgs) -> Done {
    print!("{}", crate::http::description());
    Ok(())
}
