//! Templates of letters: built in, and overridden by files of the same name in the data folder.
//!
//! What is filled in is data: HTML is escaped by itself, and nothing that a buyer or the staff typed is ever read as a
//! template. A file that is broken never keeps a letter from being sent: the built-in one takes its place, and what is
//! wrong is told with its line.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value, escape_formatter};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::{fmt, io};

/// The most steps a template may take, so that a loop in one cannot hold up the letters behind it.
const FUEL: u64 = 500_000;
/// The most bytes of a file that overrides one.
const FILE_BYTES: u64 = 256 * 1024;

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        /// Every built-in file: its name and what it says.
        const BUILT_IN: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../../static/mail/", $name)))),*];
    };
}

built_in! {
    "layout.html", "order.html", "order.txt",
    "order_placed.html", "order_placed.txt", "order_paid.html", "order_paid.txt",
    "order_shipped.html", "order_shipped.txt", "order_refunded.html", "order_refunded.txt",
    "order_cancelled.html", "order_cancelled.txt",
    "stock_low.html", "stock_low.txt", "stock_confirm.html", "stock_confirm.txt",
    "stock_available.html", "stock_available.txt",
}

/// A letter that has templates: a text, whose first line is the subject, and the same as HTML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// An order was placed.
    OrderPlaced,
    /// Its payment arrived.
    OrderPaid,
    /// A shipment is on its way.
    OrderShipped,
    /// A refund was made.
    OrderRefunded,
    /// An order was cancelled.
    OrderCancelled,
    /// A variant runs low.
    StockLow,
    /// Somebody is asked whether they want to be told that a product is back.
    StockConfirm,
    /// A product is back.
    StockAvailable,
}

impl Template {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::OrderPlaced,
        Self::OrderPaid,
        Self::OrderShipped,
        Self::OrderRefunded,
        Self::OrderCancelled,
        Self::StockLow,
        Self::StockConfirm,
        Self::StockAvailable,
    ];

    /// The name of its files, without what they end in.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OrderPlaced => "order_placed",
            Self::OrderPaid => "order_paid",
            Self::OrderShipped => "order_shipped",
            Self::OrderRefunded => "order_refunded",
            Self::OrderCancelled => "order_cancelled",
            Self::StockLow => "stock_low",
            Self::StockConfirm => "stock_confirm",
            Self::StockAvailable => "stock_available",
        }
    }

    /// The letter of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.name() == name)
    }
}

/// What a letter says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// What it is about: one line.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// What is wrong with a file that overrides a template, when the built-in one was taken instead.
    pub broken: Option<String>,
}

/// Where the files are that override templates.
pub struct Templates {
    folder: PathBuf,
}

impl Templates {
    /// Those of a folder, which need not exist.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Writes a letter. Files that override are read anew each time, so a change counts for the next letter.
    pub fn write(&self, template: Template, data: &impl Serialize) -> Result<Written, String> {
        let data = Value::from(Serde(data));
        match written(&self.overridden(), template, &data) {
            Ok(written) => Ok(written),
            Err(error) => {
                let broken = told(template, &error);
                let fallback = written(&built_in(), template, &data).map_err(|error| told(template, &error))?;
                Ok(Written { broken: Some(broken), ..fallback })
            }
        }
    }

    /// Writes the built-in files into the folder; those that are there already stay. Tells which were written.
    pub fn export(&self) -> io::Result<Vec<&'static str>> {
        std::fs::create_dir_all(&self.folder)?;
        let mut names = Vec::new();
        for (name, text) in BUILT_IN {
            let path = self.folder.join(name);
            if !path.exists() {
                std::fs::write(path, text)?;
                names.push(*name);
            }
        }
        Ok(names)
    }

    /// The built-in templates with the files of the folder before them.
    fn overridden(&self) -> Environment<'static> {
        let folder = self.folder.clone();
        environment(move |name| match file(&folder, name) {
            Ok(Some(text)) => Ok(Some(text)),
            Ok(None) => Ok(default_of(name)),
            Err(why) => Err(Error::new(ErrorKind::InvalidOperation, format!("the file {name} cannot be read: {why}"))),
        })
    }
}

