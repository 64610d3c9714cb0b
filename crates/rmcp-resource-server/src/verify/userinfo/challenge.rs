//! The error codes in `WWW-Authenticate` (RFC 9110 §11.2, §11.6.1; RFC 6750 §3).
//!
//! Servers write challenges in every way that the grammar allows: with tokens or quoted strings,
//! with space around `=`, in any case, several in one header or in several headers. The crate
//! `http-auth` reads most of that, but neither a challenge like `Negotiate abc==` nor two spaces.

/// The values of `error` in challenges of the schemes that have it, in order. Reading stops where
/// the header is no longer valid.
pub(super) fn error_codes(header: &[u8]) -> Vec<String> {
    let mut codes = Vec::new();
    let mut rest = Text(header);
    let mut scheme_has_errors = false;
    loop {
        rest.skip_separators();
        let Some(name) = rest.token() else {
            return codes;
        };
        let after_name = rest;
        match rest.parameter_value() {
            Some(value) => {
                if scheme_has_errors && name.eq_ignore_ascii_case(b"error") {
                    codes.push(value);
                }
            }
            // A name without a value is the scheme of the next challenge.
            None => {
                scheme_has_errors = [&b"bearer"[..], b"dpop"]
                    .iter()
                    .any(|scheme| name.eq_ignore_ascii_case(scheme));
                rest = after_name;
                rest.skip_token68();
            }
        }
    }
}

/// The rest of a header.
#[derive(Clone, Copy)]
struct Text<'h>(&'h [u8]);

