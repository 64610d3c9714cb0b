//! What to change, in a sentence or two, for each cause of a failed check.

mod audience;
mod server;
mod token;

use rmcp_resource_server::{
    ClientCredentials, VerifierConfig,
    diagnose::{Cause, Check},
};

use crate::config::AuthConfig;

/// Holds the configuration that the advice refers to.
pub(super) struct Fixes<'c> {
    config: &'c AuthConfig,
    issuer: &'c str,
    resource: &'c str,
}

impl<'c> Fixes<'c> {
    pub(super) fn new(config: &'c AuthConfig) -> Self {
        Self {
            config,
            issuer: config.resource_server.authorization_server.issuer.as_str(),
            resource: config.resource_server.resource.as_str(),
        }
    }

    /// Advice for a check that failed or gave a warning.
    pub(super) fn fix(&self, check: &Check) -> Option<String> {
        check.cause.as_ref().map(|cause| self.of_cause(cause))
    }

    fn of_cause(&self, cause: &Cause) -> String {
        match cause {
            Cause::ConnectionRefused => "Nothing is listening there: check the host and port, and \
                that the authorization server is running and reachable from this machine."
                .to_owned(),
            Cause::UnknownHost => "This machine cannot resolve the host name: check its spelling, \
                and the DNS of the network where the server will run."
                .to_owned(),
            Cause::UntrustedCertificate => self.of_untrusted().to_owned(),
            Cause::CaCertificate => CA_CERTIFICATE.to_owned(),
            Cause::WrongCertificate => "The certificate is for another host name, not currently \
                valid, or malformed: use the name that it was issued for, or renew it."
                .to_owned(),
            Cause::NotTls => {
                "The port does not speak TLS: use the authorization server's https port.".to_owned()
            }
            Cause::NoAnswer => "No usable answer within --auth-timeout: check proxies, firewalls \
                and the authorization server's log."
                .to_owned(),
            Cause::NoMetadata => self.of_no_metadata(),
            Cause::OtherIssuer { found } | Cause::InactiveOfIssuer { found } => {
                self.of_issuer(found)
            }
            Cause::NoEndpoint { member } => self.of_missing(member),
            Cause::UnusableEndpoint => {
                "The URL must begin with https://. Fix the public URL in the \
                authorization server's configuration; on a test network you can set \
                --auth-allow-insecure-http instead."
                    .to_owned()
            }
            Cause::ClockSkew => "Synchronize the clocks of both machines (NTP); otherwise fresh \
                tokens look expired or not yet valid."
                .to_owned(),
            Cause::MethodNotAdvertised { advertised } => of_method(advertised),
            Cause::AcceptsAnything => format!(
                "Whatever answers there does not check tokens: set {} to the real endpoint.",
                self.endpoint_option()
            ),
            Cause::CredentialsNotRefused => self.of_not_refused(),
            Cause::CredentialsNotCompared => "Run the doctor again when the authorization server \
                answers; its log shows whether it counted our request as a failed login."
                .to_owned(),
            Cause::NoUsableKey => "Have the authorization server sign access tokens with one of \
                the wanted algorithms, or set --auth-jwks-url to the keys that it signs with."
                .to_owned(),
            Cause::NoKeys => server::NO_KEYS.to_owned(),
            Cause::NotAdvertised { member } => of_not_advertised(member).to_owned(),
            Cause::SharedStore => "Check --shared-store, its files, and the rights of its user \
                (docs/deployment.md lists them). Until then each replica uses its own memory: it asks \
                by itself, and does not learn what others revoke."
                .to_owned(),
            Cause::UnboundTokens => "This does not meet the audience rule of MCP: if the \
                authorization server supports it, register an API whose tokens are JWTs and use \
                --auth-verifier jwt."
                .to_owned(),
            Cause::AuthorizationServer(error) => self.of_server(error),
            Cause::Token(error) => self.of_token(error),
            Cause::Inactive {
                client_id,
                credentials_accepted,
            } => self.of_inactive(client_id, *credentials_accepted),
            Cause::InactiveForAudience { client_id } => self.of_inactive_for_audience(client_id),
            Cause::InactiveSinceExpiry => {
                "The token has expired: get a fresh one for this check.".to_owned()
            }
            Cause::UntoldKind { has_scope } => of_untold_kind(*has_scope).to_owned(),
            Cause::AudienceIsClient { client_id } => self.of_audience_is_client(client_id),
            Cause::OtherAudience {
                audience,
                issued_to,
                own_client_id,
                is_scope,
            } => self.of_audience(audience, issued_to.as_deref(), own_client_id, *is_scope),
            Cause::OpaqueToken | Cause::EncryptedToken => format!(
                "This is not a token for an API. Auth0 issues such tokens, good for userinfo only, \
                 when the request names no API: register {:?} as an API and request a token with \
                 it as the resource (or audience). If the authorization server introspects tokens, \
                 use --auth-verifier introspection.",
                self.resource
            ),
            _ => "Compare what was found with what was wanted.".to_owned(),
        }
    }

