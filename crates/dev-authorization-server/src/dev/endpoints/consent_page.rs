//! The pages shown to a person: plain HTML without scripts or foreign content.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::dev::authority::consents::AuthorizationRequest;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8888;--quiet:light-dark(#595959,#b0b0b0);\
--accent:light-dark(#0b5cad,#8cc4ff)}\
*{box-sizing:border-box}\
body{font:1rem/1.5 system-ui,'DejaVu Sans',sans-serif;margin:0;padding:1rem}\
main{max-width:34rem;margin:6vh auto 0;padding:1.5rem 2rem;border:1px solid var(--line);\
border-radius:.75rem}\
h1{font-size:1.5rem;line-height:1.2;margin:0 0 .75rem}\
p{margin:0 0 1rem}.note{color:var(--quiet);font-size:.9rem}\
dl{margin:0 0 1.25rem;border-top:1px solid var(--line)}\
dt{color:var(--quiet);font-size:.9rem;padding-top:.6rem}\
dd{margin:0;overflow-wrap:anywhere}\
dd:last-child{padding-bottom:.6rem;border-bottom:1px solid var(--line)}\
label{display:block;font-size:.9rem;color:var(--quiet)}\
input,button{font:inherit;padding:.5rem 1rem;border:1px solid var(--line);border-radius:.4rem}\
input{width:100%}button{min-width:8rem;margin-right:.5rem;cursor:pointer}\
button[value=approve]{background:var(--accent);border-color:var(--accent);\
color:light-dark(#fff,#000)}\
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}";

/// Allows only the page's own style. `form-action` is missing on purpose: browsers apply it to the
/// redirect after the form, which goes to the client.
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
        r#"<p><strong>{client}</strong> asks for access in your name.</p>
<dl>
<dt>To this server</dt><dd>{resource}</dd>
<dt>With these permissions</dt>{scopes}
<dt>The answer goes to</dt><dd>{redirect_uri}</dd>
</dl>
<form method="post" action="/authorize">
<input type="hidden" name="ticket" value="{ticket}">
<p><label for="username">Sign in as</label>
<input id="username" name="username" value="alice" maxlength="64" autocomplete="off"></p>
<p><button name="decision" value="approve">Approve</button>
<button name="decision" value="deny">Deny</button></p>
</form>
<p class="note">This authorization server is for development: it asks for no password, and
remembers nothing when it ends.</p>"#,
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
<meta name="viewport" content="width=device-width, initial-scale=1">
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
