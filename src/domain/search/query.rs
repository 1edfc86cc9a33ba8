//! What a shopper typed, read as words. Nothing in it is syntax, so no input is an error.

use super::document::{weight_in, word_key};
use super::words::{Chain, chains, pairs, stem};
use std::collections::HashSet;
use std::sync::LazyLock;

/// What is read of the input: more says nothing more, and the cost of a query must have a bound.
const INPUT_BYTES: usize = 256;
const INPUT_WORDS: usize = 16;

/// Words of whoever asks in sentences. They say nothing of what is looked for, and where few products have them they would
/// pass for words that say much. Only those that name no goods.
const FILLERS: &str = "a about am an and any anything are as at be buy by could do does find for from get give has have help \
    how i im in is it looking me my need of on or our please search searching sell show some something that \
    the there these this to want we what where which who with would you your";

/// The same, as the index would have them.
static STEMMED_FILLERS: LazyLock<HashSet<String>> =
    LazyLock::new(|| FILLERS.split_whitespace().map(|filler| stem(filler.to_owned())).collect());

/// The words of a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchQuery {
    units: Vec<SearchUnit>,
    prefix: Option<SearchUnit>,
}

/// One thing that was asked for, in the ways it may be written: any of them will do, each with all its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchUnit {
    /// The ways; words are folded.
    pub ways: Vec<Vec<SearchWord>>,
}

/// A folded word and its key in the weights of products.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchWord {
    /// The word.
    pub text: String,
    /// Its key.
    pub key: u32,
}

impl SearchWord {
    /// A word that is folded already.
    pub fn new(text: String) -> Self {
        Self { key: word_key(&text), text }
    }
}

impl SearchUnit {
    fn new(ways: impl IntoIterator<Item = Vec<String>>) -> Self {
        let ways = ways.into_iter().map(|way| way.into_iter().map(SearchWord::new).collect()).collect();
        Self { ways }
    }

    /// The weight of the unit in a product: that of its best way, whose weakest word decides.
    pub fn weight(&self, weights: &[u8]) -> u8 {
        let way = |way: &Vec<SearchWord>| way.iter().map(|word| weight_in(weights, word.key)).min().unwrap_or(0);
        self.ways.iter().map(way).max().unwrap_or(0)
    }

    /// Whether it is a word that only makes a sentence of the others.
    pub fn is_filler(&self) -> bool {
        let [way] = self.ways.as_slice() else { return false };
        let [word] = way.as_slice() else { return false };
        STEMMED_FILLERS.contains(&word.text)
    }

    /// Whether the unit is this word already.
    pub fn is_word(&self, text: &str) -> bool {
        self.ways.iter().any(|way| way.last().is_some_and(|word| word.text == text))
    }
}

impl SearchQuery {
    /// Reads any text.
    pub fn parse(input: &str) -> Self {
        let end = (0..=INPUT_BYTES.min(input.len())).rev().find(|&i| input.is_char_boundary(i)).unwrap_or(0);
        let mut reader = Reader::default();
        for chain in chains(&input[..end]) {
            reader.take(chain);
        }
        reader.finish()
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// All that is asked for.
    pub fn units(&self) -> &[SearchUnit] {
        &self.units
    }

    /// The last unit with its last words cut to what surely begins them, when it can be the beginning of a word.
    pub fn prefix(&self) -> Option<&SearchUnit> {
        self.prefix.as_ref()
    }

    /// A text that is the same for queries that find the same, for use as a cache key.
    pub fn normalized(&self) -> String {
        let way = |way: &Vec<SearchWord>| way.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join("+");
        let unit = |unit: &SearchUnit| unit.ways.iter().map(way).collect::<Vec<_>>().join("/");
        self.units.iter().chain(&self.prefix).map(unit).collect::<Vec<_>>().join(" ")
    }
}

#[derive(Default)]
struct Reader {
    units: Vec<SearchUnit>,
    words: usize,
    /// The last chain, when it is one plain word that may belong to the next: `256 gb`.
    plain: Option<String>,
    /// The ways of the last unit, with the last word of each not yet folded, as a prefix needs it.
    open: Vec<Vec<String>>,
}

impl Reader {
    fn take(&mut self, chain: Chain) {
        let glued = chain.glued();
        match chain {
            Chain::Run(run) if run.len() == 1 => self.push(vec![vec![run[0].to_string()]], false),
            Chain::Run(run) => pairs(&run).for_each(|pair| self.push(vec![vec![pair]], false)),
            Chain::Parts(mut parts) => match glued {
                Some(glued) => self.push(vec![vec![glued], parts], true),
                None if parts.len() > 1 => parts.into_iter().for_each(|part| self.push(vec![vec![part]], true)),
                None => self.take_word(parts.remove(0)),
            },
        }
    }

