//! Checks JSON text before it is kept: whatever passes can be parsed later without an error.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The deepest nesting of arrays and objects. Real documents stay below 30; `serde_json` itself
/// rejects 128, so whatever passes here fits into a `Value`.
const MAX_DEPTH: u32 = 100;

/// The prefix of the names that `serde_json` uses to mark its own objects.
const RESERVED: &str = "$serde_json::private::";

/// The only member of an object that represents a number.
const NUMBER: &str = "$serde_json::private::Number";

/// Checks that `text` is one JSON value with no duplicate member in an object, no lone surrogate,
/// no number beyond `f64`, and nesting up to [`MAX_DEPTH`].
///
/// Duplicate members are rejected because readers differ in which one they take. Names that
/// `serde_json` reserves are rejected because it would take the object for something else: with its
/// feature `raw_value` for JSON text that nobody has checked, with `arbitrary_precision` for a
/// number.
///
/// # Errors
///
/// Says what is wrong, with line and column. The category is data for duplicate members and
/// nesting, otherwise syntax or end of file.
pub(crate) fn check(text: &str) -> serde_json::Result<()> {
    read::<false>(text).map(drop)
}

/// Checks `text` like [`check`] and parses it, in one pass.
///
/// # Errors
///
/// Those of [`check`].
#[cfg(any(test, feature = "validation"))]
pub(crate) fn parse(text: &str) -> serde_json::Result<Value> {
    read::<true>(text)
}

fn read<const KEEP: bool>(text: &str) -> serde_json::Result<Value> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = AnyValue::<KEEP> { depth: 0 }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Reads a value, and either keeps it or returns `null`.
#[derive(Clone, Copy)]
struct AnyValue<const KEEP: bool> {
    depth: u32,
}

impl<const KEEP: bool> AnyValue<KEEP> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(format_args!(
                "nested deeper than {MAX_DEPTH} levels"
            )));
        }
        Ok(Self {
            depth: self.depth + 1,
        })
    }
}

impl<'de, const KEEP: bool> DeserializeSeed<'de> for AnyValue<KEEP> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, const KEEP: bool> Visitor<'de> for AnyValue<KEEP> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(if KEEP { text.into() } else { Value::Null })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let element = self.deeper()?;
        let mut kept = Vec::new();
        while let Some(value) = elements.next_element_seed(element)? {
            if KEEP {
                kept.push(value);
            }
        }
        Ok(Value::Array(kept))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut seen = BTreeSet::new();
        let mut kept = Map::new();
        let mut next = members.next_key_seed(MemberName)?;
        if next.as_deref() == Some(NUMBER) {
            return members.next_value_seed(Digits);
        }
        let member = self.deeper()?;
        while let Some(name) = next {
            if name.starts_with(RESERVED) {
                return Err(A::Error::custom("a member has a reserved name"));
            }
            let twice = match KEEP {
                true => kept.contains_key(name.as_ref()),
                false => seen.contains(&name),
            };
            if twice {
                return Err(A::Error::custom(format_args!(
                    "member `{name:.40}` is written twice"
                )));
            }
            let value = members.next_value_seed(member)?;
            if KEEP {
                kept.insert(name.into_owned(), value);
            } else {
                seen.insert(name);
            }
            next = members.next_key_seed(MemberName)?;
        }
        Ok(Value::Object(kept))
    }
}

/// Reads a member's name, without a copy unless it contains an escape.
struct MemberName;

impl<'de> DeserializeSeed<'de> for MemberName {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for MemberName {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

/// A number as `serde_json` hands it over with its feature `arbitrary_precision`, which any crate
/// in the program may enable. It passes the digits as an owned string, and a string from the text
/// as a borrowed one.
struct Digits;

impl<'de> DeserializeSeed<'de> for Digits {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_string(self)
    }
}

impl Visitor<'_> for Digits {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no member of a reserved name")
    }

    fn visit_str<E: Error>(self, _text: &str) -> Result<Value, E> {
        Err(E::custom("a member has a reserved name"))
    }

    fn visit_string<E: Error>(self, digits: String) -> Result<Value, E> {
        let number: Number = digits.parse().map_err(E::custom)?;
        match number.as_f64() {
            Some(_) => Ok(number.into()),
            None => Err(E::custom("number out of range")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn errors_name_the_cause_and_the_place() {
        let deep = "[".repeat(101) + &"]".repeat(101);
        for (text, message) in [
            ("", "EOF while parsing a value at line 1 column 0"),
            ("{\n \"a\": 1,\n \"a\": 2}", "member `a` is written twice"),
            (r#"{"a":1,"\u0061":2}"#, "member `a` is written twice"),
            ("{} {}", "trailing characters at line 1 column 4"),
            (r#""\ud800""#, "line 1"),
            ("1e999", "number out of range"),
            (r#"[{"$serde_json::private::Number":"1"}]"#, "reserved name"),
            (
                r#"{"a":1,"$serde_json::private::Number":"1"}"#,
                "reserved name",
            ),
            (r#"{"$serde_json::private::RawValue":"x"}"#, "reserved name"),
            (deep.as_str(), "nested deeper than 100 levels"),
        ] {
            let error = check(text).expect_err(text).to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
        let deepest = "[".repeat(100) + &"]".repeat(100);
        check(&deepest).expect("at the limit");
        let deepest = format!("{}1.5{}", "[".repeat(100), "]".repeat(100));
        check(&deepest).expect("a number is no level");
    }

    proptest! {
        #[test]
        fn what_passes_can_be_parsed(text in r#"[\[\]{}:,"a\\u0-9 .eE+-]{0,40}"#) {
            match (check(&text), parse(&text)) {
                (Ok(()), Ok(value)) => {
                    let parsed = serde_json::from_str::<Value>(&text);
                    prop_assert_eq!(parsed.ok(), Some(value));
                }
                (Err(checked), Err(parsed)) => {
                    prop_assert_eq!(checked.to_string(), parsed.to_string());
                }
                (checked, parsed) => prop_assert!(false, "{:?}, {:?}", checked, parsed),
            }
        }
    }
}
