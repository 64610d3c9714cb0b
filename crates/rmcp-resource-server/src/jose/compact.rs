//! The outer form of a signed JWT: `header.payload.signature` (RFC 7515 §7.1).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use crate::authorization_server::strict_json;

/// A JWT whose signature has not been checked.
pub(crate) struct Compact<'t> {
    pub(crate) header: Map<String, Value>,
    /// What is signed: header and payload with the dot between them.
    pub(crate) signed: &'t str,
    pub(crate) signature: Vec<u8>,
    payload: &'t str,
}

impl<'t> Compact<'t> {
    /// Reads the header, which must have no extensions (`crit`): none is known here.
    ///
    /// # Errors
    ///
    /// Says what is wrong, without quoting the text.
    pub(crate) fn parse(text: &'t str) -> Result<Self, String> {
        let Some((signed, signature)) = text.rsplit_once('.') else {
            return Err("it has no dots: perhaps an opaque token".to_owned());
        };
        let (header, payload) = signed
            .split_once('.')
            .filter(|(_, payload)| !payload.contains('.'))
            .ok_or("it does not have three parts")?;
        let header = object(header, "header")?;
        if header.contains_key("crit") {
            return Err("its header has extensions (crit)".to_owned());
        }
        Ok(Self {
            header,
            signed,
            signature: decode(signature, "signature")?,
            payload,
        })
    }

    /// The claims. They mean nothing until the signature has been found good.
    ///
    /// # Errors
    ///
    /// As for [`parse`](Self::parse).
    pub(crate) fn payload(&self) -> Result<Map<String, Value>, String> {
        object(self.payload, "payload")
    }

    /// A member of the header that must be a string if it is there.
    ///
    /// # Errors
    ///
    /// As for [`parse`](Self::parse).
    pub(crate) fn text(&self, member: &str) -> Result<Option<&str>, String> {
        match self.header.get(member) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("{member} in its header is not a string")),
        }
    }
}

/// A media type as `typ` names it: `application/` may be left out, and case does not count (RFC 7515
/// §4.1.9).
pub(crate) fn media_type(typ: &str) -> String {
    let lower = typ.to_ascii_lowercase();
    match lower.strip_prefix("application/") {
        Some(rest) if !rest.contains('/') => rest.to_owned(),
        _ => lower,
    }
}

fn object(part: &str, name: &str) -> Result<Map<String, Value>, String> {
    strict_json::parse_object(&decode(part, name)?)
        .map_err(|problem| format!("its {name} is {problem}"))
}

fn decode(part: &str, name: &str) -> Result<Vec<u8>, String> {
    BASE64_URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_position_tells_nothing| format!("its {name} is not base64url"))
}
