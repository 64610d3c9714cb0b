//! Plain values of YAML, by the core schema (YAML 1.2.2 section 10.3.2).

use serde_json::Number;

use crate::formats::facts::Scalar;

/// What a value without quotes is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plain {
    Null,
    Boolean(bool),
    Number(Number),
    /// Not a number, or infinite, which JSON cannot say.
    NoNumber,
    Text,
}

impl Plain {
    /// What the core schema makes of it.
    pub(super) fn of(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Self::Null,
            "true" | "True" | "TRUE" => Self::Boolean(true),
            "false" | "False" | "FALSE" => Self::Boolean(false),
            ".nan" | ".NaN" | ".NAN" => Self::NoNumber,
            _ => {
                let unsigned = text.trim_start_matches(['+', '-']);
                match unsigned.bytes().next() {
                    Some(b'0'..=b'9' | b'.') if text.len() - unsigned.len() < 2 => number(text),
                    _ => Self::Text,
                }
            }
        }
    }

    /// What it is where a model says the type. What OSCAL has as text stays text: versions such as
    /// `1.10`, and `true`.
    pub(super) fn typed(text: &str, of: Option<Scalar>) -> Self {
        match (Self::of(text), of) {
            (plain, None) => plain,
            (plain @ Self::Null, _) => plain,
            (plain @ Self::Boolean(_), Some(Scalar::Boolean)) => plain,
            (plain, Some(Scalar::Integer | Scalar::Decimal | Scalar::Boolean)) => plain,
            _ => Self::Text,
        }
    }
}

fn number(text: &str) -> Plain {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if matches!(digits.trim_start_matches('-'), ".inf" | ".Inf" | ".INF") {
        return Plain::NoNumber;
    }
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let is_digits = digits.chars().all(|c| c.is_digit(radix));
            let number = u64::from_str_radix(digits, radix)
                .ok()
                .filter(|_| is_digits);
            return number.map_or(Plain::Text, |number| Plain::Number(number.into()));
        }
    }
    if let Ok(number) = digits.parse::<i64>() {
        return Plain::Number(number.into());
    }
    if let Ok(number) = digits.parse::<u64>() {
        return Plain::Number(number.into());
    }
    if !is_decimal(digits.trim_start_matches('-')) {
        return Plain::Text;
    }
    match digits.parse().ok().and_then(Number::from_f64) {
        Some(number) => Plain::Number(number),
        None => Plain::NoNumber,
    }
}

/// `1`, `1.`, `.1` or `1.1`, and then possibly an exponent.
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_exponent = |text: &str| {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        !digits.is_empty() && is_digits(digits)
    };
    is_digits(whole)
        && is_digits(fraction)
        && whole.len() + fraction.len() > 0
        && exponent.is_none_or(is_exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_follow_the_core_schema() {
        let number = |number: f64| Plain::Number(Number::from_f64(number).expect("finite"));
        for (text, expected) in [
            ("", Plain::Null),
            ("~", Plain::Null),
            ("True", Plain::Boolean(true)),
            ("yes", Plain::Text),
            ("no", Plain::Text),
            ("on", Plain::Text),
            ("2026-01-31", Plain::Text),
            ("2026-01-31T08:30:00Z", Plain::Text),
            ("12:30:45", Plain::Text),
            ("1.2.3", Plain::Text),
            ("1_000", Plain::Text),
            ("+7", Plain::Number(7.into())),
            ("-0x1F", Plain::Text),
            ("0x1F", Plain::Number(31.into())),
            ("0o17", Plain::Number(15.into())),
            ("017", Plain::Number(17.into())),
            ("18446744073709551615", Plain::Number(u64::MAX.into())),
            ("1.10", number(1.1)),
            ("1.", number(1.0)),
            (".5", number(0.5)),
            ("-1e3", number(-1000.0)),
            ("1e", Plain::Text),
            (".", Plain::Text),
            ("--1", Plain::Text),
            ("-.inf", Plain::NoNumber),
            (".nan", Plain::NoNumber),
            ("1e999", Plain::NoNumber),
            ("infinity", Plain::Text),
            ("NaN", Plain::Text),
        ] {
            assert_eq!(Plain::of(text), expected, "{text}");
        }
    }
}
