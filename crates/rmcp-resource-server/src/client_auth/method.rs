//! How this server authenticates itself at the introspection endpoint (RFC 7662 §2.1, RFC 6749
//! §2.3): one method per request.

use std::{cell::RefCell, fmt};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderValue, Request, header::AUTHORIZATION};
use oauth2::{
    AuthType, ClientId, ClientSecret, HttpRequest, HttpResponse, IntrospectionUrl,
    basic::BasicClient,
};
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::{
    authorization_server::server::AuthorizationServer,
    client_auth::{
        assertion,
        error::CredentialsError,
        key::{AssertionKey, ClientCertificate},
    },
    secret::Secret,
    token::bearer::BearerToken,
    urls::EndpointUrl,
};

/// A client authentication method and what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAuth {
    /// `client_secret_basic`: HTTP Basic with id and secret each form-encoded (RFC 6749 §2.3.1). A
    /// space is sent as `%20`: form decoding reads that as well as `+`, and servers that only
    /// percent-decode (Canaille) read nothing else.
    SecretBasic {
        /// The client id.
        id: String,
        /// The client secret.
        secret: Secret,
    },
    /// HTTP Basic with id and secret as they are, for servers that do not decode them (Doorkeeper
    /// 5.5, Glewlwyd 2.7). It differs from `SecretBasic` only if they contain special characters.
    SecretBasicRaw {
        /// The client id. It must not contain a colon.
        id: String,
        /// The client secret.
        secret: Secret,
    },
    /// `client_secret_post`: id and secret in the form.
    SecretPost {
        /// The client id.
        id: String,
        /// The client secret.
        secret: Secret,
    },
    /// `client_secret_jwt`: an assertion signed with the secret (HS256), new for each request (OpenID
    /// Connect Core §9, RFC 7523 §2.2). The secret itself is never sent.
    SecretJwt {
        /// The client id.
        id: String,
        /// The client secret, of 32 bytes or more.
        secret: Secret,
    },
    /// `private_key_jwt`: an assertion signed with a private key, new for each request (RFC 7523
    /// §2.2).
    PrivateKeyJwt {
        /// The client id.
        id: String,
        /// The key.
        key: AssertionKey,
    },
    /// `tls_client_auth` and `self_signed_tls_client_auth`: a client certificate, presented when
    /// the TLS connection is made (RFC 8705 §2), and the id in the form.
    TlsClientAuth {
        /// The client id.
        id: String,
        /// The certificate.
        certificate: ClientCertificate,
    },
    /// `none`: no authentication, for an endpoint protected in another way (Ory Hydra's admin
    /// port).
    None {
        /// The client id, if the server requires one.
        id: Option<String>,
    },
}

/// Says that the assertion is a JWT (RFC 7523 §2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A request could not be built: the client id or URL has characters that HTTP cannot carry.
#[derive(Debug)]
pub(crate) struct Unsendable;

impl ClientAuth {
    /// The client id; empty if there is none.
    pub fn client_id(&self) -> &str {
        match self {
            Self::SecretBasic { id, .. }
            | Self::SecretBasicRaw { id, .. }
            | Self::SecretPost { id, .. }
            | Self::SecretJwt { id, .. }
            | Self::PrivateKeyJwt { id, .. }
            | Self::TlsClientAuth { id, .. } => id,
            Self::None { id } => id.as_deref().unwrap_or_default(),
        }
    }

