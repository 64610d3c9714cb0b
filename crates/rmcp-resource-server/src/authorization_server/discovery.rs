//! Finds an endpoint in the authorization server's metadata (RFC 8414, OpenID Connect
//! Discovery 1.0).

use reqwest::{StatusCode, header::ACCEPT};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use crate::{
    authorization_server::{
        http_client::{
            HttpClient,
            body::{MAX_BODY_BYTES, compression, read_body, transport_causes},
        },
        server::AuthorizationServer,
        strict_json,
    },
    error::shortened,
    urls::{EndpointUrl, InvalidUrl, Issuer},
};

/// The metadata member to look for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum EndpointName {
    IntrospectionEndpoint,
    /// Its counterpart for a client that presents a certificate (RFC 8705 §5).
    MtlsIntrospectionEndpoint,
    JwksUri,
    UserinfoEndpoint,
}

/// The metadata that this crate needs.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    issuer: String,
    introspection_endpoint: Option<String>,
    pub(crate) introspection_endpoint_auth_methods_supported: Option<Vec<String>>,
    jwks_uri: Option<String>,
    userinfo_endpoint: Option<String>,
    mtls_endpoint_aliases: Option<Aliases>,
    #[serde(flatten)]
    pub(crate) advertised: Advertised,
}

/// What else the metadata says. Only the doctor looks at it; a strange value spoils nothing else.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Advertised(Map<String, Value>);

impl Advertised {
    /// Whether this member is there and `true`.
    pub(crate) fn is_true(&self, member: &str) -> bool {
        self.0.get(member) == Some(&Value::Bool(true))
    }

    /// The texts in an array, if this member is one.
    pub(crate) fn texts(&self, member: &str) -> Option<Vec<String>> {
        let all = self.0.get(member)?.as_array()?;
        let texts = all.iter().filter_map(Value::as_str);
        Some(texts.map(str::to_owned).collect())
    }
}

#[derive(Debug, Deserialize)]
struct Aliases {
    introspection_endpoint: Option<String>,
}

