//! Turns text into index words, for documents and queries alike: a word is found however it was written only
//! when both sides are folded by the same code. No SQL and no ranking here.

use unicode_normalization::UnicodeNormalization;

/// Longer words are cut: an index key must stay small whatever the text holds.
const WORD_BYTES: usize = 64;

/// A chain of more parts than this (an address, a list of options) is not one name, so it has no glued form.
const CHAIN_PARTS: usize = 8;

/// Singular words that end like plurals and have a plural of their own to meet.
const SINGULAR: [&str; 3] = ["lens", "gas", "chassis"];

/// A stretch of text without blanks: its words, and how they hang together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Chain {
    /// Words with one sign between each two, such as `CAT-6`; most chains have a single part.
    Parts(Vec<String>),
    /// A run of characters of a script that is written without blanks.
    Run(Vec<char>),
}

impl Chain {
    /// The chain without its signs, when it has any: `cat6` for `CAT-6`.
    pub(super) fn glued(&self) -> Option<String> {
        match self {
            Self::Parts(parts) if (2..=CHAIN_PARTS).contains(&parts.len()) => Some(cut(parts.concat())),
            _ => None,
        }
    }
}

/// The two-character words of a run. Two characters say where the run's parts stand, which lone ones would not.
pub(super) fn pairs(run: &[char]) -> impl Iterator<Item = String> + '_ {
    run.windows(2).map(|pair| pair.iter().collect())
}

/// Splits text into chains of folded characters; plural endings are left for [`stem`], which needs whole words.
pub(super) fn chains(text: &str) -> Vec<Chain> {
    let mut splitter = Splitter::default();
    if text.is_ascii() {
        text.chars().for_each(|c| splitter.push(c.to_ascii_lowercase()));
    } else {
        // Compatibility decomposition splits accents off and widens half-width forms; composing again keeps
        // what is no accent, such as the voiced kana. The trade mark sign must go first, or `Core™` would
        // become `coretm`.
        let bare = text.chars().map(|c| if matches!(c, '™' | '℠' | '®' | '©') { ' ' } else { c });
        for c in bare.nfkd().filter(|c| !is_accent(*c)).nfc().flat_map(char::to_lowercase) {
            match spelled_out(c) {
                Some(letters) => letters.chars().for_each(|c| splitter.push(c)),
                None if is_accent(c) => {}
                None => splitter.push(c),
            }
        }
    }
    splitter.finish()
}

/// Marks that only shade a letter, in scripts whose readers leave them out when they type.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{64b}'..='\u{65f}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{200b}'..='\u{200f}' | '\u{ad}')
}

/// Letters without a decomposition that people spell with plain ones.
fn spelled_out(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ı' => "i",
        'ς' => "σ",
        _ => return None,
    })
}

/// Scripts written without blanks between words, and Hangul, whose words take endings.
fn runs_on(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
        && c != '\u{30fb}'
}

/// Characters that make up words. Vowel signs of Indic scripts count, they are not alphanumeric by themselves.
fn in_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\u{900}'..='\u{dff}')
}

#[derive(Default)]
struct Splitter {
    done: Vec<Chain>,
    parts: Vec<String>,
    word: String,
    run: Vec<char>,
    sign: Option<char>,
}

impl Splitter {
    fn push(&mut self, c: char) {
        if runs_on(c) {
            self.end_chain();
            self.run.push(c);
        } else if in_word(c) {
            self.end_run();
            if let Some(sign) = self.sign.take() {
                let number = self.word.ends_with(|d: char| d.is_ascii_digit()) && c.is_ascii_digit();
                match sign {
                    // The sign inside a number is no border: the parts of 1.8 mean nothing.
                    '.' | ',' if number => {}
                    ',' => self.end_chain(),
                    _ => self.end_word(),
                }
            }
            if self.word.len() < WORD_BYTES {
                self.word.push(c);
            }
        } else if !self.word.is_empty()
            && self.sign.is_none()
            && matches!(c, '-' | '.' | ',' | '/' | '_' | '\'' | '’' | '+' | '&' | ':' | '\u{2010}' | '\u{2011}')
        {
            self.sign = Some(c);
        } else {
            self.end_chain();
            self.end_run();
        }
    }

    fn end_word(&mut self) {
        if !self.word.is_empty() {
            self.parts.push(std::mem::take(&mut self.word));
        }
    }

    fn end_chain(&mut self) {
        self.sign = None;
        self.end_word();
        if !self.parts.is_empty() {
            self.done.push(Chain::Parts(std::mem::take(&mut self.parts)));
        }
    }

    fn end_run(&mut self) {
        if !self.run.is_empty() {
            self.done.push(Chain::Run(std::mem::take(&mut self.run)));
        }
    }

    fn finish(mut self) -> Vec<Chain> {
        self.end_chain();
        self.end_run();
        self.done
    }
}

fn cut(mut word: String) -> String {
    if word.len() > WORD_BYTES {
        let end = (0..=WORD_BYTES).rev().find(|&i| word.is_char_boundary(i)).unwrap_or(0);
        word.truncate(end);
    }
    word
}

