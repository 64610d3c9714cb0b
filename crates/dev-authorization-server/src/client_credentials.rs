//! Client credentials as sent in an `Authorization: Basic` header.

use base64::{Engine, engine::general_purpose::STANDARD};
use url::form_urlencoded;

/// Id and secret, each form-decoded as RFC 6749 §2.3.1 requires.
pub(crate) fn form_decoded_basic(authorization: &str) -> Option<(String, String)> {
    let (id, secret) = raw_basic(authorization)?;
    Some((form_decoded(&id), form_decoded(&secret)))
}

/// Id and secret as in RFC 7617 alone; the first colon separates the two.
pub(crate) fn raw_basic(authorization: &str) -> Option<(String, String)> {
    let (scheme, encoded) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn form_decoded(text: &str) -> String {
    let pair = format!("v={}", text.replace('&', "%26"));
    form_urlencoded::parse(pair.as_bytes())
        .map(|(_, value)| value.into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_is_decoded_in_both_ways() {
        let cases = [
            ("a:b", Some(("a", "b")), Some(("a", "b"))),
            (
                "http%3A%2F%2Fh%2Fmcp:p%25+%2B%26=",
                Some(("http://h/mcp", "p% +&=")),
                Some(("http%3A%2F%2Fh%2Fmcp", "p%25+%2B%26=")),
            ),
            ("a:b:c&d", Some(("a", "b:c&d")), Some(("a", "b:c&d"))),
            ("no colon", None, None),
        ];
        for (credentials, form, raw) in cases {
            let header = format!("bAsIc {}", STANDARD.encode(credentials));
            let owned =
                |pair: Option<(&str, &str)>| pair.map(|(a, b)| (a.to_owned(), b.to_owned()));
            assert_eq!(form_decoded_basic(&header), owned(form), "{credentials}");
            assert_eq!(raw_basic(&header), owned(raw), "{credentials}");
        }
        assert_eq!(raw_basic("Bearer abc"), None);
    }
}
