//! Letters made of templates: to buyers about their orders, to the staff about stock.

use super::{ORDER_TOKEN, letters, order};
use crate::support::{TestShop, category, product, wait};
use nexus::domain::letters::{OrderOccasion, StockLetter};
use nexus::domain::order::{Fulfillment, OrderStatus};
use nexus::domain::{FulfillmentId, OrderId, ProductId, RefundId, VariantId};
use nexus::services::letters::{low_stock_letter_due, order_letter_due};
use nexus::services::{Ctx, Error};
use std::time::Duration;

fn shop() -> TestShop {
    let shop = TestShop::with(|config| config.shop.url = "https://shop.test".to_owned());
    category("Kitchen").create(&shop);
    product("Mug").sku("MUG").create(&shop);
    shop
}

fn due(shop: &TestShop, order: OrderId, occasion: OrderOccasion) {
    let now = Ctx::shop().now;
    shop.shop.store().write_blocking(move |tx| order_letter_due(tx, order, occasion, now)).unwrap();
}

#[test]
fn letter_of_an_order_says_what_was_bought_for_how_much_and_how_to_pay() {
    let shop = shop();
    let order = order(&shop, ProductId::new(1), OrderStatus::Pending);
    due(&shop, order, OrderOccasion::Placed);
    let sent = letters(&shop);
    assert_eq!(sent.len(), 1);
    let link = format!("https://shop.test/orders/1001#token={ORDER_TOKEN}");
    for part in [
        "To: customer@example.test\n",
        "Subject: Your order 1001 at Nexus\n",
        "  2 x Mug <blue> (Large): 20.00\n",
        "  Subtotal: 20.00 EUR\n  Discount: -1.00 EUR\n  Shipping (Standard shipping): 4.90 EUR\n  Tax: 3.61 EUR\n  Total: 27.51 EUR\n",
        "  Ann Lee\n  1 Canal Street\n  3511 AB Utrecht\n  NL\n",
        "How to pay\nPlease transfer the total.\n",
        &format!("  {link}\n"),
        &format!("<a href=\"{link}\">"),
        "Mug &lt;blue&gt; (Large)",
        "Content-Type: multipart/alternative",
    ] {
        assert!(sent[0].contains(part), "{part:?} in {}", sent[0]);
    }
    // Sent again, a mailbox can tell that it is the same.
    let id = |letter: &str| letter.lines().find(|line| line.starts_with("Message-ID")).unwrap().to_owned();
    due(&shop, order, OrderOccasion::Placed);
    due(&shop, order, OrderOccasion::Paid);
    let again = letters(&shop);
    assert_eq!(again.len(), 2);
    assert_eq!(again.iter().filter(|letter| id(letter) == id(&sent[0])).count(), 1);
    assert!(!sent[0].split("Message-ID").nth(1).unwrap().lines().next().unwrap().contains(ORDER_TOKEN));
}

#[test]
fn letter_of_a_shipment_names_what_is_in_it_and_letters_of_what_is_gone_are_not_sent() {
    let shop = shop();
    let order = order(&shop, ProductId::new(1), OrderStatus::Pending);
    let now = Ctx::shop().now;
    let sent = shop.shop.store().write_blocking(move |tx| {
        let whole = tx.order_whole(order)?.expect("the order");
        let sent = Fulfillment {
            id: FulfillmentId::new(0),
            order_id: order,
            carrier: Some("Parcel & Post".to_owned()),
            tracking_number: Some("<JD>42".to_owned()),
            actor: "staff 2".to_owned(),
            created_at: now,
            lines: vec![(whole.lines[0].id, 1)],
        };
        Ok::<_, Error>(tx.fulfillment_insert(&sent)?)
    });
    due(&shop, order, OrderOccasion::Shipped(sent.unwrap()));
    due(&shop, order, OrderOccasion::Shipped(FulfillmentId::new(99)));
    due(&shop, order, OrderOccasion::Refunded(RefundId::new(99)));
    due(&shop, OrderId::new(99), OrderOccasion::Placed);
    let sent = letters(&shop);
    assert_eq!(sent.len(), 1, "{sent:?}");
    for part in [
        "  1 x Mug <blue> (Large)\n",
        "Tracking number: <JD>42 (Parcel & Post)",
        "&lt;JD&gt;42</strong> (Parcel &amp; Post)",
    ] {
        assert!(sent[0].contains(part), "{part:?} in {}", sent[0]);
    }
}

#[test]
fn low_stock_is_told_once_to_the_staff_named_or_to_the_admins() {
    let low = |shop: &TestShop| {
        let now = Ctx::shop().now;
        let told = shop.shop.store().write_blocking(move |tx| {
            low_stock_letter_due(tx, VariantId::new(1), now)?;
            low_stock_letter_due(tx, VariantId::new(1), now)?;
            low_stock_letter_due(tx, VariantId::new(99), now)
        });
        told.unwrap();
        letters(shop)
    };
    let sent = low(&shop());
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].contains("To: admin@example.test") && sent[0].contains("Mug, SKU MUG"), "{}", sent[0]);
    let shop = TestShop::with(|config| config.mail.staff = vec!["a@shop.test".to_owned(), "b@shop.test".to_owned()]);
    category("Kitchen").create(&shop);
    product("Mug").create(&shop);
    let sent = low(&shop);
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert!(sent.iter().any(|l| l.contains("To: a@shop.test")) && sent.iter().any(|l| l.contains("To: b@shop.test")));
}

#[test]
fn low_stock_told_twice_by_one_job_is_told_in_copies_of_one_letter() {
    let shop = shop();
    let told = |letter: StockLetter| {
        wait(shop.shop.stock_letter_send(&Ctx::shop(), letter)).unwrap();
        let sent = letters(&shop);
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent[0].lines().find(|line| line.starts_with("Message-ID")).unwrap().to_owned()
    };
    let letter = StockLetter { variant: VariantId::new(1), since: Some(Ctx::shop().now) };
    let id = told(letter);
    assert_eq!(told(letter), id);
    let later = StockLetter { since: Some(Ctx::shop().now.plus(Duration::from_secs(60))), ..letter };
    assert_ne!(told(later), id, "what runs low anew is another letter");
}

#[test]
fn template_in_the_data_folder_counts_for_the_next_letter() {
    let shop = shop();
    let order = order(&shop, ProductId::new(1), OrderStatus::Pending);
    let folder = shop.path().join("templates/mail");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("order_paid.txt"), "Subject: Merci pour {{ order.number }}\nMerci!\n").unwrap();
    due(&shop, order, OrderOccasion::Paid);
    assert!(letters(&shop)[0].contains("Subject: Merci pour 1001\n"));
    std::fs::write(folder.join("order_paid.txt"), "Subject: Merci\n{{ order.nomber }}\n").unwrap();
    due(&shop, order, OrderOccasion::Paid);
    assert!(letters(&shop)[0].contains("Subject: Payment received for order 1001 at Nexus\n"), "the built-in one");
}