impl<'h> Text<'h> {
    fn skip_while(&mut self, skipped: impl Fn(u8) -> bool) -> &'h [u8] {
        let end = self.0.iter().position(|byte| !skipped(*byte));
        let (before, after) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = after;
        before
    }

    fn skip_spaces(&mut self) {
        self.skip_while(is_space);
    }

    fn skip_separators(&mut self) {
        self.skip_while(|byte| is_space(byte) || byte == b',');
    }

    fn skip_byte(&mut self, expected: u8) -> bool {
        match self.0.split_first() {
            Some((first, after)) if *first == expected => {
                self.0 = after;
                true
            }
            _ => false,
        }
    }

    fn token(&mut self) -> Option<&'h [u8]> {
        Some(self.skip_while(is_token_character)).filter(|token| !token.is_empty())
    }

    /// `= value`, with optional space around the sign; nothing else.
    fn parameter_value(&mut self) -> Option<String> {
        self.skip_spaces();
        if !self.skip_byte(b'=') {
            return None;
        }
        self.skip_spaces();
        if self.skip_byte(b'"') {
            self.quoted_string()
        } else {
            self.token().map(text)
        }
    }

    /// The rest of a quoted string after its first quote; `None` if it does not end.
    fn quoted_string(&mut self) -> Option<String> {
        let mut unescaped = Vec::new();
        let mut bytes = self.0.iter();
        loop {
            match bytes.next()? {
                b'"' => break,
                b'\\' => unescaped.push(*bytes.next()?),
                byte => unescaped.push(*byte),
            }
        }
        self.0 = bytes.as_slice();
        Some(text(&unescaped))
    }

    /// Skips the credentials that may follow a scheme instead of parameters, as in `abc==`. They
    /// end with the challenge, whereas a parameter goes on with its value.
    fn skip_token68(&mut self) {
        let mut after = *self;
        after.skip_spaces();
        let characters = after.skip_while(|byte| is_token_character(byte) || byte == b'/');
        after.skip_while(|byte| byte == b'=');
        after.skip_spaces();
        if !characters.is_empty() && (after.0.is_empty() || after.0.starts_with(b",")) {
            *self = after;
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `tchar` of RFC 9110 §5.6.2.
fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_table_of_headers() {
        let invalid: &[&str] = &["invalid_token"];
        for (header, expected) in [
            (r#"Bearer error="invalid_token""#, invalid),
            ("Bearer error=invalid_token", invalid),
            ("Bearer   error=invalid_token", invalid),
            (r#"BEARER ERROR="invalid_token""#, invalid),
            (r#"bearer realm="x", error = "invalid_token""#, invalid),
            ("Bearer realm=x,error\t=\tinvalid_token ,scope=a", invalid),
            (r#"Bearer , ,error="invalid_token",,"#, invalid),
            (r#",, Bearer error="invalid_token""#, invalid),
            (r#"Bearer error="invalid\_token""#, invalid),
            (r#"Bearer error="\i\n\v\a\l\i\d\_\t\o\k\e\n""#, invalid),
            (r#"Basic realm="x", Bearer error="invalid_token""#, invalid),
            (r#"Bearer error="invalid_token", Basic realm="x""#, invalid),
            (r#"Bearer, Bearer error="invalid_token""#, invalid),
            (r#"Negotiate, Bearer error="invalid_token""#, invalid),
            (
                r#"Negotiate ab/c+d==, Bearer error="invalid_token""#,
                invalid,
            ),
            (r#"NTLM abc=, Bearer error="invalid_token""#, invalid),
            (r#"DPoP algs="ES256", error="invalid_token""#, invalid),
            (
                r#"Bearer realm="a, error=\"x\", b", error="invalid_token""#,
                invalid,
            ),
            (r#"Bearer realm="a\\", error="invalid_token""#, invalid),
            ("Bearer realm=\"\u{fc}\", error=\"invalid_token\"", invalid),
            (
                r#"Bearer error="insufficient_scope", Bearer error="invalid_token""#,
                &["insufficient_scope", "invalid_token"],
            ),
            (r#"Bearer error="invalid_token", realm="no end"#, invalid),
            (r#"Bearer error="Invalid_Token""#, &["Invalid_Token"]),
            (r#"Bearer error="""#, &[""]),
            (r#"Bearer error="no end"#, &[]),
            ("Bearer error=", &[]),
            ("Bearer error", &[]),
            (r#"Bearer error_description="error=invalid_token""#, &[]),
            (r#"Bearer x_error="invalid_token""#, &[]),
            (r#"Basic realm="x", error="invalid_token""#, &[]),
            (r#"Bearer realm="x", Basic error="invalid_token""#, &[]),
            (r#"Bearer realm="\"error=\"invalid_token""#, &[]),
            (r#"error="invalid_token""#, &[]),
            ("", &[]),
            ("Bearer", &[]),
        ] {
            assert_eq!(error_codes(header.as_bytes()), expected, "{header}");
        }
    }

    fn spelt(name: &'static str) -> impl Strategy<Value = String> {
        proptest::collection::vec(any::<bool>(), name.len()).prop_map(move |upper| {
            let letters = name.chars().zip(upper);
            let spell = |(letter, upper): (char, bool)| match upper {
                true => letter.to_ascii_uppercase(),
                false => letter,
            };
            letters.map(spell).collect()
        })
    }

    /// `value` as a token, or as a quoted string with some characters escaped.
    fn written(value: &'static str) -> impl Strategy<Value = String> {
        let escaped = proptest::collection::vec(any::<bool>(), value.len());
        let quoted = escaped.prop_map(move |escaped| {
            let characters = value.chars().zip(escaped);
            let write = |(character, escaped): (char, bool)| match escaped {
                true => format!("\\{character}"),
                false => character.to_string(),
            };
            format!("\"{}\"", characters.map(write).collect::<String>())
        });
        prop_oneof![Just(value.to_owned()), quoted]
    }

    fn other_parameter() -> impl Strategy<Value = String> {
        prop_oneof![
            "(realm|scope|error_uri)[ \t]{0,2}=[ \t]{0,2}[a-z0-9!#$%&'*+.^_`|~-]{1,8}",
            r#"(realm|error_description)="([ !#-\[\]-~]|\\["\\a-z]){0,20}""#,
        ]
    }

    fn other_challenge() -> impl Strategy<Value = String> {
        prop_oneof![
            "Negotiate( [A-Za-z0-9._~+/-]{1,20}={0,2})?",
            other_parameter().prop_map(|parameter| format!("Digest {parameter}")),
            other_parameter().prop_map(|parameter| format!("Basic {parameter}, error=\"x\"")),
        ]
    }

    proptest! {
        #[test]
        fn every_legal_spelling_is_read(
            before in proptest::collection::vec(other_challenge(), 0..3),
            scheme in spelt("bearer"), name in spelt("error"), value in written("invalid_token"),
            sign in "[ \t]{0,2}=[ \t]{0,2}", spaces in " {1,3}", comma in "[ \t]{0,2}(,[ \t]{0,2}){1,3}",
            mut parameters in proptest::collection::vec(other_parameter(), 0..3),
            after in proptest::collection::vec(other_challenge(), 0..3),
            position in any::<prop::sample::Index>(),
        ) {
            let position = position.index(parameters.len() + 1);
            parameters.insert(position, format!("{name}{sign}{value}"));
            let own = format!("{scheme}{spaces}{}", parameters.join(&comma));
            let challenges: Vec<_> = before.into_iter().chain([own]).chain(after).collect();
            let header = challenges.join(&comma);
            prop_assert_eq!(error_codes(header.as_bytes()), ["invalid_token"], "{}", header);
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = error_codes(&bytes);
        }

        #[test]
        fn any_punctuation_is_read_without_panic(text in r#"(Bearer|error|[ ,="\\a/]){0,30}"#) {
            let _ = error_codes(text.as_bytes());
        }
    }
}