    fn take_word(&mut self, word: String) {
        if let Some(before) = self.plain.take()
            && self.words < INPUT_WORDS
            && border(&before, &word)
        {
            self.units.pop();
            self.words -= 1;
            return self.push(vec![vec![format!("{before}{word}")], vec![before, word]], true);
        }
        let ways = match split(&word) {
            Some((a, b)) => vec![vec![word.clone()], vec![a.to_owned(), b.to_owned()]],
            None => vec![vec![word.clone()]],
        };
        let plain = ways.len() == 1;
        self.push(ways, true);
        self.plain = (plain && self.words <= INPUT_WORDS).then_some(word);
    }

    fn push(&mut self, ways: Vec<Vec<String>>, may_begin: bool) {
        self.plain = None;
        self.words += ways.last().map_or(0, Vec::len);
        if self.words > INPUT_WORDS {
            return;
        }
        self.open = if may_begin { ways.clone() } else { Vec::new() };
        let unit = SearchUnit::new(ways.into_iter().map(|way| way.into_iter().map(stem).collect()));
        self.units.push(unit);
    }

    fn finish(self) -> SearchQuery {
        let begin = |mut way: Vec<String>| {
            let last = way.pop().map(begins);
            way.into_iter().map(stem).chain(last).collect()
        };
        let prefix = (!self.open.is_empty()).then(|| SearchUnit::new(self.open.into_iter().map(begin)));
        SearchQuery { units: self.units, prefix }
    }
}

/// What surely begins the folded word that is being typed. The `s` of a short word may still become `ss` or stand
/// inside the word, an `i` may become `ies`, which is folded to `y`.
fn begins(word: String) -> String {
    let mut stemmed = stem(word.clone());
    if word.ends_with('s') && stemmed.len() < 4 {
        return word;
    }
    if stemmed.len() > 3 && stemmed.ends_with('i') {
        stemmed.pop();
    }
    stemmed
}

/// Whether one of two neighbours ends and the other begins with a digit, as number and measure or name and model
/// do: only such pairs are also looked for as one word.
fn border(a: &str, b: &str) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    digit(a.chars().last()) != digit(b.chars().next()) && split(a).is_none() && split(b).is_none()
}

/// A word of digits and letters with one border between them, cut there: `cat6`, `256gb`.
fn split(word: &str) -> Option<(&str, &str)> {
    let digit = |c: char| c.is_ascii_digit();
    let first = digit(word.chars().next()?);
    let at = word.find(|c| digit(c) != first)?;
    let (a, b) = word.split_at(at);
    (word.len() > 2 && !b.contains(|c| digit(c) == first)).then_some((a, b))
}

#[cfg(test)]
mod tests {
    use super::{INPUT_WORDS, SearchQuery};

    #[test]
    fn parse_reads_words_with_the_ways_they_may_be_written() {
        let parse = |text: &str| SearchQuery::parse(text).normalized();
        assert_eq!(parse("Red CABLES"), parse("red cable "));
        assert_eq!(parse("red cable"), "red cable cable");
        assert_eq!(parse("cat-6"), "cat6/cat+6 cat6/cat+6");
        assert_eq!(parse("cat6"), parse("cat 6"));
        assert_eq!(parse("256 gb ssd"), "256gb/256+gb ssd ssd");
        assert_eq!(parse("東京都"), "東京 京都");
        assert_eq!(parse("glas"), "gla glas");
    }

    #[test]
    fn words_that_only_make_a_sentence_are_told_from_those_that_name_something() {
        let named = |text: &str| -> Vec<String> {
            let query = SearchQuery::parse(text);
            let said = query.units().iter().filter(|unit| !unit.is_filler());
            said.map(|unit| unit.ways[0][0].text.clone()).collect()
        };
        assert_eq!(named("Looking for a warm hat, for this winter"), ["warm", "hat", "winter"]);
        assert_eq!(named("please show me the harbour mugs"), ["harbour", "mug"]);
        assert_eq!(named("for-me"), ["forme"], "what is written as one word is one");
    }

    #[test]
    fn parse_of_signs_only_is_empty() {
        for text in ["", " ", "\"*()^", "\0", "\u{1F600}", "- + '"] {
            assert!(SearchQuery::parse(text).is_empty(), "{text:?}");
        }
    }

    #[test]
    fn parse_reads_no_more_than_its_bounds() {
        let words = |text: &str| SearchQuery::parse(text).units().iter().map(|unit| unit.ways[0].len()).sum::<usize>();
        assert_eq!(words(&"w ".repeat(5_000)), INPUT_WORDS);
        assert_eq!(words(&"é".repeat(5_000)), 1);
        assert!(words(&"a1 ".repeat(5_000)) <= INPUT_WORDS);
        assert!(words(&"1 a ".repeat(5_000)) <= INPUT_WORDS);
        assert_eq!(words(&"東".repeat(5_000)), INPUT_WORDS);
    }
}
