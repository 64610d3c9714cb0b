//! What to change so that the authorization server answers and knows this server.

use rmcp_resource_server::{AuthorizationServerError, ClientCredentials, SignedResponseProblem};
use url::Url;

use super::Fixes;

impl Fixes<'_> {
    pub(super) fn of_server(&self, error: &AuthorizationServerError) -> String {
        let option = self.endpoint_option();
        match error {
            AuthorizationServerError::CredentialsRefused { status: 403 } if self.has_secret() => {
                format!(
                    "The secret is wrong (django-oauth-toolkit answers that with 403), or the \
                     client may not introspect: make it a confidential client with that permission \
                     (Keycloak refuses public clients). {}",
                    self.of_credentials()
                )
            }
            AuthorizationServerError::CredentialsRefused { .. } => self.of_credentials().to_owned(),
            AuthorizationServerError::Redirect { status, location } => {
                self.of_redirect(*status, location.as_deref())
            }
            AuthorizationServerError::Status { status: 404 | 405 } => {
                format!("There is no such endpoint: check {option}, including any trailing slash.")
            }
            AuthorizationServerError::Status { status: 400 } if self.is_raw() => {
                "client_secret_basic_raw sends the id and secret unencoded, but this authorization \
                 server decodes them (Spring Authorization Server and oidc-provider answer 400 to \
                 a % that encodes nothing): use client_secret_basic."
                    .to_owned()
            }
            AuthorizationServerError::Status { status: 400 } => format!(
                "The authorization server does not understand the request: check {option}, \
                 --auth-client-auth-method and the server's log (Keycloak also answers 400 when it \
                 fails itself)."
            ),
            AuthorizationServerError::Status { status: 500 } => "The authorization server fails \
                (HTTP 500): look at its log. If it answers for other tokens, this one made it \
                fail: better-auth fails for every JWT, LemonLDAP::NG for a malformed one. Send it \
                a token that it issued."
                .to_owned(),
            AuthorizationServerError::Malformed { .. } => format!(
                "This is not the endpoint; it may be a login page or a proxy in between: check \
                 {option}."
            ),
            AuthorizationServerError::SignedResponse(problem) => of_signed(problem).to_owned(),
            AuthorizationServerError::RateLimited { .. } => {
                "The authorization server limits the rate: try again later, or raise its limit for \
                 this client."
                    .to_owned()
            }
            AuthorizationServerError::TimedOut { .. } => {
                "Raise --auth-timeout if the authorization server is just slow \
                (django-oauth-toolkit hashes the client secret like a password for each request: \
                see its recipe), or look at its log."
                    .to_owned()
            }
            _ => {
                "Look at the authorization server's log: it did not answer as it should.".to_owned()
            }
        }
    }

    fn has_secret(&self) -> bool {
        !matches!(self.credentials(), Some(ClientCredentials::None { .. }))
    }

    fn is_raw(&self) -> bool {
        matches!(
            self.credentials(),
            Some(ClientCredentials::SecretBasicRaw { .. })
        )
    }

    /// Many servers redirect an unknown path to their login page.
    fn of_redirect(&self, status: u16, location: Option<&str>) -> String {
        let option = self.endpoint_option();
        let Some(location) = location else {
            return format!("The URL is wrong: check {option}.");
        };
        let path = location.to_ascii_lowercase();
        let to_login = ["login", "signin", "sign-in", "sign_in", "sso"]
            .into_iter()
            .any(|word| path.contains(word));
        if to_login {
            return format!(
                "The URL is wrong: the authorization server does not know it and redirects to its \
                 login page. Check {option} against the server's metadata or documentation."
            );
        }
        match status {
            301 | 307 | 308 => format!("The endpoint has moved: set {option} to {location:?}."),
            _ => format!(
                "The URL is wrong: check {option}. If {location:?} is the endpoint, use that."
            ),
        }
    }

    fn of_credentials(&self) -> &'static str {
        match self.credentials() {
            Some(ClientCredentials::SecretJwt { .. }) => {
                "Check --auth-client-id and the secret, that the client is registered for \
                 client_secret_jwt with HS256 (Keycloak: Signed Jwt with Client Secret), and compare \
                 the clocks: an assertion is valid for a minute."
            }
            Some(ClientCredentials::PrivateKeyJwt { .. }) => {
                "Check --auth-client-id, that the public half of --auth-client-key-file is \
                 registered for this client (under the kid of --auth-client-key-id), and that the \
                 client may use private_key_jwt."
            }
            Some(ClientCredentials::TlsClientAuth { .. }) => {
                "Check --auth-client-id, and that the certificate in \
                 --auth-client-certificate-file is the one registered for this client; a proxy \
                 that terminates TLS in front of the authorization server must forward it."
            }
            Some(ClientCredentials::SecretBasicRaw { .. }) => {
                "Check --auth-client-id, the secret and --auth-client-auth-method: \
                 client_secret_basic_raw sends both unencoded; servers that decode them (RFC 6749 \
                 §2.3.1) need client_secret_basic. LemonLDAP::NG answers 401 to a wrong URL, too."
            }
            Some(ClientCredentials::None { .. }) => {
                "This endpoint asks for client authentication: configure --auth-client-id, a \
                 secret or key, and --auth-client-auth-method."
            }
            _ => {
                "Check --auth-client-id, the secret and --auth-client-auth-method. If the id or \
                 the secret has special characters, Doorkeeper, Glewlwyd and LemonLDAP::NG need \
                 client_secret_basic_raw, since they do not form-decode. LemonLDAP::NG answers 401 \
                 to a wrong URL, too."
            }
        }
    }

    pub(super) fn of_not_refused(&self) -> String {
        let what = match self.credentials() {
            Some(ClientCredentials::PrivateKeyJwt { .. }) => "key",
            Some(ClientCredentials::SecretBasic { .. }) => {
                "secret (one with special characters may need client_secret_post or \
                 client_secret_basic_raw)"
            }
            _ => "secret",
        };
        format!(
            "This authorization server gives the same answer to wrong credentials: either it \
             answers \"inactive\" to anybody (django-oidc-provider), so every token looks inactive \
             if the secret is wrong, or it asks for no credentials here (Ory Hydra's admin port). \
             Run the doctor with --token-file and a fresh token: if the token is active and the \
             credentials count as accepted, the {what} is right. If no credentials are needed, set \
             --auth-client-auth-method none and make sure that nobody else can reach the endpoint."
        )
    }

    pub(super) fn of_no_metadata(&self) -> String {
        format!(
            "Check --auth-issuer-url, including its path (realm, tenant): it must match the issuer \
             exactly, and a redirect or an HTML page here means that it does not. If this \
             authorization server has no metadata (Doorkeeper), set {}.",
            self.endpoint_option()
        )
    }

    pub(super) fn of_missing(&self, member: &str) -> String {
        let option = self.endpoint_option();
        match member {
            "introspection_endpoint" => format!(
                "If the authorization server introspects at a URL that its metadata does not name, \
                 set {option} (Ory Hydra: on the admin port). Auth0, Cognito and Entra do not \
                 support introspection: use --auth-verifier jwt."
            ),
            _ => format!("Set {option}, or use another --auth-verifier."),
        }
    }

    /// Issuers are compared character by character, and servers derive theirs in different ways.
    pub(super) fn of_issuer(&self, found: &str) -> String {
        let configured = self.issuer;
        if found.trim_end_matches('/') == configured.trim_end_matches('/') {
            return format!(
                "Set --auth-issuer-url to {found:?}: only the trailing slash differs, and the \
                 issuer must match exactly."
            );
        }
        let urls = Url::parse(found).ok().zip(Url::parse(configured).ok());
        match urls {
            Some((other, own)) if other.path() == own.path() => format!(
                "Set --auth-issuer-url to {found:?}, if that is the public URL of the \
                 authorization server. If it is not, the authorization server takes its issuer \
                 from the host name in each request: pin its public URL there (Keycloak: \
                 --hostname), and have clients and this server use that URL."
            ),
            _ => format!(
                "Set --auth-issuer-url to {found:?}, if that is the authorization server, realm or \
                 tenant that you mean; otherwise use a token and metadata from the configured one."
            ),
        }
    }
}

