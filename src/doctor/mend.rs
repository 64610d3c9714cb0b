//! What to change, in one sentence, for each cause of a failed check.

mod token;

use rmcp_resource_server::{
    AuthorizationServerError, ClientCredentials,
    diagnose::{Cause, Check},
};

use crate::config::{AuthConfig, VerifierConfig};

/// Knows the configuration that the sentences speak of.
pub(super) struct Mender<'c> {
    config: &'c AuthConfig,
    issuer: &'c str,
    resource: &'c str,
}

impl<'c> Mender<'c> {
    pub(super) fn new(config: &'c AuthConfig) -> Self {
        Self {
            config,
            issuer: config.resource_server.issuer.as_str(),
            resource: config.resource_server.resource.as_str(),
        }
    }

    /// The sentence for a check that is not as wanted.
    pub(super) fn mend(&self, check: &Check) -> Option<String> {
        check.cause.as_ref().map(|cause| self.of_cause(cause))
    }

    fn of_cause(&self, cause: &Cause) -> String {
        match cause {
            Cause::ConnectionRefused => "Nothing listens there: check host and port, and that the \
                authorization server runs and can be reached from this machine."
                .to_owned(),
            Cause::UnknownHost => "This machine cannot resolve the host name: check its spelling, \
                and the DNS of the network where the server will run."
                .to_owned(),
            Cause::UntrustedCertificate => self.of_untrusted().to_owned(),
            Cause::WrongCertificate => "The certificate is for another host name, out of date or \
                malformed: use the name that it was issued for, or have it renewed."
                .to_owned(),
            Cause::NotTls => {
                "The port speaks no TLS: use the authorization server's https port.".to_owned()
            }
            Cause::NoAnswer => {
                "No usable answer within --auth-timeout: look at proxies, firewalls \
                and the authorization server's log."
                    .to_owned()
            }
            Cause::NoMetadata => format!(
                "Check --auth-issuer-url, its path (realm, tenant) too; if this authorization \
                 server has no metadata, configure {}.",
                self.endpoint_option()
            ),
            Cause::OtherIssuer { found } => self.of_issuer(found),
            Cause::NoEndpoint { member } => self.of_missing(member),
            Cause::UnusableEndpoint => "The URL must begin with https://: mend the authorization \
                server's public URL, or on a test network say --auth-allow-insecure-http."
                .to_owned(),
            Cause::ClockSkew => "Synchronize the clocks of both machines (NTP): fresh tokens look \
                expired or not yet valid otherwise."
                .to_owned(),
            Cause::MethodNotAdvertised { advertised } => of_method(advertised),
            Cause::AcceptsAnything => format!(
                "Whatever answers there does not check tokens: point {} at the real endpoint.",
                self.endpoint_option()
            ),
            Cause::NoUsableKey => "Have the authorization server sign access tokens by one of the \
                algorithms wanted, or point --auth-jwks-url at the keys that it signs with."
                .to_owned(),
            Cause::UnboundTokens => "This does not meet the audience rule of MCP: register an API \
                whose tokens are JWTs and use --auth-verifier jwt, if the authorization server can."
                .to_owned(),
            Cause::AuthorizationServer(error) => self.of_server(error),
            Cause::Token(error) => self.of_token(error),
            Cause::InactiveForAudience { client_id } => format!(
                "Keycloak (since 26.4.12 and 26.6.2) calls a token inactive unless the client that \
                 asks is in its aud: add an audience mapper for {client_id:?} to the client scope, \
                 or give the client of this server the id {:?}, which tokens must have as aud \
                 anyway.",
                self.resource
            ),
            Cause::InactiveOfIssuer { found } => self.of_issuer(found),
            Cause::InactiveSinceExpiry => {
                "The token has expired: get a fresh one for this check.".to_owned()
            }
            Cause::OpaqueToken | Cause::EncryptedToken => format!(
                "This is no token for an API: Auth0 issues it, good for userinfo only, if the \
                 request names no API; request one with resource (or audience) {:?} after \
                 registering that as an API, or use --auth-verifier introspection where the server \
                 has it.",
                self.resource
            ),
            _ => "See what was found and what was wanted.".to_owned(),
        }
    }

