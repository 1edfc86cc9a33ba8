//! The PDF of an invoice: A4, in Helvetica, which every reader has, so nothing is embedded.
//!
//! That font is addressed by the 218 signs of Windows-1252. Others are written without their accents where that leads to
//! one of these, and as a question mark otherwise; the page of the same invoice shows all of them. The same invoice is
//! always the same file: it holds neither the time it was made nor anything random.

use super::shown::{LineShown, Pair, Shown};
use pdf_writer::{Content, Name, Pdf, Rect, Ref, Str, TextStr};
use unicode_normalization::UnicodeNormalization;

const PAGE: (f32, f32) = (595.0, 842.0);
const LEFT: f32 = 50.0;
const RIGHT: f32 = 545.0;
const TOP: f32 = 792.0;
const BOTTOM: f32 = 60.0;
/// Where the table's columns end, the first two being what it is and how many.
const COLUMNS: [f32; 6] = [260.0, 305.0, 370.0, 430.0, 480.0, RIGHT];
const HEADS: [&str; 6] = ["Item", "Quantity", "Price", "Discount", "Tax", "Amount"];
/// Where the sums begin.
const SUMS: f32 = 290.0;

/// How a text is set.
#[derive(Clone, Copy)]
struct Face {
    name: Name<'static>,
    size: f32,
}

const PLAIN: Face = Face { name: Name(b"F1"), size: 9.0 };
const SMALL: Face = Face { name: Name(b"F1"), size: 7.5 };
const BOLD: Face = Face { name: Name(b"F2"), size: 9.0 };
const TITLE: Face = Face { name: Name(b"F2"), size: 16.0 };

/// Writes an invoice or credit note.
pub fn pdf(shown: &Shown) -> Vec<u8> {
    let mut paper = Paper { pages: vec![Content::new()], y: TOP };
    for line in &shown.seller {
        paper.paragraph(LEFT, RIGHT - LEFT, PLAIN, line);
    }
    paper.y -= 24.0;
    paper.row(TITLE, 22.0, &[(LEFT, &format!("{} {}", shown.title, shown.number))], &[]);
    paper.parties(shown);
    paper.head();
    shown.lines.iter().for_each(|line| paper.line(line));
    paper.y -= 10.0;
    shown.sums.iter().for_each(|sum| paper.sum(PLAIN, sum));
    paper.rule(SUMS);
    paper.sum(BOLD, &shown.total);
    shown.contained.iter().for_each(|sum| paper.sum(PLAIN, sum));
    bound(paper.pages, shown)
}

/// Pages being written, from the top down.
struct Paper {
    pages: Vec<Content>,
    y: f32,
}

impl Paper {
    fn content(&mut self) -> &mut Content {
        if self.pages.is_empty() {
            self.pages.push(Content::new());
        }
        let last = self.pages.len() - 1;
        &mut self.pages[last]
    }

    /// Makes sure that so much fits on the page, or begins another one; tells whether it did.
    fn make_room(&mut self, height: f32) -> bool {
        let turn = self.y - height < BOTTOM;
        if turn {
            self.pages.push(Content::new());
            self.y = TOP;
        }
        turn
    }

    fn put(&mut self, x: f32, y: f32, face: Face, text: &str) {
        put(self.content(), x, y, face, text);
    }

    /// One row of texts that begin at, and of texts that end at, a place.
    fn row(&mut self, face: Face, height: f32, begin: &[(f32, &str)], end: &[(f32, &str)]) {
        self.make_room(height);
        self.y -= height;
        for (x, text) in begin {
            self.put(*x, self.y, face, text);
        }
        for (x, text) in end {
            self.put(x - width(text, face), self.y, face, text);
        }
    }

    /// A text of as many rows as it takes.
    fn paragraph(&mut self, x: f32, room: f32, face: Face, text: &str) {
        for part in wrapped(text, room, face) {
            self.row(face, face.size * 1.35, &[(x, &part)], &[]);
        }
    }

    /// Who buys, and beside it what is to be known of the paper.
    fn parties(&mut self, shown: &Shown) {
        self.make_room(120.0);
        let start = self.y - 8.0;
        self.y = start;
        for line in &shown.buyer {
            self.paragraph(LEFT, 250.0, PLAIN, line);
        }
        let (under_buyer, page) = (self.y, self.pages.len());
        self.y = start;
        for fact in &shown.facts {
            let rows = wrapped(&fact.text, RIGHT - 420.0, PLAIN);
            for (index, text) in rows.iter().enumerate() {
                let label = if index == 0 { fact.label.as_str() } else { "" };
                self.row(PLAIN, PLAIN.size * 1.35, &[(340.0, label), (420.0, text)], &[]);
            }
        }
        // What has turned the page stands below all that was written before.
        self.y = if self.pages.len() == page { self.y.min(under_buyer) } else { self.y };
        self.y -= 20.0;
    }

