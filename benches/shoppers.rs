//! What a shop does for many shoppers at once, and how that grows with its products and with their number.
//!
//!     cargo bench --bench shoppers                                        # 10,000 products; 1, 16, 64 and 256 shoppers
//!     cargo bench --bench shoppers -- --products 10000,100000,1000000 --seconds 15
//!     cargo bench --bench shoppers -- --catalog FILE.csv --clients 64     # products out of a file
//!     cargo bench --bench shoppers -- --clients 16 --seconds 600 --flat   # fails unless memory stays flat
//!     cargo bench --bench shoppers -- --program OTHER_BINARY              # the same of another build
//!
//! The real program serves on loopback with a data folder of its own. Each shopper has a connection and, without
//! pausing, browses (70 of 100 requests: lists, their next pages, products), searches (15), fills a cart (10) and checks
//! out (5). Shoppers run on the same cores as the server, so rates are of both; `server` is the CPU that the server took.
//! At the end the program must stop cleanly and `nexus check` must find nothing.

#[path = "support/program.rs"]
mod program;
#[path = "support/mod.rs"]
mod support;

use program::{Program, command};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use support::client::{Client, Outcome};

/// What shoppers do, and how many of a hundred requests are of that kind.
const MIX: [(&str, u64); 4] = [("browse", 70), ("search", 15), ("cart", 10), ("checkout", 5)];
/// Between two looks at the server's memory.
const LOOK: Duration = Duration::from_secs(5);
/// Memory that is flat grows by no more than this in a minute, in MiB, and never above the second.
const SLOPE: f64 = 1.0;
const MOST_MEMORY: f64 = 250.0;

struct Options {
    program: String,
    products: Vec<u64>,
    catalog: Option<String>,
    clients: Vec<usize>,
    seconds: u64,
    flat: bool,
}

fn options() -> Outcome<Options> {
    let mut options = Options {
        program: env!("CARGO_BIN_EXE_nexus").to_owned(),
        products: vec![10_000],
        catalog: None,
        clients: vec![1, 16, 64, 256],
        seconds: 10,
        flat: false,
    };
    let mut given = std::env::args().skip(1).filter(|given| given != "--bench");
    while let Some(name) = given.next() {
        if name == "--flat" {
            options.flat = true;
            continue;
        }
        let value = given.next().ok_or_else(|| format!("{name} wants a value"))?;
        match name.as_str() {
            "--program" => options.program = elsewhere(&value)?,
            "--products" => options.products = numbers(&value)?,
            "--catalog" => options.catalog = Some(elsewhere(&value)?),
            "--clients" => options.clients = numbers(&value)?,
            "--seconds" => options.seconds = value.parse()?,
            _ => return Err(format!("there is no {name}: see the top of benches/shoppers.rs").into()),
        }
    }
    Ok(options)
}

/// A path for a program that runs in another folder.
fn elsewhere(path: &str) -> Outcome<String> {
    Ok(std::path::absolute(path)?.to_string_lossy().into_owned())
}

fn numbers<T: std::str::FromStr<Err = std::num::ParseIntError>>(text: &str) -> Outcome<Vec<T>> {
    text.split(',').map(|number| Ok(number.parse()?)).collect()
}

