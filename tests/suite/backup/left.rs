//! Shops that older versions of the program really left behind, opened by this one: all that was in them still means
//! what it meant.
//!
//! `tests/fixtures/shops/v5.tar.gz` is the data folder of a shop that the program with schema 5 was asked to make over
//! HTTP, and that was then stopped. The files are never made anew: what wrote them is gone. `schemas.rs` looks at every
//! schema there was, with shops that were laid out for it.

use super::unpack_into;
use crate::binary::http::Reply;
use crate::binary::{
    PASSWORD, Place, STAFF, Server, check_is_fine, exchange, login, nexus, request, request_text, run,
};
use serde_json::{Value, json};
use std::path::Path;

/// Who bought.
const ANN: &str = "ann@example.com";
/// The first versions that had accounts of customers, and orders.
const ACCOUNTS: u32 = 4;
const SELLING: u32 = 9;

fn ask(server: &Server, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Reply {
    request(server.port, method, &format!("/api/v1{path}"), token, body).unwrap()
}

#[track_caller]
fn read(server: &Server, path: &str, token: Option<&str>) -> Value {
    let reply = ask(server, "GET", path, token, None);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

fn token(server: &Server, email: &str) -> String {
    login(server.port, email, PASSWORD).json()["access"].as_str().unwrap().to_owned()
}

/// What the shop sells, at its former address too.
fn has_its_products(server: &Server, schema: u32) {
    let mug = read(server, "/products/big-mug", None);
    let variant =
        |n: usize| json!([mug["variants"][n]["sku"], mug["variants"][n]["price"], mug["variants"][n]["stock"]]);
    let left = if schema >= SELLING { [45, 5] } else { [50, 8] };
    assert_eq!(variant(0), json!(["MUG-S", "10.00", left[0]]), "{mug}");
    assert_eq!(variant(1), json!(["MUG-L", "12.50", left[1]]), "{mug}");
    assert_eq!((&mug["attributes"]["Material"], &mug["tags"][0]), (&json!("Stoneware"), &json!("gift")));
    assert_eq!(ask(server, "GET", "/products/mug", None, None).status, 301);
    let found = read(server, "/products?search=towel&include=count", None);
    assert_eq!((&found["count"], &found["results"][0]["name"]), (&json!(1), &json!("Tea towel")), "{found}");
}

/// Orders as they were, and what can still be done with them.
fn has_its_orders(server: &Server) {
    let (staff, ann) = (token(server, STAFF), token(server, ANN));
    let expected = [
        ("1001", "fulfilled", "fulfilled", "52.21", "9.06", "4.25", "0.00"),
        ("1002", "pending", "unfulfilled", "30.13", "5.23", "0.00", "0.00"),
        ("1003", "partially_refunded", "unfulfilled", "36.18", "6.28", "0.00", "5.00"),
        ("1004", "cancelled", "unfulfilled", "18.03", "3.13", "0.00", "0.00"),
    ];
    for (number, status, sent, total, tax, off, back) in expected {
        let order = read(server, &format!("/admin/orders/{number}"), Some(&staff));
        let parts = ["status", "fulfillment_status", "total", "tax_total", "discount_total"].map(|name| &order[name]);
        assert_eq!(parts.map(|part| part.as_str().unwrap()), [status, sent, total, tax, off], "{order}");
        assert_eq!(order["payment"]["refunded"], back, "{order}");
    }
    let own = read(server, "/me/orders", Some(&ann));
    assert_eq!((own["results"].as_array().unwrap().len(), &own["results"][0]["number"]), (1, &json!("1001")), "{own}");
    // What is left of an order's money can be paid back, and no more.
    let refund = |amount: &str| {
        let text =
            request_text("POST", "/api/v1/admin/orders/1003/refunds", Some(&staff), Some(&json!({ "amount": amount })));
        exchange(server.port, &text.replacen("\r\n", &format!("\r\nIdempotency-Key: back-{amount}\r\n"), 1)).unwrap()
    };
    assert_eq!((refund("31.19").status, refund("31.18").status), (409, 200));
    // A code that Ann has used as often as anybody may.
    let cart = ask(server, "POST", "/carts", Some(&ann), None).json()["token"].as_str().unwrap().to_owned();
    let line = json!({ "variant_id": 1, "quantity": 1 });
    assert_eq!(ask(server, "POST", &format!("/carts/{cart}/lines"), Some(&ann), Some(&line)).status, 201);
    let code = json!({ "code": "SPRING" });
    let told = ask(server, "PUT", &format!("/carts/{cart}/discount"), Some(&ann), Some(&code));
    assert!(told.status == 422 || !told.json()["discount_refused"].is_null(), "{told:?}");
}

fn goes_on(file: &Path, schema: u32) {
    let place = Place::empty();
    unpack_into(file, place.data().parent().unwrap());
    let plan: Value =
        serde_json::from_str(&run(nexus(&place.data()).args(["upgrade-check", "--json"])).fine()).unwrap();
    assert_eq!(plan["schema"], schema, "{plan}");
    let server = Server::start(&place);
    has_its_products(&server, schema);
    if schema >= ACCOUNTS {
        let places = read(&server, "/me/addresses", Some(&token(&server, ANN)));
        assert_eq!(places["results"][0]["postal_code"], "3511 AB", "{places}");
    }
    if schema >= SELLING {
        has_its_orders(&server);
    }
    server.stop();
    check_is_fine(&place.data());
}

#[test]
fn shops_that_older_versions_left_go_on_with_all_they_had() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/shops");
    std::thread::scope(|scope| {
        for schema in [1, 4, 9, 11] {
            let file = folder.join(format!("v{schema}.tar.gz"));
            scope.spawn(move || goes_on(&file, schema));
        }
    });
}
