//! Delivers letters: to a mail server, or as files when none is set.

mod file;
mod smtp;

pub use file::{FileMailer, prune};
pub use smtp::{Security, SmtpMailer, SmtpServer};

use crate::domain::{Email, Letter};
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::message::{Body, Mailbox, Message, MultiPart, SinglePart};
use std::{fmt, io};

/// Delivers letters. Blocks until the letter is handed over or cannot be.
pub trait Mailer: Send + Sync {
    /// Hands a letter over.
    fn send(&self, letter: &Letter) -> Result<(), MailError>;

    /// Deletes the letters to somebody that it still has; most have none.
    fn forget(&self, _address: &Email) -> io::Result<()> {
        Ok(())
    }
}

/// Why a letter was not handed over. The reason names no address, since it is kept and logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailError {
    /// It may work later.
    Temporary(String),
    /// This letter will never be taken.
    Permanent(String),
}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Temporary(why) | Self::Permanent(why)) = self;
        f.write_str(why)
    }
}

impl std::error::Error for MailError {}

/// Who letters come from.
#[derive(Clone, Debug)]
pub struct Sender(Mailbox);

impl Sender {
    /// Reads `Shop <shop@example.com>` or a bare address, which then goes by `name`.
    pub fn parse(text: &str, name: &str) -> Option<Self> {
        let mut mailbox: Mailbox = text.parse().ok()?;
        let name = mailbox.name.take().unwrap_or_else(|| name.to_owned());
        // A header cannot hold control characters, and the builder of messages panics when it meets one.
        let name: String = name.chars().filter(|c| !c.is_control()).collect();
        mailbox.name = (!name.trim().is_empty()).then_some(name);
        Some(Self(mailbox))
    }
}

/// The most characters of a line that goes out as it is (RFC 5322).
const LINE_CHARS: usize = 998;

/// The text as it goes out. Plain text stays as it is, although the usual coding breaks lines at 76 characters: links
/// are longer, and somebody may read the letter as a file.
fn body(text: &str) -> Body {
    let lines = text.replace("\r\n", "\n").replace(['\r', '\n'], "\r\n");
    if text.is_ascii() && lines.lines().all(|line| line.len() <= LINE_CHARS) {
        Body::dangerous_pre_encoded(lines.into_bytes(), ContentTransferEncoding::SevenBit)
    } else {
        Body::new(lines)
    }
}

fn part(kind: ContentType, text: &str) -> SinglePart {
    SinglePart::builder().header(kind).body(body(text))
}

/// The letter as a message (RFC 5322).
fn message(from: &Sender, letter: &Letter) -> Result<Message, MailError> {
    let impossible = |what: &str| MailError::Permanent(format!("the letter cannot be written: {what}"));
    let address = letter.to().as_str().parse().map_err(|_| impossible("its address is not one mail can go to"))?;
    let builder = Message::builder()
        .from(from.0.clone())
        .to(Mailbox::new(None, address))
        .subject(letter.subject())
        .message_id(Some(format!("<{}@{}>", letter.id(), from.0.email.domain())))
        .header(MIME_VERSION_1_0);
    let message = match letter.html() {
        None => builder.header(ContentType::TEXT_PLAIN).body(body(letter.text())),
        // The last of the alternatives is the one a reader shows when it can.
        Some(html) => builder.multipart(
            MultiPart::alternative()
                .singlepart(part(ContentType::TEXT_PLAIN, letter.text()))
                .singlepart(part(ContentType::TEXT_HTML, html)),
        ),
    };
    let mut message = message.map_err(|error| impossible(&error.to_string()))?;
    // Tells absence notices not to answer (RFC 3834).
    let name = HeaderName::new_from_ascii_str("Auto-Submitted");
    message.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".to_owned()));
    Ok(message)
}
