//! `nexus invoice …`.

use super::{Place, Server, nexus, request, run};
use serde_json::{Value, json};

/// Lets a shop sell something, pay for it and give out the invoice.
fn place_with_an_invoice() -> Place {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let (port, staff) = (server.port, server.token());
    let mug = json!({ "name": "Mug", "category": "Kitchen", "sku": "MUG", "price": "10.00", "stock": 9 });
    assert_eq!(request(port, "POST", "/api/v1/products", Some(&staff), Some(&mug)).unwrap().status, 201);
    let order = json!({
        "email": "ann@example.com", "payment": { "provider": "manual" }, "lines": [{ "variant_id": 1, "quantity": 2 }],
        "shipping_address": {
            "name": "Ann Lee", "line1": "1 Canal Street", "city": "Utrecht", "postal_code": "3511 AB", "country": "NL",
        },
    });
    let made = request(port, "POST", "/api/v1/admin/orders", Some(&staff), Some(&order)).unwrap();
    assert_eq!(made.status, 201, "{made:?}");
    server.stop();
    let mut pay = nexus(&place.data());
    pay.env("NEXUS_SELLING_INVOICES", "true").env("NEXUS_SELLING_INVOICE_SELLER", "Corner Shop");
    run(pay.args(["order", "pay", "1001"])).fine();
    place
}

#[test]
fn invoices_are_listed_shown_and_written_as_pdf() {
    let place = place_with_an_invoice();
    let invoice = |arguments: &[&str]| run(nexus(&place.data()).arg("invoice").args(arguments));
    let listed = invoice(&["list", "--json"]).fine();
    let first: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    assert_eq!((&first["number"], &first["order_number"]), (&json!("INV-1"), &json!("1001")));
    assert_eq!(invoice(&["list", "--order", "1001", "--json"]).fine(), listed);
    assert!(invoice(&["list"]).fine().contains("20.00 EUR"));
    let shown: Value = serde_json::from_str(&invoice(&["show", "INV-1", "--json"]).fine()).unwrap();
    assert_eq!((&shown["lines"][0]["quantity"], &shown["seller"]), (&json!(2), &json!(["Corner Shop"])));
    let text = invoice(&["show", "INV-1"]).fine();
    assert!(text.contains("to Ann Lee, ") && text.ends_with("total 20.00 EUR\n"), "{text}");
    let file = place.beside("invoice.pdf");
    invoice(&["pdf", "INV-1", "--out", file.to_str().unwrap()]).fine();
    assert!(std::fs::read(file).unwrap().starts_with(b"%PDF-"));
    for (arguments, why) in [
        (&["show", "CN-1"][..], "no such invoice"),
        (&["show", "1001"], "no name of an invoice"),
        (&["list", "--order", "x"], "no number of an order"),
        (&["list", "--order", "1"], "no such order"),
    ] {
        let said = invoice(arguments);
        assert!(said.code == Some(1) && said.err.contains(why), "{arguments:?}: {said:?}");
    }
}
