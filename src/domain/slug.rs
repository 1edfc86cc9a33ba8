//! The readable name of a product or category in an address.

use serde::Serialize;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Lower-case letters and digits joined by single hyphens, at most 200 bytes, never all digits
/// (that would read as an id).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Slug(String);

const MAX_BYTES: usize = 200;

impl Slug {
    /// Accepts a text that already is a slug.
    pub fn parse(text: &str) -> Option<Self> {
        let shape = !text.is_empty()
            && text.len() <= MAX_BYTES
            && text.split('-').all(|part| !part.is_empty() && part.chars().all(is_slug_char));
        (shape && !all_digits(text)).then(|| Self(text.to_owned()))
    }

    /// Makes a slug from any text: accents dropped, case folded, everything else a hyphen.
    /// A text without letters or digits gives `item`.
    pub fn from_text(text: &str) -> Self {
        let mut slug = String::with_capacity(text.len());
        for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
            let folded: &str = match c {
                'ß' => "ss",
                'æ' => "ae",
                'œ' => "oe",
                'ø' => "o",
                'đ' => "d",
                'ł' => "l",
                _ => "",
            };
            if !folded.is_empty() {
                slug.push_str(folded);
            } else if is_slug_char(c) {
                slug.push(c);
            } else if c != '\'' && c != '’' && !slug.ends_with('-') && !slug.is_empty() {
                slug.push('-');
            }
        }
        Self::fit(&slug)
    }

    /// The same slug with a number behind it, for when the plain one is taken.
    pub fn numbered(&self, number: u64) -> Self {
        let tail = format!("-{number}");
        let head = cut(&self.0, MAX_BYTES - tail.len()).trim_end_matches('-');
        Self(format!("{head}{tail}"))
    }

    fn fit(text: &str) -> Self {
        let cut = cut(text, MAX_BYTES - 5).trim_matches('-');
        if cut.is_empty() {
            Self("item".to_owned())
        } else if all_digits(cut) {
            Self(format!("item-{cut}"))
        } else {
            Self(cut.to_owned())
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes over a slug from the database, where only valid ones are written.
    pub fn trusted(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Display for Slug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_slug_char(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || (!c.is_ascii() && c.is_alphanumeric() && !c.is_uppercase())
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use super::Slug;
    use proptest::prelude::*;

    #[test]
    fn from_text_folds_to_readable_slugs() {
        for (text, slug) in [
            ("Blue Shirt", "blue-shirt"),
            ("  Crème brûlée -- 2×  ", "creme-brulee-2"),
            ("Straße Ø Æ", "strasse-o-ae"),
            ("Men's", "mens"),
            ("2024", "item-2024"),
            ("!!!", "item"),
            ("緑茶", "緑茶"),
        ] {
            assert_eq!(Slug::from_text(text).as_str(), slug);
        }
    }

    #[test]
    fn parse_refuses_ids_and_untidy_texts() {
        for bad in ["", "42", "-a", "a-", "a--b", "A", "a b", "a/b", "a.b"] {
            assert!(Slug::parse(bad).is_none(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn every_made_slug_is_a_slug(text in ".{0,300}", number in 2u64..10_000_000) {
            let slug = Slug::from_text(&text);
            prop_assert!(Slug::parse(slug.as_str()).is_some(), "{}", slug);
            let numbered = slug.numbered(number);
            prop_assert!(Slug::parse(numbered.as_str()).is_some(), "{}", numbered);
        }
    }
}
