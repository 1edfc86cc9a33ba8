//! Holds the heads of HTTP/1 requests to the letter, so that nobody on the way can read them as something else: line
//! ends are CR LF, no line is folded, there is one Host, and the length of the body is said once and in one way.
//!
//! It only looks at what passes by and finds where it goes wrong; reading requests is the server's work.

/// What is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The first line.
    Request,
    /// The name of a header.
    Name,
    /// A value that does not matter here.
    Value,
    /// The value of Content-Length.
    Length,
}

/// Where in the stream of requests.
enum Place {
    Head,
    /// In a body with so many bytes to come.
    Body(u64),
    /// Behind a head after which no other request is taken.
    Last,
}

const LONGEST_NAME: usize = "transfer-encoding".len();

/// The state of the looking.
pub struct Strict {
    place: Place,
    part: Part,
    previous: u8,
    /// Bytes of the line so far, its end not counted.
    line: usize,
    name: [u8; LONGEST_NAME],
    lengths: u8,
    codings: u8,
    hosts: u8,
    upgrades: bool,
    length: Option<u64>,
    begun: bool,
}

impl Strict {
    /// At the beginning of a connection.
    pub fn new() -> Self {
        Self {
            place: Place::Head,
            part: Part::Request,
            previous: 0,
            line: 0,
            name: [0; LONGEST_NAME],
            lengths: 0,
            codings: 0,
            hosts: 0,
            upgrades: false,
            length: None,
            begun: false,
        }
    }

    /// Whether a head has begun and not ended.
    pub fn in_head(&self) -> bool {
        self.begun && matches!(self.place, Place::Head)
    }

    /// Whether all that came was whole requests, which may be followed by others.
    pub fn is_between(&self) -> bool {
        !self.begun && matches!(self.place, Place::Head)
    }

    /// Whether that head is still in its first line.
    pub fn in_first_line(&self) -> bool {
        self.in_head() && self.part == Part::Request
    }

    /// Looks at the next bytes; the place of the first that breaks a rule, if there is one.
    pub fn look(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let mut at = 0;
        while at < bytes.len() {
            match self.place {
                Place::Last => return Ok(()),
                Place::Body(left) => {
                    let here = u64::try_from(bytes.len() - at).unwrap_or(u64::MAX).min(left);
                    at += usize::try_from(here).unwrap_or(usize::MAX);
                    if here == left {
                        *self = Self::new();
                    } else {
                        self.place = Place::Body(left - here);
                    }
                }
                Place::Head => {
                    at += self.pass_over(&bytes[at..]);
                    if at < bytes.len() && !self.take(bytes[at]) {
                        return Err(at);
                    }
                    at += 1;
                }
            }
        }
        Ok(())
    }

    /// Passes over what does not matter, up to the end of a line, all at once; how much that was.
    fn pass_over(&mut self, bytes: &[u8]) -> usize {
        if !matches!(self.part, Part::Request | Part::Value) || self.previous == b'\r' {
            return 0;
        }
        let free = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(bytes.len());
        if let Some(last) = bytes[..free].last() {
            (self.previous, self.begun) = (*last, true);
            self.line += free;
        }
        free
    }

    /// Takes one byte of a head; false when it breaks a rule.
    fn take(&mut self, byte: u8) -> bool {
        let previous = std::mem::replace(&mut self.previous, byte);
        if byte == b'\n' {
            return previous == b'\r' && self.end_line();
        }
        if previous == b'\r' {
            return false;
        }
        if byte == b'\r' {
            return true;
        }
        self.begun = true;
        self.line += 1;
        match self.part {
            Part::Request | Part::Value => true,
            Part::Name if self.line == 1 && (byte == b' ' || byte == b'\t') => false,
            Part::Name if byte == b':' => self.end_name(),
            Part::Name => {
                if let Some(slot) = self.name.get_mut(self.line - 1) {
                    *slot = byte.to_ascii_lowercase();
                }
                true
            }
            Part::Length => self.take_length(byte, previous),
        }
    }

    fn end_name(&mut self) -> bool {
        let name = self.name.get(..self.line - 1).unwrap_or(b"another, longer name");
        self.part = Part::Value;
        match name {
            b"content-length" => {
                self.part = Part::Length;
                self.lengths += 1;
            }
            b"transfer-encoding" => self.codings += 1,
            b"host" => self.hosts += 1,
            b"upgrade" => self.upgrades = true,
            _ => {}
        }
        self.hosts <= 1 && self.lengths + self.codings <= 1
    }

