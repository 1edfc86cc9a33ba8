//! Kills in the middle of everything a shop writes: products, prices, carts, orders, refunds, stock.
//!
//! Each client notes what it is about to do before it sends it, and what it was answered. After each kill: what was
//! acknowledged is there, what was cut off is there whole or not at all, and whoever asks again with their key has one
//! effect and the answer of the first time.

use super::{Dice, times};
use crate::binary::checkouts::{Begun, STOCK, check_out, fill_cart, is_there, sell_mugs};
use crate::binary::{Place, Server, check_is_fine, create, eventually, exchange, get, is_whole, request, request_text};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const CLIENTS: usize = 6;

/// Something of which the last value that was acknowledged counts, or the one that was under way.
struct Register<T> {
    known: T,
    tried: Option<T>,
}

impl<T: PartialEq + Clone + Debug> Register<T> {
    fn new(known: T) -> Self {
        Self { known, tried: None }
    }

    fn change(&mut self, to: T, send: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        self.tried = Some(to.clone());
        send()?;
        (self.known, self.tried) = (to, None);
        Ok(())
    }

    #[track_caller]
    fn holds(&mut self, seen: T, what: &str) {
        let tried = self.tried.take();
        assert!(
            seen == self.known || Some(&seen) == tried.as_ref(),
            "{what}: {seen:?}, not {:?} or {tried:?}",
            self.known
        );
        self.known = seen;
    }
}

/// Money paid back: of which order, under which key, and the answer once there was one.
struct Refund {
    order: String,
    key: String,
    answer: Option<Vec<u8>>,
}

/// What one client has done, and what it was told.
struct Client {
    n: usize,
    count: usize,
    dice: Dice,
    /// Products it created, and whether that was acknowledged.
    created: Vec<(String, bool)>,
    product: i64,
    variant: i64,
    price: Register<String>,
    stock: Register<i64>,
    cart: String,
    line: i64,
    quantity: Register<i64>,
    begun: Vec<Begun>,
    refunds: Vec<Refund>,
    /// Checkouts and refunds before these were looked at after an earlier kill.
    settled: (usize, usize),
}

/// Sends a request that must succeed unless the server is gone.
fn sent(port: u16, token: &str, (method, path): (&str, &str), key: Option<&str>, body: &Value) -> io::Result<Vec<u8>> {
    let mut text = request_text(method, path, Some(token), Some(body));
    if let Some(key) = key {
        text = text.replacen("\r\n", &format!("\r\nIdempotency-Key: {key}\r\n"), 1);
    }
    let reply = exchange(port, &text)?;
    assert!(matches!(reply.status, 200 | 201), "{method} {path} {body}: {reply:?}");
    Ok(reply.body)
}

