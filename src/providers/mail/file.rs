//! Writes letters into a folder instead of sending them, for shops that have no mail server set yet.
//!
//! The files can be opened with any mail program. Letters hold links that open accounts, so the files are readable by
//! the owner only, few are kept, and none for long.

use super::{MailError, Mailer, Sender, message};
use crate::domain::{Email, Letter, Timestamp};
use crate::folder::write_private;
use std::io;
use std::path::{Path, PathBuf};

/// Letters that are kept.
const MOST_FILES: usize = 1_000;

/// Writes letters into a folder.
pub struct FileMailer {
    folder: PathBuf,
    from: Sender,
}

impl FileMailer {
    /// Letters from somebody, into a folder that exists.
    pub fn new(folder: PathBuf, from: Sender) -> Self {
        Self { folder, from }
    }
}

impl Mailer for FileMailer {
    fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let message = message(&self.from, letter)?;
        let name = format!("{:014}-{}.eml", crate::clock::now().millis(), letter.id());
        let failed = |e: io::Error| MailError::Temporary(format!("the folder of letters cannot be written: {e}"));
        write_private(&self.folder.join(&name), &message.formatted()).map_err(failed)?;
        let domain = letter.to().as_str().rsplit('@').next().unwrap_or_default();
        tracing::info!(%domain, subject = letter.subject(), file = %name, "would send a letter: no mail server is set, so it was written to mail/");
        prune(&self.folder, Timestamp::from_millis(0)).map(drop).map_err(failed)
    }

    fn forget(&self, address: &Email) -> io::Result<()> {
        let to = format!("To: {}", address.as_str());
        for (_, name) in letters(&self.folder)? {
            let path = self.folder.join(name);
            match std::fs::read(&path).map(|message| has_header(&message, &to)) {
                Ok(true) => drop(remove(&path)?),
                Ok(false) => {}
                // It was deleted meanwhile, because it was old.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Whether the head of a message has this line, whatever the case of its letters.
fn has_header(message: &[u8], header: &str) -> bool {
    let mut head = message.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).take_while(|line| !line.is_empty());
    head.any(|line| line.eq_ignore_ascii_case(header.as_bytes()))
}

/// When each letter in a folder was written, and its file; the oldest first.
fn letters(folder: &Path) -> io::Result<Vec<(i64, String)>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if let Some(written) = written_at(&name) {
            names.push((written, name));
        }
    }
    names.sort();
    Ok(names)
}

/// Deletes letters written before a moment, and all but the newest; tells how many.
pub fn prune(folder: &Path, before: Timestamp) -> io::Result<usize> {
    let names = letters(folder)?;
    let surplus = names.len().saturating_sub(MOST_FILES);
    let mut deleted = 0;
    for (at, (written, name)) in names.iter().enumerate() {
        if at < surplus || *written < before.millis() {
            deleted += usize::from(remove(&folder.join(name))?);
        }
    }
    Ok(deleted)
}

