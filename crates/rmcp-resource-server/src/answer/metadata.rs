//! Protected resource metadata (RFC 9728): how a client learns which authorization server to ask.

use bytes::Bytes;
use http::{
    HeaderValue, Method, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, CONTENT_TYPE,
    },
};
use serde::Serialize;

use crate::{
    dpop::{mode::Dpop, proof::ALGORITHMS},
    token::scope::Scopes,
    urls::{Issuer, ResourceUrl},
};

/// The well-known prefix, which goes before the path of the resource.
pub(crate) const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The members of RFC 9728 §2 that this server knows. Empty arrays are left out (§3.2).
#[derive(Serialize)]
struct Document<'a> {
    resource: &'a str,
    authorization_servers: [&'a str; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes_supported: Vec<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    bearer_methods_supported: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    dpop_signing_alg_values_supported: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    dpop_bound_access_tokens_required: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_client_certificate_bound_access_tokens: Option<bool>,
}

/// The absolute URL of the metadata of `resource`: the well-known path goes between host and path
/// (RFC 9728 §3.1). Scheme and host stay as configured, like the resource in the document, because
/// clients compare the two (§3.3).
pub(crate) fn url(resource: &ResourceUrl) -> String {
    format!("{}{WELL_KNOWN}{}", resource.origin(), resource.path())
}

/// The metadata of one resource, ready to send. Anyone may read it, including a page of any origin:
/// it tells a client where to log in.
pub(crate) struct Metadata {
    /// The path-inserted well-known path, and the root one.
    paths: [String; 2],
    document: Bytes,
}

impl Metadata {
    pub(crate) fn new(
        resource: &ResourceUrl,
        issuer: &Issuer,
        scopes: &Scopes,
        resource_name: Option<&str>,
        dpop: Dpop,
        knows_certificates: bool,
    ) -> Self {
        let document = Document {
            resource: resource.as_str(),
            authorization_servers: [issuer.as_str()],
            scopes_supported: scopes.iter().collect(),
            // A bearer token is of no use where all have to be bound.
            bearer_methods_supported: match dpop {
                Dpop::Off | Dpop::Allowed => &["header"],
                Dpop::Required => &[],
            },
            resource_name,
            dpop_signing_alg_values_supported: match dpop {
                Dpop::Off => &[],
                Dpop::Allowed | Dpop::Required => ALGORITHMS,
            },
            dpop_bound_access_tokens_required: (dpop == Dpop::Required).then_some(true),
            tls_client_certificate_bound_access_tokens: knows_certificates.then_some(true),
        };
        let document = serde_json::to_vec(&document).expect("strings and arrays are JSON");
        let inserted = format!("{WELL_KNOWN}{}", resource.path());
        Self {
            paths: [inserted, WELL_KNOWN.to_owned()],
            document: document.into(),
        }
    }

    /// Whether the metadata is at this path. Paths are compared literally, without decoding.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        self.paths.iter().any(|known| known == path)
    }

    /// The response to a request for the metadata.
    pub(crate) fn answer(&self, method: &Method) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        let allowed = HeaderValue::from_static("GET, HEAD, OPTIONS");
        let any = HeaderValue::from_static("*");
        // RFC 9110 §9.1: a server that answers GET also answers HEAD.
        if method == Method::GET || method == Method::HEAD {
            *response.body_mut() = self.document.clone();
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(
                CACHE_CONTROL,
                HeaderValue::from_static("public, max-age=300"),
            );
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, any);
        } else if method == Method::OPTIONS {
            *response.status_mut() = StatusCode::NO_CONTENT;
            let headers = response.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, any.clone());
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, allowed);
            // Clients also send MCP-Protocol-Version here.
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, any);
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
        } else {
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response.headers_mut().insert(ALLOW, allowed);
        }
        response
    }
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
        let document = |scopes: &str, name, dpop, knows_certificates| -> Value {
            let metadata = Metadata::new(
                &"https://mcp.example.com/mcp".parse().expect("valid"),
                &"https://as.example.com".parse().expect("valid"),
                &scopes.parse().expect("valid"),
                name,
                dpop,
                knows_certificates,
            );
            serde_json::from_slice(&metadata.document).expect("JSON")
        };
        assert_eq!(
            document("", None, Dpop::Off, false),
            json!({
                "resource": "https://mcp.example.com/mcp",
                "authorization_servers": ["https://as.example.com"],
                "bearer_methods_supported": ["header"],
            })
        );
        let required = document("", None, Dpop::Required, false);
        assert_eq!(required.get("bearer_methods_supported"), None);
        assert_eq!(required["dpop_bound_access_tokens_required"], json!(true));
        let full = document("b a", Some("OSCAL"), Dpop::Allowed, true);
        assert_eq!(full["bearer_methods_supported"], json!(["header"]));
        assert_eq!(full["dpop_signing_alg_values_supported"], json!(ALGORITHMS));
        assert_eq!(full.get("dpop_bound_access_tokens_required"), None);
        let member = "tls_client_certificate_bound_access_tokens";
        assert_eq!(full[member], json!(true));
        assert_eq!(full["scopes_supported"], json!(["a", "b"]));
        assert_eq!(full["resource_name"], "OSCAL");
    }
}
