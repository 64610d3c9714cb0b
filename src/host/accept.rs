//! Which media types a client accepts (RFC 9110 §12.5.1).
//!
//! MCP requires clients to list both response types. A wildcard covers them too, and so does a
//! missing header; rmcp understands neither.

use http::{
    Method,
    header::{ACCEPT, HeaderMap, HeaderValue},
};

const BOTH: &str = "application/json, text/event-stream";
const EVENTS: &str = "text/event-stream";

/// Rewrites the header to the value that rmcp expects, if it means the same.
///
/// # Errors
///
/// The client does not accept the response. The error is the list of types it must accept.
pub(super) fn normalize(method: &Method, headers: &mut HeaderMap) -> Result<(), &'static str> {
    let needed = match *method {
        Method::POST => BOTH,
        Method::GET => EVENTS,
        _ => return Ok(()),
    };
    let mut values = headers.get_all(ACCEPT).iter();
    if let (Some(value), None) = (values.next(), values.next())
        && value.as_bytes() == needed.as_bytes()
    {
        return Ok(());
    }
    if needed.split(", ").all(|wanted| accepts(headers, wanted)) {
        headers.insert(ACCEPT, HeaderValue::from_static(needed));
        Ok(())
    } else {
        Err(needed)
    }
}

/// Whether a client with these values prefers a page for people: it names HTML and does not speak
/// MCP.
pub(super) fn is_browser<'a>(values: impl Iterator<Item = &'a str> + Clone) -> bool {
    let named = |wanted| {
        let mut ranges = ranges(values.clone());
        ranges.any(|range| range.essence.eq_ignore_ascii_case(wanted))
    };
    named("text/html") && !named(EVENTS)
}

/// The most specific matching range decides; among equals, one that accepts wins.
fn accepts(headers: &HeaderMap, wanted: &str) -> bool {
    if !headers.contains_key(ACCEPT) {
        return true;
    }
    let values = headers.get_all(ACCEPT).iter();
    let ranges = ranges(values.filter_map(|value| value.to_str().ok()));
    let fitting = ranges.filter_map(|range| Some((range.fits(wanted)?, range.is_accepted)));
    fitting.max().is_some_and(|(_, is_accepted)| is_accepted)
}

struct Range<'a> {
    essence: &'a str,
    is_accepted: bool,
}

impl Range<'_> {
    /// How specifically the range names `wanted`, if it matches.
    fn fits(&self, wanted: &str) -> Option<u8> {
        if self.essence.eq_ignore_ascii_case(wanted) {
            return Some(2);
        }
        match self.essence.strip_suffix("/*")? {
            "*" => Some(0),
            kind => {
                let (wanted, _) = wanted.split_once('/')?;
                kind.eq_ignore_ascii_case(wanted).then_some(1)
            }
        }
    }
}

fn ranges<'a>(values: impl Iterator<Item = &'a str>) -> impl Iterator<Item = Range<'a>> {
    values
        .flat_map(|value| split(value, ','))
        .filter_map(|range| {
            let mut parts = split(range, ';').map(str::trim);
            let essence = parts.next().filter(|essence| !essence.is_empty())?;
            let is_accepted = !parts.any(is_weight_of_zero);
            Some(Range {
                essence,
                is_accepted,
            })
        })
}

fn is_weight_of_zero(parameter: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, value)| {
        let zero = value.trim().parse().is_ok_and(|weight: f32| weight == 0.0);
        name.trim().eq_ignore_ascii_case("q") && zero
    })
}

/// Splits at separators outside quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |character| {
        let literal = std::mem::take(&mut escaped);
        match character {
            '\\' if quoted && !literal => escaped = true,
            '"' if !literal => quoted = !quoted,
            _ => return !quoted && character == separator,
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(
                ACCEPT,
                HeaderValue::from_str(value).expect("a header value"),
            );
        }
        headers
    }

    #[test]
    fn a_client_takes_what_its_ranges_cover() {
        let cases: [(&[&str], bool, bool); 18] = [
            (&[], true, true),
            (&["*/*"], true, true),
            (&["application/json, text/event-stream"], true, true),
            (&["text/event-stream", "application/json"], true, true),
            (
                &["APPLICATION/JSON;q=0.5 ,Text/Event-Stream; Q=1"],
                true,
                true,
            ),
            (&["application/*, text/*"], true, true),
            (&["application/*"], false, false),
            (&["text/*"], false, true),
            (&["application/json"], false, false),
            (&["text/event-stream"], false, true),
            (&["*/*;q=0"], false, false),
            (&["*/*, text/event-stream;q=0"], false, false),
            (&["text/event-stream;q=0.000, */*"], false, false),
            (&["*/*, application/json;q=0.0"], false, true),
            (&["text/*;q=0, */*"], false, false),
            (&["application/json;x=\"a,*/*\", text/plain"], false, false),
            (
                &["application/json;x=\"\\\",*/*;q=0\", text/event-stream"],
                true,
                true,
            ),
            (&["nonsense, ,"], false, false),
        ];
        for (values, post, get) in cases {
            for (method, accepted, rewritten) in
                [(Method::POST, post, BOTH), (Method::GET, get, EVENTS)]
            {
                let mut headers = headers(values);
                let result = normalize(&method, &mut headers);
                assert_eq!(result.is_ok(), accepted, "{method} {values:?}");
                if accepted {
                    let values: Vec<_> = headers.get_all(ACCEPT).iter().collect();
                    assert_eq!(values, [rewritten]);
                }
            }
        }
    }

    #[test]
    fn a_browser_names_html_and_no_events() {
        for (value, browser) in [
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                true,
            ),
            ("*/*", false),
            ("application/json, text/event-stream", false),
            ("text/html, text/event-stream", false),
        ] {
            assert_eq!(is_browser([value].into_iter()), browser, "{value}");
        }
    }
}
