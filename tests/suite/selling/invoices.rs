//! Invoices and credit notes: one for each payment and refund, numbered without gaps, and never another afterwards.

use super::till::{buy, by_test, by_transfer, cart, checkout, is_sound, path_of, shop_with_mugs};
use super::{findings, till};
use crate::support::{Answer, Requests, TestShop, builders, product, wait};
use nexus::config::Config;
use nexus::domain::order::OrderRef;
use nexus::services::catalog::Preconditions;
use nexus::services::idempotency::Rendered;
use nexus::services::orders::{Answering, PaymentDraft};
use nexus::services::{Ctx, Error};
use rocket::http::Method;
use serde_json::{Value, json};
use std::sync::Arc;

const SELLER: &str = "Bär & Söhne <Ltd>\n1 High Street\n\nVAT DE123456789\n";

fn invoicing(config: &mut Config) {
    config.selling.invoices = true;
    SELLER.clone_into(&mut config.selling.invoice_seller);
}

/// A shop that gives out invoices and sells a mug at 10.00 plus 19 % VAT; a parcel costs 5.00.
fn shop(more: impl FnOnce(&mut Config)) -> TestShop {
    let shop = TestShop::with(|config| {
        invoicing(config);
        more(config);
    });
    till::fill(&shop, 100);
    let rate = json!({ "name": "VAT", "country": "*", "rate": "19" });
    shop.admin().post("/api/v1/admin/tax-rates", &rate).ok(201);
    let parcel = json!([{ "name": "Parcel", "kind": "flat", "price": "5.00" }]);
    let zone = json!({ "name": "World", "areas": [{ "country": "*" }], "rates": parcel });
    shop.admin().post("/api/v1/admin/shipping-zones", &zone).ok(201);
    shop
}

fn shop_plain() -> TestShop {
    shop(|_| {})
}

fn post(shop: &TestShop, order: &Value, what: &str, key: &str, body: &Value) -> Answer {
    let path = format!("/api/v1/admin/orders/{}/{what}", order["number"].as_str().unwrap());
    shop.staff().request(Method::Post, &path).header("Idempotency-Key", key).json(body).send()
}

fn paid(shop: &TestShop, quantity: i64, key: &str) -> Value {
    let guest = shop.anonymous();
    let mut body = by_transfer();
    body["shipping_option"] = json!("1");
    let order = checkout(&guest, &cart(&guest, &[(1, quantity)]), key, &body).ok(201);
    post(shop, &order, "payments", key, &json!({})).ok(200);
    order
}

/// The invoices of an order, as kind, number, total and tax.
fn list(shop: &TestShop, order: &Value) -> Vec<(String, String, String, String)> {
    let path = format!("/api/v1/admin/orders/{}/invoices", order["number"].as_str().unwrap());
    let text = |one: &Value, field: &str| one[field].as_str().unwrap().to_owned();
    let shown = |one: &Value| (text(one, "kind"), text(one, "number"), text(one, "total"), text(one, "tax_total"));
    shop.staff().results(&path).iter().map(shown).collect()
}

fn row(kind: &str, number: &str, total: &str, tax: &str) -> (String, String, String, String) {
    (kind.to_owned(), number.to_owned(), total.to_owned(), tax.to_owned())
}

fn page(shop: &TestShop, id: i64) -> String {
    let answer = shop.staff().get(&format!("/api/v1/admin/invoices/{id}"));
    assert_eq!((answer.status, answer.header("Content-Type")), (200, Some("text/html; charset=utf-8")));
    answer.text()
}

fn pdf(shop: &TestShop, id: i64) -> Vec<u8> {
    let answer = shop.staff().get(&format!("/api/v1/admin/invoices/{id}/pdf"));
    assert_eq!((answer.status, answer.header("Content-Type")), (200, Some("application/pdf")));
    answer.body
}

#[test]
fn order_gets_an_invoice_when_it_is_paid_and_not_before() {
    let shop = shop_plain();
    let waiting = buy(&shop.anonymous(), 1, "waiting", &by_transfer());
    assert!(list(&shop, &waiting).is_empty());
    let order = paid(&shop, 2, "a");
    // 20.00 for two mugs and 5.00 for the parcel.
    assert_eq!(list(&shop, &order), [row("invoice", "INV-1", "29.75", "4.75")]);
    let now = buy(&shop.anonymous(), 1, "now", &by_test("paid"));
    assert_eq!(list(&shop, &now)[0].1, "INV-2");
    let told = shop.staff().get(&format!("/api/v1/admin/orders/{}", order["number"].as_str().unwrap())).ok(200);
    let timeline = told["timeline"].as_array().unwrap();
    assert!(timeline.iter().any(|entry| entry["detail"]["invoice"] == "INV-1"), "{timeline:?}");
    is_sound(&shop);
}

