//! `nexus stock …`.

use super::{Place, check_is_fine, nexus, run};
use serde_json::{Value, json};

#[test]
fn stock_is_counted_moved_and_its_ledger_shown() {
    let place = Place::empty();
    let file = place.beside("mug.jsonl");
    let mug = json!({"name": "Mug", "price": "9.50", "category": "Kitchen > Mugs", "sku": "MUG", "stock": 5});
    std::fs::write(&file, format!("{mug}\n")).unwrap();
    run(nexus(&place.data()).args(["import", file.to_str().unwrap()])).fine();
    let stock = |arguments: &[&str]| run(nexus(&place.data()).arg("stock").args(arguments));
    let said = stock(&["set", "MUG", "--count", "7", "--note", "Year-end count"]).fine();
    assert_eq!(said, "+2 units: Mug has 7 on hand, 0 reserved, 7 available\n");
    assert!(stock(&["set", "MUG", "--count", "7"]).fine().starts_with("as the shop knew: "));
    let said = stock(&["move", "MUG", "--delta", "-3", "--reason", "damaged", "--json"]).fine();
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["movement"]["on_hand"], &said["stock"]["available"]), (&json!(-3), &json!(4)));
    let lines = stock(&["ledger", "MUG", "--json"]).fine();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = lines.iter().map(|line| (&line["kind"], &line["actor"])).collect();
    let owner = json!("command line");
    assert_eq!(kinds, [(&json!("corrected"), &owner), (&json!("counted"), &owner)]);
    let shown = stock(&["ledger", "MUG", "--limit", "1"]).fine();
    assert!(shown.contains("damaged") && !shown.contains("Year-end"), "{shown}");
    for (arguments, code, why) in [
        (&["move", "MUG", "--delta", "-5"][..], 1, "1 would"),
        (&["move", "CUP", "--delta", "1"], 1, "not a variant"),
        (&["ledger", "CUP"], 1, "no such variant"),
        (&["set", "MUG", "--count", "-1"], 2, "--count"),
        (&["move", "MUG", "--delta", "1", "--reason", "whim"], 2, "whim"),
    ] {
        let said = stock(arguments);
        assert!(said.code == Some(code) && said.err.contains(why), "{arguments:?}: {said:?}");
    }
    check_is_fine(&place.data());
}