/// The text of a file that overrides a template. Only built-in names are looked for, so no path leads elsewhere.
fn file(folder: &Path, name: &str) -> io::Result<Option<String>> {
    if default_of(name).is_none() {
        return Ok(None);
    }
    text_of(&folder.join(name))
}

/// The text of a file, if there is one.
pub(in crate::services) fn text_of(path: &Path) -> io::Result<Option<String>> {
    match std::fs::metadata(path) {
        Ok(about) if about.len() > FILE_BYTES => {
            Err(io::Error::other(format!("it is larger than {} KiB", FILE_BYTES / 1024)))
        }
        Ok(_) => std::fs::read_to_string(path).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn default_of(name: &str) -> Option<String> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
}

fn built_in() -> Environment<'static> {
    environment(|name| Ok(default_of(name)))
}

/// An engine that reads its templates like this, with the rules of the house.
pub(in crate::services) fn environment(
    load: impl Fn(&str) -> Result<Option<String>, Error> + Send + Sync + 'static,
) -> Environment<'static> {
    let mut environment = Environment::new();
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    if let Ok(syntax) = syntax.build() {
        environment.set_syntax(syntax);
    }
    environment.set_loader(load);
    environment.set_fuel(Some(FUEL));
    environment.set_formatter(|out, state, value| match value.as_str() {
        // What the engine does by itself, but for slashes, so that links stay readable.
        Some(text) if matches!(state.auto_escape(), AutoEscape::Html) && !value.is_safe() => Ok(escaped(out, text)?),
        _ => escape_formatter(out, state, value),
    });
    // A misspelt name is an error with a line instead of a gap in a letter.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
        .set_auto_escape_callback(|name| if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None });
    environment
}

/// Writes text into HTML, between tags or in a quoted attribute.
fn escaped(out: &mut impl fmt::Write, text: &str) -> fmt::Result {
    text.chars().try_for_each(|c| match c {
        '&' => out.write_str("&amp;"),
        '<' => out.write_str("&lt;"),
        '>' => out.write_str("&gt;"),
        '"' => out.write_str("&quot;"),
        '\'' => out.write_str("&#39;"),
        other => out.write_char(other),
    })
}

fn written(environment: &Environment<'_>, template: Template, data: &Value) -> Result<Written, Error> {
    let name = template.name();
    let whole = environment.get_template(&format!("{name}.txt"))?.render(data.clone())?;
    let (subject, text) = subject_of(&whole).ok_or_else(|| {
        Error::new(ErrorKind::InvalidOperation, format!("line 1 of {name}.txt must be Subject: and what it is about"))
    })?;
    let with_subject = minijinja::context! { subject => &subject, ..data.clone() };
    let html = environment.get_template(&format!("{name}.html"))?.render(with_subject)?;
    Ok(Written { subject, text: text.to_owned(), html, broken: None })
}

/// Takes the subject off a text: its first line, without what no header may hold.
fn subject_of(text: &str) -> Option<(String, &str)> {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let plain = first.strip_prefix("Subject:")?.chars().map(|c| if c.is_control() { ' ' } else { c });
    let subject: String = plain.collect::<String>().trim().chars().take(crate::domain::mail::SUBJECT_CHARS).collect();
    (!subject.is_empty()).then(|| (subject, rest.trim_start_matches('\n')))
}