#[test]
fn customers_take_their_invoices_with_them() {
    let shop = shop_plain();
    paid(&shop, 1, "of somebody else");
    let order = buy(&shop.customer(), 2, "a", &by_test("paid"));
    let kept = shop.customer().get("/api/v1/me/export").ok(200)["invoices"].clone();
    let path = format!("/api/v1/me/orders/{}/invoices", order["number"].as_str().unwrap());
    assert_eq!(kept, shop.customer().get(&path).ok(200)["results"]);
    assert_eq!(kept[0]["number"], "INV-2");
    assert_eq!(shop.other_customer().get("/api/v1/me/export").ok(200)["invoices"], json!([]));
}

#[test]
fn shop_without_invoices_gives_out_none() {
    let shop = shop_with_mugs(9);
    let order = buy(&shop.anonymous(), 1, "a", &by_transfer());
    post(&shop, &order, "payments", "a", &json!({})).ok(200);
    post(&shop, &order, "refunds", "b", &json!({ "amount": "1.00" })).ok(200);
    assert!(list(&shop, &order).is_empty());
    shop.staff().get("/api/v1/admin/invoices/1").problem(404, "not-found");
    is_sound(&shop);
}

#[test]
fn page_and_pdf_show_who_what_and_how_much() {
    let shop = shop_plain();
    let order = paid(&shop, 2, "a");
    let page = page(&shop, 1);
    for part in [
        "<h1>Invoice INV-1</h1>",
        "Bär &amp; Söhne &lt;Ltd&gt;<br>",
        "VAT DE123456789",
        "ann@example.test",
        "<td>Mug<small>MUG</small></td><td>2</td><td>10.00</td><td></td><td>19 %</td><td>20.00</td>",
        "<th>Subtotal</th><td>20.00</td>",
        "<th>Shipping (Parcel)</th><td>5.00</td>",
        "<th>Total without tax</th><td>25.00</td>",
        "<th>VAT 19 % on 25.00</th><td>4.75</td>",
        "<th>Total EUR</th><td>29.75</td>",
        &format!("<th>Order</th><td>{}</td>", order["number"].as_str().unwrap()),
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let file = pdf(&shop, 1);
    let text = String::from_utf8_lossy(&file);
    for part in
        ["(Invoice INV-1) Tj", "(Total EUR) Tj", "(29.75) Tj", "(VAT 19 % on 25.00) Tj", "(ann@example.test) Tj"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    // The name of the seller has a sign beyond ASCII, and so stands there in hexadecimal digits.
    assert!(text.contains("<42E47220262053F6686E65203C4C74643E> Tj"), "{text}");
}

#[test]
fn page_may_use_its_own_styles_and_nothing_else() {
    let shop = shop_plain();
    paid(&shop, 1, "a");
    let answer = shop.staff().get("/api/v1/admin/invoices/1");
    let policy = answer.header("Content-Security-Policy").unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("script"), "{policy}");
    assert!(!answer.text().contains("style="), "styles of single elements would be refused");
    let file = shop.staff().get("/api/v1/admin/invoices/1/pdf");
    assert_eq!(file.header("Content-Disposition"), Some("inline; filename=\"INV-1.pdf\""));
    assert!(!file.header("Content-Security-Policy").unwrap().contains("style-src"));
}

#[test]
fn what_people_type_is_text_on_the_page() {
    let shop = shop_plain();
    product("<script>alert(1)</script> & {{ number }}").sku("EVIL").stock(9).create(&shop);
    let guest = shop.anonymous();
    let mut body = by_transfer();
    body["shipping_option"] = json!("1");
    body["billing_address"] = builders::address();
    body["billing_address"]["name"] = json!("<img src=x onerror=alert(1)>");
    body["billing_address"]["vat_number"] = json!("DE\"1234");
    let order = checkout(&guest, &cart(&guest, &[(2, 1)]), "k", &body).ok(201);
    post(&shop, &order, "payments", "k", &json!({})).ok(200);
    let page = page(&shop, 1);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; {{ number }}"), "{page}");
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;<br>"), "{page}");
    assert!(page.contains("VAT number DE&quot;1234"), "{page}");
    assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
}

#[test]
fn invoice_stays_as_it_was_whatever_changes_later() {
    let shop = shop_plain();
    paid(&shop, 2, "a");
    let (html, file) = (page(&shop, 1), pdf(&shop, 1));
    shop.staff().patch("/api/v1/products/1", &json!({ "name": "Cup", "price": "99.00" })).ok(200);
    shop.admin().patch("/api/v1/admin/tax-rates/1", &json!({ "rate": "7" })).ok(200);
    assert_eq!((page(&shop, 1), pdf(&shop, 1)), (html.clone(), file.clone()));
    let shop = shop.restarted();
    assert_eq!((page(&shop, 1), pdf(&shop, 1)), (html, file));
    for statement in ["update invoice set total = 1", "delete from invoice"] {
        let tried = shop.shop.store().write_blocking(move |tx| tx.execute(statement, []).map_err(Error::from));
        assert!(tried.is_err(), "{statement}");
    }
}

#[test]
fn refunds_give_credit_notes_that_add_up_to_the_invoice() {
    let shop = shop_plain();
    let order = paid(&shop, 3, "a");
    let line = &order["lines"][0]["id"];
    // One mug with its tax, an amount of no unit, and the rest.
    let one = json!({ "lines": [{ "line_id": line, "quantity": 1 }], "reason": "A <scratch>" });
    post(&shop, &order, "refunds", "b", &one).ok(200);
    post(&shop, &order, "refunds", "c", &json!({ "amount": "5.00" })).ok(200);
    is_sound(&shop);
    post(&shop, &order, "refunds", "d", &json!({})).ok(200);
    let all = list(&shop, &order);
    assert_eq!(all[0], row("invoice", "INV-1", "41.65", "6.65"));
    assert_eq!(all[1], row("credit_note", "CN-1", "-11.90", "-1.90"));
    assert_eq!((&*all[2].1, &*all[2].2), ("CN-2", "-5.00"));
    assert_eq!((&*all[3].1, &*all[3].2), ("CN-3", "-24.75"));
    let minor = |text: &str| text.replace('.', "").parse::<i64>().unwrap();
    assert_eq!(all.iter().map(|one| minor(&one.2)).sum::<i64>(), 0);
    assert_eq!(all.iter().map(|one| minor(&one.3)).sum::<i64>(), 0, "{all:?}");
    let note = page(&shop, 2);
    for part in [
        "<h1>Credit note CN-1</h1>",
        "<th>For invoice</th><td>INV-1</td>",
        "<th>Reason</th><td>A &lt;scratch&gt;</td>",
        "<td>1</td><td></td><td></td><td>19 %</td><td>-11.90</td>",
        "<th>Total EUR</th><td>-11.90</td>",
        "<th>VAT 19 % on -10.00</th><td>-1.90</td>",
    ] {
        assert!(note.contains(part), "{part} in {note}");
    }
    assert!(page(&shop, 4).contains("Shipping and other"), "{}", page(&shop, 4));
    is_sound(&shop);
}

#[test]
fn cancelling_a_paid_order_takes_its_invoice_back() {
    let shop = shop(|config| config.selling.prices_include_tax = true);
    let order = paid(&shop, 1, "a");
    assert_eq!(list(&shop, &order), [row("invoice", "INV-1", "15.00", "2.40")]);
    assert!(page(&shop, 1).contains("<th>VAT 19 % on 12.60</th><td>2.40</td>"), "{}", page(&shop, 1));
    post(&shop, &order, "cancel", "b", &json!({})).ok(200);
    assert_eq!(list(&shop, &order)[1], row("credit_note", "CN-1", "-15.00", "-2.40"));
    is_sound(&shop);
}

#[test]
fn whoever_has_an_invoice_gets_a_credit_note_though_there_be_no_more_invoices() {
    let shop = shop_plain();
    let order = paid(&shop, 1, "a");
    let config = |config: &mut Config| config.selling.invoices = false;
    let shop = shop.restarted_with(config);
    post(&shop, &order, "refunds", "b", &json!({})).ok(200);
    assert_eq!(list(&shop, &order)[1].1, "CN-1");
    assert!(page(&shop, 2).contains("VAT DE123456789"));
    let other = paid(&shop, 1, "c");
    assert!(list(&shop, &other).is_empty());
    is_sound(&shop);
}

#[test]
fn numbers_have_no_gaps_when_payments_are_undone_or_race() {
    let shop = shop_plain();
    let orders: Vec<Value> = (0..8).map(|n| buy(&shop.anonymous(), 1, &format!("k{n}"), &by_transfer())).collect();
    // The second with the same reference is refused after its invoice was written, and all of it undone.
    let body = json!({ "reference": "statement 7" });
    post(&shop, &orders[0], "payments", "a", &body).ok(200);
    assert_ne!(post(&shop, &orders[1], "payments", "b", &body).status, 200);
    let undone = shop.shop.store().write_blocking(|tx| {
        assert_eq!(tx.number_next("invoice", 1)?, 2);
        Err::<(), _>(Error::Stale)
    });
    assert!(undone.is_err());
    std::thread::scope(|scope| {
        for order in &orders[1..] {
            let name = OrderRef::parse(order["number"].as_str().unwrap()).unwrap();
            let cases = shop.shop.clone();
            scope.spawn(move || {
                let render = Arc::new(|_: &_, _| Rendered { status: 200, body: Vec::new(), location: None });
                let how = Answering { claim: None, render };
                let draft = PaymentDraft::default();
                wait(cases.order_pay(&Ctx::owner(), name, Preconditions(None), draft, how)).unwrap();
            });
        }
    });
    let mut numbers: Vec<String> = orders.iter().map(|order| list(&shop, order)[0].1.clone()).collect();
    numbers.sort();
    assert_eq!(numbers, (1..=8).map(|n| format!("INV-{n}")).collect::<Vec<_>>());
    is_sound(&shop);
}

#[test]
fn check_finds_gaps_and_invoices_that_are_not_what_came_in() {
    let shop = shop_plain();
    paid(&shop, 1, "a");
    let spoil = |sql: &'static str| {
        let done = shop.shop.store().write_blocking(move |tx| tx.execute_script(sql).map_err(Error::from));
        done.unwrap();
        findings(&shop.shop).join("; ")
    };
    assert_eq!(findings(&shop.shop), [""; 0]);
    let found = spoil("drop trigger invoice_never_changes; update invoice set number = 2");
    assert!(found.contains("invoice numbers: the numbers of kind invoice have a gap: 1 up to 2"), "{found}");
    let found = spoil("update invoice set number = 1, total = total - 1");
    assert!(found.contains("invoices and money: order 1: invoice less credit notes come to 1784"), "{found}");
}

