//! JSON as an authorization server must send it: one value, nothing after it, no duplicate members.
//!
//! Parsers disagree about two members with the same name, so a response that has them says nothing
//! reliable (RFC 8259 §4).
//!
//! The result does not depend on the `serde_json` features that other crates of the program enable.
//! With `arbitrary_precision`, its parser hands over a number as an object with one member; with
//! `raw_value`, it treats an object with another such member as JSON text to parse. Anyone who
//! controls a claim could write these objects. So an object with a reserved member name is refused,
//! and only what the parser itself reports as a number counts as one.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

/// The prefix of the names by which `serde_json` recognizes its own objects.
const RESERVED: &str = "$serde_json::private::";

/// The only member of an object that stands for a number.
const NUMBER: &str = "$serde_json::private::Number";

/// Parses `bytes` as one JSON object.
///
/// # Errors
///
/// Says what is wrong and where, without quoting the text.
pub(crate) fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    match serde_json::from_slice::<Strict>(bytes) {
        Ok(Strict(Value::Object(members))) => Ok(members),
        Ok(_) => Err("not a JSON object".to_owned()),
        Err(error) => Err(format!("not JSON: {error}")),
    }
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
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

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == NUMBER {
                return map.next_value_seed(Digits);
            }
            if name.starts_with(RESERVED) {
                return Err(A::Error::custom("a member has a reserved name"));
            }
            let Strict(value) = map.next_value()?;
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member occurs twice"));
            }
        }
        Ok(Value::Object(members))
    }
}

/// The digits of a number, which `serde_json` passes as an owned string. Text from the input is
/// borrowed.
struct Digits;

impl<'de> DeserializeSeed<'de> for Digits {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer
            .deserialize_string(self)
            .map_err(|_quotes_the_text| {
                D::Error::custom("a member has a reserved name, or a number is out of range")
            })
    }
}