/// Takes plural endings off an English word, so that both numbers of it meet in one form. The form itself need
/// not be a word: an `e` that only some plurals keep (`boxes`, `cases`, `potatoes`) is dropped from both.
pub(super) fn stem(mut word: String) -> String {
    if word.len() < 3 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return word;
    }
    let plural = word.ends_with('s') && !["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    if plural && !SINGULAR.contains(&word.as_str()) {
        word.pop();
    }
    if word.len() > 3 && word.ends_with("ie") {
        word.truncate(word.len() - 2);
        word.push('y');
    } else if word.len() > 3 && ["se", "xe", "ze", "che", "she", "oe"].iter().any(|end| word.ends_with(end)) {
        word.pop();
    }
    word
}

/// Takes tags and character references out of text that may hold HTML; what they name is kept where it is a
/// letter or a sign.
pub(super) fn without_markup(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains(['<', '&']) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let used = if rest.starts_with('<') { skip_tag(rest, &mut out) } else { decode(rest, &mut out) };
        rest = &rest[used..];
    }
    out.push_str(rest);
    out.into()
}

/// Returns how many bytes were used. A `<` that opens no tag is a sign like any other.
fn skip_tag(text: &str, out: &mut String) -> usize {
    out.push(' ');
    let opens = text[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
    if opens { text.find('>').map_or(1, |end| end + 1) } else { 1 }
}

/// Returns how many bytes were used. Accented letters are named after the letter, which is all that is needed.
fn decode(text: &str, out: &mut String) -> usize {
    let name = text[1..].split_once(';').map(|(name, _)| name).filter(|name| name.len() <= 8);
    let Some(name) = name.filter(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'#')) else {
        out.push('&');
        return 1;
    };
    const SHADES: [&str; 9] = ["acute", "grave", "circ", "uml", "tilde", "cedil", "ring", "slash", "caron"];
    let number = name.strip_prefix('#').and_then(|n| match n.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => n.parse().ok(),
    });
    if let Some(c) = number.and_then(char::from_u32) {
        out.push(c);
    } else if SHADES.contains(&&name[1..]) {
        out.push_str(&name[..1]);
    } else {
        out.push_str(match name {
            "amp" => "&",
            "szlig" => "ss",
            "aelig" | "AElig" => "ae",
            "oelig" | "OElig" => "oe",
            "ndash" | "mdash" | "shy" => "-",
            "apos" | "rsquo" => "'",
            _ => " ",
        });
    }
    name.len() + 2
}

#[cfg(test)]
mod tests {
    use super::{Chain, chains, stem, without_markup};

    fn words(text: &str) -> Vec<String> {
        let spelled = |chain: Chain| match chain {
            Chain::Parts(parts) => parts.join("+"),
            Chain::Run(run) => run.into_iter().collect(),
        };
        chains(text).into_iter().map(spelled).collect()
    }

    #[test]
    fn chains_split_at_signs_and_fold_case_and_accents() {
        assert_eq!(words("Crème BRÛLÉE"), ["creme", "brulee"]);
        assert_eq!(words("CAT-6 cable, 1.8m"), ["cat+6", "cable", "18m"]);
        assert_eq!(words("Intel® Core™2 17\" ½"), ["intel", "core", "2", "17", "1", "2"]);
        assert_eq!(words("men's M/F a--b -x- C++"), ["men+s", "m+f", "a", "b", "x", "c"]);
        assert_eq!(words("Łódź Straße Ærø ＡＢＣ１２"), ["lodz", "strasse", "aero", "abc12"]);
        assert_eq!(words("iPhone用ケース\u{0}x"), ["iphone", "用ケース", "x"]);
        assert_eq!(words("\u{1F600} \" * ( ^"), Vec::<String>::new());
    }

    #[test]
    fn glued_chain_has_no_signs() {
        let glued = |text: &str| chains(text)[0].glued();
        assert_eq!(glued("DDR2-SDRAM").as_deref(), Some("ddr2sdram"));
        assert_eq!(glued("plain"), None);
        assert_eq!(glued("a/b/c/d/e/f/g/h/i"), None);
    }

    #[test]
    fn stem_of_both_numbers_is_the_same() {
        for (one, many) in [
            ("cable", "cables"),
            ("box", "boxes"),
            ("case", "cases"),
            ("battery", "batteries"),
            ("movie", "movies"),
            ("watch", "watches"),
            ("potato", "potatoes"),
            ("glass", "glasses"),
            ("bus", "buses"),
            ("lens", "lenses"),
            ("tv", "tvs"),
            ("shoe", "shoes"),
            ("size", "sizes"),
            ("dish", "dishes"),
        ] {
            assert_eq!(stem(one.to_owned()), stem(many.to_owned()), "{one} {many}");
        }
        assert_eq!(stem("802s".to_owned()), "802s");
    }

    #[test]
    fn markup_is_taken_out_and_references_are_read() {
        assert_eq!(
            without_markup("<p>a&amp;b</p>&eacute;t&eacute; 1 < 2 &#233; &unknown; x & y"),
            "  a&b ete 1   2 é   x & y".replacen("  ", " ", 1)
        );
        assert_eq!(without_markup("<unclosed"), " unclosed");
        assert_eq!(without_markup("&;&#xZZ;&#x110000;"), "&;  ");
    }
}
