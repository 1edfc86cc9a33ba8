//! What checking out costs: carts and orders a second by one client and by 64, what catalog reads feel of it, and where
//! the time of one checkout goes.
//!
//!     cargo bench --bench checkout               # about a minute
//!     cargo bench --bench checkout -- FOLDER     # with the shop on another disk
//!
//! A shop serves on loopback in this process; every write is on disk before it is answered. Clients keep their
//! connections and wait for each answer. Rates of one turn stand beside each other; the median of the turns is shown.

#[path = "support/mod.rs"]
mod support;

use nexus::config::Config;
use nexus::domain::order::{NewOrder, NewPayment, OrderSource, OrderStatus, OrderSums};
use nexus::domain::{Currency, Email, VariantId};
use nexus::services::orders::{Placing, order_place_rows};
use nexus::services::selling::stock::stock_reserve;
use nexus::services::selling::{PricedCart, cart_price};
use nexus::services::{Actor, Ctx, Error, Shop};
use serde_json::{Value, json};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};
use support::client::{Client, Outcome};

const CLIENTS: usize = 64;
const ORDERS_ALONE: usize = 300;
const ORDERS_TOGETHER: usize = 1_920;
const PRODUCTS: usize = 20;
const TURNS: usize = 3;
const STEPS: usize = 400;

