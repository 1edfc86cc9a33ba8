//! Checkouts of the real program, killed in the middle: every acknowledged order is there as it was acknowledged, and
//! who was cut off asks again with their key and has one order.

use super::http::{Kept, Reply};
use super::{Duration, Place, Server, check_is_fine, exchange, get, request, request_text};
use crate::faults::times;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};

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
    fill_cart_with(port, &[(1, 1), (2, 2)])
}

/// A cart with so many of these variants in it.
fn fill_cart_with(port: u16, lines: &[(i64, i64)]) -> io::Result<String> {
    let cart = request(port, "POST", "/api/v1/carts", None, None)?;
    assert_eq!(cart.status, 201, "{cart:?}");
    let token = cart.json()["token"].as_str().unwrap().to_owned();
    for (variant, quantity) in lines {
        let line = json!({ "variant_id": variant, "quantity": quantity });
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

/// Sends each text on one of some kept connections, all released together; the answers.
fn together(port: u16, connections: usize, texts: &[String]) -> Vec<Reply> {
    let (barrier, replies) = (Barrier::new(connections), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for texts in texts.chunks(texts.len().div_ceil(connections)) {
            let (barrier, replies) = (&barrier, &replies);
            scope.spawn(move || {
                let mut kept = Kept::open(port).unwrap();
                barrier.wait();
                let answered: Vec<_> = texts.iter().map(|text| kept.exchange(text).unwrap()).collect();
                replies.lock().unwrap().extend(answered);
            });
        }
    });
    replies.into_inner().unwrap()
}

fn checkout_text(cart: &str) -> String {
    let path = format!("/api/v1/carts/{cart}/checkout");
    let text = request_text("POST", &path, None, Some(&body(&json!({ "provider": "manual" }))));
    text.replacen("\r\n", &format!("\r\nIdempotency-Key: {cart}\r\n"), 1)
}

fn stock_of_smalls(server: &Server) -> Value {
    let product = request(server.port, "GET", "/api/v1/products/1", Some(&server.token()), None).unwrap().json();
    product["variants"][0]["stock"].clone()
}

#[test]
fn two_hundred_buyers_on_kept_connections_get_ten_and_the_rest_a_clean_no() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    sell_mugs(&server);
    let (token, ten) = (server.token(), json!({ "stock": 10 }));
    assert_eq!(request(server.port, "PATCH", "/api/v1/variants/1", Some(&token), Some(&ten)).unwrap().status, 200);
    let texts: Vec<String> =
        (0..200).map(|_| checkout_text(&fill_cart_with(server.port, &[(1, 1)]).unwrap())).collect();
    let replies = together(server.port, 50, &texts);
    let with = |status| replies.iter().filter(|reply| reply.status == status).count();
    assert_eq!((with(201), with(409)), (10, 190), "{replies:?}");
    let mut refused = replies.iter().filter(|reply| reply.status == 409);
    assert!(refused.all(|reply| reply.json()["type"] == "/problems/out-of-stock"), "{replies:?}");
    assert_eq!(stock_of_smalls(&server), 0);
    server.stop();
    check_is_fine(&place.data());
}

#[test]
fn fifty_requests_with_one_key_on_kept_connections_place_one_order() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    sell_mugs(&server);
    let text = checkout_text(&fill_cart_with(server.port, &[(1, 1)]).unwrap());
    let replies = together(server.port, 50, &vec![text.clone(); 50]);
    let placed: Vec<_> = replies.iter().filter(|reply| reply.status == 201).collect();
    assert!(!placed.is_empty() && placed.iter().all(|reply| reply.body == placed[0].body), "{replies:?}");
    // The others heard that it is under way.
    assert!(replies.iter().all(|reply| matches!(reply.status, 201 | 409)), "{replies:?}");
    let later = exchange(server.port, &text).unwrap();
    assert_eq!((later.status, &later.body), (201, &placed[0].body));
    assert_eq!(stock_of_smalls(&server), STOCK - 1);
    server.stop();
    check_is_fine(&place.data());
}
