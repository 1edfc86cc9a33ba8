//! A data folder whose name is mistyped: who means to look at a shop is told that there is none, and whatever fails leaves
//! nothing behind.

use crate::binary::{PASSWORD, Place, Said, contents, nexus, run, run_with};
use std::path::{Path, PathBuf};

/// A folder that is not there, and is not to be there afterwards, nor the one it would stand in.
struct Nowhere(Place);

impl Nowhere {
    fn new() -> Self {
        Self(Place::empty())
    }

    fn path(&self) -> PathBuf {
        self.0.beside("srv/shpo")
    }

    #[track_caller]
    fn is_still_none(&self, said: &Said) {
        assert!(said.code.is_some_and(|code| code != 0), "{said:?}");
        assert!(!self.0.beside("srv").exists(), "something was made: {said:?}");
    }
}

#[test]
fn commands_that_look_at_a_shop_make_none() {
    let nowhere = Nowhere::new();
    for command in [
        "check",
        "check --quick",
        "audit verify",
        "audit list",
        "user list",
        "user set-role --email a@example.com --role staff",
        "migrate",
        "reindex",
        "order list",
        "stock ledger X",
        "report sales --from 2026-01-01 --to 2026-02-01",
        "export products",
        "import list",
        "import undo 1",
        "job list",
        "job run --once",
        "payment reconcile",
        "secret rotate",
        "mail templates",
        "backup",
        "upgrade-check",
        "rollback",
    ] {
        let said = run(nexus(&nowhere.path()).args(command.split(' ')));
        nowhere.is_still_none(&said);
        assert!(said.err.contains("there is no shop in it"), "{command}: {said:?}");
    }
}

#[test]
fn commands_that_may_begin_a_shop_leave_none_behind_when_they_fail() {
    let nowhere = Nowhere::new();
    let create = |password: &str| {
        let mut command = nexus(&nowhere.path());
        command.args(["user", "create", "--role", "admin", "--email", "ann@example.com", "--password-stdin"]);
        run_with(&mut command, password)
    };
    nowhere.is_still_none(&create("short"));
    let file = nowhere.0.beside("bad.csv");
    std::fs::write(&file, "name,price,category\nMug,free,Kitchen\n").unwrap();
    nowhere.is_still_none(&run(nexus(&nowhere.path()).arg("import").arg(&file)));
    nowhere.is_still_none(&run(nexus(&nowhere.path()).args(["import", "orders"]).arg(&file)));
    // One that only says what it would do makes nothing, although it has nothing to complain of.
    std::fs::write(&file, "name,price,category\nMug,7.50,Kitchen\n").unwrap();
    run(nexus(&nowhere.path()).args(["import", "--dry-run"]).arg(&file)).fine();
    assert!(!nowhere.0.beside("srv").exists());
    assert_eq!(create(PASSWORD).code, Some(0));
    assert!(nowhere.path().join("nexus.db").exists());
}

#[test]
fn restore_that_fails_leaves_things_as_they_were() {
    let shop = Place::with_staff();
    let file = shop.beside("shop.tar.gz");
    let mut backup = nexus(&shop.data());
    backup.args(["backup", "--with-secrets", "--passphrase-stdin"]).arg(&file);
    assert_eq!(run_with(&mut backup, PASSWORD).code, Some(0));
    let restore = |data: &Path| {
        let mut command = nexus(data);
        command.args(["restore", "--with-secrets", "--passphrase-stdin"]).arg(&file);
        run_with(&mut command, "not the passphrase")
    };
    let nowhere = Nowhere::new();
    nowhere.is_still_none(&run(nexus(&nowhere.path()).args(["restore", "--undo"])));
    nowhere.is_still_none(&run(nexus(&nowhere.path()).arg("restore").arg(shop.beside("none.tar.gz"))));
    nowhere.is_still_none(&restore(&nowhere.path()));
    let empty = Place::empty();
    std::fs::create_dir(empty.data()).unwrap();
    restore(&empty.data()).refuses(&["passphrase"]);
    run(nexus(&empty.data()).args(["restore", "--undo"])).refuses(&["no shop from before a restore"]);
    assert_eq!(contents(&empty.data()), []);
    let before = contents(&shop.data());
    restore(&shop.data()).refuses(&["passphrase"]);
    run(nexus(&shop.data()).args(["restore", "--undo"])).refuses(&["no shop from before a restore"]);
    assert_eq!(contents(&shop.data()), before);
}
