//! Puts made-up products together. Everything is derived from the seed and the product's number with integers
//! only: no clock, no floats, so that every machine makes the same.

use super::words::{BRAND_HEADS, BRAND_TAILS, COLOURS, KINDS, Kind, MOODS, PLACES, SENTENCES, SPREAD, TAGS};
use crate::domain::{Currency, Money, Timestamp};
use crate::services::import::Products;
use crate::services::import::entry::{Body, Raw};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use serde_json::{Map, Value, json};

/// 2024-01-01; products were first offered within the 730 days after it.
const FIRST_DAY_MS: i64 = 1_704_067_200_000;
const DAYS_MS: u64 = 730 * 86_400_000;

/// The products of a seed, one after the other.
pub fn products(count: u64, seed: u64, currency: Currency) -> Products {
    let scales = Scales { kinds: Zipf::new(KINDS.len()), brands: Zipf::new(BRAND_HEADS.len() * BRAND_TAILS.len()) };
    Box::new((1..=count).map(move |number| {
        // Each product has a generator of its own, so that one can be changed without moving the others.
        let mut dice = Dice(Xoshiro256PlusPlus::seed_from_u64(seed.rotate_left(32) ^ number));
        Ok(Raw { line: number, body: Ok(product(&mut dice, &scales, seed, number, currency)) })
    }))
}

/// A source of chance.
struct Dice(Xoshiro256PlusPlus);

impl Dice {
    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        let product = u128::from(self.0.next_u64()) * u128::from(end);
        (product >> 64) as u64
    }

    fn index(&mut self, end: usize) -> usize {
        usize::try_from(self.below(end as u64)).unwrap_or(0)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())]
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

/// Choices of which the first is twice as frequent as the second, three times as the third, and so on.
struct Zipf(Vec<u64>);

impl Zipf {
    fn new(choices: usize) -> Self {
        let shares = (1..=choices as u64).map(|rank| 1_000_000 / rank);
        Self(
            shares
                .scan(0, |sum, share| {
                    *sum += share;
                    Some(*sum)
                })
                .collect(),
        )
    }

    fn roll(&self, dice: &mut Dice) -> usize {
        let at = dice.below(self.0.last().copied().unwrap_or(1));
        self.0.partition_point(|sum| *sum <= at)
    }
}

struct Scales {
    kinds: Zipf,
    brands: Zipf,
}

fn product(dice: &mut Dice, scales: &Scales, seed: u64, number: u64, currency: Currency) -> Body {
    let kind = &KINDS[scales.kinds.roll(dice)];
    let brand = scales.brands.roll(dice);
    let brand = format!("{}{}", BRAND_HEADS[brand % BRAND_HEADS.len()], BRAND_TAILS[brand / BRAND_HEADS.len()]);
    let (noun, material, mood) = (dice.pick(kind.nouns), dice.pick(kind.materials), dice.pick(&MOODS));
    let mut body = Map::new();
    let mut put = |field: &str, value: Value| drop(body.insert(field.to_owned(), value));
    put("name", Value::from(format!("{brand} {mood} {} {noun}", capital(material))));
    put("description", Value::from(description(dice, noun, material)));
    put("status", Value::from(if dice.percent(97) { "active" } else { "draft" }));
    put("category", Value::from(kind.path));
    put("brand", Value::from(brand));
    put("tags", tags(dice));
    let offered = i64::try_from(dice.below(DAYS_MS)).unwrap_or(0);
    put("created_at", Value::from(Timestamp::from_millis(FIRST_DAY_MS + offered).to_rfc3339()));
    let colours = colours(dice, kind);
    put("attributes", attributes(dice, kind, material, &colours));
    let sku = format!("{seed:X}-{number:07}");
    sale(dice, kind, &colours, &sku, currency, &mut body);
    body
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn description(dice: &mut Dice, noun: &str, material: &str) -> String {
    let noun = noun.to_lowercase();
    let count = 2 + dice.below(4);
    let sentences = (0..count).map(|_| dice.pick(&SENTENCES).replace("{}", &noun).replace('@', material));
    sentences.collect::<Vec<_>>().join(" ")
}

fn tags(dice: &mut Dice) -> Value {
    let count = dice.below(4);
    let mut tags: Vec<&str> = (0..count).map(|_| dice.pick(&TAGS)).collect();
    tags.sort_unstable();
    tags.dedup();
    json!(tags)
}

/// The colours a product comes in: none for food, several for things with sizes or by chance, else one.
fn colours(dice: &mut Dice, kind: &Kind) -> Vec<&'static str> {
    if !kind.has_colours() {
        return Vec::new();
    }
    let several = if kind.sizes.is_empty() { dice.percent(20) } else { dice.percent(50) };
    let count = if several { 2 + dice.index(3) } else { 1 };
    let first = dice.index(COLOURS.len());
    (0..count).map(|n| COLOURS[(first + n * 5) % COLOURS.len()]).collect()
}

