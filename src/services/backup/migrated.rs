//! The copies of the database that migrations leave behind: which there are, which one leads back, and which are not kept.

use crate::domain::Timestamp;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// So many are kept, however old they are.
const KEPT: usize = 3;
/// Others are kept for so long.
const KEPT_DAYS: i64 = 30;
const DAY: i64 = 86_400_000;

/// A copy of the database from before a migration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Copied {
    /// When it was made, in milliseconds.
    pub(super) at: i64,
    /// Its schema.
    pub(super) schema: i64,
    /// Where it is.
    pub(super) path: PathBuf,
}

impl Copied {
    fn read(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_prefix("before-migration-from-")?.strip_suffix(".db")?;
        let (schema, at) = name.split_once('-')?;
        Some(Self { at: at.parse().ok()?, schema: schema.parse().ok()?, path })
    }
}

/// Those of a data folder, newest first.
pub(super) fn copies(root: &Path) -> io::Result<Vec<Copied>> {
    let entries = match fs::read_dir(root.join("backups")) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut found: Vec<Copied> = entries.filter_map(|entry| Copied::read(entry.ok()?.path())).collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    Ok(found)
}

/// The one that leads back from a schema.
pub(super) fn leads_back(copies: &[Copied], schema: i64) -> Option<&Copied> {
    copies.iter().find(|copy| copy.schema < schema)
}

/// Removes those that are old and neither among the newest nor the one that leads back.
pub(super) fn sweep(root: &Path, schema: i64, now: Timestamp) -> io::Result<()> {
    let found = copies(root)?;
    let back = leads_back(&found, schema);
    for copy in found.iter().skip(KEPT).filter(|copy| Some(*copy) != back) {
        if copy.at.saturating_add(KEPT_DAYS * DAY) < now.millis() {
            fs::remove_file(&copy.path)?;
            tracing::info!(path = %copy.path.display(), "a copy from before a migration was removed");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_copies_go_but_for_the_newest_and_the_one_that_leads_back() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("backups");
        assert!(copies(dir.path()).unwrap().is_empty() && sweep(dir.path(), 9, Timestamp::from_millis(0)).is_ok());
        fs::create_dir(&folder).unwrap();
        let now = Timestamp::from_millis(1_000 * DAY);
        let name = |schema: i64, day: i64| format!("before-migration-from-{schema}-{}.db", day * DAY);
        // The newest three are of this schema or a newer one, as after a rollback.
        let made = [(9, 900), (10, 899), (9, 898), (8, 700), (7, 600), (6, 500), (11, 990), (5, 980)];
        let others = ["before-migration-from-x-1.db", "before-migration-from-1-1.db.part", "nexus.db"];
        for name in made.iter().map(|(schema, day)| name(*schema, *day)).chain(others.map(str::to_owned)) {
            fs::write(folder.join(name), "x").unwrap();
        }
        let left =
            || copies(dir.path()).unwrap().into_iter().map(|copy| (copy.schema, copy.at / DAY)).collect::<Vec<_>>();
        sweep(dir.path(), 9, now).unwrap();
        assert_eq!(left(), [(11, 990), (5, 980), (9, 900)]);
        fs::remove_file(folder.join(name(5, 980))).unwrap();
        for (schema, day) in made {
            fs::write(folder.join(name(schema, day)), "x").unwrap();
        }
        fs::remove_file(folder.join(name(5, 980))).unwrap();
        sweep(dir.path(), 9, now).unwrap();
        // The one of schema 8 is what `nexus rollback` would take, however old it is.
        assert_eq!(left(), [(11, 990), (9, 900), (10, 899), (8, 700)]);
        // One that is younger than a month stays.
        for day in [995, 975, 972] {
            fs::write(folder.join(name(3, day)), "x").unwrap();
        }
        sweep(dir.path(), 9, now).unwrap();
        assert_eq!(left(), [(3, 995), (11, 990), (3, 975), (3, 972)]);
        assert!(others.iter().all(|name| folder.join(name).exists()));
    }
}
