//! Which of two revisions of a document is newer.

use std::cmp::Ordering;

use crate::document::info::DocumentInfo;

/// Compares by the time of the last change, then by version. A time that cannot be read is before
/// all others.
pub(super) fn by_age(one: &DocumentInfo, other: &DocumentInfo) -> Ordering {
    let times = [one, other].map(|info| time(&info.last_modified));
    let by_time = times[0].cmp(&times[1]);
    by_time.then_with(|| by_version(&one.version, &other.version))
}

/// Compares versions piece by piece, numbers as numbers: 1.9 is before 1.10.
fn by_version(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (pieces(one), pieces(other));
    loop {
        let (a, b) = match (one.next(), other.next()) {
            (None, None) => return Ordering::Equal,
            (a, b) => (a.unwrap_or(""), b.unwrap_or("")),
        };
        let order = match (is_number(a), is_number(b)) {
            (true, true) => {
                let [a, b] = [a, b].map(|number| number.trim_start_matches('0'));
                a.len().cmp(&b.len()).then_with(|| a.cmp(b))
            }
            // A number is after letters, so 1.0 is after 1.rc.
            (true, false) | (false, true) if !a.is_empty() && !b.is_empty() => {
                is_number(a).cmp(&is_number(b))
            }
            _ => a.cmp(b),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// The runs of digits and of letters.
fn pieces(version: &str) -> impl Iterator<Item = &str> {
    let is_separator = |c: char| !c.is_alphanumeric();
    let words = version.split(is_separator).filter(|word| !word.is_empty());
    words.flat_map(|word| {
        let mut rest = word;
        std::iter::from_fn(move || {
            let first = rest.chars().next()?;
            let is_other = |c: char| c.is_ascii_digit() != first.is_ascii_digit();
            let (piece, after) = rest.split_at(rest.find(is_other).unwrap_or(rest.len()));
            rest = after;
            Some(piece)
        })
    })
}

fn is_number(piece: &str) -> bool {
    piece.starts_with(|c: char| c.is_ascii_digit())
}

/// Seconds since 1970 and nanoseconds of a date and time as in RFC 3339. Without an offset, it
/// counts as UTC.
fn time(text: &str) -> Option<(i64, u32)> {
    let text = text.trim();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        let are_digits = digits.bytes().all(|digit| digit.is_ascii_digit());
        are_digits.then(|| digits.parse().ok())?
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let midnight = 86_400 * days(year, month, day);
    if text.len() == 10 {
        return Some((midnight, 0));
    }
    let clock = 3_600 * number(11, 13)? + 60 * number(14, 16)? + number(17, 19)?;
    let rest = text.get(19..)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(
            rest.find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len()),
        ),
        None => ("", rest),
    };
    let nanoseconds = format!("{fraction:0<9.9}").parse().ok()?;
    let offset = match zone.as_bytes().first() {
        None | Some(b'Z' | b'z') => 0,
        Some(sign @ (b'+' | b'-')) => {
            let at = text.len() - zone.len() + 1;
            let colon = usize::from(zone.as_bytes().get(3) == Some(&b':'));
            let minutes = 60 * number(at, at + 2)? + number(at + 2 + colon, at + 4 + colon)?;
            60 * if *sign == b'+' { minutes } else { -minutes }
        }
        Some(_) => return None,
    };
    Some((midnight + clock - offset, nanoseconds))
}

/// Days from 1970-01-01, in the proleptic Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day is the last one.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_read_with_their_offsets() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some((0, 0))),
            ("2024-02-29", Some((1_709_164_800, 0))),
            (
                "2024-02-29T12:00:00.5+02:00",
                Some((1_709_200_800, 500_000_000)),
            ),
            (
                "2021-06-08T13:57:28.355446-0400",
                Some((1_623_175_048, 355_446_000)),
            ),
            ("2024-02-29T12:00:00", Some((1_709_208_000, 0))),
            ("$NSDATE", None),
            ("2024-02-29T12:00:00+x", None),
            ("", None),
        ] {
            assert_eq!(time(text), expected, "{text}");
        }
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for (older, newer) in [
            ("1.9", "1.10"),
            ("", "0"),
            ("1", "1.1"),
            ("v1.2", "v2.0"),
            ("1.0-rc1", "1.0-rc2"),
            ("1.rc", "1.0"),
            ("5.1.1", "5.2.0"),
            ("99999999999999999999", "100000000000000000000"),
        ] {
            assert_eq!(by_version(older, newer), Ordering::Less, "{older} {newer}");
            assert_eq!(
                by_version(newer, older),
                Ordering::Greater,
                "{older} {newer}"
            );
        }
        assert_eq!(by_version("1.0", "1-00"), Ordering::Equal);
    }

    proptest! {
        #[test]
        fn takes_any_text(one in any::<String>(), other in any::<String>(), odd in "[0-9:+.TZé-]{0,30}") {
            time(&one);
            time(&odd);
            prop_assert_eq!(by_version(&one, &other), by_version(&other, &one).reverse());
        }
    }
}
