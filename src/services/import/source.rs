//! Opens what is to be imported: unpacks gzip, drops a byte order mark, insists on UTF-8 and bounds what one
//! record may take, so that the formats behind it only see clean text.

use super::Progress;
use flate2::read::MultiGzDecoder;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes one record may take. Without it a quote left open would read the rest of the file into memory.
const LONGEST_RECORD: u64 = 16 * 1024 * 1024;

const PIECE: usize = 64 * 1024;

/// Clean text, read as a stream.
pub type Text = BufReader<Box<dyn Read + Send>>;

/// Counts the bytes of the record being read.
#[derive(Clone, Default)]
pub struct RecordBudget(Arc<AtomicU64>);

impl RecordBudget {
    /// Starts with the next record.
    pub fn renew(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// Opens a stream of text, whether packed or not.
pub fn open(raw: impl Read + Send + 'static, progress: Arc<Progress>) -> io::Result<(Text, RecordBudget)> {
    let mut raw = BufReader::with_capacity(PIECE, Counted { inner: raw, progress: progress.clone() });
    let packed = raw.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    progress.packed.store(u64::from(packed), Ordering::Relaxed);
    let inner: Box<dyn Read + Send> = if packed { Box::new(MultiGzDecoder::new(raw)) } else { Box::new(raw) };
    let budget = RecordBudget::default();
    let checked = Utf8 { inner, line: 1, tail: Vec::new(), budget: budget.clone() };
    let mut text: Text = BufReader::with_capacity(PIECE, Box::new(checked));
    let start = text.fill_buf()?;
    refuse_foreign(start)?;
    if start.starts_with("\u{feff}".as_bytes()) {
        text.consume(3);
    }
    Ok((text, budget))
}

/// Whether the first character that is not blank is this one; nothing is taken from the stream.
pub fn starts_with(text: &mut Text, sign: u8) -> io::Result<bool> {
    Ok(text.fill_buf()?.iter().find(|b| !b.is_ascii_whitespace()) == Some(&sign))
}

fn refuse_foreign(start: &[u8]) -> io::Result<()> {
    let wrong = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidData, what.to_owned()));
    match start {
        [] => wrong("the file is empty"),
        [b'P', b'K', 3, 4, ..] => wrong("this is a zip archive or a spreadsheet; unpack it, or save the sheet as CSV"),
        _ => Ok(()),
    }
}

/// Counts what has been read of the file, for the progress bar.
struct Counted<R> {
    inner: R,
    progress: Arc<Progress>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.progress.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Passes on UTF-8 and names the line of the first byte that is not.
struct Utf8 {
    inner: Box<dyn Read + Send>,
    line: u64,
    /// The start of a character whose rest has not been read yet, at most three bytes.
    tail: Vec<u8>,
    budget: RecordBudget,
}

impl Utf8 {
    fn not_utf8(&self, at: &[u8]) -> io::Error {
        let line = self.line + newlines(at);
        let hint = if self.line == 1 && at.len() < 2 { " (it may be UTF-16)" } else { "" };
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("line {line}: this is not UTF-8{hint}; save the file as UTF-8"),
        )
    }
}

impl Read for Utf8 {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let kept = self.tail.len();
        buffer[..kept].copy_from_slice(&self.tail);
        let count = self.inner.read(&mut buffer[kept..])?;
        let filled = kept + count;
        self.tail.clear();
        let good = match std::str::from_utf8(&buffer[..filled]) {
            Ok(_) => filled,
            Err(error) if error.error_len().is_none() && count > 0 => {
                self.tail.extend_from_slice(&buffer[error.valid_up_to()..filled]);
                error.valid_up_to()
            }
            Err(error) => return Err(self.not_utf8(&buffer[..error.valid_up_to()])),
        };
        if good == 0 && count > 0 {
            return self.read(buffer);
        }
        if self.budget.0.fetch_add(good as u64, Ordering::Relaxed) > LONGEST_RECORD {
            let what = format!("line {}: a record is longer than 16 MiB; is a quote left open?", self.line);
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        self.line += newlines(&buffer[..good]);
        Ok(good)
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|b| u64::from(*b == b'\n')).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn text_of(bytes: Vec<u8>) -> io::Result<String> {
        let (mut text, _) = open(io::Cursor::new(bytes), Arc::default())?;
        let mut all = String::new();
        text.read_to_string(&mut all)?;
        Ok(all)
    }

    /// Hands out one byte at a time, so that every character is cut.
    struct Dripping(io::Cursor<Vec<u8>>);

    impl Read for Dripping {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(&mut buffer[..1])
        }
    }

    #[test]
    fn plain_packed_and_marked_text_read_the_same() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all("\u{feff}größe\n".as_bytes()).unwrap();
        for bytes in ["größe\n".as_bytes().to_vec(), "\u{feff}größe\n".as_bytes().to_vec(), packed.finish().unwrap()]
        {
            assert_eq!(text_of(bytes).unwrap(), "größe\n");
        }
        let (mut text, _) = open(Dripping(io::Cursor::new("größe 緑茶".as_bytes().to_vec())), Arc::default()).unwrap();
        let mut all = String::new();
        text.read_to_string(&mut all).unwrap();
        assert_eq!(all, "größe 緑茶");
    }

    #[test]
    fn other_charsets_are_refused_with_their_line() {
        let latin1 = b"name\nplain\ngr\xf6\xdfe\n".to_vec();
        assert!(text_of(latin1).unwrap_err().to_string().starts_with("line 3: this is not UTF-8"));
        assert!(text_of(vec![0xff, 0xfe, b'a', 0]).unwrap_err().to_string().contains("UTF-16"));
        assert!(text_of(b"cut \xe7\xb7".to_vec()).unwrap_err().to_string().contains("line 1"));
        assert!(text_of(Vec::new()).unwrap_err().to_string().contains("empty"));
        assert!(text_of(b"PK\x03\x04rest".to_vec()).unwrap_err().to_string().contains("zip"));
    }

    #[test]
    fn an_endless_record_is_refused() {
        let mut bytes = b"name\n\"".to_vec();
        bytes.resize(40 * 1024 * 1024, b'x');
        assert!(text_of(bytes).unwrap_err().to_string().contains("16 MiB"));
    }
}
