//! What an operator most likely meant. A suggestion is one of our own names, so it reveals only
//! that the text was close to it.

use strsim::damerau_levenshtein;

/// The candidate that `text` is a misspelling of, if one is close enough: `; did you mean NAME?`,
/// or nothing.
pub(crate) fn did_you_mean<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> String {
    match nearest(text, candidates) {
        Some(candidate) => format!("; did you mean {candidate}?"),
        None => String::new(),
    }
}

/// The closest candidate: at most a third of its letters differ, or only its end is missing. Case,
/// and the words that begin nearly every name, do not count.
pub(super) fn nearest<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    /// No name is longer, and a longer text may be slow to compare.
    const LONGEST: usize = 64;
    /// A shorter text may be the beginning of anything.
    const SHORTEST_BEGINNING: usize = 5;
    if text.len() > LONGEST {
        return None;
    }
    let stem = |name: &str| {
        let name = name.to_ascii_uppercase().replace('-', "_");
        let name = name.trim_start_matches('_');
        let name = name.strip_prefix("OSCAL_").unwrap_or(name);
        name.strip_prefix("MCP_").unwrap_or(name).to_owned()
    };
    let written = stem(text);
    candidates
        .into_iter()
        .map(|candidate| {
            let meant = stem(candidate);
            let differences = damerau_levenshtein(&written, &meant);
            let is_beginning = written.len() >= SHORTEST_BEGINNING && meant.starts_with(&written);
            let is_close = is_beginning || differences * 3 <= meant.chars().count();
            (is_close, differences, candidate)
        })
        .filter(|(is_close, ..)| *is_close)
        .min_by_key(|(_, differences, _)| *differences)
        .map(|(.., candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_names_are_found_and_distant_ones_are_not() {
        const NAMES: [&str; 9] = [
            "OSCAL_MCP_PORT",
            "OSCAL_MCP_TRANSPORT",
            "LOG_LEVEL",
            "OSCAL_AUTH_ISSUER_URL",
            "OSCAL_AUTH_REQUIRED_SCOPES",
            "OSCAL_AUTH_CLIENT_SECRET",
            "OSCAL_AUTH_CLIENT_SECRET_FILE",
            "--auth-ca-file",
            "streamable-http",
        ];
        for (written, meant) in [
            (
                "OSCAL_AUTH_REQUIRED_SCOPE",
                Some("OSCAL_AUTH_REQUIRED_SCOPES"),
            ),
            (
                "OSCAL_AUTH_REQIURED_SCOPES",
                Some("OSCAL_AUTH_REQUIRED_SCOPES"),
            ),
            ("OSCAL_AUTH_ISSUER", Some("OSCAL_AUTH_ISSUER_URL")),
            ("OSCAL_ISSUER_URL", Some("OSCAL_AUTH_ISSUER_URL")),
            (
                "OSCAL_AUTH_CLIENT_SECRETS",
                Some("OSCAL_AUTH_CLIENT_SECRET"),
            ),
            ("OSCAL_PORT", Some("OSCAL_MCP_PORT")),
            ("OSCAL_MCP_LOG_LEVEL", Some("LOG_LEVEL")),
            ("--auth-cafile", Some("--auth-ca-file")),
            ("--auth-ca", Some("--auth-ca-file")),
            ("Streamable_HTTP", Some("streamable-http")),
            ("streamablehttp", Some("streamable-http")),
            ("OSCAL_HOME", None),
            ("hunter2", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, NAMES), meant, "{written}");
        }
        assert_eq!(nearest(&"O".repeat(100_000), NAMES), None);
    }
}