fn parsed(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

impl Client {
    /// With a product, and a cart with one of it, that nobody else touches.
    fn new(server: &Server, token: &str, n: usize) -> Self {
        let own = json!({ "name": format!("Own {n}"), "category": "Own", "price": "5.00", "stock": 1_000 });
        let own = parsed(&sent(server.port, token, ("POST", "/api/v1/products"), None, &own).unwrap());
        let variant = own["variants"][0]["id"].as_i64().unwrap();
        let cart = request(server.port, "POST", "/api/v1/carts", None, None).unwrap().json();
        let cart = cart["token"].as_str().unwrap().to_owned();
        let line = json!({ "variant_id": variant, "quantity": 1 });
        let path = format!("/api/v1/carts/{cart}/lines");
        let filled = request(server.port, "POST", &path, None, Some(&line)).unwrap().json();
        Self {
            n,
            count: 0,
            dice: Dice(n as u64),
            created: Vec::new(),
            product: own["id"].as_i64().unwrap(),
            variant,
            price: Register::new("5.00".to_owned()),
            stock: Register::new(1_000),
            cart,
            line: filled["lines"][0]["id"].as_i64().unwrap(),
            quantity: Register::new(1),
            begun: Vec::new(),
            refunds: Vec::new(),
            settled: (0, 0),
        }
    }

    /// Does one thing or another.
    fn act(&mut self, port: u16, token: &str) -> io::Result<()> {
        self.count += 1;
        let (n, count) = (self.n, self.count);
        match self.dice.below(12) {
            0..=3 => {
                let outcome = if self.dice.below(4) == 0 { "pending" } else { "paid" };
                let payment = json!({ "provider": "test", "outcome": outcome });
                let one = Begun { cart: fill_cart(port)?, payment, order: None };
                self.begun.push(one.clone());
                self.begun.last_mut().unwrap().order = Some(check_out(port, &one)?);
            }
            4..=5 => return self.refund(port, token),
            6..=7 => {
                let name = format!("c{n}n{count}");
                self.created.push((name.clone(), false));
                self.created.last_mut().unwrap().1 = create(port, token, &name)?;
            }
            8 => {
                let (price, path) = (format!("{count}.00"), format!("/api/v1/products/{}", self.product));
                let body = json!({ "price": price });
                self.price.change(price, || sent(port, token, ("PATCH", &path), None, &body).map(drop))?;
            }
            9 => {
                let delta = 1 + i64::try_from(self.dice.below(9)).unwrap();
                let body = json!({ "variant_id": self.variant, "delta": delta, "reason": "received" });
                let to = self.stock.known + delta;
                let path = "/api/v1/admin/stock/movements";
                self.stock.change(to, || sent(port, token, ("POST", path), None, &body).map(drop))?;
            }
            _ => {
                let quantity = 1 + i64::try_from(self.dice.below(900)).unwrap();
                let path = format!("/api/v1/carts/{}/lines/{}", self.cart, self.line);
                let body = json!({ "quantity": quantity });
                self.quantity.change(quantity, || {
                    let reply = request(port, "PATCH", &path, None, Some(&body))?;
                    assert_eq!(reply.status, 200, "{reply:?}");
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    /// Pays a coin of one of its paid orders back.
    fn refund(&mut self, port: u16, token: &str) -> io::Result<()> {
        let paid =
            self.begun.iter().rev().filter_map(|one| one.order.as_ref().filter(|_| one.payment["outcome"] == "paid"));
        let Some(order) = paid.take(5).last() else { return Ok(()) };
        let order = order["number"].as_str().unwrap().to_owned();
        if self.refunds.iter().filter(|refund| refund.order == order).count() == 20 {
            return Ok(());
        }
        self.refunds.push(Refund { order, key: format!("refund-{}-{}", self.n, self.count), answer: None });
        let answer = self.refunds.last().unwrap().send(port, token)?;
        self.refunds.last_mut().unwrap().answer = Some(answer);
        Ok(())
    }

    /// Looks whether everything is as it was told since `settled`, and asks again for what was cut off.
    fn settle(&mut self, port: u16, token: &str, names: &BTreeSet<String>) {
        for (name, acknowledged) in &mut self.created {
            assert!(names.contains(name) || !*acknowledged, "the product {name} is lost");
            *acknowledged = names.contains(name);
        }
        let own = get(port, &format!("/api/v1/products/{}", self.product)).unwrap().json();
        self.price.holds(own["price"].as_str().unwrap().to_owned(), "a price");
        let levels = format!("/api/v1/admin/stock?variant_id={}", self.variant);
        let levels = request(port, "GET", &levels, Some(token), None).unwrap().json();
        self.stock.holds(levels["results"][0]["on_hand"].as_i64().unwrap(), "stock");
        let cart = get(port, &format!("/api/v1/carts/{}", self.cart)).unwrap().json();
        self.quantity.holds(cart["lines"][0]["quantity"].as_i64().unwrap(), "a line of a cart");
        for one in &mut self.begun[self.settled.0..] {
            let again = check_out(port, one).unwrap();
            assert!(one.order.as_ref().is_none_or(|order| *order == again), "another answer than the first: {again}");
            is_there(port, &again);
            one.order = Some(again);
        }
        for refund in &mut self.refunds[self.settled.1..] {
            let again = refund.send(port, token).unwrap();
            if let Some(first) = refund.answer.replace(again) {
                assert_eq!(Some(first), refund.answer, "another answer than the first");
            }
        }
        self.settled = (self.begun.len(), self.refunds.len());
    }

    /// What of its orders was paid back is what it asked for, once for each key.
    fn refunds_add_up(&self, port: u16, token: &str) {
        let orders: BTreeSet<&String> = self.refunds.iter().map(|refund| &refund.order).collect();
        for order in orders {
            let asked = self.refunds.iter().filter(|refund| refund.order == *order).count();
            let path = format!("/api/v1/admin/orders/{order}");
            let seen = request(port, "GET", &path, Some(token), None).unwrap().json();
            assert_eq!(seen["payment"]["refunded"], format!("{asked}.00"), "order {order}");
        }
    }
}

impl Refund {
    fn send(&self, port: u16, token: &str) -> io::Result<Vec<u8>> {
        let path = format!("/api/v1/admin/orders/{}/refunds", self.order);
        sent(port, token, ("POST", &path), Some(&self.key), &json!({ "amount": "1.00" }))
    }
}

#[test]
fn kill_in_the_middle_of_everything_loses_nothing_acknowledged_and_doubles_nothing() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    sell_mugs(&server);
    let token = server.token();
    let mut clients: Vec<Client> = (0..CLIENTS).map(|n| Client::new(&server, &token, n)).collect();
    server.stop();
    for round in 0..times(3, 150) {
        let server = Server::start(&place);
        let (port, token, done) = (server.port, server.token(), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for client in &mut clients {
                let (token, done) = (&token, &done);
                scope.spawn(move || {
                    while client.act(port, token).is_ok() {
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            let goal = 60 + 17 * (round % 7);
            eventually("writes are under way", Duration::from_secs(60), || done.load(Ordering::Relaxed) >= goal);
            server.kill();
        });
        check_is_fine(&place.data());
        let server = Server::start(&place);
        let (port, token) = (server.port, server.token());
        let products = server.products();
        let names: BTreeSet<String> = products.iter().map(|p| p["name"].as_str().unwrap().to_owned()).collect();
        assert_eq!(names.len(), products.len(), "round {round}: a product is there twice");
        products.iter().filter(|product| product["category"]["slug"] == "crash").for_each(is_whole);
        std::thread::scope(|scope| {
            for client in &mut clients {
                let (token, names) = (&token, &names);
                scope.spawn(move || client.settle(port, token, names));
            }
        });
        // Killed again: what was asked for anew must be as lasting as what was asked for first.
        server.kill();
    }
    // A last time, all that was ever answered is answered the same.
    let server = Server::start(&place);
    let (port, token) = (server.port, server.token());
    let names: BTreeSet<String> = server.product_names().into_iter().collect();
    for client in &mut clients {
        client.settled = (0, 0);
        client.settle(port, &token, &names);
        client.refunds_add_up(port, &token);
    }
    let orders: BTreeSet<&str> = clients
        .iter()
        .flat_map(|c| &c.begun)
        .map(|one| one.order.as_ref().unwrap()["number"].as_str().unwrap())
        .collect();
    let begun: usize = clients.iter().map(|client| client.begun.len()).sum();
    assert_eq!(orders.len(), begun, "two carts are one order");
    let mug = get(port, "/api/v1/products/mug").unwrap().json();
    let left: Vec<i64> = mug["variants"].as_array().unwrap().iter().map(|v| v["stock"].as_i64().unwrap()).collect();
    let sold = i64::try_from(begun).unwrap();
    assert_eq!(left, [STOCK - sold, STOCK - 2 * sold]);
    server.stop();
    check_is_fine(&place.data());
}
