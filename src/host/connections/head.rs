//! Where a request head ends, and what body it announces (RFC 9112 §2.1, §6).
//!
//! actix-http parses the head. This code only finds its end, so that actix-http gets one request at
//! a time however many a client has sent.

use memchr::memchr;

/// The body that a head announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Announced {
    /// A body of this many bytes; 0 if no header announces one.
    Length(u64),
    /// A body whose end only the parser can find: chunked, or with a length that is not a number.
    Unknown,
}

/// Scans a head that may arrive in any number of pieces.
#[derive(Debug)]
pub(super) struct HeadScanner {
    /// The start of a line whose end has not arrived, as far as it matters.
    partial: Vec<u8>,
    begun: bool,
    announced: Announced,
}

/// Longer than any line that matters: a name and a number.
const LINE: usize = 64;

impl Default for HeadScanner {
    fn default() -> Self {
        Self {
            partial: Vec::new(),
            begun: false,
            announced: Announced::Length(0),
        }
    }
}

impl HeadScanner {
    /// Continues the scan. If the head ends in `bytes`, returns where, and which body follows; the
    /// scanner is then ready for the next head.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Option<(usize, Announced)> {
        let mut at = 0;
        while let Some(length) = memchr(b'\n', &bytes[at..]) {
            let line = &bytes[at..at + length];
            at += length + 1;
            let ended = if self.partial.is_empty() {
                self.end_line(line)
            } else {
                self.keep(line);
                let line = std::mem::take(&mut self.partial);
                self.end_line(&line)
            };
            if ended {
                self.begun = false;
                return Some((
                    at,
                    std::mem::replace(&mut self.announced, Announced::Length(0)),
                ));
            }
        }
        self.keep(&bytes[at..]);
        None
    }

    fn keep(&mut self, line: &[u8]) {
        let room = LINE.saturating_sub(self.partial.len());
        self.partial
            .extend_from_slice(&line[..line.len().min(room)]);
    }

    /// Takes a line without its terminator. Returns whether it ends the head: it is empty, and not
    /// one of the empty lines that a client may send before a request (RFC 9112 §2.2).
    fn end_line(&mut self, line: &[u8]) -> bool {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line.first() {
            None => return self.begun,
            Some(b'c' | b'C') => {
                if let Some(value) = value_of(line, b"content-length") {
                    self.announce(length(value));
                }
            }
            Some(b't' | b'T') if value_of(line, b"transfer-encoding").is_some() => {
                self.announce(Announced::Unknown);
            }
            Some(_) => {}
        }
        self.begun = true;
        false
    }

    /// Several lengths are an error, which the parser reports; none of them is trusted here.
    fn announce(&mut self, announced: Announced) {
        self.announced = match self.announced {
            Announced::Length(0) => announced,
            _ => Announced::Unknown,
        };
    }
}

fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (found, rest) = line.split_at_checked(name.len())?;
    let value = rest.strip_prefix(b":")?;
    found.eq_ignore_ascii_case(name).then_some(value)
}

fn length(value: &[u8]) -> Announced {
    std::str::from_utf8(value.trim_ascii())
        .ok()
        .and_then(|text| text.parse().ok())
        .map_or(Announced::Unknown, Announced::Length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADS: [(&str, Announced); 10] = [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", Announced::Length(0)),
        ("GET / HTTP/1.0\n\n", Announced::Length(0)),
        ("\r\n\n\r\nGET / HTTP/1.0\r\n\r\n", Announced::Length(0)),
        (
            "POST / HTTP/1.1\r\nContent-Length: 17\r\n\r\n",
            Announced::Length(17),
        ),
        (
            "POST / HTTP/1.1\r\ncontent-length:17 \n\r\n",
            Announced::Length(17),
        ),
        (
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            Announced::Unknown,
        ),
        (
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            Announced::Unknown,
        ),
        (
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            Announced::Unknown,
        ),
        (
            "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            Announced::Unknown,
        ),
        (
            "POST / HTTP/1.1\r\nX: Content-Length: 9\r\nCookie: c\r\nTo: t\r\n\r\n",
            Announced::Length(0),
        ),
    ];

    #[test]
    fn a_head_ends_at_the_same_byte_however_it_is_cut() {
        for (head, announced) in HEADS {
            let mut bytes = head.as_bytes().to_vec();
            bytes.extend_from_slice(b"GET / HTTP/1.1\r\n\r\n");
            let mut scanner = HeadScanner::default();
            assert_eq!(
                scanner.scan(&bytes),
                Some((head.len(), announced)),
                "{head:?}"
            );
            for cut in 1..head.len() {
                let (first, rest) = bytes.split_at(cut);
                assert_eq!(scanner.scan(first), None, "{head:?} cut at {cut}");
                let end = head.len() - cut;
                assert_eq!(
                    scanner.scan(rest),
                    Some((end, announced)),
                    "{head:?} cut at {cut}"
                );
            }
        }
    }

    #[test]
    fn an_endless_line_takes_no_memory() {
        let mut scanner = HeadScanner::default();
        for _ in 0..1_000 {
            assert_eq!(scanner.scan(&[b'c'; 1_000]), None);
        }
        assert!(scanner.partial.capacity() <= 2 * LINE);
    }
}