    /// The method's registered name (RFC 7591 §2).
    pub fn method(&self) -> &'static str {
        match self {
            Self::SecretBasic { .. } | Self::SecretBasicRaw { .. } => "client_secret_basic",
            Self::SecretPost { .. } => "client_secret_post",
            Self::SecretJwt { .. } => "client_secret_jwt",
            Self::PrivateKeyJwt { .. } => "private_key_jwt",
            Self::TlsClientAuth { .. } => "tls_client_auth",
            Self::None { .. } => "none",
        }
    }

    /// The method's name in the configuration. Unlike [`method`](Self::method), it distinguishes
    /// raw HTTP Basic from the form-encoded one.
    pub fn configured_method(&self) -> &'static str {
        match self {
            Self::SecretBasicRaw { .. } => "client_secret_basic_raw",
            _ => self.method(),
        }
    }

    /// The same client with `wrong` as its secret, or with a wrong signature; `None` if it has
    /// neither.
    pub(crate) fn falsified(&self, wrong: Secret) -> Option<Self> {
        let secret = wrong;
        match self.clone() {
            Self::SecretBasic { id, .. } => Some(Self::SecretBasic { id, secret }),
            Self::SecretBasicRaw { id, .. } => Some(Self::SecretBasicRaw { id, secret }),
            Self::SecretPost { id, .. } => Some(Self::SecretPost { id, secret }),
            Self::SecretJwt { id, .. } => Some(Self::SecretJwt { id, secret }),
            Self::PrivateKeyJwt { id, key } => Some(Self::PrivateKeyJwt {
                id,
                key: key.forging(),
            }),
            Self::TlsClientAuth { .. } | Self::None { .. } => None,
        }
    }

    /// Whether an authorization server that advertises these methods accepts this one.
    pub(crate) fn is_among(&self, advertised: &[String]) -> bool {
        let is_self_signed = |method: &str| {
            matches!(self, Self::TlsClientAuth { .. }) && method == "self_signed_tls_client_auth"
        };
        advertised
            .iter()
            .any(|method| method == self.method() || is_self_signed(method))
    }

    /// Whether this method works at `endpoint`.
    pub(crate) fn can_be_used_at(&self, endpoint: &EndpointUrl) -> Result<(), CredentialsError> {
        if self.certificate().is_some() && endpoint.url().scheme() != "https" {
            return Err(CredentialsError::CertificateWithoutTls);
        }
        Ok(())
    }

    /// The certificate to present when a TLS connection is made.
    pub(crate) fn certificate(&self) -> Option<&ClientCertificate> {
        match self {
            Self::TlsClientAuth { certificate, .. } => Some(certificate),
            _ => None,
        }
    }

    /// The authenticated introspection request for `token`.
    pub(crate) fn introspection_request(
        &self,
        endpoint: &EndpointUrl,
        server: &AuthorizationServer,
        token: &BearerToken,
    ) -> Result<Request<Vec<u8>>, Unsendable> {
        let (auth_type, secret) = match self {
            Self::SecretBasic { secret, .. } | Self::SecretBasicRaw { secret, .. } => {
                (AuthType::BasicAuth, Some(secret))
            }
            Self::SecretPost { secret, .. } => (AuthType::RequestBody, Some(secret)),
            Self::SecretJwt { .. }
            | Self::PrivateKeyJwt { .. }
            | Self::TlsClientAuth { .. }
            | Self::None { .. } => (AuthType::RequestBody, None),
        };
        let url = IntrospectionUrl::new(endpoint.as_str().to_owned())
            .map_err(|_already_parsed| Unsendable)?;
        let mut client = BasicClient::new(ClientId::new(self.client_id().to_owned()))
            .set_auth_type(auth_type)
            .set_introspection_url(url);
        if let Some(secret) = secret {
            client = client.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
        }
        let token = oauth2::AccessToken::new(token.expose().to_owned());
        let mut request = client
            .introspect(&token)
            .set_token_type_hint("access_token");
        let (issuer, now) = (server.issuer.as_str(), server.clock.now());
        let assertion = match self {
            Self::SecretJwt { id, secret } => Some(assertion::by_secret(secret, id, issuer, now)),
            Self::PrivateKeyJwt { id, key } => Some(key.assertion(id, issuer, now)),
            _ => None,
        };
        if let Some(assertion) = assertion {
            request = request
                .add_extra_param("client_assertion_type", JWT_BEARER)
                .add_extra_param("client_assertion", assertion);
        }
        // `oauth2` only hands a request to an HTTP client, and would parse the answer leniently. So
        // this client keeps the request and answers with an error.
        let kept = RefCell::new(None);
        let _always_kept = request.request(&|request: HttpRequest| {
            kept.replace(Some(request));
            Err::<HttpResponse, _>(NotSent)
        });
        let mut request = kept.into_inner().ok_or(Unsendable)?;

        if let Some(value) = self.basic()? {
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        Ok(request)
    }

    /// The HTTP Basic header, for the methods that use it.
    fn basic(&self) -> Result<Option<HeaderValue>, Unsendable> {
        let pair = match self {
            Self::SecretBasic { id, secret } => {
                Zeroizing::new(format!("{}:{}", *encoded(id), *encoded(secret.expose())))
            }
            Self::SecretBasicRaw { id, secret } => {
                Zeroizing::new(format!("{id}:{}", secret.expose()))
            }
            _ => return Ok(None),
        };
        let mut value = HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(&*pair)))
            .map_err(|_base64_is_ascii| Unsendable)?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

/// Form-encoded, with spaces as `%20`. By then a plus sign in the text itself has become `%2B`.
fn encoded(text: &str) -> Zeroizing<String> {
    let form: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    Zeroizing::new(form.replace('+', "%20"))
}

#[derive(Debug, thiserror::Error)]
#[error("the request was kept, not sent")]
struct NotSent;