    fn of_untrusted(&self) -> &'static str {
        match &self.config.verifier.as_diagnosed().connection().ca_file {
            None => {
                "Name the CA that issued the server's certificate (PEM) with --auth-ca-file, if \
                 you expect a private one here."
            }
            Some(_) => {
                "The CA in --auth-ca-file is not the one that issued this certificate: give that \
                 one, with its root (PEM)."
            }
        }
    }

    fn endpoint_option(&self) -> &'static str {
        match self.config.verifier {
            VerifierConfig::Introspection(_) => "--auth-introspection-url",
            VerifierConfig::Jwt(_) => "--auth-jwks-url",
            VerifierConfig::Userinfo(_) => "--auth-userinfo-url",
        }
    }

    fn of_credentials(&self) -> &'static str {
        let credentials = match &self.config.verifier {
            VerifierConfig::Introspection(config) => Some(&config.credentials),
            VerifierConfig::Jwt(_) | VerifierConfig::Userinfo(_) => None,
        };
        match credentials {
            Some(ClientCredentials::PrivateKeyJwt { .. }) => {
                "Check --auth-client-id, that the public half of --auth-client-key-file is \
                 registered for this client (under the kid of --auth-client-key-id), and that it \
                 may use private_key_jwt."
            }
            Some(ClientCredentials::TlsClientAuth { .. }) => {
                "Check --auth-client-id, and that the certificate in \
                 --auth-client-certificate-file is the one registered for this client; a proxy \
                 that ends TLS before the authorization server must pass it on."
            }
            _ => {
                "Check --auth-client-id, the secret and --auth-client-auth-method; with special \
                 characters in them, servers that do not form-decode need client_secret_basic_raw."
            }
        }
    }

    fn of_missing(&self, member: &str) -> String {
        let option = self.endpoint_option();
        match member {
            "introspection_endpoint" => format!(
                "If this server introspects on another port (Ory Hydra: the admin port), configure \
                 {option}; Auth0, Cognito and Entra do not introspect: use --auth-verifier jwt."
            ),
            _ => format!("Configure {option}, or use another --auth-verifier."),
        }
    }

    fn of_server(&self, error: &AuthorizationServerError) -> String {
        let option = self.endpoint_option();
        match error {
            AuthorizationServerError::CredentialsRefused { status: 403 } => {
                "The client is known but may not introspect, or its secret is wrong (Django): \
                 make it a confidential client with that permission, and check the secret."
                    .to_owned()
            }
            AuthorizationServerError::CredentialsRefused { .. } => self.of_credentials().to_owned(),
            AuthorizationServerError::Redirect { .. } => {
                format!("Configure the URL that it redirects to with {option}.")
            }
            AuthorizationServerError::Status { status: 404 | 405 } => {
                format!("There is no such endpoint: check {option}.")
            }
            AuthorizationServerError::Malformed { .. } => format!(
                "This is not the endpoint (perhaps a login page, or a proxy in between): check \
                 {option}."
            ),
            AuthorizationServerError::RateLimited { .. } => {
                "The authorization server limits the rate: try again later, or raise its limit for \
                 this client."
                    .to_owned()
            }
            _ => "Look at the authorization server's log: it did not answer as it must.".to_owned(),
        }
    }
}

/// Which of the methods advertised there is here.
fn of_method(advertised: &[String]) -> String {
    let here = [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
        "tls_client_auth",
        "none",
    ];
    let common: Vec<_> = here
        .into_iter()
        .filter(|method| advertised.iter().any(|other| other == method))
        .collect();
    match common.is_empty() {
        true => "Allow client_secret_basic or client_secret_post for this client: this server has \
                 none of the methods advertised."
            .to_owned(),
        false => format!(
            "If the credentials are refused, set --auth-client-auth-method to {}, for this client \
             too.",
            common.join(" or ")
        ),
    }
}