fn main() -> Outcome<()> {
    let options = options()?;
    println!("load average before: {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    for products in &options.products {
        let place = tempfile::tempdir()?;
        let server = Server::start(&options, *products, place.path())?;
        let goods = Arc::new(Goods::of(server.program.port)?);
        println!("\n{} products", goods.count);
        println!("\n| shoppers | requests/s | {HEAD} | errors | server | memory |");
        println!("|--:|--:|{}--:|--:|--:|", "--:|".repeat(MIX.len()));
        for clients in &options.clients {
            let seen = crowd(&server, &goods, *clients, Duration::from_secs(options.seconds))?;
            println!("{}", seen.row(*clients));
            if options.flat {
                seen.must_be_flat()?;
            }
        }
        server.stop()?;
    }
    println!("\nload average after: {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    Ok(())
}

const HEAD: &str = "browse p50 / p95 / p99 ms | search | cart | checkout";

/// What there is to look at.
struct Goods {
    count: u64,
    /// Some products: id, and a variant that can be bought.
    products: Vec<(u64, u64)>,
    words: Vec<String>,
    categories: Vec<String>,
}

impl Goods {
    /// Looks around in the shop as somebody does who plans the test.
    fn of(port: u16) -> Outcome<Self> {
        let mut client = Client::connect(port)?;
        let mut get =
            |path: &str| -> Outcome<Value> { Ok(serde_json::from_slice(&client.send("GET", path, None, None)?)?) };
        let first = get("/api/v1/products?page_size=100&in_stock=true&include=count")?;
        let count = first["count"].as_u64().unwrap_or(0);
        let (mut products, mut words, mut page) = (Vec::new(), Vec::new(), first);
        for _ in 0..10 {
            for product in page["results"].as_array().into_iter().flatten() {
                let id = product["id"].as_u64().unwrap_or(0);
                words.extend(
                    product["name"].as_str().unwrap_or("").split(' ').filter(|w| w.len() > 3).map(str::to_owned),
                );
                products.push((id, 0));
            }
            let Some(next) = page["next"].as_str().map(str::to_owned) else { break };
            page = get(&next)?;
        }
        for (id, variant) in &mut products {
            *variant = get(&format!("/api/v1/products/{id}"))?["variants"][0]["id"].as_u64().unwrap_or(0);
        }
        let tree = get("/api/v1/categories")?;
        let categories =
            tree["results"].as_array().into_iter().flatten().filter_map(|c| Some(c["slug"].as_str()?.to_owned()));
        let goods = Self { count, products, words, categories: categories.collect() };
        if goods.products.is_empty() || goods.words.is_empty() || goods.categories.is_empty() {
            return Err("the shop has nothing to look at".into());
        }
        Ok(goods)
    }
}

/// One who walks through the shop.
struct Shopper {
    client: Client,
    goods: Arc<Goods>,
    chance: Xoshiro256PlusPlus,
    /// Where the list they read goes on.
    next: Option<String>,
    /// Their cart, and how many lines it has.
    cart: Option<(String, u32)>,
}

impl Shopper {
    fn enter(port: u16, goods: Arc<Goods>, seed: u64) -> Outcome<Self> {
        let chance = Xoshiro256PlusPlus::seed_from_u64(seed);
        Ok(Self { client: Client::connect(port)?, goods, chance, next: None, cart: None })
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.chance.next_u64() % n.max(1) as u64).unwrap_or(0)
    }

    /// Does one thing; which one, how long it took, and whether it went well.
    fn act(&mut self) -> Outcome<(usize, Duration, bool)> {
        let mut left = self.chance.next_u64() % 100;
        let mut kind = MIX.iter().position(|(_, share)| {
            let here = left < *share;
            left = left.saturating_sub(*share);
            here
        });
        // An empty cart cannot be checked out: it is filled first.
        if kind == Some(3) && self.cart.as_ref().is_none_or(|(_, lines)| *lines == 0) {
            kind = Some(2);
        }
        match kind.unwrap_or(0) {
            0 => self.browse(),
            1 => self.search(),
            2 => self.fill(),
            _ => self.check_out(),
        }
    }

    fn timed(
        &mut self,
        kind: usize,
        (method, path): (&str, &str),
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Outcome<(Value, (usize, Duration, bool))> {
        let started = Instant::now();
        let answer = self.client.ask(method, path, key, body)?;
        let (took, done) = (started.elapsed(), (200..300).contains(&answer.status));
        let said = if done { serde_json::from_slice(&answer.body)? } else { Value::Null };
        // What is sold out is refused, as it must be.
        let good = done || (kind >= 2 && answer.status == 409);
        Ok((said, (kind, took, good)))
    }

    fn browse(&mut self) -> Outcome<(usize, Duration, bool)> {
        let path = match (self.below(10), self.next.take()) {
            (0..5, _) => format!("/api/v1/products/{}", self.product().0),
            (5..8, Some(next)) => next,
            (5..9, _) => {
                let category = self.below(self.goods.categories.len());
                format!("/api/v1/products?category={}&ordering=price", self.goods.categories[category])
            }
            _ => "/api/v1/products".to_owned(),
        };
        let (page, seen) = self.timed(0, ("GET", &path), None, None)?;
        self.next = page["next"].as_str().map(str::to_owned);
        Ok(seen)
    }

    fn search(&mut self) -> Outcome<(usize, Duration, bool)> {
        let mut words = vec![self.word()];
        if self.below(2) == 0 {
            words.push(self.word());
        }
        let words: Vec<String> =
            words.iter().map(|word| word.chars().filter(|c| c.is_alphanumeric()).collect()).collect();
        let path = format!(
            "/api/v1/products?search={}",
            percent_encoding::utf8_percent_encode(&words.join(" "), percent_encoding::NON_ALPHANUMERIC)
        );
        Ok(self.timed(1, ("GET", &path), None, None)?.1)
    }

    fn fill(&mut self) -> Outcome<(usize, Duration, bool)> {
        let Some((token, lines)) = self.cart.clone() else {
            let (cart, seen) = self.timed(2, ("POST", "/api/v1/carts"), None, None)?;
            self.cart = cart["token"].as_str().map(|token| (token.to_owned(), 0));
            return Ok(seen);
        };
        let body = json!({ "variant_id": self.product().1, "quantity": 1 });
        let (said, seen) = self.timed(2, ("POST", &format!("/api/v1/carts/{token}/lines")), None, Some(&body))?;
        if !said.is_null() {
            self.cart = Some((token, lines + 1));
        }
        Ok(seen)
    }

    fn check_out(&mut self) -> Outcome<(usize, Duration, bool)> {
        let (token, _) = self.cart.take().ok_or("there is no cart")?;
        let body = json!({
            "email": "shopper@example.com", "payment": { "provider": "manual" },
            "shipping_address": {
                "name": "A Shopper", "line1": "1 Canal Street", "city": "Utrecht", "postal_code": "3511 AB", "country": "NL",
            },
        });
        Ok(self.timed(3, ("POST", &format!("/api/v1/carts/{token}/checkout")), Some(&token), Some(&body))?.1)
    }

    fn product(&mut self) -> (u64, u64) {
        let n = self.below(self.goods.products.len());
        self.goods.products[n]
    }

    fn word(&mut self) -> String {
        let n = self.below(self.goods.words.len());
        self.goods.words[n].clone()
    }
}

/// What was seen of a crowd.
#[derive(Default)]
struct Seen {
    /// Milliseconds of each kind of request.
    took: [Vec<f64>; MIX.len()],
    errors: u64,
    seconds: f64,
    /// CPU seconds of the server.
    cpu: f64,
    /// Seconds since the start, and MiB the server had in memory then.
    memory: Vec<(f64, f64)>,
}

impl Seen {
    fn row(&self, clients: usize) -> String {
        let requests: usize = self.took.iter().map(Vec::len).sum();
        let times = self
            .took
            .iter()
            .map(|took| format!("{:.1} / {:.1} / {:.1}", part(took, 50), part(took, 95), part(took, 99)));
        let memory = self.memory.iter().map(|(_, mib)| *mib).fold(0.0, f64::max);
        format!(
            "| {clients} | {:.0} | {} | {} | {:.0} % | {memory:.0} MiB |",
            requests as f64 / self.seconds,
            times.collect::<Vec<_>>().join(" | "),
            self.errors,
            100.0 * self.cpu / self.seconds
        )
    }

    /// By the line of least squares through the second half of what was seen: until then caches fill.
    fn must_be_flat(&self) -> Outcome<()> {
        let late = &self.memory[self.memory.len() / 2..];
        let n = late.len() as f64;
        let (x, y) = (late.iter().map(|(t, _)| t).sum::<f64>() / n, late.iter().map(|(_, m)| m).sum::<f64>() / n);
        let over: f64 = late.iter().map(|(t, m)| (t - x) * (m - y)).sum();
        let under: f64 = late.iter().map(|(t, _)| (t - x) * (t - x)).sum();
        let (slope, most) = (60.0 * over / under, late.iter().map(|(_, m)| *m).fold(0.0, f64::max));
        println!("\nmemory: {most:.0} MiB at most, {slope:+.2} MiB a minute");
        if late.len() < 6 || slope > SLOPE || most > MOST_MEMORY {
            return Err(format!("memory is not flat: at most {MOST_MEMORY} MiB and {SLOPE} MiB a minute are").into());
        }
        Ok(())
    }
}

/// The value below which so many of a hundred lie; numbers are sorted.
fn part(sorted: &[f64], percent: usize) -> f64 {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

fn crowd(server: &Server, goods: &Arc<Goods>, clients: usize, time: Duration) -> Outcome<Seen> {
    static SEED: AtomicU64 = AtomicU64::new(1);
    let (started, cpu, ended) = (Instant::now(), server.cpu()?, Arc::new(AtomicBool::new(false)));
    let shoppers: Vec<_> = (0..clients)
        .map(|_| {
            let (port, goods, ended) = (server.program.port, goods.clone(), ended.clone());
            let seed = SEED.fetch_add(1, Ordering::Relaxed);
            std::thread::spawn(move || -> Outcome<Seen> {
                let (mut shopper, mut seen) = (Shopper::enter(port, goods, seed)?, Seen::default());
                while !ended.load(Ordering::Relaxed) {
                    let (kind, took, good) = shopper.act()?;
                    seen.took[kind].push(took.as_secs_f64() * 1000.0);
                    seen.errors += u64::from(!good);
                }
                Ok(seen)
            })
        })
        .collect();
    let mut all = Seen::default();
    while started.elapsed() < time {
        std::thread::sleep(LOOK.min(time.saturating_sub(started.elapsed())));
        all.memory.push((started.elapsed().as_secs_f64(), server.program.memory("VmRSS")?));
    }
    ended.store(true, Ordering::Relaxed);
    (all.seconds, all.cpu) = (started.elapsed().as_secs_f64(), server.cpu()? - cpu);
    for shopper in shoppers {
        let seen = shopper.join().map_err(|_| "a shopper panicked")??;
        all.errors += seen.errors;
        all.took.iter_mut().zip(seen.took).for_each(|(all, one)| all.extend(one));
    }
    all.took.iter_mut().for_each(|took| took.sort_by(f64::total_cmp));
    Ok(all)
}

/// The program, serving.
struct Server {
    program: Program,
    binary: String,
    data: PathBuf,
}

impl Server {
    fn start(options: &Options, products: u64, place: &Path) -> Outcome<Self> {
        let data = place.join("data");
        let products = products.to_string();
        let words = match &options.catalog {
            Some(file) => ["import", file, "--skip-errors"],
            None => ["seed", "--products", &products],
        };
        if !command(&options.program, &data, &words).status()?.success() {
            return Err(format!("nexus {} failed", words.join(" ")).into());
        }
        let program = Program::serve(&options.program, &data, &[], &[], program::is_ready)?;
        Ok(Self { program, binary: options.program.clone(), data })
    }

    /// CPU seconds it took so far: user and system, in hundredths of a second as the kernel counts for programs.
    fn cpu(&self) -> Outcome<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.program.child.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
        let ticks = |n: usize| fields.get(n).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or(0.0);
        Ok((ticks(11) + ticks(12)) / 100.0)
    }

    /// Stops it as an owner does, and looks whether all is well.
    fn stop(mut self) -> Outcome<()> {
        let pid = rustix::process::Pid::from_child(&self.program.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        if !self.program.child.wait()?.success() {
            return Err("the shop did not stop cleanly".into());
        }
        let check = command(&self.binary, &self.data, &["check"]).status()?;
        if check.success() { Ok(()) } else { Err("nexus check found something".into()) }
    }
}