impl fmt::Display for Unsendable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the introspection request cannot be built: check URL and client id")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::urls::Issuer;

    fn request(auth: &ClientAuth, token: &str) -> Request<Vec<u8>> {
        let endpoint = "https://as.example.com/introspect?tenant=a"
            .parse()
            .expect("valid");
        let issuer: Issuer = "https://as.example.com".parse().expect("valid");
        let token = BearerToken::parse(token, 64).expect("valid");
        auth.introspection_request(&endpoint, &AuthorizationServer::new(issuer), &token)
            .expect("sendable")
    }

    fn form(request: &Request<Vec<u8>>) -> Vec<(String, String)> {
        form_urlencoded::parse(request.body())
            .into_owned()
            .collect()
    }

    fn basic(request: &Request<Vec<u8>>) -> (String, String) {
        let value = request.headers()[AUTHORIZATION].to_str().expect("ASCII");
        let pair = BASE64_STANDARD
            .decode(value.strip_prefix("Basic ").expect("Basic"))
            .expect("base64");
        let pair = String::from_utf8(pair).expect("UTF-8");
        let (id, secret) = pair.split_once(':').expect("a pair");
        (id.to_owned(), secret.to_owned())
    }

    fn form_decoded(text: &str) -> String {
        form_urlencoded::parse(text.as_bytes())
            .next()
            .map(|(name, _)| name.into_owned())
            .unwrap_or_default()
    }

    #[test]
    fn rs_26_request_is_a_form_post() {
        let request = request(&ClientAuth::None { id: None }, "a+b/c==");
        assert_eq!(request.method(), "POST");
        assert_eq!(
            request.headers()["content-type"],
            "application/x-www-form-urlencoded"
        );
        assert_eq!(request.headers()["accept"], "application/json");
        assert_eq!(
            request.uri(),
            "https://as.example.com/introspect?tenant=a",
            "the token stands in no URL"
        );
        let form = form(&request);
        assert!(form.contains(&("token".to_owned(), "a+b/c==".to_owned())));
        assert!(form.contains(&("token_type_hint".to_owned(), "access_token".to_owned())));
    }

    #[test]
    fn rs_29_one_authentication_method_per_request() {
        let (id, secret) = ("id".to_owned(), Secret::from("s"));
        for (auth, in_header, in_form) in [
            (
                ClientAuth::SecretBasic {
                    id: id.clone(),
                    secret: secret.clone(),
                },
                true,
                false,
            ),
            (
                ClientAuth::SecretPost {
                    id: id.clone(),
                    secret,
                },
                false,
                true,
            ),
            (ClientAuth::None { id: Some(id) }, false, false),
        ] {
            let request = request(&auth, "abc");
            assert_eq!(request.headers().contains_key(AUTHORIZATION), in_header);
            let form = form(&request);
            assert_eq!(
                form.iter().any(|(name, _)| name == "client_secret"),
                in_form
            );
        }
    }

    #[test]
    fn rs_28_basic_encodes_a_space_for_servers_that_only_percent_decode() {
        for (text, expected) in [
            ("my client", "my%20client"),
            ("a+b", "a%2Bb"),
            ("50%", "50%25"),
            ("s: é", "s%3A%20%C3%A9"),
            ("plain-._*", "plain-._*"),
        ] {
            let auth = ClientAuth::SecretBasic {
                id: text.to_owned(),
                secret: text.into(),
            };
            let pair = (expected.to_owned(), expected.to_owned());
            assert_eq!(basic(&request(&auth, "abc")), pair, "{text}");
        }
    }

    #[test]
    fn raw_basic_encodes_nothing() {
        let auth = ClientAuth::SecretBasicRaw {
            id: "my client".to_owned(),
            secret: "s:+/%& é".into(),
        };
        let pair = basic(&request(&auth, "abc"));
        assert_eq!(pair, ("my client".to_owned(), "s:+/%& é".to_owned()));
    }

    #[test]
    fn debug_of_request_and_method_shows_no_secret() {
        let auth = ClientAuth::SecretBasic {
            id: "id".to_owned(),
            secret: "hush".into(),
        };
        let shown = format!("{auth:?} {:?}", request(&auth, "abc").headers());
        assert!(!shown.contains("hush"), "{shown}");
        assert!(!shown.contains("aWQ6aHVzaA"), "{shown}");
    }

    proptest! {
        #[test]
        fn rs_28_basic_survives_any_id_and_secret(id in ".{1,20}", secret in ".{1,40}") {
            let auth = ClientAuth::SecretBasic { id: id.clone(), secret: secret.as_str().into() };
            let (sent_id, sent_secret) = basic(&request(&auth, "abc"));
            prop_assert!(sent_id.bytes().all(|byte| byte.is_ascii() && byte != b':'));
            prop_assert_eq!(form_decoded(&sent_id), id);
            prop_assert_eq!(form_decoded(&sent_secret), secret);
        }
    }
}
