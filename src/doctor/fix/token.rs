//! What to change so that a token like this one is accepted.

use rmcp_resource_server::{TokenError, VerifierConfig};

use super::Fixes;

impl Fixes<'_> {
    /// Advice for a rejected token.
    pub(in crate::doctor) fn of_token(&self, error: &TokenError) -> String {
        match error {
            TokenError::Malformed => "Put nothing but the token's text into the file: no \
                \"Bearer\", no quotes, no JSON."
                .to_owned(),
            TokenError::TooLong { .. } => "Have the authorization server issue smaller tokens \
                (Keycloak: lightweight access tokens), or raise --auth-max-token-bytes."
                .to_owned(),
            TokenError::Inactive => "The token was refused: it is unknown, has expired or was \
                revoked (the user or session was logged out). Try a fresh one, and look at the \
                authorization server's log."
                .to_owned(),
            TokenError::UnsupportedType => "The authorization server does not introspect this \
                token: it is a JWT that the server did not issue (oidc-provider answers so for any \
                other JWT), or the server issues JWTs but does not introspect them; in that case \
                use --auth-verifier jwt."
                .to_owned(),
            TokenError::RefusedKind { found } => self.of_kind(found),
            TokenError::RefusedAlgorithm { .. } => "Have the authorization server sign access \
                tokens for this API with RS256, PS256, ES256 or EdDSA (Auth0: not HS256)."
                .to_owned(),
            TokenError::UnknownKey { .. } => "The key that signed the token is not published: the \
                token is from another server or tenant, or --auth-jwks-url is wrong."
                .to_owned(),
            TokenError::WrongSignature => {
                "The token was altered, or comes from a server that uses the same key id: get a \
                fresh one from the configured issuer."
                    .to_owned()
            }
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
            TokenError::WrongAudience { found } => {
                self.of_audience(std::slice::from_ref(found), None, "", false)
            }
            TokenError::ClientNotAllowed { .. } => "Add the client's id to \
                --auth-allowed-client-ids, if tokens of this client should be accepted."
                .to_owned(),
            TokenError::ProofOfPossession => {
                "Set --auth-dpop=allowed if the token is bound by DPoP (jkt), and \
                 --auth-client-certificate-header if it is bound to a client certificate \
                 (x5t#S256) that a trusted proxy can pass on. Otherwise have the client request a \
                 plain bearer token: turn off DPoP or certificate-bound tokens for it at the \
                 authorization server."
                    .to_owned()
            }
            TokenError::WithoutProof => "Have the client bind its tokens to a key (DPoP), or set \
                --auth-dpop=allowed."
                .to_owned(),
            TokenError::UnknownKind => {
                "Set --auth-required-scopes, which ID tokens never have, or \
                have the authorization server sign access tokens with the type at+jwt (RFC 9068)."
                    .to_owned()
            }
            TokenError::NoPrincipal => "Have the authorization server put sub, or at least \
                client_id, into the answer or the token: sessions and logs need to know whose \
                token it is."
                .to_owned(),
            TokenError::InsufficientScope { .. } => "Allow the client these scopes at the \
                authorization server and have it request them, or change --auth-required-scopes. \
                If this is an ID token or a refresh token, which have no scope, have the client \
                send its access token."
                .to_owned(),
            _ => "Get another access token from the configured issuer.".to_owned(),
        }
    }

    /// The response says only that the token is inactive.
    pub(super) fn of_inactive(&self, client_id: &str, credentials_accepted: bool) -> String {
        let own = match client_id.is_empty() {
            true => "this server".to_owned(),
            false => format!("client {client_id:?}"),
        };
        let doubt = match credentials_accepted {
            true => "",
            false => {
                "This server's credentials may be wrong, which this check could not rule out. If \
                 they are right: "
            }
        };
        format!(
            "{doubt}One of three causes: the token was revoked or has expired (get a fresh one); it was \
             not issued for {own}, and this authorization server says \"inactive\" to a client \
             that is not in aud (Keycloak since 26.4.12, ZITADEL: add {own} to the audience); or \
             another server, realm or tenant issued it (check --auth-issuer-url)."
        )
    }

    /// The token itself names only other audiences: the likeliest cause, but no proof.
    pub(super) fn of_inactive_for_audience(&self, client_id: &str) -> String {
        format!(
            "The token was not issued for client {client_id:?}, and some servers (Keycloak since \
             26.4.12 and 26.6.2, ZITADEL) say \"inactive\" to a client that is not in aud: add an \
             audience mapper for {client_id:?} to the client scope, or give this server's client \
             the id {:?}, which must be in aud anyway. If your server does not do that, the token \
             was revoked or was issued by another server: get a fresh one.",
            self.resource
        )
    }

    fn of_kind(&self, found: &str) -> String {
        let typ = match found {
            "no typ in the header" => Some("none"),
            // A `typ` from the header is unquoted; a claim named `typ` is quoted.
            _ => found
                .strip_prefix("typ=")
                .filter(|typ| !typ.starts_with('"')),
        };
        match typ {
            Some(typ) if matches!(self.config.verifier, VerifierConfig::Jwt(_)) => format!(
                "If this is an access token, add {typ:?} to --auth-jwt-types (Auth0, Keycloak and \
                 Entra write JWT; Cognito and Okta write nothing: none), and set \
                 --auth-required-scopes, since ID tokens can have the same typ."
            ),
            _ => "This is a refresh token, an ID token or another kind of token: have the client \
                  send its access token."
                .to_owned(),
        }
    }
}