#[test]
fn buyers_read_their_own_invoices_and_no_others() {
    let shop = shop_plain();
    let other = paid(&shop, 1, "other");
    let customer = shop.customer();
    let mut body = by_transfer();
    body["shipping_option"] = json!("1");
    let mine = checkout(&customer, &cart(&customer, &[(1, 1)]), "mine", &body).ok(201);
    post(&shop, &mine, "payments", "mine", &json!({})).ok(200);
    let own = format!("/api/v1/me/orders/{}/invoices", mine["number"].as_str().unwrap());
    let listed = customer.results(&own);
    assert_eq!((&listed[0]["number"], &listed[0]["id"]), (&json!("INV-2"), &json!(2)));
    assert_eq!(customer.get(&format!("{own}/2")).text(), page(&shop, 2));
    assert_eq!(customer.get(&format!("{own}/2/pdf")).body, pdf(&shop, 2));
    for path in ["", "/2", "/2/pdf"] {
        shop.other_customer().get(&format!("{own}{path}")).problem(404, "not-found");
        shop.anonymous().get(&format!("{own}{path}")).problem(401, "unauthenticated");
    }
    // The invoice of another order.
    customer.get(&format!("{own}/1")).problem(404, "not-found");
    let guest = |order: &Value, rest: &str| {
        let path = path_of(order);
        let (path, token) = path.split_once('?').unwrap();
        shop.anonymous().get(&format!("{path}/invoices{rest}?{token}"))
    };
    assert_eq!(guest(&other, "").ok(200)["results"][0]["number"], "INV-1");
    assert_eq!(guest(&other, "/1").text(), page(&shop, 1));
    assert_eq!(guest(&other, "/1/pdf").body, pdf(&shop, 1));
    guest(&other, "/2").problem(404, "not-found");
    let wrong = format!("/api/v1/orders/{}/invoices/1?token=x", other["number"].as_str().unwrap());
    shop.anonymous().get(&wrong).problem(404, "not-found");
}

#[test]
fn page_of_the_data_folder_takes_the_place_of_the_built_in_one_unless_it_is_broken() {
    let shop = shop_plain();
    paid(&shop, 1, "a");
    let built_in = page(&shop, 1);
    let folder = shop.path().join("templates");
    std::fs::create_dir_all(&folder).unwrap();
    let write = |text: &str| std::fs::write(folder.join("invoice.html"), text).unwrap();
    write("<style>b {}</style><b>{{ number }}</b> {{ seller[0] }}");
    let answer = shop.staff().get("/api/v1/admin/invoices/1");
    assert_eq!(answer.text(), "<style>b {}</style><b>INV-1</b> Bär &amp; Söhne &lt;Ltd&gt;");
    write("{{ nothing_of_the_kind }}");
    assert_eq!(page(&shop, 1), built_in);
}

#[test]
fn list_of_the_invoices_of_an_order_reads_no_others() {
    let shop = shop_plain();
    let plan = shop.shop.store().read(|tx| tx.invoices_of_order_plan()).unwrap();
    assert!(plan.iter().all(|step| step.contains("USING INDEX invoice_order")), "{plan:?}");
}