    fn head(&mut self) {
        let ends: Vec<(f32, &str)> = COLUMNS.into_iter().zip(HEADS).skip(1).collect();
        self.row(BOLD, 16.0, &[(LEFT, HEADS[0])], &ends);
        self.rule(LEFT);
    }

    fn rule(&mut self, from: f32) {
        self.y -= 4.0;
        let y = self.y;
        self.content().set_line_width(0.5).move_to(from, y).line_to(RIGHT, y).stroke();
    }

    /// A line stays together on one page.
    fn line(&mut self, line: &LineShown) {
        let room = COLUMNS[0] - LEFT;
        let (names, about) = (wrapped(&line.name, room, PLAIN), wrapped(&line.about, room, SMALL));
        let height = 4.0 + 13.0 * names.len() as f32 + 10.0 * about.len() as f32;
        if self.make_room(height.min(TOP - BOTTOM - 30.0)) {
            self.head();
        }
        let cells = [&line.quantity, &line.unit_price, &line.discount, &line.tax, &line.amount];
        let ends: Vec<(f32, &str)> = COLUMNS.into_iter().skip(1).zip(cells.map(String::as_str)).collect();
        for (index, name) in names.iter().enumerate() {
            self.row(PLAIN, 13.0, &[(LEFT, name)], if index == 0 { &ends } else { &[] });
        }
        for part in &about {
            self.row(SMALL, 10.0, &[(LEFT, part)], &[]);
        }
        self.y -= 4.0;
    }

    fn sum(&mut self, face: Face, sum: &Pair) {
        let rows = wrapped(&sum.label, RIGHT - SUMS - 90.0, face);
        for (index, label) in rows.iter().enumerate() {
            let text = if index + 1 == rows.len() { sum.text.as_str() } else { "" };
            self.row(face, 14.0, &[(SUMS, label)], &[(RIGHT, text)]);
        }
    }
}

fn put(content: &mut Content, x: f32, y: f32, face: Face, text: &str) {
    if !text.is_empty() {
        content.begin_text().set_font(face.name, face.size).next_line(x, y).show(Str(&encoded(text))).end_text();
    }
}

/// Numbers the pages and binds them into a file.
fn bound(pages: Vec<Content>, shown: &Shown) -> Vec<u8> {
    let (catalog, tree, plain, bold, info) = (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4), Ref::new(5));
    let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
    let ids = |index: i32| (Ref::new(6 + 2 * index), Ref::new(7 + 2 * index));
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree).lang(TextStr("en"));
    pdf.document_info(info).title(TextStr(&format!("{} {}", shown.title, shown.number)));
    pdf.pages(tree).kids((0..count).map(|index| ids(index).0)).count(count);
    for (font, name) in [(plain, &b"Helvetica"[..]), (bold, b"Helvetica-Bold")] {
        pdf.type1_font(font).base_font(Name(name)).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    for (index, mut content) in (0..count).zip(pages) {
        let foot = format!("{} - page {} of {count}", shown.number, index + 1);
        put(&mut content, LEFT, BOTTOM - 24.0, SMALL, &foot);
        let (page_id, content_id) = ids(index);
        let mut page = pdf.page(page_id);
        page.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).parent(tree).contents(content_id);
        page.resources().fonts().pair(PLAIN.name, plain).pair(BOLD.name, bold);
        drop(page);
        pdf.stream(content_id, &content.finish());
    }
    pdf.finish()
}

/// A text cut into rows that fit, at blanks where there are any.
fn wrapped(text: &str, room: f32, face: Face) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    let mut row = String::new();
    for word in text.split_whitespace() {
        let joined = if row.is_empty() { word.to_owned() } else { format!("{row} {word}") };
        if width(&joined, face) <= room {
            row = joined;
            continue;
        }
        if !row.is_empty() {
            rows.push(std::mem::take(&mut row));
        }
        for c in word.chars() {
            row.push(c);
            if width(&row, face) > room && row.chars().count() > 1 {
                row.pop();
                rows.push(std::mem::replace(&mut row, c.to_string()));
            }
        }
    }
    if !row.is_empty() {
        rows.push(row);
    }
    rows
}

