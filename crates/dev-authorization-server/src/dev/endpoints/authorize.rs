//! The authorization endpoint: a request, the developer's consent, a code.

use url::Url;

use crate::dev::{
    authority::{
        Authority,
        clients::{Client, GrantType},
        consents::AuthorizationRequest,
        lock,
        tokens::{Code, Grant},
    },
    error::OAuthError,
    params::Params,
};

const MAX_USER_CHARS: usize = 64;

/// Why there is no consent page.
pub(super) enum Refusal {
    /// The client or its redirect URI cannot be trusted: shown to the person, never redirected.
    Page(String),
    /// Sent to the client, through this URL.
    Redirect(String),
}

impl Authority {
    /// Returns the ticket, and the request that its page shows.
    pub(super) fn ask_consent(
        &self,
        params: &Params,
    ) -> Result<(String, AuthorizationRequest), Refusal> {
        let (client, redirect_uri) = self
            .authorization_client(params)
            .map_err(|error| Refusal::Page(error.description))?;
        let request = self
            .authorization_request(&client, &redirect_uri, params)
            .map_err(|error| {
                let state = params.optional("state").ok().flatten();
                Refusal::Redirect(self.error_redirect(&redirect_uri, &error, state))
            })?;
        let ticket = lock(&self.consents).ask(request.clone());
        Ok((ticket, request))
    }

    /// The URL that carries the decision to the client.
    pub(super) fn decide(&self, params: &Params) -> Result<String, OAuthError> {
        let user = user_name(params)?;
        let approved = match params.required("decision")? {
            "approve" => true,
            "deny" => false,
            _ => {
                return Err(OAuthError::invalid_request(
                    "decision must be approve or deny",
                ));
            }
        };
        let request = lock(&self.consents).take(params.required("ticket")?)?;
        let state = request.state.as_deref();
        if !approved {
            let denied = OAuthError::new("access_denied", "the user denied the request");
            return Ok(self.error_redirect(&request.redirect_uri, &denied, state));
        }
        let code = lock(&self.tokens).issue_code(Code {
            grant: Grant {
                client_id: request.client_id,
                user: Some(user),
                resource: request.resource,
                scopes: request.scopes,
            },
            redirect_uri: request.redirect_uri.clone(),
            challenge: request.challenge,
        });
        Ok(self.redirect(&request.redirect_uri, &[("code", &code)], state))
    }

    fn authorization_client(&self, params: &Params) -> Result<(Client, String), OAuthError> {
        let clients = lock(&self.clients);
        let client = clients
            .find(params.required("client_id")?)
            .ok_or_else(|| OAuthError::invalid_request("this client is not registered here"))?;
        let redirect_uri = client.redirect_uri(params.optional("redirect_uri")?)?;
        Ok((client.clone(), redirect_uri))
    }

    fn authorization_request(
        &self,
        client: &Client,
        redirect_uri: &str,
        params: &Params,
    ) -> Result<AuthorizationRequest, OAuthError> {
        client.check_grant(GrantType::AuthorizationCode)?;
        if params.required("response_type")? != "code" {
            let description = "the only supported response type is code";
            return Err(OAuthError::new("unsupported_response_type", description));
        }
        Ok(AuthorizationRequest {
            client_id: client.id.clone(),
            client_name: client.name.clone(),
            redirect_uri: redirect_uri.to_owned(),
            resource: self.policy.resource(params)?,
            scopes: self.policy.scopes(params)?,
            state: params.optional("state")?.map(str::to_owned),
            challenge: s256_challenge(params)?,
        })
    }

    fn error_redirect(&self, uri: &str, error: &OAuthError, state: Option<&str>) -> String {
        let params = [
            ("error", error.code),
            ("error_description", error.description.as_str()),
        ];
        self.redirect(uri, &params, state)
    }

    /// Every authorization response names its issuer (RFC 9207).
    fn redirect(&self, uri: &str, params: &[(&str, &str)], state: Option<&str>) -> String {
        let mut url = Url::parse(uri).expect("a registered redirect URI parses");
        url.query_pairs_mut()
            .extend_pairs(params)
            .extend_pairs(state.map(|state| ("state", state)))
            .append_pair("iss", &self.issuer);
        url.into()
    }
}

/// The PKCE challenge. Plain challenges and requests without one are refused (OAuth 2.1 §4.1.1).
fn s256_challenge(params: &Params) -> Result<String, OAuthError> {
    let challenge = params.required("code_challenge")?;
    if params.optional("code_challenge_method")? != Some("S256") {
        let description = "code_challenge_method must be S256";
        return Err(OAuthError::invalid_request(description));
    }
    if challenge.len() != 43 {
        let description = "code_challenge is not the base64url of a SHA-256";
        return Err(OAuthError::invalid_request(description));
    }
    Ok(challenge.to_owned())
}

fn user_name(params: &Params) -> Result<String, OAuthError> {
    let name = params.optional("username")?.unwrap_or("alice").trim();
    if name.is_empty() || name.chars().count() > MAX_USER_CHARS || name.contains(char::is_control) {
        return Err(OAuthError::invalid_request(
            "the user name is empty or too long",
        ));
    }
    Ok(name.to_owned())
}
