//! The mode in which another program copies the log of the database: nothing is folded in by the shop.

use super::{backup, products, unpack};
use crate::binary::{Place, Server, check_is_fine, create};
use rusqlite::Connection;

#[test]
fn replicated_shop_leaves_its_log_to_the_other_program() {
    let place = Place::with_staff();
    let file = std::fs::read(place.data().join("nexus.db")).unwrap();
    let start = || {
        Server::start_with(&place, &[], |command| {
            command.env("NEXUS_STORE_REPLICATED", "true");
        })
    };
    let server = start();
    let token = server.token();
    for n in 0..40 {
        assert!(create(server.port, &token, &format!("n{n}")).unwrap());
    }
    server.stop();
    assert_eq!(std::fs::read(place.data().join("nexus.db")).unwrap(), file, "something was folded in");
    assert!(std::fs::metadata(place.data().join("nexus.db-wal")).unwrap().len() > 1_000_000);
    let server = start();
    assert_eq!(server.products().len(), 40);
    assert!(!server.log().contains("not stopped in order"), "{}", server.log());
    // The other program folds in what it has copied, whenever it likes.
    let other = Connection::open(place.data().join("nexus.db")).unwrap();
    let (busy, all): (i64, i64) =
        other.query_row("pragma wal_checkpoint(passive)", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert!(busy == 0 && all > 0);
    assert!(create(server.port, &token, "after").unwrap());
    let found = products(&unpack(&backup(&place, "x.tar.gz")).path().join("nexus.db"));
    assert_eq!(found.len(), 41);
    drop(other);
    server.stop();
    check_is_fine(&place.data());
}
