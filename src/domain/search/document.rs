//! What the index holds of a product: its words at the levels they reach, and the weight of each word.
//!
//! A word's weight depends on the product alone, never on the rest of the shop. So a product keeps its place
//! in a result while others come and go, and the best products for a word can be read straight from the index.

use xxhash_rust::xxh3::xxh3_64;

use super::words::{Chain, chains, pairs, stem, without_markup};

/// Weights are cut into this many levels above 0; the index has a word once for each level that it reaches.
pub const TOP_LEVEL: u8 = LEVELS.len() as u8;

/// The least weight (of 255) for level 1, 2, and so on.
const LEVELS: [u8; 4] = [100, 140, 170, 200];

/// The weight at which half of the possible is reached: further mentions of a word add less and less.
const HALF: f32 = 3.0;

/// The text of a product, by where it stands.
#[derive(Clone, Debug, Default)]
pub struct SearchText<'a> {
    /// The product's name.
    pub name: &'a str,
    /// Its brand.
    pub brand: &'a str,
    /// SKUs and barcodes of all variants.
    pub codes: Vec<&'a str>,
    /// The names on the category's path.
    pub category: &'a str,
    /// Its tags.
    pub tags: Vec<&'a str>,
    /// Names and values of its attributes.
    pub attributes: Vec<(&'a str, String)>,
    /// The description, which may hold HTML.
    pub description: &'a str,
}

/// Where a word stands: what it counts there, and how many words stand there usually.
#[derive(Clone, Copy)]
struct Place {
    weight: f32,
    usual: f32,
    /// How far a longer text makes each of its words count less, from 0 (not at all) to 1 (in proportion).
    dilution: f32,
}

// A word of a name of usual length counts 4, of a brand 3, so two words of a description do not outdo a brand, nor
// three a name. Codes repeat what the name says, so they count little beside it: who types a whole code finds one
// product anyway. Attributes are long lists of technical words, which shoppers mean least.
const NAME: Place = Place { weight: 4.0, usual: 8.0, dilution: 0.5 };
const BRAND: Place = Place { weight: 3.0, usual: 1.0, dilution: 0.0 };
const CODE: Place = Place { weight: 2.0, usual: 1.0, dilution: 0.0 };
const CATEGORY: Place = Place { weight: 1.0, usual: 3.0, dilution: 0.5 };
const TAG: Place = Place { weight: 1.0, usual: 3.0, dilution: 0.5 };
const ATTRIBUTE: Place = Place { weight: 0.5, usual: 40.0, dilution: 0.5 };
const DESCRIPTION: Place = Place { weight: 1.0, usual: 30.0, dilution: 0.5 };

/// A product as the index takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchDocument {
    /// The words, each behind the digit of a level, for the index to split at the blanks.
    pub words: String,
    /// The weights, as [`weight_in`] reads them.
    pub weights: Vec<u8>,
}

impl SearchDocument {
    /// Analyses the text of one product.
    pub fn new(text: &SearchText) -> Self {
        let mut sums = Sums::default();
        sums.add(NAME, [text.name]);
        sums.add(BRAND, [text.brand]);
        sums.add(CODE, text.codes.iter().copied());
        sums.add(CATEGORY, [text.category]);
        sums.add(TAG, text.tags.iter().copied());
        sums.add(ATTRIBUTE, text.attributes.iter().flat_map(|(name, value)| [*name, value.as_str()]));
        sums.add(DESCRIPTION, [text.description]);
        sums.finish()
    }
}

/// Every word that was found, with what it counts there.
#[derive(Default)]
struct Sums(Vec<(String, f32)>);

impl Sums {
    fn add<'a>(&mut self, place: Place, texts: impl IntoIterator<Item = &'a str>) {
        let mut found = Vec::new();
        for text in texts {
            for chain in chains(&without_markup(text)) {
                found.extend(chain.glued().map(stem));
                match chain {
                    Chain::Parts(parts) => found.extend(parts.into_iter().map(stem)),
                    Chain::Run(run) => {
                        found.extend(pairs(&run));
                        found.extend(run.iter().map(char::to_string));
                    }
                }
            }
        }
        let longer = found.len() as f32 / place.usual;
        let each = place.weight / (1.0 - place.dilution + place.dilution * longer);
        self.0.extend(found.into_iter().map(|word| (word, each)));
    }

    fn finish(mut self) -> SearchDocument {
        self.0.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        self.0.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        let mut words = String::new();
        let mut weights = Vec::with_capacity(self.0.len());
        for (word, sum) in self.0 {
            let weight = (255.0 * sum / (HALF + sum)).round().clamp(1.0, 255.0) as u8;
            for level in 0..=level_of(weight) {
                words.push((b'0' + level) as char);
                words.push_str(&word);
                words.push(' ');
            }
            weights.push((word_key(&word), weight));
        }
        weights.sort_unstable();
        let weights = weights.into_iter().flat_map(|(key, weight)| {
            let [a, b, c, d] = key.to_be_bytes();
            [a, b, c, d, weight]
        });
        SearchDocument { words, weights: weights.collect() }
    }
}

/// The level that a weight reaches.
pub fn level_of(weight: u8) -> u8 {
    LEVELS.iter().take_while(|least| weight >= **least).count() as u8
}

/// A short stand-in for a word. Two words with one key would only blur an order, never a match.
pub fn word_key(word: &str) -> u32 {
    xxh3_64(word.as_bytes()) as u32
}

/// The weight of a word in a product, 0 when it is not there.
pub fn weight_in(weights: &[u8], key: u32) -> u8 {
    let (entries, _) = weights.as_chunks::<5>();
    let key = key.to_be_bytes();
    entries.binary_search_by(|e| e[..4].cmp(&key)).map_or(0, |i| entries[i][4])
}

#[cfg(test)]
mod tests {
    use super::{SearchDocument, SearchText, TOP_LEVEL, level_of, weight_in, word_key};

    fn weight(text: &SearchText, word: &str) -> u8 {
        weight_in(&SearchDocument::new(text).weights, word_key(word))
    }

    #[test]
    fn weight_of_a_word_in_the_name_is_above_brand_above_the_rest() {
        let text = SearchText {
            name: "Wall lamp",
            brand: "Lux",
            category: "Light",
            tags: vec!["warm"],
            attributes: vec![("power", "watt".to_owned())],
            description: "It shines",
            codes: vec!["SKU-1"],
        };
        let weights = ["lamp", "lux", "sku1", "light", "watt"].map(|word| weight(&text, word));
        assert!(weights.is_sorted_by(|a, b| a > b), "{weights:?}");
        assert_eq!(weight(&text, "absent"), 0);
    }

    #[test]
    fn document_has_each_word_at_every_level_it_reaches() {
        let document =
            SearchDocument::new(&SearchText { name: "Lamp", description: "a lamp", ..SearchText::default() });
        let level = level_of(weight_in(&document.weights, word_key("lamp")));
        let expected: Vec<String> = (0..=level).map(|level| format!("{level}lamp")).collect();
        let words: Vec<&str> = document.words.split_whitespace().filter(|word| word.ends_with("lamp")).collect();
        assert_eq!(words, expected);
        assert_eq!(level_of(255), TOP_LEVEL);
        assert_eq!(level_of(0), 0);
    }

    #[test]
    fn document_of_nothing_is_empty() {
        let document = SearchDocument::new(&SearchText::default());
        assert_eq!((document.words.as_str(), document.weights.len()), ("", 0));
    }
}