/// What to do if keys cannot be found or fetched.
pub(super) const NO_KEYS: &str = "Set --auth-jwks-url to the URL of the authorization server's keys, and \
     check that this machine can fetch them.";

fn of_signed(problem: &SignedResponseProblem) -> &'static str {
    use SignedResponseProblem as P;
    match problem {
        P::MediaType { .. } => {
            "The authorization server answers without a signature. Register this client for signed \
             answers (introspection_signed_response_alg, such as RS256; oidc-provider: its feature \
             jwtIntrospection, too), or remove --auth-introspection-signed if the authorization server \
             has none (Keycloak)."
        }
        P::Encrypted => {
            "Register this client without introspection_encrypted_response_alg: answers are signed, \
             and TLS encrypts them."
        }
        P::WrongType { .. } => {
            "The answer is another kind of JWT, perhaps the token itself: check \
             --auth-introspection-url, and that the authorization server implements RFC 9701, not a \
             draft of it."
        }
        P::RefusedAlgorithm { .. } => {
            "Register introspection_signed_response_alg for this client as RS256, PS256, ES256 or \
             EdDSA."
        }
        P::UnknownKey { .. } | P::WrongSignature => {
            "The key that signed the answer is not the one that the authorization server publishes: \
             check --auth-jwks-url, and that nothing in between changes answers."
        }
        P::NoKeys(_) => NO_KEYS,
        P::WrongIssuer { .. } => {
            "Set --auth-issuer-url to the issuer in the answer, if that is the authorization server \
             that you mean."
        }
        P::WrongAudience { .. } => {
            "The answer is for another resource server. Its aud must name --auth-client-id or \
             --auth-audience: check that the client id is this server's own."
        }
        P::TooOld { .. } | P::InTheFuture { .. } | P::Expired => {
            "Compare the clocks of both machines (NTP). If they agree, something in between stores \
             answers: it must not."
        }
        _ => {
            "The authorization server's answer does not follow RFC 9701 §5: look at its log and its \
             version."
        }
    }
}
