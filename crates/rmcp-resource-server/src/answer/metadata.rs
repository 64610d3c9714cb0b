//! Protected resource metadata (RFC 9728): how a client learns which authorization server to ask.

use actix_web::{
    HttpResponse, Resource, Scope,
    guard::{Any, Get, Head, fn_guard},
    http::header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL,
    },
    web::{self, Bytes, Data, ServiceConfig, resource, scope},
};
use serde::Serialize;

use crate::{
    token::scope::Scopes,
    urls::{Issuer, ResourceUrl},
};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// RFC 9728 §2, the members this server can tell. Empty arrays are left out (§3.2).
#[derive(Serialize)]
struct Document<'a> {
    resource: &'a str,
    authorization_servers: [&'a str; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes_supported: Vec<&'a str>,
    bearer_methods_supported: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<&'a str>,
}

/// The document, ready to be sent.
pub(crate) fn document(
    resource: &ResourceUrl,
    issuer: &Issuer,
    scopes: &Scopes,
    resource_name: Option<&str>,
) -> Bytes {
    let document = Document {
        resource: resource.as_str(),
        authorization_servers: [issuer.as_str()],
        scopes_supported: scopes.iter().collect(),
        bearer_methods_supported: ["header"],
        resource_name,
    };
    serde_json::to_vec(&document)
        .expect("strings and arrays are JSON")
        .into()
}

/// The absolute URL of the metadata of `resource`: the well-known path goes between host and path
/// (RFC 9728 §3.1). Scheme and host are written as configured, like the resource in the document:
/// clients compare the two (§3.3).
pub(crate) fn url(resource: &ResourceUrl) -> String {
    format!("{}{WELL_KNOWN}{}", resource.origin(), resource.path())
}

/// Serves `document` at the path-inserted well-known path and at the root one. Anybody may read
/// it, from a page of any origin too: it is how a client finds out where to log in.
pub(crate) fn configure(config: &mut ServiceConfig, resource_url: &ResourceUrl, document: &Bytes) {
    let inserted = format!("{WELL_KNOWN}{}", resource_url.path());
    if inserted != WELL_KNOWN {
        config.service(route(&inserted, document.clone()));
    }
    config.service(route(WELL_KNOWN, document.clone()));
}

fn route(path: &str, document: Bytes) -> Scope {
    // A guard compares the path, since actix matches decoded paths against patterns: neither fits
    // a path with percent-encoding. The prefix costs other requests less than a pattern would.
    let exactly = path.to_owned();
    scope(WELL_KNOWN)
        .guard(fn_guard(move |context| {
            context.head().uri.path() == exactly
        }))
        .service(answers(document))
}

fn answers(document: Bytes) -> Resource {
    resource(["", "/{path:.*}"])
        .app_data(Data::new(document))
        // RFC 9110 §9.1: whatever answers GET answers HEAD.
        .route(
            web::route()
                .guard(Any(Get()).or(Head()))
                .to(|document: Data<Bytes>| async move {
                    HttpResponse::Ok()
                        .content_type("application/json")
                        .insert_header((CACHE_CONTROL, "public, max-age=300"))
                        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
                        .body(document.get_ref().clone())
                }),
        )
        .route(web::method(actix_web::http::Method::OPTIONS).to(|| async {
            HttpResponse::NoContent()
                .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
                .insert_header((ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS"))
                // Clients send MCP-Protocol-Version here too.
                .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, "*"))
                .insert_header((ACCESS_CONTROL_MAX_AGE, "86400"))
                .finish()
        }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn well_known_path_is_inserted_between_host_and_path() {
        for (resource, expected) in [
            (
                "https://mcp.example.com/mcp",
                "https://mcp.example.com/.well-known/oauth-protected-resource/mcp",
            ),
            (
                "https://mcp.example.com:8443/a/b/",
                "https://mcp.example.com:8443/.well-known/oauth-protected-resource/a/b/",
            ),
            (
                "https://mcp.example.com/",
                "https://mcp.example.com/.well-known/oauth-protected-resource",
            ),
            (
                "https://mcp.example.com",
                "https://mcp.example.com/.well-known/oauth-protected-resource",
            ),
            (
                "https://MCP.Example.com:443/Mcp",
                "https://MCP.Example.com:443/.well-known/oauth-protected-resource/Mcp",
            ),
        ] {
            assert_eq!(url(&resource.parse().expect("valid")), expected);
        }
    }

    #[test]
    fn the_document_says_what_is_so_and_leaves_out_the_rest() {
        let document = |scopes: &str, name| -> Value {
            let bytes = document(
                &"https://mcp.example.com/mcp".parse().expect("valid"),
                &"https://as.example.com".parse().expect("valid"),
                &scopes.parse().expect("valid"),
                name,
            );
            serde_json::from_slice(&bytes).expect("JSON")
        };
        assert_eq!(
            document("", None),
            json!({
                "resource": "https://mcp.example.com/mcp",
                "authorization_servers": ["https://as.example.com"],
                "bearer_methods_supported": ["header"],
            })
        );
        let full = document("b a", Some("OSCAL"));
        assert_eq!(full["scopes_supported"], json!(["a", "b"]));
        assert_eq!(full["resource_name"], "OSCAL");
    }
}
