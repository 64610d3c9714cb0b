//! Chains the records: each has the MAC of the one before it and its own.
//!
//! A record is one line, a JSON object. With a key its last two members are `prev`, the MAC of the
//! record before it, and `mac`, the HMAC-SHA-256 of the line up to the comma before `mac`.

use std::path::Path;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};
use rmcp_resource_server::{KeyFileError, read_key_file};

use super::hash::hex;

/// What stands between the text that a MAC covers and the MAC.
const MAC: &str = ",\"mac\":\"";

const END: &str = "\"}";

/// The key that chains the records. Whoever has it can forge them: it belongs to the server and to
/// the auditor.
#[derive(Clone, Debug)]
pub struct AuditKey(Key);

impl AuditKey {
    /// Takes the content of a file as the key; see [`read_key_file`].
    ///
    /// # Errors
    ///
    /// [`KeyFileError`].
    pub fn from_file(path: &Path) -> Result<Self, KeyFileError> {
        Ok(Self::new(&read_key_file(path)?))
    }

    /// Takes these bytes as the key; 32 random ones or more.
    pub fn new(key: &[u8]) -> Self {
        Self(Key::new(HMAC_SHA256, key))
    }

    /// Adds the MAC to the last of these records, which begins at `start`. Returns the MAC.
    pub(super) fn seal(&self, records: &mut Vec<u8>, start: usize) -> String {
        // Its closing brace comes after the MAC.
        records.pop();
        let mac = hex(sign(&self.0, &records[start..]).as_ref());
        for part in [MAC, &mac, END] {
            records.extend_from_slice(part.as_bytes());
        }
        mac
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
