//! Checkouts of the real program, killed in the middle: every acknowledged order is there as it was acknowledged, and
//! who was cut off asks again with their key and has one order.

use super::{Duration, Place, Server, check_is_fine, exchange, get, request, request_text};
use crate::faults::times;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

const CLIENTS: usize = 6;
/// What a shop of these tests has of either size of mug.
pub const STOCK: i64 = 100_000;

/// A checkout that was begun: its cart, how it is paid, and what was answered, if anything.
#[derive(Clone)]
pub struct Begun {
    /// The token of the cart, which is also the key of the checkout.
    pub cart: String,
    /// How it is paid.
    pub payment: Value,
    /// The order, once it was acknowledged.
    pub order: Option<Value>,
}

fn body(payment: &Value) -> Value {
    json!({
        "email": "ann@example.com",
        "shipping_address": {
            "name": "Ann Lee", "line1": "1 Canal Street", "city": "Utrecht", "postal_code": "3511 AB", "country": "NL",
        },
        "payment": payment,
    })
}

/// Puts a mug of two sizes on sale, the first product of its shop: the variants are 1 and 2.
pub fn sell_mugs(server: &Server) {
    let product = json!({
        "name": "Mug", "category": "Kitchen", "options": [{ "name": "Size", "values": ["S", "L"] }],
        "variants": [
            { "sku": "S", "options": { "Size": "S" }, "price": "10.00", "stock": STOCK },
            { "sku": "L", "options": { "Size": "L" }, "price": "12.00", "stock": STOCK },
        ],
    });
    let token = server.token();
    assert_eq!(request(server.port, "POST", "/api/v1/products", Some(&token), Some(&product)).unwrap().status, 201);
}

/// A cart with two things in it.
pub fn fill_cart(port: u16) -> io::Result<String> {
    let cart = request(port, "POST", "/api/v1/carts", None, None)?;
    assert_eq!(cart.status, 201, "{cart:?}");
    let token = cart.json()["token"].as_str().unwrap().to_owned();
    for variant in [1, 2] {
        let line = json!({ "variant_id": variant, "quantity": variant });
        let put = request(port, "POST", &format!("/api/v1/carts/{token}/lines"), None, Some(&line))?;
        assert_eq!(put.status, 201, "{put:?}");
    }
    Ok(token)
}

/// Sends the checkout of a cart, whose token is also its key; the order when it is acknowledged.
pub fn check_out(port: u16, begun: &Begun) -> io::Result<Value> {
    let path = format!("/api/v1/carts/{}/checkout", begun.cart);
    let text = request_text("POST", &path, None, Some(&body(&begun.payment)));
    let text = text.replacen("\r\n", &format!("\r\nIdempotency-Key: {}\r\n", begun.cart), 1);
    let reply = exchange(port, &text)?;
    match reply.status {
        201 => Ok(reply.json()),
        // The server was told to stop, or the disk was asked for too much at once.
        503 => Err(io::ErrorKind::ConnectionRefused.into()),
        status => panic!("{status}: {reply:?}"),
    }
}

/// Buys until the server is gone; everything begun is noted before it is sent.
fn keep_buying(port: u16, client: usize, begun: &Mutex<Vec<Begun>>, done: &AtomicUsize) {
    for n in client.. {
        let Ok(cart) = fill_cart(port) else { return };
        let payment = match n % 3 {
            0 => json!({ "provider": "manual" }),
            1 => json!({ "provider": "test", "outcome": "paid" }),
            _ => json!({ "provider": "test", "outcome": "pending" }),
        };
        let mut one = Begun { cart, payment, order: None };
        let place = {
            let mut begun = begun.lock().unwrap();
            begun.push(one.clone());
            begun.len() - 1
        };
        let Ok(order) = check_out(port, &one) else { return };
        one.order = Some(order);
        begun.lock().unwrap()[place] = one;
        done.fetch_add(1, Ordering::Relaxed);
    }
}

/// The order is there, with the lines and the total that were acknowledged.
pub fn is_there(port: u16, order: &Value) {
    let text = |field: &str| order[field].as_str().unwrap();
    let path = format!("/api/v1/orders/{}?token={}", text("number"), text("token"));
    let seen = get(port, &path).unwrap();
    assert_eq!(seen.status, 200, "{order} is lost");
    let seen = seen.json();
    for field in ["number", "lines", "total", "subtotal", "tax_total", "email", "shipping_address"] {
        assert_eq!(seen[field], order[field], "{field} of order {}", order["number"]);
    }
}

#[test]
fn kill_in_the_middle_of_checkouts_loses_no_order_and_doubles_none() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    sell_mugs(&server);
    server.stop();
    let (rounds, checkouts) = (times(4, 100), times(500, 10_000));
    let begun = Mutex::new(Vec::new());
    let done = AtomicUsize::new(0);
    for round in 1..=rounds {
        let server = Server::start(&place);
        let (port, goal) = (server.port, checkouts * round / rounds);
        std::thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (begun, done) = (&begun, &done);
                scope.spawn(move || keep_buying(port, client, begun, done));
            }
            let enough = || done.load(Ordering::Relaxed) >= goal;
            super::eventually("checkouts are under way", Duration::from_secs(120), enough);
            server.kill();
        });
        check_is_fine(&place.data());
    }
    let server = Server::start(&place);
    let mut orders = BTreeMap::new();
    for one in begun.into_inner().unwrap() {
        // Whoever was answered is answered the same again, and whoever was not has their order now.
        let again = check_out(server.port, &one).unwrap();
        if let Some(order) = &one.order {
            assert_eq!(&again, order, "another answer than the first");
        }
        is_there(server.port, &again);
        let number: i64 = again["number"].as_str().unwrap().parse().unwrap();
        assert!(orders.insert(number, again).is_none(), "two carts are order {number}");
    }
    let numbers: Vec<i64> = orders.keys().copied().collect();
    let last = 1000 + i64::try_from(orders.len()).unwrap();
    assert_eq!(numbers, (1001..=last).collect::<Vec<i64>>(), "a gap, or an order of nobody");
    assert!(orders.len() >= checkouts);
    let products = get(server.port, "/api/v1/products/mug").unwrap().json();
    let sold = i64::try_from(orders.len()).unwrap();
    let stock: Vec<i64> =
        products["variants"].as_array().unwrap().iter().map(|v| v["stock"].as_i64().unwrap()).collect();
    assert_eq!(stock, [STOCK - sold, STOCK - 2 * sold]);
    server.stop();
    check_is_fine(&place.data());
}
