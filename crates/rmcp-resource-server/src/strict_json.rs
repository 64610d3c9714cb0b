//! JSON as an authorization server must send it: one value, nothing after it, no member twice.
//!
//! Two members of one name are read differently by different parsers, so a response that has
//! them says nothing reliable (RFC 8259 §4).

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

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
        while let Some((name, Strict(value))) = map.next_entry::<String, Strict>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member occurs twice"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::claims::IntrospectionResponse;

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
        ] {
            assert_eq!(parse_object(text.as_bytes()).is_ok(), fine, "{text}");
        }
        assert!(parse_object(b"{\"a\":\"\xff\"}").is_err());
        assert!(parse_object("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn errors_do_not_quote_the_text() {
        let error = parse_object(br#"{"secret-name":1,"secret-name":2}"#).expect_err("duplicate");
        assert!(!error.contains("secret-name"), "{error}");
    }

    /// JSON values, and objects of them with names that claims have.
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

    proptest! {
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
