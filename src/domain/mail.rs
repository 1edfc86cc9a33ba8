//! Letters: what the shop writes to people.

use super::{Email, Invalid};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The most characters of a subject.
pub const SUBJECT_CHARS: usize = 200;
/// The most bytes of a text.
pub const TEXT_BYTES: usize = 64 * 1024;
/// The most bytes of the same as HTML.
pub const HTML_BYTES: usize = 256 * 1024;

/// A letter to one person. Its subject is one line, so that no header can be smuggled in with it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Kept", into = "Kept")]
pub struct Letter {
    id: String,
    to: Email,
    subject: String,
    text: String,
    html: Option<String>,
}

/// A letter as it is kept while it waits. Those kept before letters could have HTML have no such field.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    id: String,
    to: String,
    subject: String,
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    html: Option<String>,
}

impl Letter {
    /// A letter. Its id stays the same however often it is sent, so that a mailbox can tell a second copy.
    pub fn new(id: &str, to: Email, subject: &str, text: &str) -> Result<Self, Invalid> {
        let wrong = |field: &str, message: String| Err(Invalid::one(field, "invalid", message));
        if id.is_empty() || id.len() > 64 || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return wrong("id", "must be 1 to 64 letters and digits".to_owned());
        }
        if subject.trim().is_empty() || subject.chars().any(char::is_control) || subject.chars().count() > SUBJECT_CHARS
        {
            return wrong("subject", format!("must be one line of 1 to {SUBJECT_CHARS} characters"));
        }
        if text.len() > TEXT_BYTES || text.contains('\0') {
            return wrong("text", format!("must be at most {TEXT_BYTES} bytes long, without NUL"));
        }
        Ok(Self { id: id.to_owned(), to, subject: subject.to_owned(), text: text.to_owned(), html: None })
    }

    /// The same letter, which also says it as HTML.
    pub fn with_html(self, html: &str) -> Result<Self, Invalid> {
        if html.len() > HTML_BYTES || html.contains('\0') {
            let message = format!("must be at most {HTML_BYTES} bytes long, without NUL");
            return Err(Invalid::one("html", "invalid", message));
        }
        Ok(Self { html: Some(html.to_owned()), ..self })
    }

    /// What tells it from all others.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Who gets it.
    pub fn to(&self) -> &Email {
        &self.to
    }

    /// What it is about.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// What it says.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same as HTML, when it has that too.
    pub fn html(&self) -> Option<&str> {
        self.html.as_deref()
    }
}

/// Without what it says and to whom, so that neither comes into a log by accident.
impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter").field("id", &self.id).finish_non_exhaustive()
    }
}

impl TryFrom<Kept> for Letter {
    type Error = Invalid;

    fn try_from(kept: Kept) -> Result<Self, Invalid> {
        let to = Email::parse(&kept.to).ok_or_else(|| Invalid::one("to", "invalid", "is no e-mail address"))?;
        let letter = Self::new(&kept.id, to, &kept.subject, &kept.text)?;
        match kept.html {
            Some(html) => letter.with_html(&html),
            None => Ok(letter),
        }
    }
}

impl From<Letter> for Kept {
    fn from(letter: Letter) -> Self {
        let Letter { id, to, subject, text, html } = letter;
        Self { id, to: to.as_str().to_owned(), subject, text, html }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(subject: &str, text: &str) -> Result<Letter, Invalid> {
        Letter::new("7f", Email::parse("ann@example.test").unwrap(), subject, text)
    }

    #[test]
    fn letter_with_a_second_line_in_its_subject_is_refused() {
        assert!(letter("Your order", "Hello,\r\n.\r\nBcc: x@example.test\n").is_ok());
        for bad in ["", "  ", "Hi\r\nBcc: eve@example.test", "Hi\nX: y", "Hi\u{85}X", "Hi\0", &"x".repeat(201)] {
            assert!(letter(bad, "").is_err(), "{bad:?}");
        }
        assert!(letter("Hi", &"x".repeat(TEXT_BYTES + 1)).is_err());
        assert!(letter("Hi", "").unwrap().with_html(&"x".repeat(HTML_BYTES + 1)).is_err());
        for bad in ["", "a b", "a>\r\nX: y"] {
            assert!(Letter::new(bad, Email::parse("ann@example.test").unwrap(), "Hi", "").is_err(), "{bad:?}");
        }
    }

    #[test]
    fn letter_is_read_back_as_it_was_kept_and_checked_again() {
        let letter = letter("Grüße", "Zeile 1\nZeile 2").unwrap();
        let kept = serde_json::to_string(&letter).unwrap();
        assert_eq!(serde_json::from_str::<Letter>(&kept).unwrap(), letter);
        assert!(!kept.contains("html"), "an older version could read it too: {kept}");
        let both = letter.clone().with_html("<p>Zeile 1</p>").unwrap();
        assert_eq!(serde_json::from_str::<Letter>(&serde_json::to_string(&both).unwrap()).unwrap(), both);
        assert!(!format!("{letter:?}").contains("Zeile") && !format!("{letter:?}").contains("ann"));
        let forged = kept.replace("Grüße", "Hi\\r\\nBcc: eve@example.test");
        assert!(serde_json::from_str::<Letter>(&forged).is_err());
        assert!(serde_json::from_str::<Letter>(&kept.replace("ann@", "ann")).is_err());
    }
}
