//! A digest of what JSON text says, however it is written.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::json::hash::hash;

/// A digest of the value that `text` stands for. White space, the order of members and the escapes
/// in strings do not matter.
pub(crate) fn digest(text: &str) -> u128 {
    digest_by::<false>(text)
}

/// The same, but white space, backslashes and the names of formats in strings do not matter either:
/// in these, a document differs between the formats that it is published in.
pub(crate) fn loose_digest(text: &str) -> u128 {
    digest_by::<true>(text)
}

fn digest_by<const LOOSE: bool>(text: &str) -> u128 {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let digest = Digest::<LOOSE>.deserialize(&mut deserializer);
    digest.unwrap_or_else(|_not_json| hash(text.bytes()))
}

/// Makes the digest of a value while it is read.
#[derive(Clone, Copy)]
struct Digest<const LOOSE: bool>;

/// The digest of a value of this kind.
fn of(kind: u8, bytes: impl IntoIterator<Item = u8>) -> u128 {
    hash([kind].into_iter().chain(bytes))
}

impl<'de, const LOOSE: bool> DeserializeSeed<'de> for Digest<LOOSE> {
    type Value = u128;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u128, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, const LOOSE: bool> Visitor<'de> for Digest<LOOSE> {
    type Value = u128;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<u128, E> {
        Ok(of(b'0', []))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<u128, E> {
        Ok(of(b'b', [u8::from(value)]))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<u128, E> {
        Ok(of(b'n', value.to_string().into_bytes()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<u128, E> {
        Ok(of(b'n', value.to_string().into_bytes()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<u128, E> {
        Ok(of(b'n', value.to_string().into_bytes()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<u128, E> {
        if LOOSE {
            let value = value.replace("json", "xml").replace("yaml", "xml");
            let is_prose = |byte: &u8| !byte.is_ascii_whitespace() && *byte != b'\\';
            return Ok(of(b's', value.bytes().filter(is_prose)));
        }
        Ok(of(b's', value.bytes()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<u128, A::Error> {
        let mut digest = of(b'a', []);
        while let Some(element) = array.next_element_seed(self)? {
            let both = digest.to_be_bytes().into_iter();
            digest = of(b',', both.chain(element.to_be_bytes()));
        }
        Ok(digest)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<u128, A::Error> {
        let mut sum: u128 = 0;
        while let Some(name) = object.next_key_seed(self)? {
            let both = name.to_be_bytes().into_iter();
            let value = object.next_value_seed(self)?;
            sum = sum.wrapping_add(of(b':', both.chain(value.to_be_bytes())));
        }
        Ok(of(b'o', sum.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_said_matters() {
        let first = digest(r#"{"a":[1,"é",null],"b":{"c":true,"d":0.5}}"#);
        for (same, text) in [
            (
                true,
                r#" { "b":{"d":0.5,"c":true}, "a":[1,"\u00e9",null]} "#,
            ),
            (false, r#"{"a":["é",1,null],"b":{"c":true,"d":0.5}}"#),
            (false, r#"{"b":[1,"é",null],"a":{"c":true,"d":0.5}}"#),
            (false, r#"{"a":[1,"é",null],"b":{"c":false,"d":0.5}}"#),
            (false, r#"{"a":[1,"é"],"b":{"c":true,"d":0.5}}"#),
            (false, r#"{"a":["1","é",null],"b":{"c":true,"d":0.5}}"#),
        ] {
            assert_eq!(digest(text) == first, same, "{text}");
        }
        let [one, other] = [
            r#"{"a":" b\n\\\"c\\\" d.xml"}"#,
            r#"{"a":"b \"c\" d.json"}"#,
        ];
        assert_ne!(digest(one), digest(other));
        assert_eq!(loose_digest(one), loose_digest(other));
        assert_ne!(loose_digest(r#""a b""#), loose_digest(r#""a c""#));
        assert_ne!(digest("[[1],2]"), digest("[[1,2]]"));
        assert_ne!(digest("[]"), digest("{}"));
    }
}
