//! Browser origins that may use the server (RFC 6454).

use url::Url;

use super::{effective::AllowedOrigins, parse::Parser};

/// Reads a list of origins, or `*`.
pub(super) fn origins(parser: &mut Parser, id: &str, value: Option<&str>) -> AllowedOrigins {
    let given = Parser::list(value);
    if given == ["*"] {
        return AllowedOrigins::Any;
    }
    let mut origins = Vec::new();
    for (text, number) in given.iter().zip(1..) {
        match origin(text) {
            Ok(origin) => origins.push(origin),
            Err(problem) => parser.error(id, format!("entry {number} {problem}")),
        }
    }
    AllowedOrigins::Only(origins)
}

/// The origin as browsers write it (RFC 6454 §6.2). For a web page: host in lower case, no default
/// port. For an app or extension, whose scheme has no rules: unchanged.
fn origin(text: &str) -> Result<String, &'static str> {
    const FORM: &str = "is not an origin such as https://app.example.com or tauri://localhost: a \
                        scheme, a host and an optional port";
    match text {
        "*" => return Err("is *, which must be the only entry"),
        "null" => {
            return Err(
                "is null, which cannot be allowed: it is the origin of every sandboxed or local \
                 page, no matter who wrote it",
            );
        }
        _ if text.starts_with("file:") || text.starts_with("data:") => {
            return Err(
                "is a local page, whose origin browsers send as null; serve the page from \
                 http://localhost",
            );
        }
        _ => {}
    }
    let url = Url::parse(text).map_err(|_form_is_told| FORM)?;
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:[]".contains(&byte);
    if authority.is_empty() || !authority.bytes().all(is_plain) {
        return Err(FORM);
    }
    Ok(match url.origin() {
        origin if origin.is_tuple() => origin.ascii_serialization(),
        _app => format!("{}://{authority}", url.scheme()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_of_pages_apps_and_extensions() {
        for (text, expected) in [
            ("https://app.example.com", Some("https://app.example.com")),
            (
                "https://App.Example.com:443/",
                Some("https://app.example.com"),
            ),
            ("http://localhost:3000", Some("http://localhost:3000")),
            ("http://[::1]:3000", Some("http://[::1]:3000")),
            ("tauri://localhost", Some("tauri://localhost")),
            ("TAURI://localhost/", Some("tauri://localhost")),
            ("capacitor://localhost", Some("capacitor://localhost")),
            ("ionic://localhost", Some("ionic://localhost")),
            ("app://obsidian.md", Some("app://obsidian.md")),
            ("app://.", Some("app://.")),
            (
                "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
                Some("chrome-extension://abcdefghijklmnopabcdefghijklmnop"),
            ),
            (
                "safari-web-extension://1F0B6E22-AAAA",
                Some("safari-web-extension://1F0B6E22-AAAA"),
            ),
            ("vscode-webview://1a2b3c", Some("vscode-webview://1a2b3c")),
            ("null", None),
            ("*", None),
            ("file:///tmp/page.html", None),
            ("file://", None),
            ("data:text/html,x", None),
            ("blob:https://app.example.com/x", None),
            ("app.example.com", None),
            ("localhost:3000", None),
            ("tauri:localhost", None),
            ("tauri://", None),
            ("https://", None),
            ("https://app.example.com/path", None),
            ("https://app.example.com?x", None),
            ("https://app.example.com#x", None),
            ("https://user:secret@app.example.com", None),
            ("app://user@host", None),
            ("https://*.example.com", None),
            ("app://host\"", None),
        ] {
            assert_eq!(origin(text).ok().as_deref(), expected, "{text}");
        }
    }
}
