//! A disk that fills up under orders: none is half placed, none is paid twice, and the shop goes on by itself once
//! there is room. `binary/disk.rs` fills it with products, and lets it fail instead.

use super::health::{ready, under_load};
use crate::binary::checkouts::{Begun, STOCK, fill_cart, is_there, sell_mugs};
use crate::binary::disk::SmallDisk;
use crate::binary::{
    Place, Server, check_is_fine, copy_folder, create, eventually, exchange, get, product, request, request_text,
};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::time::Duration;

/// Sends a checkout; its order, or the status of the refusal.
fn try_check_out(port: u16, begun: &Begun) -> Result<Value, u16> {
    let path = format!("/api/v1/carts/{}/checkout", begun.cart);
    let body = json!({
        "email": "ann@example.com", "payment": begun.payment, "note": "x".repeat(500),
        "shipping_address": {
            "name": "Ann Lee", "line1": "1 Canal Street", "city": "Utrecht", "postal_code": "3511 AB", "country": "NL",
        },
    });
    let text = request_text("POST", &path, None, Some(&body));
    let text = text.replacen("\r\n", &format!("\r\nIdempotency-Key: {}\r\n", begun.cart), 1);
    let reply = exchange(port, &text).unwrap();
    if reply.status == 201 { Ok(reply.json()) } else { Err(reply.status) }
}

/// Uses up the room that is left, by products with long descriptions.
fn fill(server: &Server, token: &str) {
    for n in 0.. {
        let mut body = product(&format!("n{n:04}"));
        body["description"] = "x".repeat(40_000).into();
        let reply = request(server.port, "POST", "/api/v1/products", Some(token), Some(&body)).unwrap();
        if reply.status != 201 {
            assert!(matches!(reply.status, 503 | 507), "{reply:?}");
            return;
        }
    }
}

/// Buys until the disk is full, four at a time; all that was begun, and how often somebody was refused.
fn buy_until_refused(port: u16, carts: &Mutex<Vec<String>>) -> Vec<Begun> {
    let begun = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(cart) = { carts.lock().unwrap().pop() } {
                    let mut one =
                        Begun { cart, payment: json!({ "provider": "test", "outcome": "paid" }), order: None };
                    match try_check_out(port, &one) {
                        Ok(order) => one.order = Some(order),
                        Err(status) => assert!(matches!(status, 503 | 507), "{status}"),
                    }
                    begun.lock().unwrap().push(one);
                }
            });
        }
    });
    begun.into_inner().unwrap()
}

#[test]
fn disk_that_fills_up_under_orders_halves_none_and_the_shop_goes_on_by_itself() {
    let (template, place) = (Place::with_staff(), Place::empty());
    let data = place.data();
    let Some(disk) = SmallDisk::mount(&data, "10m") else {
        return super::cannot("a small file system cannot be mounted here");
    };
    copy_folder(&template.data(), &data);
    let server = Server::start(&place);
    sell_mugs(&server);
    let (port, token, process) = (server.port, server.token(), server.id());
    // Carts first: each is to fail or succeed at its checkout.
    let carts: Vec<String> = (0..80).map(|_| fill_cart(port).unwrap()).collect();
    let begun = under_load(port, || {
        let carts = Mutex::new(carts);
        let begun = std::thread::scope(|scope| {
            let filling = scope.spawn(|| fill(&server, &token));
            let room = || rustix::fs::statvfs(&data).unwrap();
            let nearly = || room().f_bavail * room().f_frsize < 1_500_000;
            eventually("the disk fills", Duration::from_secs(20), nearly);
            let begun = buy_until_refused(port, &carts);
            filling.join().unwrap();
            begun
        });
        let refused = ready(port);
        assert_eq!(refused.status, 503, "{refused:?}");
        let reason = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(reason.contains("writes are refused") && reason.contains("disk"), "{reason}");
        assert!(!create(port, &token, "refused").unwrap());
        disk.resize("64m");
        eventually("the shop is ready again", Duration::from_secs(10), || ready(port).status == 200);
        begun
    });
    assert!(create(port, &token, "after").unwrap(), "a shop that is ready takes writes");
    assert_eq!(server.id(), process);
    let sold = i64::try_from(begun.len()).unwrap();
    let refused = begun.iter().filter(|one| one.order.is_none()).count();
    assert!(refused > 0, "the disk was never full for an order");
    println!("{} orders, {refused} of them refused at first", begun.len());
    for one in begun {
        // Whoever was refused, or never learnt, asks again with their key.
        let order = try_check_out(port, &one).unwrap();
        assert!(one.order.as_ref().is_none_or(|first| *first == order), "another answer than the first");
        is_there(port, &order);
    }
    let mug = get(port, "/api/v1/products/mug").unwrap().json();
    let left: Vec<i64> = mug["variants"].as_array().unwrap().iter().map(|v| v["stock"].as_i64().unwrap()).collect();
    assert_eq!(left, [STOCK - sold, STOCK - 2 * sold]);
    server.stop();
    check_is_fine(&place.data());
}
