//! Text and keys that must not leave the process in a log line or an error.

use std::{fmt, fs, io, path::Path};

use zeroize::Zeroizing;

use crate::client_auth::one_line::{one_line, without_byte_order_mark};

/// A secret, such as a client secret. Its `Debug` prints `[redacted]`, and its memory is wiped
/// when it is dropped. There is no `Display` and no `Serialize`.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret itself, for the one place that sends it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Secret {
    // Compares two secrets of our own, to see a rotation; never anything a client sent.
    fn eq(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// A key file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// A key of fewer than 32 bytes is too easy to guess.
    #[error("it has {0} bytes; it needs 32 random bytes or more (head -c 32 /dev/urandom)")]
    TooShort(usize),
    /// A key written as text must be one line.
    #[error("{0}")]
    NotOneLine(String),
}

/// Reads a symmetric key of 32 bytes or more. In a key that is written as text (base64, hex), a byte
/// order mark and one line end do not count, so that two programs agree if only these differ in their
/// files.
///
/// # Errors
///
/// [`KeyFileError`].
pub fn read_key_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let bytes = Zeroizing::new(fs::read(path)?);
    let key = match str::from_utf8(&bytes) {
        Ok(text) if is_written(text) => one_line(text)
            .map_err(|problem| KeyFileError::NotOneLine(problem.to_string()))?
            .as_bytes(),
        _random_bytes => &bytes,
    };
    match key.len() {
        length @ 0..32 => Err(KeyFileError::TooShort(length)),
        _ => Ok(Zeroizing::new(key.to_vec())),
    }
}

/// Whether a key is text that a person could have written: 32 random bytes never are.
fn is_written(text: &str) -> bool {
    let is_printable = |byte: u8| byte.is_ascii_graphic() || b" \r\n".contains(&byte);
    let text = without_byte_order_mark(text);
    !text.is_empty() && text.bytes().all(is_printable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rs_69_a_written_key_is_one_line_and_random_bytes_are_as_they_are() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let key = |content: &[u8]| {
            fs::write(file.path(), content).expect("writable");
            read_key_file(file.path()).map(|key| key.to_vec())
        };
        let text = "0123456789abcdef".repeat(2);
        for same in [
            text.clone(),
            format!("{text}\n"),
            format!("\u{feff}{text}\r\n"),
        ] {
            let key = key(same.as_bytes()).expect("long enough");
            assert_eq!(key, text.as_bytes());
        }
        let short = key(format!("{}\n", &text[1..]).as_bytes());
        assert!(matches!(short, Err(KeyFileError::TooShort(31))));
        let two = key(format!("{text}\n{text}\n").as_bytes());
        assert!(matches!(two, Err(KeyFileError::NotOneLine(_))));

        let mut random = [0xf0_u8; 33];
        random[32] = b'\n';
        assert_eq!(key(&random).expect("long enough"), random);
        assert!(matches!(key(&[7; 31]), Err(KeyFileError::TooShort(31))));
    }
}
