//! `nexus discount …`.

use super::{Place, check_is_fine, nexus, run};
use serde_json::{Value, json};

#[test]
fn discount_is_made_and_listed() {
    let place = Place::with_staff();
    let discount = |arguments: &[&str]| run(nexus(&place.data()).arg("discount").args(arguments));
    let said = discount(&["create", "--name", "Ten off", "--code", "SAVE10", "--percent", "10"]).fine();
    assert_eq!(said, "created discount 1 \"Ten off\": 10% off, code SAVE10\n");
    let said =
        discount(&["create", "--name", "3 for 2", "--buy", "2", "--get", "1", "--priority", "-1", "--json"]).fine();
    let made: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&made["kind"], &made["percent"], &made["priority"]),
        (&json!("buy_x_get_y"), &json!("100"), &json!(-1))
    );
    discount(&["create", "--name", "Free", "--kind", "free_shipping", "--min-subtotal", "50", "--combinable"]).fine();
    let lines = discount(&["list", "--json"]).fine();
    let listed: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(listed.len(), 3);
    assert_eq!((&listed[1], &listed[2]["min_subtotal"]), (&made, &json!("50.00")));
    let shown = discount(&["list", "--code", "save10"]).fine();
    assert!(shown.contains("SAVE10") && shown.lines().count() == 2, "{shown}");
    for (arguments, code, why) in [
        (&["create", "--name", "A", "--percent", "101"][..], 1, "at most 100"),
        (&["create", "--name", "A"], 1, "kind is required"),
        (&["create", "--name", "A", "--code", "save10", "--amount", "5"], 1, "another discount"),
        (&["create", "--name", "A", "--buy", "2"], 2, "--get"),
        (&["create", "--percent", "5"], 2, "--name"),
    ] {
        let said = discount(arguments);
        assert!(said.code == Some(code) && said.err.contains(why), "{arguments:?}: {said:?}");
    }
    check_is_fine(&place.data());
}
