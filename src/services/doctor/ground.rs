//! The ground a shop stands on: folder, disk, clock, backups, database.

use super::{Outside, Remark, Running};
use crate::config::Config;
use crate::folder::{DATABASE, DataFolder, made_at};
use crate::machine;
use crate::services::CheckNote;
use crate::services::backup::{BackupFailure, LAST_FAILURE, Seen};
use crate::services::status::LAST_CHECK;
use crate::store::{inspect, setting_of};
use std::path::Path;
use std::time::{Duration, SystemTime};

const MIB: u64 = 1024 * 1024;
/// Room below which the shop is about to stop taking orders.
const LEAST_FREE: u64 = 200 * MIB;
/// Backups that are older deserve a word.
const OLD_BACKUP: Duration = Duration::from_secs(2 * 86_400);
/// Clocks of files may be ahead by this much.
const SKEW: Duration = Duration::from_secs(300);
/// Files that nobody else may read.
const PRIVATE: [&str; 4] = ["nexus.db", "secrets", "backups", "tmp"];

pub(super) fn folder(root: &Path) -> Vec<Remark> {
    let topic = "data folder";
    let mut remarks = Vec::new();
    if !root.is_dir() {
        let text = format!("{} is not there", root.display());
        return vec![Remark::problem(
            topic,
            text,
            "restore it from a backup, or choose another folder with --data-dir",
        )];
    }
    if let Some(owner) = machine::foreign_owner(root) {
        let text = format!("{} belongs to user {owner}, not to who runs this", root.display());
        remarks.push(Remark::problem(topic, text, "run nexus as that user, or give the folder away with chown -R"));
    }
    if !machine::is_writable(root) {
        let text = format!("{} cannot be written", root.display());
        remarks.push(Remark::problem(
            topic,
            text,
            "check its owner and rights, and that the disk is not mounted read-only",
        ));
    }
    let open =
        PRIVATE.iter().map(|name| root.join(name)).chain([root.to_owned()]).find(|path| machine::others_may(path));
    if let Some(path) = open {
        let text = format!("others on this machine may get at {}", path.display());
        remarks.push(Remark::problem(topic, text, format!("chmod -R go= {}", root.display())));
    }
    if let Some(kind) = machine::network_disk(root) {
        let text = format!("it lies on a network disk ({kind}), where a database can be damaged");
        remarks.push(Remark::problem(topic, text, "move it to a disk of this machine"));
    }
    if remarks.is_empty() {
        remarks.push(Remark::fine(topic, format!("{} is the shop's alone and can be written", root.display())));
    }
    remarks
}

pub(super) fn disk(seen: &Outside) -> Vec<Remark> {
    let Some(disk) = seen.disk else {
        return vec![Remark::advice("disk", "its free room is not known here", "look yourself now and then")];
    };
    let free = format!("{} MiB are free", disk.free_bytes / MIB);
    let database = seen.database_bytes.unwrap_or(0);
    let advice = "free some room, or move the data folder to a larger disk";
    vec![if disk.free_bytes < LEAST_FREE {
        Remark::problem("disk", free, advice)
    } else if disk.free_bytes < 2 * database {
        Remark::advice("disk", format!("{free}; a backup and an upgrade need {} MiB", 2 * database / MIB), advice)
    } else {
        Remark::fine("disk", free)
    }]
}

/// A clock that is behind what was written already was set back, or never set.
pub(super) fn clock(root: &Path) -> Vec<Remark> {
    let now = SystemTime::now();
    let written = ["nexus.db", "nexus.db-wal", "nexus.json"].iter().filter_map(|name| {
        let meta = std::fs::metadata(root.join(name)).ok()?;
        meta.modified().ok()
    });
    let ahead = written.filter_map(|at| at.duration_since(now).ok()).max().filter(|ahead| *ahead > SKEW);
    vec![match ahead {
        Some(ahead) => Remark::problem(
            "clock",
            format!("the clock is {} minutes behind what the shop has written", ahead.as_secs() / 60),
            "set it, and have it kept by a time service; sign-ins and reservations go by it",
        ),
        None => Remark::fine("clock", format!("it is {} in UTC", crate::clock::of(now).to_rfc3339())),
    }]
}