/// What is wrong with a template, naming its file and line.
fn told(template: Template, error: &Error) -> String {
    let name = error.name().map_or_else(|| format!("{}.txt", template.name()), str::to_owned);
    match error.line() {
        Some(line) => format!("{name}, line {line}: {error}"),
        None => format!("{name}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::super::shown::ShopShown;
    use super::*;

    fn shop() -> ShopShown {
        ShopShown { name: "Bär & Söhne".to_owned(), url: "https://shop.test".to_owned() }
    }

    fn write(folder: &Path, template: Template) -> Written {
        sample::write(&Templates::new(folder.to_owned()), template, shop(), "EUR").unwrap()
    }

    #[test]
    fn built_in_letters_say_it_as_text_and_as_html_without_gaps() {
        let folder = tempfile::tempdir().unwrap();
        for template in Template::ALL {
            let written = write(folder.path(), template);
            assert_eq!(written.broken, None, "{}", template.name());
            assert!(!written.subject.is_empty() && !written.text.contains("Subject:"), "{written:?}");
            assert!(!written.text.contains("\n\n\n") && written.text.ends_with('\n'), "{}", written.text);
            assert!(
                written.html.starts_with("<!doctype html>") && written.html.contains("</html>"),
                "{}",
                written.html
            );
            assert!(written.html.contains("Bär &amp; Söhne"), "{}", written.html);
            for markup in ["{{", "{%", "none"] {
                assert!(!written.text.contains(markup) && !written.html.contains(markup), "{markup} in {written:?}");
            }
        }
    }

    #[test]
    fn order_letter_holds_lines_sums_address_link_and_how_to_pay() {
        let folder = tempfile::tempdir().unwrap();
        let written = write(folder.path(), Template::OrderPlaced);
        assert_eq!(written.subject, "Your order 1001 at Bär & Söhne");
        for part in [
            "  2 x Blue mug (Large): 39.98\n",
            "  Tax: 9.19 EUR\n  Total: 57.57 EUR\n",
            "We ship to\n  Ann Example\n",
            "How to pay\nPlease transfer",
            "\n  https://shop.test/orders/1001#token=sample-token\n",
            "Tea <strainer> & lid",
        ] {
            assert!(written.text.contains(part), "{part:?} in {}", written.text);
        }
        assert!(written.html.contains("Tea &lt;strainer&gt; &amp; lid"), "{}", written.html);
        assert!(!written.html.contains("<strainer>"));
        assert!(
            written.html.contains(r#"<a href="https://shop.test/orders/1001#token=sample-token">"#),
            "{}",
            written.html
        );
    }

    #[test]
    fn template_of_the_folder_takes_the_place_of_the_built_in_one() {
        let folder = tempfile::tempdir().unwrap();
        let templates = Templates::new(folder.path().join("templates/mail"));
        assert_eq!(templates.export().unwrap().len(), BUILT_IN.len());
        assert_eq!(write(&folder.path().join("templates/mail"), Template::OrderPaid).broken, None);
        std::fs::write(folder.path().join("layout.html"), "<b>{% block body %}{% endblock %}</b>").unwrap();
        std::fs::write(folder.path().join("order_paid.txt"), "Subject: Thanks\r\nPaid: {{ order.total }}").unwrap();
        let written = write(folder.path(), Template::OrderPaid);
        assert_eq!((written.subject.as_str(), written.text.as_str()), ("Thanks", "Paid: 57.57"));
        assert!(written.html.starts_with("<b>"), "{}", written.html);
        std::fs::write(folder.path().join("templates/mail/order_paid.txt"), "mine").unwrap();
        assert!(templates.export().unwrap().is_empty(), "what is there stays");
        assert_eq!(std::fs::read_to_string(folder.path().join("templates/mail/order_paid.txt")).unwrap(), "mine");
    }

    #[test]
    fn broken_template_is_told_with_its_line_and_the_built_in_one_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let good = write(folder.path(), Template::OrderPaid);
        for (file, text, told) in [
            ("order_paid.txt", "Subject: x\n\n{{ order.totl }}", "order_paid.txt, line 3"),
            ("order_paid.txt", "Subject: x\n{% for %}", "order_paid.txt, line 2"),
            ("order_paid.txt", "Hello", "line 1 of order_paid.txt must be Subject:"),
            ("order_paid.html", "\n\n{{ order.number | sums }}", "order_paid.html, line 3"),
            ("order_paid.html", "{% include \"../../nexus.json\" %}", "order_paid.html, line 1"),
            (
                "order_paid.html",
                "{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}",
                "fuel",
            ),
            ("layout.html", "{% block body %}", "layout.html"),
            ("order_paid.html", &"x".repeat(300 * 1024), "order_paid.html"),
        ] {
            let path = folder.path().join(file);
            std::fs::write(&path, text).unwrap();
            let written = write(folder.path(), Template::OrderPaid);
            let broken = written.broken.clone().unwrap_or_else(|| panic!("{file} {text:.40} is not broken"));
            assert!(broken.contains(told), "{told} in {broken}");
            assert_eq!(Written { broken: None, ..written }, good);
            std::fs::remove_file(path).unwrap();
        }
    }
}
