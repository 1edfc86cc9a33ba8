//! `nexus webhook …`.

use super::receiver::{Manner, Receiver};
use crate::binary::{Place, nexus, run};
use crate::support::wait;
use nexus::config::Config;
use nexus::domain::webhook::WebhookDraft;
use nexus::services::Ctx;
use serde_json::{Value, json};

#[test]
fn webhook_is_listed_tried_out_and_told_again_at_the_command_line() {
    let (place, receiver) = (Place::empty(), Receiver::start(Manner::Says(200)));
    let mut config = Config::default();
    config.data.dir = place.data();
    config.webhooks.allow_private = vec![receiver.entry()];
    let shop = nexus::app::open(&config).unwrap();
    let draft = WebhookDraft { name: "Books".to_owned(), url: receiver.url(), kinds: Vec::new(), active: true };
    wait(shop.webhook_create(&Ctx::owner(), draft)).unwrap();
    shop.close();
    drop(shop);
    let webhook = |arguments: &[&str]| {
        let mut command = nexus(&place.data());
        command.env("NEXUS_WEBHOOKS_ALLOW_PRIVATE", format!("[\"{}\"]", receiver.entry()));
        run(command.arg("webhook").args(arguments))
    };
    let list = webhook(&["list"]).fine();
    assert!(list.contains("Books") && list.contains(&receiver.url()) && list.contains("ok"), "{list}");
    let said: Value = serde_json::from_str(&webhook(&["test", "1", "--json"]).fine()).unwrap();
    assert_eq!(said, json!({ "delivered": true, "status": 200, "error": null }));
    assert_eq!(receiver.told()[0].json()["type"], "webhook.test");

    receiver.behave(Manner::Says(500));
    let failed = webhook(&["test", "1"]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    let list: Value = serde_json::from_str(&webhook(&["list", "--json"]).fine()).unwrap();
    assert_eq!((&list["failing_reason"], &list["active"]), (&json!("it answered 500"), &json!(true)));
    let range = ["--from", "2020-01-01", "--to", "2100-01-01", "--json"];
    assert_eq!(webhook(&[&["replay", "1"][..], &range].concat()).fine().trim(), "{\"replayed\":0}");
    for wrong in [&["test", "x"][..], &["replay", "1", "--from", "x", "--to", "2026-01-01"], &["replay", "1"]] {
        assert_eq!(webhook(wrong).code, Some(2), "{wrong:?}");
    }
    assert_eq!(webhook(&["test", "9"]).code, Some(1));
}
