//! Chains the records: each has the MAC of the one before it and its own.
//!
//! A record is one line, a JSON object. With a key its last two members are `prev`, the MAC of the
//! record before it, and `mac`, the HMAC-SHA-256 of the line up to the comma before `mac`.

use std::{fs, io, path::Path};

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};

use super::hash::hex;

/// What stands between the text that a MAC covers and the MAC.
const MAC: &str = ",\"mac\":\"";

const END: &str = "\"}";

/// The key that chains the records. Whoever has it can forge them: it belongs to the server and to
/// the auditor.
#[derive(Clone, Debug)]
pub struct AuditKey(Key);

/// An audit key file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditKeyError {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// A key of fewer than 32 bytes is too easy to guess.
    #[error("it has {0} bytes; it needs 32 random bytes or more (head -c 32 /dev/urandom)")]
    TooShort(usize),
}

impl AuditKey {
    /// Takes the bytes of a file as the key, without a line end after a key that is written as text.
    ///
    /// # Errors
    ///
    /// [`AuditKeyError`].
    pub fn from_file(path: &Path) -> Result<Self, AuditKeyError> {
        let bytes = fs::read(path)?;
        let is_text = bytes
            .iter()
            .all(|byte| byte.is_ascii_graphic() || b" \r\n".contains(byte));
        let key = match is_text {
            true => bytes.trim_ascii_end(),
            false => &bytes,
        };
        Self::new(key)
    }

    /// Takes these bytes as the key.
    ///
    /// # Errors
    ///
    /// [`AuditKeyError::TooShort`].
    pub fn new(key: &[u8]) -> Result<Self, AuditKeyError> {
        match key.len() {
            length @ 0..32 => Err(AuditKeyError::TooShort(length)),
            _ => Ok(Self(Key::new(HMAC_SHA256, key))),
        }
    }

    /// Adds the MAC to a record that is complete but for its closing brace.
    pub(super) fn seal(&self, open_record: &str) -> Sealed {
        let mac = hex(sign(&self.0, open_record.as_bytes()).as_ref());
        Sealed {
            line: format!("{open_record}{MAC}{mac}{END}\n"),
            mac,
        }
    }

    /// The MAC of an intact record.
    pub(super) fn check<'l>(&self, line: &'l str) -> Option<&'l str> {
        let mac = mac_of(line)?;
        let covered = &line[..line.len() - END.len() - mac.len() - MAC.len()];
        let tag = bytes(mac)?;
        let is_intact = verify(&self.0, covered.as_bytes(), &tag).is_ok();
        is_intact.then_some(mac)
    }
}

/// A line of the log.
pub(super) struct Sealed {
    pub(super) line: String,
    pub(super) mac: String,
}

/// The MAC that a line claims.
pub(super) fn mac_of(line: &str) -> Option<&str> {
    let (_, mac) = line.strip_suffix(END)?.rsplit_once(MAC)?;
    Some(mac)
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    digits.map(byte).collect()
}
