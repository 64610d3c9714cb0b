//! The page that people see when they open the server's address in a browser.

use std::net::SocketAddr;

use actix_web::{
    HttpResponse,
    guard::fn_guard,
    http::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL},
    web::{Bytes, ServiceConfig},
};
use serde_json::json;

use super::{accept, operations::probes::get_or_head};
use crate::config::HttpConfig;

const PAGE: &str = include_str!("landing.html");
const STYLE: &str = include_str!("landing.css");

/// Loads nothing but the inline style, which is identified by its SHA-256 (CSP Level 3).
const POLICY: &str = "default-src 'none'; \
     style-src 'sha256-nUm0OErG2ANC0CWR9mm7gKKdGWb/MXwnQtGV/0Bqji0='; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page, and who gets it: everybody at `/`, or only browsers if the MCP endpoint is there.
#[derive(Clone)]
pub(super) struct Landing {
    page: Bytes,
    beside_endpoint: bool,
}

impl Landing {
    /// Everything on the page comes from the configuration, nothing from requests.
    pub(super) fn new(config: &HttpConfig, addresses: &[SocketAddr]) -> Self {
        Self {
            page: page(config, addresses).into(),
            beside_endpoint: config.path.trim_end_matches('/').is_empty(),
        }
    }

    pub(super) fn configure(&self, config: &mut ServiceConfig) {
        let page = self.page.clone();
        let beside_endpoint = self.beside_endpoint;
        let route = get_or_head().guard(fn_guard(move |context| {
            let headers = context.head().headers();
            let accepted = headers
                .get_all(ACCEPT)
                .filter_map(|value| value.to_str().ok());
            !beside_endpoint || accept::is_browser(accepted) && !headers.contains_key(AUTHORIZATION)
        }));
        let route = route.to(move || {
            let page = page.clone();
            async move { respond(page) }
        });
        config.route("/", route);
    }
}

fn respond(page: Bytes) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("content-security-policy", POLICY))
        .insert_header(("x-content-type-options", "nosniff"))
        .insert_header(("referrer-policy", "no-referrer"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(page)
}

fn page(config: &HttpConfig, addresses: &[SocketAddr]) -> String {
    let auth = config.auth.as_ref().map(|auth| &auth.resource_server);
    // Without authorization no public URL is configured.
    let endpoint = match (auth, addresses.first()) {
        (Some(auth), _) => auth.resource.as_str().to_owned(),
        (None, Some(address)) if !address.ip().is_unspecified() => {
            format!("http://{address}{}", config.path)
        }
        (None, _) => format!("http://localhost:{}{}", config.port, config.path),
    };
    let login = match auth {
        Some(auth) => format!(
            "Clients log in at the authorization server <code>{}</code>. They find it by themselves.",
            escape(auth.authorization_server.issuer.as_str())
        ),
        None => "This server does not require a login.".to_owned(),
    };
    let example = json!({"mcpServers": {"oscal": {"type": "http", "url": endpoint}}});
    let example = serde_json::to_string_pretty(&example).unwrap_or_default();
    PAGE.replace("{{style}}", STYLE)
        .replace("{{version}}", env!("CARGO_PKG_VERSION"))
        .replace("{{login}}", &login)
        .replace("{{endpoint}}", &escape(&endpoint))
        .replace("{{example}}", &escape(&example))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_policy_allows_the_style_of_the_page_and_nothing_else() {
        let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE));
        assert!(
            POLICY.contains(&format!("style-src 'sha256-{hash}';")),
            "{hash}"
        );
        let page = page(&HttpConfig::default(), &[]);
        assert!(page.contains(&format!("<style>{STYLE}</style>")));
        for forbidden in ["<script", "src=", "style=", "@import", "url(", "<link"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn what_comes_from_the_configuration_is_text() {
        let config = HttpConfig {
            path: "/<b>'\"&".to_owned(),
            ..HttpConfig::default()
        };
        let page = page(&config, &[]);
        assert!(page.contains("/&lt;b&gt;&#39;&quot;&amp;"), "{page}");
        assert!(!page.contains("<b>") && !page.contains("{{"), "{page}");
    }
}