/// Widths of the signs from blank to tilde in thousandths of the size, as Adobe published them for Helvetica.
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];

/// How wide a text is. Of signs beyond ASCII it is near enough, and the bold ones among digits and points are no wider.
fn width(text: &str, face: Face) -> f32 {
    let wide = |byte: &u8| match byte {
        32..=126 => WIDTHS[usize::from(byte - 32)],
        0xC0..=0xDE => 722,
        _ => 556,
    };
    encoded(text).iter().map(|byte| f32::from(wide(byte))).sum::<f32>() * face.size / 1000.0
}

/// A text in Windows-1252.
fn encoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.nfc() {
        match byte(c) {
            Some(byte) => bytes.push(byte),
            None => {
                let base: Vec<u8> = std::iter::once(c).nfkd().filter_map(byte).collect();
                if base.is_empty() { bytes.push(b'?') } else { bytes.extend(base) }
            }
        }
    }
    bytes
}

/// Where Windows-1252 differs from Latin-1: the signs from 0x80 on, blanks where it has none.
const SPECIAL: &str = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";

fn byte(c: char) -> Option<u8> {
    match u32::from(c) {
        code @ (0x20..=0x7E | 0xA0..=0xFF) => u8::try_from(code).ok(),
        0x00..=0x1F | 0x7F..=0x9F => Some(b' '),
        _ => SPECIAL.chars().position(|known| known == c).and_then(|place| u8::try_from(0x80 + place).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(lines: usize) -> Shown {
        let text = |text: &str| text.to_owned();
        let line = LineShown {
            name: text("Tea (green) with a name that is far too long to stand on one row of the table"),
            about: text("Large, TEA-1"),
            quantity: text("2"),
            unit_price: text("9.99"),
            discount: String::new(),
            tax: text("19 %"),
            amount: text("19.98"),
        };
        Shown {
            title: "Invoice",
            number: text("INV-7"),
            date: text("2026-11-27"),
            facts: vec![Pair { label: text("Number"), text: text("INV-7") }],
            seller: vec![text("Example Ltd"), text("1 High Street")],
            buyer: vec![text("Žofie Bär"), "x".repeat(400)],
            lines: vec![line; lines],
            sums: vec![Pair { label: text("Subtotal"), text: text("19.98") }],
            total: Pair { label: text("Total EUR"), text: text("19.98") },
            contained: Vec::new(),
            currency: text("EUR"),
        }
    }

    #[test]
    fn signs_are_those_of_windows_1252_or_their_nearest() {
        for (text, bytes) in [
            ("Bär", &b"B\xE4r"[..]),
            ("5 €", b"5 \x80"),
            ("Žižkov Č", b"\x8Ei\x9Ekov C"),
            ("ﬁne", b"fine"),
            ("Привет", b"??????"),
            ("a\u{301}\n", b"\xE1 "),
            ("茶", b"?"),
            ("Ÿ–", b"\x9F\x96"),
        ] {
            assert_eq!(encoded(text), bytes, "{text}");
        }
        assert_eq!(SPECIAL.chars().count(), 32);
    }

    #[test]
    fn file_is_the_same_each_time_and_its_texts_can_be_read() {
        let file = pdf(&shown(1));
        assert_eq!(file, pdf(&shown(1)));
        assert!(file.starts_with(b"%PDF-1.7") && file.trim_ascii_end().ends_with(b"%%EOF"));
        let text = String::from_utf8_lossy(&file);
        for part in
            ["(Invoice INV-7) Tj", "(Total EUR) Tj", "(19.98) Tj", "page 1 of 1", "(Tea (green) with a name that"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn long_invoices_take_more_pages_and_leave_nothing_out() {
        let file = pdf(&shown(200));
        let text = String::from_utf8_lossy(&file);
        let count = |part: &str| text.matches(part).count();
        let pages = count("/Type /Page\n");
        assert!(pages > 5, "{pages}");
        assert_eq!(count("(Item) Tj"), pages, "each page has the head of the table");
        assert_eq!(count("(Tea (green)"), 200);
        assert!(text.contains(&format!("page {pages} of {pages}")));
    }

    #[test]
    fn rows_never_pass_their_room() {
        for text in ["", "a b c", &"W".repeat(500), "one twowwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww three"] {
            let rows = wrapped(text, 60.0, PLAIN);
            assert!(rows.iter().all(|row| width(row, PLAIN) <= 60.0), "{rows:?}");
            assert_eq!(rows.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }
}
