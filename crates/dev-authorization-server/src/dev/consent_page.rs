//! The pages that a person sees: plain HTML without scripts or foreign content.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::authorize::AuthorizationRequest;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem}\
dt{font-weight:bold}dd{margin:0 0 1rem;overflow-wrap:anywhere}\
input,button{font:inherit;padding:.4rem .8rem}";

/// Nothing but the page's own style. `form-action` is absent on purpose: browsers apply it to the
/// redirect that follows the form, and that goes to the client.
pub(super) fn content_security_policy() -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; frame-ancestors 'none'"
    )
}

pub(super) fn consent(ticket: &str, request: &AuthorizationRequest) -> String {
    let client = request.client_name.as_deref().unwrap_or(&request.client_id);
    let scopes: String = request
        .scopes
        .iter()
        .map(|scope| format!("<dd>{}</dd>", escaped(scope)))
        .collect();
    let content = format!(
        r#"<p>This is a development server: it asks for no password.</p>
<dl>
<dt>Application</dt><dd>{client}</dd>
<dt>wants to use</dt><dd>{resource}</dd>
<dt>with these permissions</dt>{scopes}
<dt>and is answered at</dt><dd>{redirect_uri}</dd>
</dl>
<form method="post" action="/authorize">
<input type="hidden" name="ticket" value="{ticket}">
<p><label for="username">Sign in as</label>
<input id="username" name="username" value="alice" maxlength="64" autocomplete="off"></p>
<p><button name="decision" value="approve">Approve</button>
<button name="decision" value="deny">Deny</button></p>
</form>"#,
        client = escaped(client),
        resource = escaped(&request.resource),
        redirect_uri = escaped(&request.redirect_uri),
        ticket = escaped(ticket),
    );
    page("Allow access?", &content)
}

pub(super) fn error(reason: &str) -> String {
    let content = format!(r#"<p role="alert">{}.</p>"#, escaped(reason));
    page("This request cannot be trusted", &content)
}

fn page(title: &str, content: &str) -> String {
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"#
    )
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
