//! One form for all common notations of a control's id or label.

/// The form in which ids and labels of controls are compared: lower-case runs of letters and of
/// digits, without leading zeros, joined by dots.
///
/// `AC-2(1)`, `ac-2.1`, `AC-2 (1)`, `AC-02(01)` and `ac 02.01` all give `ac.2.1`.
///
/// ```
/// use oscal_documents::control_key;
///
/// assert_eq!(control_key("AC-02 (1)"), control_key("ac-2.1"));
/// assert_ne!(control_key("AC-2"), control_key("AC-20"));
/// ```
pub fn control_key(reference: &str) -> String {
    let mut key = String::with_capacity(reference.len());
    let mut last = Run::None;
    for c in reference.chars().flat_map(char::to_lowercase) {
        let run = Run::of(c);
        if run == Run::None {
            last = run;
            continue;
        }
        if run == last {
            if run == Run::Digits && key.ends_with('0') && is_lone_zero(&key) {
                key.pop();
            }
        } else if !key.is_empty() {
            key.push('.');
        }
        key.push(c);
        last = run;
    }
    key
}

/// The control that a part's id names by its beginning: `ac-2_smt.a`, `ac-2.a_obj.1` and
/// `AC-2.a` belong to `ac-2`. An id of another form is returned as it is.
pub(crate) fn control_of_target(target: &str) -> &str {
    let control = target.split('_').next().unwrap_or(target);
    let ends_at = |at: &usize| {
        let mut after = control[at + 1..].bytes();
        after.next().is_some_and(|byte| byte.is_ascii_lowercase())
            && after.next().is_none_or(|byte| byte == b'.')
    };
    let mut dots = control.match_indices('.').map(|(at, _)| at);
    &control[..dots.find(ends_at).unwrap_or(control.len())]
}

#[derive(Clone, Copy, PartialEq)]
enum Run {
    None,
    Letters,
    Digits,
}

impl Run {
    fn of(c: char) -> Self {
        if c.is_ascii_digit() {
            Self::Digits
        } else if c.is_alphanumeric() {
            Self::Letters
        } else {
            Self::None
        }
    }
}

/// Whether the run at the end of a key is `0` alone.
fn is_lone_zero(key: &str) -> bool {
    key == "0" || key.ends_with(".0")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn usual_writings_of_a_control_are_one_key() {
        for writing in [
            "AC-2(1)",
            "ac-2.1",
            "AC-2 (1)",
            "AC-02(01)",
            "ac-02.01",
            " ac 2 1 ",
            "AC\u{2011}2(1)",
        ] {
            assert_eq!(control_key(writing), "ac.2.1", "{writing}");
        }
        for (writing, key) in [
            ("AC-21", "ac.21"),
            ("AC-20", "ac.20"),
            ("AC-10(100)", "ac.10.100"),
            ("A.5.0", "a.5.0"),
            ("00", "0"),
            ("03.01.01", "3.1.1"),
            ("AC.L2-3.1.1", "ac.l.2.3.1.1"),
            ("—", ""),
        ] {
            assert_eq!(control_key(writing), key, "{writing}");
        }
    }

    #[test]
    fn targets_begin_with_their_control() {
        for (target, control) in [
            ("ac-2_smt.a", "ac-2"),
            ("ac-2.1_obj", "ac-2.1"),
            ("ac-1.a.1_obj.1", "ac-1"),
            ("AC-2.a", "AC-2"),
            ("a.5.15", "a.5.15"),
            ("APP.1.1.A1", "APP.1.1.A1"),
            ("k-1.", "k-1."),
            ("_x", ""),
            ("", ""),
        ] {
            assert_eq!(control_of_target(target), control, "{target}");
        }
    }

    proptest! {
        #[test]
        fn is_canonical(text in any::<String>()) {
            let key = control_key(&text);
            prop_assert_eq!(control_key(&key), key);
        }

        #[test]
        fn ignores_case_padding_and_separators(
            family in "[a-z]{1,4}",
            numbers in prop::collection::vec(0_u32..1000, 1..4),
            separators in prop::collection::vec("[-. ()_]{1,2}", 3),
            zeros in prop::collection::vec("0{0,2}", 3),
        ) {
            let mut plain = family.clone();
            let mut odd = family.to_uppercase();
            for (i, number) in numbers.iter().enumerate() {
                plain += &format!(".{number}");
                odd += &format!("{}{}{number}", separators[i], zeros[i]);
            }
            prop_assert_eq!(control_key(&odd), plain);
        }
    }
}