fn main() -> Outcome<()> {
    // A new folder each time, which goes with its shop: what another run has left would be measured along.
    let below = std::env::args().skip(1).find(|a| !a.starts_with('-')).map_or_else(std::env::temp_dir, PathBuf::from);
    let place = tempfile::Builder::new().prefix("nexus-bench-").tempdir_in(below)?;
    let server = Server::start(place.path())?;
    println!("load average before: {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    let mut turns = Vec::new();
    for _ in 0..TURNS {
        turns.push(turn(&server)?);
    }
    let of = |number: fn(&Turn) -> f64| {
        let mut all: Vec<f64> = turns.iter().map(number).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    println!("\n| | 1 client | {CLIENTS} clients | ratio |\n|---|--:|--:|--:|");
    println!(
        "| lines into carts/s | {:.0} | {:.0} | {:.1} |",
        of(|t| t.lines[0]),
        of(|t| t.lines[1]),
        of(|t| t.lines[1] / t.lines[0])
    );
    println!(
        "| checkouts/s | {:.0} | {:.0} | {:.1} |",
        of(|t| t.orders[0]),
        of(|t| t.orders[1]),
        of(|t| t.orders[1] / t.orders[0])
    );
    println!(
        "\ncatalog reads by one client, p99: {:.2} ms idle, {:.2} ms while {CLIENTS} check out, {:.1} x",
        of(|t| t.reads[0]),
        of(|t| t.reads[1]),
        of(|t| t.reads[1] / t.reads[0])
    );
    steps(&server.shop)?;
    println!("load average after: {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    server.stop();
    Ok(())
}

/// What one turn measured: with one client, and with many.
struct Turn {
    lines: [f64; 2],
    orders: [f64; 2],
    /// p99 in milliseconds: idle, and while many check out.
    reads: [f64; 2],
}

fn turn(server: &Server) -> Outcome<Turn> {
    let idle = reads_until(server.port, |count| count >= 3_000)?;
    let (alone, carts) = fill(server.port, 1, ORDERS_ALONE)?;
    let alone_orders = check_out(server.port, 1, carts)?;
    let (together, carts) = fill(server.port, CLIENTS, ORDERS_TOGETHER)?;
    let ended = Arc::new(AtomicBool::new(false));
    let reader = {
        let (port, ended) = (server.port, ended.clone());
        std::thread::spawn(move || reads_until(port, |_| ended.load(Ordering::Relaxed)))
    };
    let together_orders = check_out(server.port, CLIENTS, carts)?;
    ended.store(true, Ordering::Relaxed);
    let busy = reader.join().map_err(|_| "the reader panicked")??;
    Ok(Turn {
        lines: [2.0 * ORDERS_ALONE as f64 / alone, 2.0 * ORDERS_TOGETHER as f64 / together],
        orders: [ORDERS_ALONE as f64 / alone_orders, ORDERS_TOGETHER as f64 / together_orders],
        reads: [p99(idle), p99(busy)],
    })
}

fn p99(mut ms: Vec<f64>) -> f64 {
    ms.sort_by(f64::total_cmp);
    ms[(ms.len() * 99 / 100).min(ms.len() - 1)]
}

/// Reads one product after the other until told to stop; the milliseconds of each.
fn reads_until(port: u16, stop: impl Fn(usize) -> bool) -> Outcome<Vec<f64>> {
    let (mut client, mut took) = (Client::connect(port)?, Vec::new());
    while !stop(took.len()) || took.is_empty() {
        let started = Instant::now();
        client.send("GET", &format!("/api/v1/products/{}", took.len() % PRODUCTS + 1), None, None)?;
        took.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(took)
}

/// Fills carts with two lines each; the seconds that took, and their tokens.
fn fill(port: u16, clients: usize, carts: usize) -> Outcome<(f64, Vec<String>)> {
    let tokens = together(port, clients, carts, |client, _| {
        let cart: Value = serde_json::from_slice(&client.send("POST", "/api/v1/carts", None, None)?)?;
        Ok(cart["token"].as_str().unwrap_or_default().to_owned())
    })?
    .1;
    let known = Arc::new(tokens.clone());
    let (took, _) = together(port, clients, carts * 2, move |client, n| {
        let line = json!({ "variant_id": n % PRODUCTS + 1, "quantity": 1 });
        client.send("POST", &format!("/api/v1/carts/{}/lines", known[n / 2]), None, Some(&line)).map(drop)
    })?;
    Ok((took, tokens))
}

/// Checks carts out; the seconds that took.
fn check_out(port: u16, clients: usize, carts: Vec<String>) -> Outcome<f64> {
    let body = json!({
        "email": "buyer@example.com",
        "shipping_address": {
            "name": "A Buyer", "line1": "1 Canal Street", "city": "Utrecht", "postal_code": "3511 AB", "country": "NL",
        },
        "payment": { "provider": "manual" },
    });
    let count = carts.len();
    let (took, _) = together(port, clients, count, move |client, n| {
        client.send("POST", &format!("/api/v1/carts/{}/checkout", carts[n]), Some(&carts[n]), Some(&body)).map(drop)
    })?;
    Ok(took)
}

/// Does something so many times, by so many clients, each on a thread and a connection of its own.
fn together<T: Send + 'static>(
    port: u16,
    clients: usize,
    times: usize,
    work: impl Fn(&mut Client, usize) -> Outcome<T> + Send + Sync + 'static,
) -> Outcome<(f64, Vec<T>)> {
    let (work, next, ready) = (Arc::new(work), Arc::new(AtomicUsize::new(0)), Arc::new(Barrier::new(clients + 1)));
    let done = Arc::new(Mutex::new(Vec::with_capacity(times)));
    let threads: Vec<_> = (0..clients)
        .map(|_| {
            let (work, next, ready, done) = (work.clone(), next.clone(), ready.clone(), done.clone());
            std::thread::spawn(move || {
                let client = Client::connect(port);
                ready.wait();
                let mut client = client?;
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= times {
                        return Ok::<(), Box<dyn std::error::Error + Send + Sync>>(());
                    }
                    let one = work(&mut client, n)?;
                    done.lock().unwrap_or_else(|e| e.into_inner()).push((n, one));
                }
            })
        })
        .collect();
    ready.wait();
    let started = Instant::now();
    for thread in threads {
        thread.join().map_err(|_| "a client panicked")??;
    }
    let took = started.elapsed().as_secs_f64();
    let mut done = std::mem::take(&mut *done.lock().unwrap_or_else(|e| e.into_inner()));
    done.sort_by_key(|(n, _)| *n);
    Ok((took, done.into_iter().map(|(_, one)| one).collect()))
}

/// A shop that serves in this process.
struct Server {
    shop: Arc<Shop>,
    port: u16,
    shutdown: rocket::Shutdown,
    thread: std::thread::JoinHandle<()>,
}

impl Server {
    fn start(below: &Path) -> Outcome<Self> {
        let mut config = Config::default();
        config.data.dir = below.join("checkout-bench");
        config.port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        config.log.access = false;
        let shop = Arc::new(nexus::app::open(&config)?);
        for n in 0..PRODUCTS {
            let body =
                json!({ "name": format!("Thing {n}"), "category": "Fair", "price": "19.90", "stock": 10_000_000 });
            let draft = nexus::domain::catalog::ProductDraft::from_body(&body, shop.settings().currency())?;
            wait(shop.product_create(&Ctx::owner(), draft))??;
        }
        let (tell, told) = std::sync::mpsc::channel();
        let server = nexus::app::build(&config, &shop)?;
        let thread = std::thread::spawn(move || {
            let run = async move {
                if let Ok(ready) = server.ignite().await {
                    let _ = tell.send(ready.shutdown());
                    let _ = ready.launch().await;
                }
            };
            rocket::execute(run);
        });
        let shutdown = told.recv()?;
        let port = config.port;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self { shop, port, shutdown, thread })
    }

    fn stop(self) {
        self.shutdown.notify();
        let _ = self.thread.join();
        self.shop.close();
    }
}

fn wait<T>(work: impl Future<Output = T>) -> std::io::Result<T> {
    Ok(rocket::tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work))
}

