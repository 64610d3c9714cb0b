//! Simple values of XML as JSON.

use std::borrow::Cow;

use serde_json::Number;

use crate::formats::facts::Scalar;
use crate::formats::json_text::push_string;
use crate::formats::xml::source::is_space;

/// Appends a value of a type as JSON. What is not of the type stays text, so that a validation can
/// say so.
pub(super) fn push_value(out: &mut String, of: Scalar, text: &str) {
    let text = text.trim_matches(is_space);
    match of {
        Scalar::Boolean if matches!(text, "true" | "1") => out.push_str("true"),
        Scalar::Boolean if matches!(text, "false" | "0") => out.push_str("false"),
        Scalar::Integer | Scalar::Decimal => match number(text) {
            Some(number) => out.push_str(&number.to_string()),
            None => push_string(out, text),
        },
        Scalar::Base64 => push_string(out, &text.replace(is_space, "")),
        _ => push_string(out, &in_one_line(text)),
    }
}

/// A decimal of XML, which may have a plus sign, leading zeros and no digit before or after its
/// point.
fn number(text: &str) -> Option<Number> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(number.into());
    }
    let is_decimal = text
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-'));
    let number = text.parse::<f64>().ok().filter(|_| is_decimal)?;
    Number::from_f64(number)
}

/// The text with a space for each line break and the indentation around it. Values of OSCAL are in
/// one line; XML wraps long ones.
fn in_one_line(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') {
        return Cow::Borrowed(text);
    }
    let lines = text.split('\n').map(|line| line.trim_matches(is_space));
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    Cow::Owned(lines.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_json_type_or_stay_text() {
        for (of, text, json) in [
            (Scalar::Text, " a b ", r#""a b""#),
            (Scalar::Text, "a\n   b \n c", r#""a b c""#),
            (Scalar::Text, "true", r#""true""#),
            (Scalar::Boolean, " true\n", "true"),
            (Scalar::Boolean, "0", "false"),
            (Scalar::Boolean, "yes", r#""yes""#),
            (Scalar::Integer, "+007", "7"),
            (Scalar::Integer, "-3", "-3"),
            (Scalar::Integer, "", r#""""#),
            (Scalar::Decimal, "0.50", "0.5"),
            (Scalar::Decimal, ".5", "0.5"),
            (Scalar::Decimal, "1e5", r#""1e5""#),
            (Scalar::Decimal, "NaN", r#""NaN""#),
            (Scalar::Base64, "QUJD\n  REVG", r#""QUJDREVG""#),
        ] {
            let mut out = String::new();
            push_value(&mut out, of, text);
            assert_eq!(out, json, "{text}");
        }
    }
}