fn attributes(dice: &mut Dice, kind: &Kind, material: &str, colours: &[&str]) -> Value {
    let mut attributes = Map::new();
    attributes.insert("material".to_owned(), Value::from(material));
    if let [only] = colours {
        attributes.insert("colour".to_owned(), Value::from(only.to_lowercase()));
    }
    attributes.insert("made_in".to_owned(), Value::from(dice.pick(&PLACES)));
    attributes.insert("warranty_years".to_owned(), Value::from(1 + dice.below(5)));
    if kind.grams > 500 {
        attributes.insert("width_cm".to_owned(), Value::from(10 + dice.below(60)));
    }
    attributes.insert("recycled".to_owned(), Value::from(dice.percent(30)));
    Value::Object(attributes)
}

/// Prices, stock and codes: at the top for a plain product, else one variant for each colour and size.
fn sale(dice: &mut Dice, kind: &Kind, colours: &[&'static str], sku: &str, currency: Currency, body: &mut Body) {
    let cents = price(dice, kind);
    let was = dice.percent(15).then(|| cents * (115 + dice.below(40)) / 100);
    let grams = kind.grams * (70 + dice.below(60)) / 100;
    let variant = |sku: String, dice: &mut Dice| {
        let stock = if dice.percent(10) { 0 } else { 1 + dice.below(200) };
        let barcode = format!("2{:011}", dice.below(100_000_000_000));
        let mut sale = Map::new();
        sale.insert("sku".to_owned(), Value::from(sku));
        sale.insert("price".to_owned(), Value::from(amount(cents, currency)));
        sale.insert("compare_at_price".to_owned(), was.map_or(Value::Null, |was| Value::from(amount(was, currency))));
        sale.insert("stock".to_owned(), Value::from(stock));
        sale.insert("weight_grams".to_owned(), Value::from(grams));
        sale.insert("barcode".to_owned(), Value::from(barcode));
        sale
    };
    if colours.len() < 2 && kind.sizes.is_empty() {
        body.extend(variant(sku.to_owned(), dice));
        return;
    }
    // A dimension without choices counts as one empty choice, so that both loops run.
    let choices =
        |from: &[&'static str]| if from.is_empty() { vec![None] } else { from.iter().copied().map(Some).collect() };
    let mut variants = Vec::new();
    for colour in choices(colours) {
        for size in choices(kind.sizes) {
            let chosen = [("Colour", colour), ("Size", size)].into_iter();
            let choice: Map<_, _> =
                chosen.filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?)))).collect();
            let mut sale = variant(format!("{sku}-{}", variants.len() + 1), dice);
            sale.insert("options".to_owned(), Value::Object(choice));
            variants.push(Value::Object(sale));
        }
    }
    let options = [("Colour", colours), ("Size", kind.sizes)].into_iter().filter(|(_, values)| !values.is_empty());
    let options = options.map(|(name, values)| json!({"name": name, "values": values})).collect();
    body.insert("options".to_owned(), Value::Array(options));
    body.insert("variants".to_owned(), Value::Array(variants));
}

/// A price in hundredths that ends as prices do.
fn price(dice: &mut Dice, kind: &Kind) -> u64 {
    let cents = kind.price * dice.pick(&SPREAD) / 1_000 * (90 + dice.below(21)) / 100;
    let end = dice.pick(&[0_u64, 50, 90, 95, 99]);
    (cents / 100 * 100 + end).max(50)
}

/// Hundredths in the shop's currency, whatever its digits.
fn amount(cents: u64, currency: Currency) -> String {
    let minor = cents * 10_u64.pow(currency.digits()) / 100;
    currency.format(Money::from_minor(i64::try_from(minor.max(1)).unwrap_or(1)))
}