/// Where the time of one checkout goes: each step alone, in a transaction of its own.
fn steps(shop: &Arc<Shop>) -> Outcome<()> {
    let (ctx, terms, currency) = (Ctx::now(Actor::Anonymous), shop.cart_terms(), shop.settings().currency());
    let mut sums = [Duration::ZERO; 6];
    for n in 0..STEPS {
        let token = wait(shop.cart_create(&ctx))??.cart.token;
        for variant in [n % PRODUCTS + 1, (n + 1) % PRODUCTS + 1] {
            let wanted = nexus::services::selling::Wanted::Variant(VariantId::new(variant as i64));
            let line = nexus::services::selling::CartLineDraft { wanted, quantity: nexus::domain::cart::Quantity::ONE };
            wait(shop.cart_line_add(&ctx, token.clone(), line))??;
        }
        let (ctx, terms) = (ctx.clone(), terms.clone());
        let began = Instant::now();
        let took = shop.store().write_blocking(move |tx| {
            let mut marks = vec![Instant::now()];
            let cart = tx.cart_by_token(&token)?.ok_or(Error::NotFound("cart"))?;
            marks.push(Instant::now());
            let priced = cart_price(tx, &terms, cart, ctx.now)?;
            marks.push(Instant::now());
            let placed = order_place_rows(tx, &ctx, &placing(&priced, &token, &ctx, currency))?;
            marks.push(Instant::now());
            let lines = priced.cart.lines.iter();
            let wanted: Vec<(VariantId, i64)> = lines.map(|line| (line.variant_id, line.quantity.get())).collect();
            stock_reserve(tx, &ctx, placed.order.id, &wanted, None)?.map_err(|_| Error::Busy)?;
            marks.push(Instant::now());
            tx.order_whole(placed.order.id)?;
            marks.push(Instant::now());
            Ok::<_, Error>(marks.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<Duration>>())
        })?;
        let whole = began.elapsed();
        let inside: Duration = took.iter().sum();
        for (sum, one) in sums.iter_mut().zip(took.into_iter().chain([whole.saturating_sub(inside)])) {
            *sum += one;
        }
    }
    println!("\n| step of a checkout with two lines | µs |\n|---|--:|");
    let names = [
        "read the cart",
        "read rules, offers and stock, and price it",
        "write order, lines, words, payment, books, timeline, event and letter",
        "take the stock: levels, ledger, reservations, sums and cards of two products",
        "read the order back",
        "queue, savepoint, audit log and commit with its sync",
    ];
    for (name, sum) in names.iter().zip(sums) {
        println!("| {name} | {:.0} |", sum.as_secs_f64() * 1e6 / STEPS as f64);
    }
    Ok(())
}

/// The order that a checkout would make of it.
fn placing(priced: &PricedCart, token: &str, ctx: &Ctx, currency: Currency) -> Placing {
    let quote = &priced.quote;
    let order = NewOrder {
        token: token.to_owned(),
        account_id: None,
        email: Email::parse("buyer@example.com").expect("an address"),
        source: OrderSource::Web,
        status: OrderStatus::Pending,
        currency: currency.code().to_owned(),
        tax_included: quote.tax_included,
        sums: OrderSums::from(quote),
        shipping_option: None,
        shipping_name: None,
        shipping_address: None,
        billing_address: None,
        discount_code: None,
        reference: None,
        explanation: "[]".to_owned(),
        note: None,
        client: None,
        placed_at: ctx.now,
        lines: priced.new_lines(),
    };
    let payment = NewPayment {
        provider: "manual".to_owned(),
        amount: quote.total,
        currency: currency.code().to_owned(),
        details: json!({ "method": "bank_transfer" }),
        check_at: None,
    };
    Placing { order, payment, first_number: 1001 }
}