/// Deletes a letter; false when somebody else did so first, since letters are sent several at a time.
fn remove(path: &Path) -> io::Result<bool> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// When a letter was written, by the name of its file; nothing for files that are none of ours.
fn written_at(name: &str) -> Option<i64> {
    let (stamp, rest) = name.split_once('-')?;
    if rest.ends_with(".eml") && stamp.len() >= 14 { stamp.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::super::LINE_CHARS;
    use super::*;
    use crate::domain::Email;

    fn letter(id: &str, subject: &str, text: &str) -> Letter {
        Letter::new(id, Email::parse("ann@example.test").unwrap(), subject, text).unwrap()
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
        found.sort();
        found
    }

    #[test]
    fn letter_becomes_a_private_message_file() {
        let folder = tempfile::tempdir().unwrap();
        let from = Sender::parse("shop@example.test", "Bär & Söhne").unwrap();
        let mailer = FileMailer::new(folder.path().to_owned(), from);
        mailer.send(&letter("a1", "Grüße aus dem Laden", "Hello,\n.\nhttps://shop.test/x?token=abc=1\n")).unwrap();
        let files = files(folder.path());
        assert_eq!(files.len(), 1);
        let text = std::fs::read_to_string(&files[0]).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let has = |line: &str| assert!(head.lines().any(|l| l == line), "no {line:?} in {head}");
        has("To: ann@example.test");
        has("Message-ID: <a1@example.test>");
        has("Content-Type: text/plain; charset=utf-8");
        has("Auto-Submitted: auto-generated");
        has("From: =?utf-8?b?QsOkciAmIFPDtmhuZQ==?= <shop@example.test>");
        has("Subject: =?utf-8?b?R3LDvMOfZQ==?= aus dem Laden");
        has("MIME-Version: 1.0");
        assert!(head.contains("\nDate: ") && head.is_ascii(), "{head}");
        assert_eq!(body, "Hello,\r\n.\r\nhttps://shop.test/x?token=abc=1\r\n");
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&files[0].metadata().unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn letters_beyond_the_newest_or_older_than_wanted_are_deleted_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        for n in 0..MOST_FILES + 3 {
            std::fs::write(folder.path().join(format!("{:014}-x.eml", 1_000 + n)), "").unwrap();
        }
        std::fs::write(folder.path().join("notes.eml"), "").unwrap();
        assert_eq!(prune(folder.path(), Timestamp::from_millis(0)).unwrap(), 3);
        assert_eq!(files(folder.path()).len(), MOST_FILES + 1);
        assert!(files(folder.path())[0].ends_with("00000000001003-x.eml"));
        assert_eq!(prune(folder.path(), Timestamp::from_millis(2_000)).unwrap(), MOST_FILES - 3);
        assert_eq!(files(folder.path()).len(), 4);
    }

    #[test]
    fn letters_that_others_delete_at_the_same_time_are_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        let letters = 400;
        for n in 0..letters {
            std::fs::write(folder.path().join(format!("{n:014}-x.eml")), "").unwrap();
        }
        let start = std::sync::Barrier::new(4);
        let prune = || {
            start.wait();
            prune(folder.path(), Timestamp::from_millis(letters)).unwrap()
        };
        let deleted: usize = std::thread::scope(|scope| {
            let pruners: Vec<_> = (0..4).map(|_| scope.spawn(prune)).collect();
            pruners.into_iter().map(|pruner| pruner.join().unwrap()).sum()
        });
        assert_eq!((i64::try_from(deleted), files(folder.path()).len()), (Ok(letters), 0));
        assert!(!remove(&folder.path().join("gone.eml")).unwrap());
    }

    #[test]
    fn letter_in_plain_words_keeps_its_lines_whole_and_any_other_is_coded() {
        let folder = tempfile::tempdir().unwrap();
        let mailer = FileMailer::new(folder.path().to_owned(), Sender::parse("shop@example.test", "Shop").unwrap());
        let link = format!("https://shop.example.test/reset-password#token={}", "x".repeat(200));
        mailer.send(&letter("a3", "Hi", &format!("Open\n\n  {link}\n"))).unwrap();
        let text = std::fs::read_to_string(&files(folder.path())[0]).unwrap();
        assert!(text.ends_with(&format!("\r\n\r\nOpen\r\n\r\n  {link}\r\n")), "{text}");
        assert!(text.contains("Content-Transfer-Encoding: 7bit\r\n"), "{text}");
        for other in [format!("Grüße\n{link}"), "x".repeat(999), "a\rb".to_owned()] {
            std::fs::remove_file(&files(folder.path())[0]).unwrap();
            mailer.send(&letter("a4", "Hi", &other)).unwrap();
            let text = std::fs::read_to_string(&files(folder.path())[0]).unwrap();
            assert!(text.lines().all(|line| line.len() <= LINE_CHARS), "{text}");
            let (_, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(!body.replace("\r\n", "").contains('\r'), "{body:?}");
        }
    }

    #[test]
    fn letter_with_html_says_the_same_twice_plain_text_first() {
        let folder = tempfile::tempdir().unwrap();
        let mailer = FileMailer::new(folder.path().to_owned(), Sender::parse("shop@example.test", "Shop").unwrap());
        mailer.send(&letter("a5", "Hi", "Hello\n").with_html("<p>Grüße</p>\n").unwrap()).unwrap();
        let text = std::fs::read_to_string(&files(folder.path())[0]).unwrap();
        let (head, rest) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("Content-Type: multipart/alternative;"), "{head}");
        assert_eq!(head.matches("MIME-Version").count(), 1, "{head}");
        let (plain, html) = (rest.find("text/plain").unwrap(), rest.find("text/html").unwrap());
        assert!(plain < html && rest.contains("Hello\r\n") && rest.is_ascii(), "{rest}");
    }

    #[test]
    fn letters_to_somebody_are_deleted_when_they_are_to_be_forgotten_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let mailer = FileMailer::new(folder.path().to_owned(), Sender::parse("shop@example.test", "Shop").unwrap());
        let to = |id: &str, to: &str, text: &str| {
            mailer.send(&Letter::new(id, Email::parse(to).unwrap(), "Hi", text).unwrap()).unwrap();
        };
        to("a1", "ann@example.test", "x");
        to("a2", "Ann@Example.test", "x");
        to("a3", "joann@example.test", "To: ann@example.test\n");
        std::fs::write(folder.path().join("notes.txt"), "To: ann@example.test\n").unwrap();
        mailer.forget(&Email::parse("ANN@example.test").unwrap()).unwrap();
        let left: Vec<String> = files(folder.path()).iter().map(|path| path.display().to_string()).collect();
        assert!(left.len() == 2 && left[0].ends_with("a3.eml") && left[1].ends_with("notes.txt"), "{left:?}");
    }

    #[test]
    fn sender_that_is_no_mailbox_or_smuggles_a_header_is_refused() {
        for bad in ["", "shop", "shop@", "Shop <shop>", "shop@example.test\r\nBcc: eve@example.test", "a@b, c@d"] {
            assert!(Sender::parse(bad, "Shop").is_none(), "{bad:?}");
        }
        assert!(Sender::parse("nexus@localhost", "Nexus").is_some());
        let folder = tempfile::tempdir().unwrap();
        let smuggling = Sender::parse("shop@example.test", "Shop\r\nBcc: eve@example.test").unwrap();
        let mailer = FileMailer::new(folder.path().to_owned(), smuggling);
        mailer.send(&letter("a2", "Hi", "x")).unwrap();
        let text = std::fs::read_to_string(&files(folder.path())[0]).unwrap();
        assert!(!text.lines().any(|line| line.starts_with("Bcc")), "{text}");
    }
}
