//! What to change so that a token like this one is accepted.

use rmcp_resource_server::TokenError;
use url::Url;

use super::Mender;
use crate::config::VerifierConfig;

impl Mender<'_> {
    /// The sentence for a bad token.
    pub(in crate::doctor) fn of_token(&self, error: &TokenError) -> String {
        match error {
            TokenError::Malformed => "Put nothing but the token's text into the file: no \
                \"Bearer\", no quotes, no JSON."
                .to_owned(),
            TokenError::TooLong { .. } => "Have the authorization server issue smaller tokens \
                (Keycloak: lightweight access tokens)."
                .to_owned(),
            TokenError::Inactive => "The token is unknown, expired or revoked (user or session \
                logged out), or this client may not introspect it: try a fresh one, and see the \
                authorization server's log."
                .to_owned(),
            TokenError::UnsupportedType => {
                "The authorization server does not introspect tokens of \
                this type: if it issues JWTs, use --auth-verifier jwt."
                    .to_owned()
            }
            TokenError::RefusedKind { found } => self.of_kind(found),
            TokenError::RefusedAlgorithm { .. } => "Have the authorization server sign access \
                tokens for this API by RS256, PS256, ES256 or EdDSA (Auth0: not HS256)."
                .to_owned(),
            TokenError::UnknownKey { .. } => "The token is signed by a key that is not published: \
                it is of another server or tenant, or --auth-jwks-url is wrong."
                .to_owned(),
            TokenError::WrongSignature => "The token was changed on its way, or is of a server \
                that reuses the key's name: get a fresh one from the configured issuer."
                .to_owned(),
            TokenError::MissingClaim { claim } => {
                format!("Have the authorization server put {claim} into access tokens (RFC 9068).")
            }
            TokenError::NotForUserinfo => {
                "Have the client request the scope openid as well.".to_owned()
            }
            TokenError::Expired => "Get a fresh token for this check; if it is fresh, compare the \
                clocks of both machines."
                .to_owned(),
            TokenError::NotYetValid => {
                "Compare the clocks of both machines (NTP), or wait.".to_owned()
            }
            TokenError::WrongIssuer { found } => self.of_issuer(found),
            TokenError::NoAudience => self.of_no_audience(),
            TokenError::WrongAudience { found } => self.of_audience(found),
            TokenError::ClientNotAllowed { .. } => "Add the client's id to \
                --auth-allowed-client-ids, if tokens of this client shall be accepted."
                .to_owned(),
            TokenError::ProofOfPossession => {
                "Have the client request a plain bearer token: switch \
                off DPoP and certificate-bound tokens for it at the authorization server."
                    .to_owned()
            }
            TokenError::InsufficientScope { .. } => "Allow the client these scopes at the \
                authorization server and have it request them, or change --auth-required-scopes."
                .to_owned(),
            _ => "Get another access token from the configured issuer.".to_owned(),
        }
    }

    /// The issuer is compared to the letter, and servers compute it in different ways.
    pub(super) fn of_issuer(&self, found: &str) -> String {
        let configured = self.issuer;
        if found.trim_end_matches('/') == configured.trim_end_matches('/') {
            return format!(
                "Only the slash at the end differs: set --auth-issuer-url to {found:?} to the \
                 letter."
            );
        }
        let urls = Url::parse(found).ok().zip(Url::parse(configured).ok());
        match urls {
            Some((other, own)) if other.path() == own.path() => {
                "The authorization server takes its issuer from the host name by which it is asked: \
                 pin its public URL (Keycloak: --hostname), and have clients and this server use \
                 that one."
                    .to_owned()
            }
            _ => format!(
                "The token or metadata is of another issuer, realm or tenant: set \
                 --auth-issuer-url to {found:?} if that is the one meant, or use a token of the \
                 configured one."
            ),
        }
    }

    fn of_kind(&self, found: &str) -> String {
        let typ = match found {
            "no typ in the header" => Some("none"),
            // Of the header; a claim of this name is quoted.
            _ => found
                .strip_prefix("typ=")
                .filter(|typ| !typ.starts_with('"')),
        };
        match typ {
            Some(typ) if matches!(self.config.verifier, VerifierConfig::Jwt(_)) => format!(
                "If this is an access token, add {typ:?} to --auth-jwt-types (Auth0, Keycloak and \
                 Entra write JWT; Cognito and Okta nothing: none)."
            ),
            _ => "This is a refresh token, an ID token or another kind: have the client send its \
                  access token."
                .to_owned(),
        }
    }

    fn of_no_audience(&self) -> String {
        format!(
            "Have the authorization server put {:?} into aud: by the request's resource parameter \
             (RFC 8707), in Keycloak by an audience mapper on the client scope; for a server that \
             issues no aud (Cognito), name the clients in --auth-allowed-client-ids.",
            self.wanted_audience()
        )
    }

    fn of_audience(&self, found: &str) -> String {
        let wanted = self.wanted_audience();
        if found == "account" {
            return format!(
                "account is what Keycloak puts in by itself: add an audience mapper with the \
                 custom audience {wanted:?} to a client scope of the client."
            );
        }
        let same = |aud: &str| aud.trim_end_matches('/') == wanted.trim_end_matches('/');
        if found.split(' ').any(same) {
            return format!(
                "Only the slash at the end differs: have the token's aud and --auth-audience agree \
                 to the letter ({wanted:?})."
            );
        }
        format!(
            "Have the client request the token for {wanted:?} (resource parameter, or an audience \
             mapper); or, if {found:?} stands for this server and no other, set --auth-audience to \
             it."
        )
    }

    fn wanted_audience(&self) -> &str {
        let audiences = &self.config.resource_server.audiences;
        audiences.first().map_or(self.resource, String::as_str)
    }
}
