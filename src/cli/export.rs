//! `nexus export`: writes products to a file.

use super::output::{count, progress};
use super::{Common, Done, Failure};
use crate::services::export::ExportFormat;
use crate::services::{Ctx, Shop};
use clap::{Args, Subcommand, ValueEnum};
use flate2::{Compression, write::GzEncoder};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes what the shop holds to a file.
#[derive(Args)]
#[command(after_help = "Example: nexus export products --out products.csv")]
pub struct ExportArgs {
    #[command(subcommand)]
    what: ExportWhat,
}

#[derive(Subcommand)]
enum ExportWhat {
    /// All products; import takes CSV and JSON Lines back unchanged
    #[command(after_help = "Example: nexus export products --format jsonl --gzip --out products.jsonl.gz")]
    Products(ProductsArgs),
}

#[derive(Args)]
struct ProductsArgs {
    /// The format
    #[arg(long, value_enum, default_value_t = FormatArg::Csv)]
    format: FormatArg,
    /// The file to write, or - for standard output
    #[arg(long, default_value = "-")]
    out: PathBuf,
    /// Pack it with gzip
    #[arg(long)]
    gzip: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum FormatArg {
    Csv,
    Jsonl,
    Shopify,
}

impl From<FormatArg> for ExportFormat {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Csv => Self::Csv,
            FormatArg::Jsonl => Self::Jsonl,
            FormatArg::Shopify => Self::Shopify,
        }
    }
}

pub(super) fn run(args: ExportArgs, common: &Common) -> Done {
    let ExportWhat::Products(args) = args.what;
    let shop = common.open()?;
    if args.out == Path::new("-") {
        write(&shop, &args, std::io::stdout().lock())?;
        return Ok(());
    }
    // Written beside its place and then moved there, so that no half a file ever bears the name.
    let mut name = args.out.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = args.out.with_file_name(name);
    let failed = |e: std::io::Error| Failure::new(format!("{}: {e}", args.out.display()));
    let file = File::create(&part).map_err(failed)?;
    let keep = file.try_clone().map_err(failed)?;
    let written = write(&shop, &args, file).and_then(|products| {
        keep.sync_all().and_then(|()| std::fs::rename(&part, &args.out)).map_err(failed)?;
        Ok(products)
    });
    match written {
        Ok(products) => {
            eprintln!("wrote {} products to {}", count(products), args.out.display());
            Ok(())
        }
        Err(failure) => {
            let _ = std::fs::remove_file(&part);
            Err(failure)
        }
    }
}

fn write(shop: &Shop, args: &ProductsArgs, out: impl Write) -> Result<u64, Failure> {
    let bar = progress(shop.product_count(&Ctx::owner())?);
    let tick = |done| bar.set_position(done);
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    let products = if args.gzip {
        let mut packed = GzEncoder::new(out, Compression::default());
        let products = shop.export_products(&Ctx::owner(), args.format.into(), &mut packed, &tick)?;
        packed.finish()?.flush()?;
        products
    } else {
        shop.export_products(&Ctx::owner(), args.format.into(), &mut out, &tick)?
    };
    bar.finish_and_clear();
    Ok(products)
}
