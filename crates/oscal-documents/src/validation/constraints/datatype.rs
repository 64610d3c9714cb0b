//! The data types that constraints demand of texts.

use std::net::{Ipv4Addr, Ipv6Addr};

use uuid::Uuid;

/// Whether a text is of a data type of the metaschema. Of an unknown type it is.
pub(super) fn is_of(name: &str, text: &str) -> bool {
    match name {
        "date" => is_date(text, false),
        "date-time" => is_date_time(text, false),
        "date-time-with-timezone" => is_date_time(text, true),
        "integer" => text.parse::<i128>().is_ok(),
        "ip-v4-address" => text.parse::<Ipv4Addr>().is_ok(),
        "ip-v6-address" => text.parse::<Ipv6Addr>().is_ok(),
        "uri" => {
            let scheme = text.split_once(':').map(|(scheme, _)| scheme);
            let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
            !text.contains(char::is_whitespace)
                && scheme.is_some_and(|scheme| {
                    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                        && scheme.chars().all(is_scheme)
                })
        }
        "uri-reference" => !text.contains(char::is_whitespace),
        "uuid" => text.len() == 36 && Uuid::try_parse(text).is_ok(),
        _ => true,
    }
}

/// A date, with a time zone or without.
fn is_date(text: &str, needs_zone: bool) -> bool {
    let Some((date, zone)) = text.split_at_checked(10) else {
        return false;
    };
    let shape = date.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let number = |part: &str| part.parse::<u32>().unwrap_or(0);
    shape
        && (1..=12).contains(&number(&date[5..7]))
        && (1..=31).contains(&number(&date[8..]))
        && is_zone(zone, needs_zone)
}

fn is_date_time(text: &str, needs_zone: bool) -> bool {
    let Some((date, time)) = text.split_once('T') else {
        return false;
    };
    let Some((clock, rest)) = time.split_at_checked(8) else {
        return false;
    };
    let shape = clock.bytes().enumerate().all(|(at, byte)| match at {
        2 | 5 => byte == b':',
        _ => byte.is_ascii_digit(),
    });
    let digits = rest.strip_prefix('.').unwrap_or(rest);
    let zone = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_fraction = rest.starts_with('.') == (zone.len() < digits.len());
    date.len() == 10 && is_date(date, false) && shape && is_fraction && is_zone(zone, needs_zone)
}

fn is_zone(text: &str, is_needed: bool) -> bool {
    match text {
        "" => !is_needed,
        "Z" => true,
        _ => {
            let shape = |(at, byte): (usize, u8)| match at {
                0 => matches!(byte, b'+' | b'-'),
                3 => byte == b':',
                _ => byte.is_ascii_digit(),
            };
            text.len() == 6 && text.bytes().enumerate().all(shape)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_of_their_types() {
        for (name, good, bad) in [
            ("date", "2026-01-31", "2026-13-01"),
            ("date", "2026-01-31Z", "2026-1-31"),
            ("date-time", "2026-01-31T08:30:00", "2026-01-31"),
            (
                "date-time-with-timezone",
                "2026-01-31T08:30:00.5Z",
                "2026-01-31T08:30:00",
            ),
            (
                "date-time-with-timezone",
                "2026-01-31T08:30:00-05:00",
                "2026-01-31T08:30Z",
            ),
            ("integer", "-7", "7.5"),
            ("ip-v4-address", "192.0.2.1", "192.0.2"),
            ("ip-v6-address", "2001:db8::1", "2001:db8"),
            ("uri", "https://example.org/a", "a/b"),
            ("uri-reference", "#a", "a b"),
            ("uuid", "11111111-2222-4000-8000-333333333333", "11111111"),
        ] {
            assert!(is_of(name, good), "{name} {good}");
            assert!(!is_of(name, bad), "{name} {bad}");
        }
        assert!(!is_of("date", "é026-01-31"));
    }
}