pub(super) fn backup(config: &Config, seen: &Outside, running: &Running) -> Vec<Remark> {
    let trouble = match running {
        Running::Yes { backup, .. } => backup.clone(),
        Running::Busy | Running::No => backup_trouble(config, seen),
    };
    if let Some(trouble) = trouble {
        let advice = "run nexus backup, which says what keeps it from being made, and mend that; see docs/backup.md";
        return vec![Remark::problem("backup", trouble, advice)];
    }
    let Some(backup) = &seen.backup else {
        let advice = "make one with nexus backup, and keep a copy on another machine";
        return vec![Remark::advice("backup", "there is none in the data folder", advice)];
    };
    let age = crate::clock::now().since(backup.at);
    let text = format!("the newest is {} hours old ({})", age.as_secs() / 3_600, backup.name);
    vec![if age > OLD_BACKUP {
        Remark::advice("backup", text, "make one more often, and keep a copy on another machine")
    } else {
        Remark::fine("backup", text)
    }]
}

/// What is wrong with the backups of a shop that cannot be asked. One that does not run makes none, and needs none of the
/// time since it was last at work.
fn backup_trouble(config: &Config, seen: &Outside) -> Option<String> {
    let root = &config.data.dir;
    let kept = setting_of(&root.join(DATABASE), LAST_FAILURE).ok().flatten();
    let failure: Option<BackupFailure> = kept.and_then(|text| serde_json::from_str(&text).ok().flatten());
    let since = made_at(root)?;
    let written = std::fs::metadata(root.join(DATABASE)).and_then(|meta| meta.modified()).ok()?;
    let until = crate::clock::of(written);
    let (every_hours, newest) = (config.backup.every_hours, seen.backup.as_ref());
    Seen { every_hours, newest, failure: failure.as_ref(), since, until }.trouble()
}

pub(super) fn database(root: &Path, running: &Running) -> Vec<Remark> {
    match running {
        Running::Yes { problem, findings, jobs_dead, .. } => of_running(problem.as_deref(), *findings, *jobs_dead),
        Running::Busy => {
            vec![Remark::advice("database", "a command is at work on it", "look again when that has ended")]
        }
        Running::No => of_stopped(root),
    }
}

fn of_running(problem: Option<&str>, findings: Option<usize>, jobs_dead: u64) -> Vec<Remark> {
    let mut remarks = vec![match problem {
        Some(problem) => Remark::problem("shop", format!("it runs and cannot do its work: {problem}"), "see its log"),
        None => Remark::fine("shop", "it runs and does its work; its schema is this program's"),
    }];
    remarks.push(match findings {
        None => Remark::advice("database", "the running shop has not checked it yet", "see watch.check_hours"),
        Some(0) => Remark::fine("database", "the last check of everything found nothing"),
        Some(count) => Remark::problem(
            "database",
            format!("the last check of everything found {count} things that are not as they should be"),
            "stop the shop and run nexus check, which names them; see the newest backup",
        ),
    });
    if jobs_dead > 0 {
        let text = format!("{jobs_dead} were given up, such as letters that could not be sent");
        remarks.push(Remark::advice("jobs", text, "see nexus job list --state dead and the log"));
    }
    remarks
}

fn of_stopped(root: &Path) -> Vec<Remark> {
    // The lock keeps a shop from opening meanwhile, and says when one is open after all.
    let folder = match DataFolder::look(root) {
        Ok(folder) => folder,
        Err(error) => return vec![Remark::problem("database", error.0, "see above")],
    };
    match inspect(&folder.database()) {
        Err(error) => {
            let advice = "run nexus check, which says what is damaged; restore the newest backup, and keep the damaged \
                          folder for whoever looks into it";
            vec![Remark::problem("database", format!("it cannot be read: {}", error.cause()), advice)]
        }
        Ok(seen) => {
            let schema = if seen.schema > seen.newest {
                Remark::problem("schema", "a newer version of Nexus wrote it", "use that version, or a newer one")
            } else if seen.schema < seen.newest {
                let text = format!("it is {} and becomes {} when the shop is opened", seen.schema, seen.newest);
                Remark::advice("schema", text, "make a backup first; nexus serve and nexus migrate do the rest")
            } else {
                Remark::fine("schema", format!("it is this program's ({})", seen.newest))
            };
            let last = setting_of(&folder.database(), LAST_CHECK).ok().flatten();
            let last = last.and_then(|text| serde_json::from_str::<CheckNote>(&text).ok());
            let database = match (seen.damage.first(), last.filter(|note| note.findings > 0)) {
                (None, None) => Remark::fine("database", "its structure is sound; nexus check looks at everything"),
                (None, Some(note)) => Remark::problem(
                    "database",
                    format!("the last check found {} things, the first: {}", note.findings, note.first.join("; ")),
                    "run nexus check, which names all of them; see docs/backup.md about going back to a backup",
                ),
                (Some(first), _) => Remark::problem(
                    "database",
                    format!("it is damaged: {first}"),
                    "run nexus check, which names all that is; restore the newest backup, and keep the damaged folder \
                     for whoever looks into it",
                ),
            };
            vec![schema, database]
        }
    }
}