/// Why a document could not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("{0}")]
    Transport(String),
    #[error("HTTP {0}")]
    Status(StatusCode),
    #[error("the body is larger than {MAX_BODY_BYTES} bytes")]
    TooLarge,
    #[error("it is compressed ({0}), although Accept-Encoding: identity was sent")]
    Compressed(&'static str),
    #[error("{0}")]
    NotMetadata(String),
    #[error("its issuer is {0:?}, not the configured one; both must match exactly")]
    OtherIssuer(String),
    #[error("it names no {0}; configure that URL")]
    NoEndpoint(&'static str),
    #[error("its {0} cannot be used: {1}")]
    BadEndpoint(&'static str, InvalidUrl),
    #[error(
        "its {0} is {1:?}: an issuer with https must not name an endpoint with http, because \
         tokens and credentials would be sent in the clear; have the authorization server publish \
         its https URL"
    )]
    Downgraded(&'static str, String),
}

/// The endpoint, and the client authentication methods advertised for introspection, if any.
#[derive(Debug)]
pub(crate) struct Discovered {
    pub(crate) endpoint: EndpointUrl,
    pub(crate) auth_methods: Option<Vec<String>>,
}

/// Tries every URL where the metadata may be, and takes the first document that has the expected
/// issuer and the wanted endpoint.
///
/// # Errors
///
/// One line that names each URL and what was found there.
pub(crate) async fn discover(
    wanted: EndpointName,
    http: &HttpClient,
    server: &AuthorizationServer,
) -> Result<Discovered, String> {
    let issuer = &server.issuer;
    let mut failures = Vec::new();
    for url in metadata_urls(issuer) {
        match fetch(http, &url, server)
            .await
            .and_then(|metadata| accept(metadata, wanted, server))
        {
            Ok(discovered) => {
                let endpoint = &discovered.endpoint;
                tracing::info!(%issuer, %endpoint, "authorization server metadata read");
                return Ok(discovered);
            }
            Err(unusable) => failures.push(format!("{url}: {unusable}")),
        }
    }
    let error = failures.join("; ");
    tracing::debug!(%issuer, error, "metadata not found");
    Err(error)
}

/// Fetches one document and checks that its issuer is the expected one.
pub(crate) async fn fetch(
    http: &HttpClient,
    url: &Url,
    server: &AuthorizationServer,
) -> Result<Metadata, Unusable> {
    let transport = |error: reqwest::Error| Unusable::Transport(transport_causes(error));
    let request = http
        .to(url)
        .get(url.clone())
        .header(ACCEPT, "application/json")
        .timeout(server.timeout);
    let response = request.send().await.map_err(transport)?;
    if response.status() != StatusCode::OK {
        return Err(Unusable::Status(response.status()));
    }
    if let Some(coding) = compression(response.headers()) {
        return Err(Unusable::Compressed(coding));
    }
    let body = read_body(response, MAX_BODY_BYTES)
        .await
        .map_err(transport)?;
    let members = strict_json::parse_object(&body.ok_or(Unusable::TooLarge)?)
        .map_err(Unusable::NotMetadata)?;
    let metadata: Metadata = serde_json::from_value(members.into())
        .map_err(|error| Unusable::NotMetadata(error.to_string()))?;
    if metadata.issuer == server.issuer.as_str() {
        Ok(metadata)
    } else {
        Err(Unusable::OtherIssuer(metadata.issuer))
    }
}

/// Takes the wanted endpoint out of a document.
pub(crate) fn accept(
    metadata: Metadata,
    wanted: EndpointName,
    server: &AuthorizationServer,
) -> Result<Discovered, Unusable> {
    let (member, endpoint) = match wanted {
        EndpointName::IntrospectionEndpoint => {
            ("introspection_endpoint", metadata.introspection_endpoint)
        }
        EndpointName::MtlsIntrospectionEndpoint => (
            "introspection_endpoint",
            (metadata.mtls_endpoint_aliases)
                .and_then(|aliases| aliases.introspection_endpoint)
                .or(metadata.introspection_endpoint),
        ),
        EndpointName::JwksUri => ("jwks_uri", metadata.jwks_uri),
        EndpointName::UserinfoEndpoint => ("userinfo_endpoint", metadata.userinfo_endpoint),
    };
    let text = endpoint.ok_or(Unusable::NoEndpoint(member))?;
    let endpoint = if server.allow_insecure_http {
        EndpointUrl::parse_allowing_http(&text)
    } else {
        text.parse()
    };
    let endpoint = endpoint.map_err(|error| Unusable::BadEndpoint(member, error))?;
    let is_https = |url: &Url| url.scheme() == "https";
    if is_https(server.issuer.url()) && !is_https(endpoint.url()) {
        return Err(Unusable::Downgraded(member, shortened(&text)));
    }
    Ok(Discovered {
        endpoint,
        auth_methods: metadata.introspection_endpoint_auth_methods_supported,
    })
}

/// The URLs where metadata may be, in the order of the MCP authorization specification: RFC 8414
/// §3.1 with the issuer's path inserted, OpenID with it inserted, OpenID with it in front. Last
/// come the forms of servers that also append the path of RFC 8414 or insist on a trailing slash
/// (django-oauth-toolkit does both).
pub(crate) fn metadata_urls(issuer: &Issuer) -> Vec<Url> {
    let path = issuer.url().path().trim_end_matches('/');
    let mut paths = vec![
        format!("/.well-known/oauth-authorization-server{path}"),
        format!("/.well-known/openid-configuration{path}"),
    ];
    if !path.is_empty() {
        paths.push(format!("{path}/.well-known/openid-configuration"));
        paths.push(format!("{path}/.well-known/oauth-authorization-server"));
    }
    paths.push(format!("{path}/.well-known/openid-configuration/"));
    let at = |path: String| {
        let mut url = issuer.url().clone();
        url.set_path(&path);
        url
    };
    paths.into_iter().map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_of_the_metadata_url() {
        let urls = |issuer: &str| -> Vec<String> {
            let issuer = issuer.parse().expect("valid");
            metadata_urls(&issuer).iter().map(Url::to_string).collect()
        };
        assert_eq!(
            urls("https://as.example.com/realms/mcp"),
            [
                "https://as.example.com/.well-known/oauth-authorization-server/realms/mcp",
                "https://as.example.com/.well-known/openid-configuration/realms/mcp",
                "https://as.example.com/realms/mcp/.well-known/openid-configuration",
                "https://as.example.com/realms/mcp/.well-known/oauth-authorization-server",
                "https://as.example.com/realms/mcp/.well-known/openid-configuration/",
            ]
        );
        let at_root = [
            "https://as.example.com/.well-known/oauth-authorization-server",
            "https://as.example.com/.well-known/openid-configuration",
            "https://as.example.com/.well-known/openid-configuration/",
        ];
        assert_eq!(urls("https://as.example.com"), at_root);
        assert_eq!(urls("https://as.example.com/"), at_root);
    }
}