    /// Digits with blanks around them.
    fn take_length(&mut self, byte: u8, previous: u8) -> bool {
        let blank = |byte| byte == b' ' || byte == b'\t';
        match (byte, self.length) {
            (b'0'..=b'9', None) => self.length = Some(u64::from(byte - b'0')),
            (b'0'..=b'9', Some(_)) if blank(previous) => return false,
            (b'0'..=b'9', Some(so_far)) => {
                let longer = so_far.checked_mul(10).and_then(|n| n.checked_add(u64::from(byte - b'0')));
                let Some(longer) = longer else { return false };
                self.length = Some(longer);
            }
            _ => return blank(byte),
        }
        true
    }

    fn end_line(&mut self) -> bool {
        let empty = self.line == 0;
        self.line = 0;
        match self.part {
            // Empty lines before a request are allowed for the sake of old clients.
            Part::Request if empty => {}
            Part::Request => self.part = Part::Name,
            Part::Name if empty => self.end_head(),
            // A line without a colon is the server's to refuse.
            Part::Name => {}
            Part::Length if self.length.is_none() => return false,
            Part::Value | Part::Length => self.part = Part::Name,
        }
        true
    }

    fn end_head(&mut self) {
        self.place = match self.length {
            // What follows chunks or an upgrade is not looked at: such a request is the last on its connection.
            _ if self.codings > 0 || self.upgrades => Place::Last,
            Some(length) if length > 0 => Place::Body(length),
            _ => {
                *self = Self::new();
                return;
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::Strict;

    /// What is found in a text, whole and byte by byte.
    fn found(text: &str) -> Option<usize> {
        let whole = Strict::new().look(text.as_bytes()).err();
        let mut strict = Strict::new();
        let single = text.bytes().position(|byte| strict.look(&[byte]).is_err());
        assert_eq!(whole, single, "{text:?}");
        whole
    }

    #[test]
    fn requests_by_the_letter_pass() {
        for text in [
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5 \r\n\r\n\n\n \n:GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\n\na\r\n",
            "GET / HTTP/1.1\r\nhost:x\r\ncontent-length:0\r\n\r\nGET / HTTP/1.1\r\nHost: y\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nX-Content-Length: a\r\nContent-Lengthy: b\r\nHosting: c\r\n\r\n",
        ] {
            assert_eq!(found(text), None, "{text:?}");
        }
    }

    #[test]
    fn forms_that_others_may_read_as_something_else_are_found_where_they_begin() {
        for (good, bad) in [
            ("GET / HTTP/1.1", "\nHost: x\n\n"),
            ("GET / HTTP/1.1\r\nHost: x", "\n\r\n"),
            ("GET / HTTP/1.1\r\nHost: x\r\nA: b\r", "c\r\n\r\n"),
            ("GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n", " c\r\n\r\n"),
            ("GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n", "\tc\r\n\r\n"),
            ("GET / HTTP/1.1\r\n", " Host: x\r\n\r\n"),
            ("GET / HTTP/1.1\r\nHost: x\r\nHost", ": y\r\n\r\n"),
            ("POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length", ": 5\r\n\r\n"),
            ("POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding", ": chunked\r\n\r\n"),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\ncontent-length", ": 5\r\n\r\n"),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTRANSFER-ENCODING", ": identity\r\n\r\n"),
            ("POST / HTTP/1.1\r\nContent-Length: 5", ", 6\r\n\r\n"),
            ("POST / HTTP/1.1\r\nContent-Length: ", "+5\r\n\r\n"),
            ("POST / HTTP/1.1\r\nContent-Length: ", "-5\r\n\r\n"),
            ("POST / HTTP/1.1\r\nContent-Length: 0", "x5\r\n\r\n"),
            ("POST / HTTP/1.1\r\nContent-Length: 5 ", "5\r\n\r\n"),
            ("POST / HTTP/1.1\r\nContent-Length:\r", "\n\r\n"),
            ("POST / HTTP/1.1\r\nContent-Length: 1844674407370955161", "6\r\n\r\n"),
            // The second request of a connection as well.
            ("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n\n\n\nGET / HTTP/1.1", "\n\r\n"),
        ] {
            assert_eq!(found(&format!("{good}{bad}")), Some(good.len()), "{good:?} {bad:?}");
        }
    }
}