impl Visitor<'_> for Digits {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the digits of a number")
    }

    /// Borrowed text comes from the input: the object only poses as a number.
    fn visit_str<E: serde::de::Error>(self, _text: &str) -> Result<Value, E> {
        Err(E::custom("a reserved name"))
    }

    /// Reads the number as `serde_json` does without `arbitrary_precision`.
    fn visit_string<E: serde::de::Error>(self, digits: String) -> Result<Value, E> {
        let number = digits
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite());
        number
            .map(Value::from)
            .ok_or_else(|| E::custom("out of range"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::token::claims::IntrospectionResponse;

    #[test]
    fn one_object_and_nothing_else() {
        for (text, fine) in [
            (r#"{"active":true}"#, true),
            (" {\"active\":true}\r\n", true),
            (r#"{"a":{"b":1},"c":{"b":1}}"#, true),
            (r#"{"active":true}x"#, false),
            (r#"{"active":true}{"active":false}"#, false),
            (r#"{"active":true,"active":false}"#, false),
            (r#"{"a":{"b":1,"b":1}}"#, false),
            (r#"{"active":true,"\u0061ctive":false}"#, false),
            (r#"[{"active":true}]"#, false),
            (r#""active""#, false),
            ("<html>", false),
            ("", false),
            (r#"{"active":true"#, false),
            (r#"{"exp":1e999}"#, false),
            (r#"{"exp":-1e999}"#, false),
        ] {
            assert_eq!(parse_object(text.as_bytes()).is_ok(), fine, "{text}");
        }
        assert!(parse_object(b"{\"a\":\"\xff\"}").is_err());
        assert!(parse_object("[".repeat(100_000).as_bytes()).is_err());
    }

    /// The values are the same whatever features `serde_json` has: `.ci/run` runs this with all of
    /// them.
    #[test]
    fn numbers_are_numbers() {
        for (text, number) in [
            ("0", json!(0)),
            ("-7", json!(-7)),
            ("18446744073709551615", json!(u64::MAX)),
            (
                "18446744073709551616",
                json!(18_446_744_073_709_551_616_f64),
            ),
            (
                "-9223372036854775809",
                json!(-9_223_372_036_854_775_809_f64),
            ),
            ("1796258477.5", json!(1_796_258_477.5)),
            ("1.50", json!(1.5)),
            ("15e-1", json!(1.5)),
            ("1E3", json!(1000.0)),
            ("-0", json!(-0.0)),
            ("1e-999", json!(0.0)),
        ] {
            let nested = format!(r#"{{"n":[{text}],"m":{text}}}"#);
            let members = parse_object(nested.as_bytes()).expect(text);
            assert_eq!(members["n"], json!([number]), "{text}");
            assert_eq!(members["m"], number, "{text}");
            assert_eq!(members["m"].as_u64(), number.as_u64(), "{text}");
        }
    }

    /// With one feature or another, `serde_json` would take these for numbers or for text to parse.
    #[test]
    fn reserved_names_are_refused_at_any_depth() {
        for object in [
            r#"{"$serde_json::private::Number":"1"}"#,
            r#"{"$serde_json::private::Number":"\u0031"}"#,
            r#"{"$serde_json::private::Number":1}"#,
            r#"{"$serde_json::private::Number":"1","a":1}"#,
            r#"{"a":1,"$serde_json::private::Number":"1"}"#,
            r#"{"$serde_json\u003a:private::Number":"1"}"#,
            r#"{"$serde_json::private::Number":{"a":1}}"#,
            r#"{"$serde_json::private::RawValue":"{\"active\":true}"}"#,
            r#"{"$serde_json::private::RawValue":"not JSON"}"#,
        ] {
            for text in [object.to_owned(), format!(r#"{{"exp":[{object}]}}"#)] {
                let error = parse_object(text.as_bytes()).expect_err(&text);
                assert!(error.contains("reserved name"), "{text}: {error}");
            }
        }
    }

    #[test]
    fn errors_do_not_quote_the_text() {
        for text in [
            r#"{"secret":1,"secret":2}"#,
            r#"{"a":{"$serde_json::private::Number":"secret"}}"#,
            r#"{"a":{"$serde_json::private::secret":1}}"#,
            r#"{"a":secret}"#,
        ] {
            let error = parse_object(text.as_bytes()).expect_err(text);
            assert!(!error.contains("secret"), "{error}");
        }
    }

    /// JSON values, and objects of them with members named like claims.
    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            let name = "active|iss|sub|aud|exp|nbf|scope|cnf|token_type|.{0,4}";
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(name, inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// JSON text whose objects may have duplicate members.
    #[derive(Debug, Clone)]
    enum Text {
        Scalar(&'static str),
        Array(Vec<Text>),
        Object(Vec<(&'static str, Text)>),
    }

    impl Text {
        fn any() -> impl Strategy<Value = Self> {
            let scalars = ["0", "-1.5e3", "\"a\"", "true", "null"];
            let leaf = proptest::sample::select(scalars.to_vec()).prop_map(Self::Scalar);
            // The same name with and without an escape.
            let names = ["a", "\\u0061", "b", "exp", "", "\\ud83d\\ude00", "😀"];
            leaf.prop_recursive(4, 32, 4, move |inner| {
                let member = (proptest::sample::select(names.to_vec()), inner.clone());
                prop_oneof![
                    proptest::collection::vec(inner, 0..4).prop_map(Self::Array),
                    proptest::collection::vec(member, 0..5).prop_map(Self::Object),
                ]
            })
        }

        fn repeats(&self) -> bool {
            match self {
                Self::Scalar(_) => false,
                Self::Array(items) => items.iter().any(Self::repeats),
                Self::Object(members) => {
                    let meant =
                        |name: &str| name.replace("\\u0061", "a").replace("\\ud83d\\ude00", "😀");
                    let names: BTreeSet<_> = members.iter().map(|(name, _)| meant(name)).collect();
                    names.len() < members.len() || members.iter().any(|(_, value)| value.repeats())
                }
            }
        }
    }

    impl fmt::Display for Text {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self {
                Self::Scalar(text) => f.write_str(text),
                Self::Array(items) => {
                    let items: Vec<_> = items.iter().map(Self::to_string).collect();
                    write!(f, "[ {} ]", items.join(" ,\n"))
                }
                Self::Object(members) => {
                    let member = |(name, value): &(_, Self)| format!("\"{name}\" : {value}");
                    let members: Vec<_> = members.iter().map(member).collect();
                    write!(f, "{{{}}}", members.join(","))
                }
            }
        }
    }

    proptest! {
        #[test]
        fn an_object_is_read_exactly_where_no_member_occurs_twice(text in Text::any()) {
            let object = format!(r#"{{"x":{text}}}"#);
            prop_assert_eq!(parse_object(object.as_bytes()).is_err(), text.repeats(), "{}", object);
        }

        #[test]
        fn agrees_with_a_lenient_parser_where_no_member_occurs_twice(value in json()) {
            let text = value.to_string();
            let lenient: Value = serde_json::from_str(&text).expect("JSON");
            match parse_object(text.as_bytes()) {
                Ok(members) => prop_assert_eq!(Value::Object(members), lenient),
                Err(_) => prop_assert!(!lenient.is_object()),
            }
        }

        #[test]
        fn a_response_is_active_only_if_it_says_true(value in json()) {
            let says_true = value.get("active") == Some(&Value::Bool(true));
            let active = matches!(
                IntrospectionResponse::parse(value.to_string().as_bytes()),
                Ok(IntrospectionResponse::Active(_))
            );
            prop_assert!(!active || says_true);
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = IntrospectionResponse::parse(&bytes);
        }
    }
}
