//! The token, introspection and revocation endpoints, apart from HTTP.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::dev::{
    authority::{
        Authority,
        clients::{Client, GrantType},
        lock, policy, secret,
        tokens::{Family, Grant},
    },
    error::OAuthError,
    params::Params,
};

impl Authority {
    pub(super) fn token(
        &self,
        authorization: Option<&str>,
        params: &Params,
    ) -> Result<Value, OAuthError> {
        let client = self.authenticated(authorization, params)?;
        let Some(grant) = GrantType::named(params.required("grant_type")?) else {
            let description = "use authorization_code, refresh_token or client_credentials";
            return Err(OAuthError::new("unsupported_grant_type", description));
        };
        client.check_grant(grant)?;
        match grant {
            GrantType::AuthorizationCode => self.exchange_code(&client, params),
            GrantType::RefreshToken => self.refresh(&client, params),
            GrantType::ClientCredentials => self.client_credentials(&client, params),
        }
    }

    /// Only a configured resource server may introspect.
    pub(super) fn introspect(
        &self,
        authorization: Option<&str>,
        params: &Params,
    ) -> Result<Value, OAuthError> {
        let client = self.authenticated(authorization, params)?;
        if !client.introspects {
            return Err(OAuthError::invalid_client(
                "only a resource server may introspect",
            ));
        }
        let mut claims = lock(&self.tokens).introspect(params.required("token")?);
        if claims["active"] == true {
            claims["iss"] = json!(self.issuer);
        }
        Ok(claims)
    }

    pub(super) fn revoke(
        &self,
        authorization: Option<&str>,
        params: &Params,
    ) -> Result<(), OAuthError> {
        let client = self.authenticated(authorization, params)?;
        lock(&self.tokens).revoke(&client.id, params.required("token")?);
        Ok(())
    }

    fn exchange_code(&self, client: &Client, params: &Params) -> Result<Value, OAuthError> {
        let verifier = params.required("code_verifier")?;
        let redirect_uri = params.optional("redirect_uri")?;
        let mut tokens = lock(&self.tokens);
        let (code, family) = tokens.spend_code(&client.id, params.required("code")?)?;
        if redirect_uri.is_some_and(|uri| uri != code.redirect_uri) {
            return Err(OAuthError::invalid_grant(
                "redirect_uri is not the one that the code was issued for",
            ));
        }
        if !secret::equal(&s256(verifier), &code.challenge) {
            return Err(OAuthError::invalid_grant("code_verifier does not match"));
        }
        policy::check_resource(&code.grant.resource, params)?;
        let mut answer = tokens.issue(code.grant.clone(), family.clone());
        if client.grants.contains(&GrantType::RefreshToken) {
            answer["refresh_token"] = json!(tokens.issue_refresh_token(code.grant, family));
        }
        Ok(answer)
    }

    fn refresh(&self, client: &Client, params: &Params) -> Result<Value, OAuthError> {
        let old = params.required("refresh_token")?;
        let mut tokens = lock(&self.tokens);
        let (grant, family) = tokens.refresh_grant(&client.id, old)?;
        policy::check_resource(&grant.resource, params)?;
        let scopes = policy::narrowed(&grant.scopes, params)?;
        tokens.spend_refresh_token(old);
        let narrowed = Grant {
            scopes,
            ..grant.clone()
        };
        let mut answer = tokens.issue(narrowed, family.clone());
        answer["refresh_token"] = json!(tokens.issue_refresh_token(grant, family));
        Ok(answer)
    }

    fn client_credentials(&self, client: &Client, params: &Params) -> Result<Value, OAuthError> {
        let grant = Grant {
            client_id: client.id.clone(),
            user: None,
            resource: self.policy.resource(params)?,
            scopes: self.policy.scopes(params)?,
        };
        Ok(lock(&self.tokens).issue(grant, Family::new()))
    }

    fn authenticated(
        &self,
        authorization: Option<&str>,
        params: &Params,
    ) -> Result<Client, OAuthError> {
        let clients = lock(&self.clients);
        clients.authenticate(authorization, params).cloned()
    }
}

/// RFC 7636 §4.2.
fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}