    fn of_untrusted(&self) -> &'static str {
        match &self.config.verifier.authorization_server().ca_file {
            None => {
                "If you expect a private CA here, set --auth-ca-file to the certificate (PEM) of \
                 the CA that issued the server's certificate; if that is self-signed, set it to \
                 the certificate itself."
            }
            Some(_) => {
                "The CA in --auth-ca-file did not issue this certificate: use the CA that did, \
                 with its root (PEM)."
            }
        }
    }

    fn endpoint_option(&self) -> &'static str {
        match self.config.verifier {
            VerifierConfig::Jwt(_) => "--auth-jwks-url",
            VerifierConfig::Userinfo(_) => "--auth-userinfo-url",
            _ => "--auth-introspection-url",
        }
    }

    fn credentials(&self) -> Option<&ClientCredentials> {
        match &self.config.verifier {
            VerifierConfig::Introspection(config) => Some(&config.credentials),
            _ => None,
        }
    }
}

/// rustls, unlike OpenSSL, Go and Java, rejects a CA certificate as a server's own certificate.
const CA_CERTIFICATE: &str = "The server's own certificate is a CA certificate (basicConstraints \
    CA:TRUE), as self-signed certificates made by `openssl req -x509` are by default. This program \
    does not accept that, even if --auth-ca-file names it. We recommend that you recreate the \
    self-signed certificate with -addext basicConstraints=critical,CA:FALSE and set --auth-ca-file \
    to it, or have a CA issue a certificate for the server and set --auth-ca-file to that CA.";

fn of_not_advertised(member: &str) -> &'static str {
    match member {
        "introspection_signing_alg_values_supported" => {
            "If the authorization server cannot sign introspection answers (RFC 9701; Keycloak \
             cannot), remove --auth-introspection-signed: without signatures every request gets 503. \
             If it can, have it sign those for this client (introspection_signed_response_alg)."
        }
        "backchannel_logout_supported" => {
            "If the authorization server cannot tell of logouts (oidc-provider: only with its feature \
             backchannelLogout), a logout is noticed when a token's cache entry ends, and never with \
             --auth-verifier jwt; an administrator can still revoke (--admin-token-file)."
        }
        "dpop_signing_alg_values_supported" => {
            "If the authorization server cannot bind tokens to keys (DPoP), --auth-dpop=allowed has no \
             effect, and with --auth-dpop=required every token is refused."
        }
        "tls_client_certificate_bound_access_tokens" => {
            "Have the authorization server bind tokens to the client's certificate, for this \
             client too (Keycloak: \"OAuth 2.0 Mutual TLS Certificate Bound Access Tokens \
             Enabled\"; node oidc-provider: certificateBoundAccessTokens and \
             tls_client_certificate_bound_access_tokens). Without that, tokens are bearer \
             tokens here as before, whatever certificate comes with them."
        }
        _ => "Look in the authorization server's documentation: its metadata does not say so.",
    }
}

fn of_untold_kind(has_scope: bool) -> &'static str {
    match has_scope {
        true => {
            "Set --auth-required-scopes: this authorization server does not say what kind of token \
             this is, and some (Spring Authorization Server) also report ID tokens and refresh \
             tokens, which have no scope, as active."
        }
        false => {
            "This may be an ID token or a refresh token, because it has no scope: have the client \
             send its access token. Set --auth-required-scopes so that other tokens are refused: \
             some authorization servers (Spring) report them as active without saying what they \
             are."
        }
    }
}

/// Advice on which of the advertised methods this server supports.
fn of_method(advertised: &[String]) -> String {
    let supported = [
        "client_secret_basic",
        "client_secret_post",
        "client_secret_jwt",
        "private_key_jwt",
        "tls_client_auth",
        "none",
    ];
    let common: Vec<_> = supported
        .into_iter()
        .filter(|method| advertised.iter().any(|other| other == method))
        .collect();
    match common.is_empty() {
        true => "Allow client_secret_basic or client_secret_post for this client: this server \
                 supports none of the advertised methods."
            .to_owned(),
        false => format!(
            "If the credentials are refused, set --auth-client-auth-method to {}, and register the \
             client for it.",
            common.join(" or ")
        ),
    }
}
