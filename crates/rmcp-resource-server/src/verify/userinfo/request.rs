//! One request to the userinfo endpoint, and what each kind of answer means.

use reqwest::{
    Response,
    header::{ACCEPT, HeaderMap, WWW_AUTHENTICATE},
};
use serde_json::{Map, Value};

use super::challenge::error_codes;
use crate::{
    authorization_server::{
        http_client::HttpClient,
        response::{self, malformed, unreachable},
        strict_json,
    },
    error::{TokenError, VerifyError},
    token::{
        bearer::BearerToken,
        claims::{Claims, InvalidClaims},
    },
    urls::EndpointUrl,
};

/// Sends `token` to `endpoint` once.
pub(super) async fn send(
    http: &HttpClient,
    endpoint: &EndpointUrl,
    token: &BearerToken,
) -> Result<Claims, VerifyError> {
    let url = endpoint.url();
    let request = http
        .to(url)
        .get(url.clone())
        .header(ACCEPT, "application/json")
        .bearer_auth(token.expose());
    let request = request.build().map_err(unreachable)?;
    let response = http.execute(request).await.map_err(unreachable)?;
    match response.status().as_u16() {
        200 => {
            let body = response::json_body(response).await?;
            let members = strict_json::parse_object(&body).map_err(malformed)?;
            let claims = read(members).map_err(|error| malformed(error.to_string()))?;
            if claims.subject.is_none() {
                return Err(malformed("it has no sub").into());
            }
            Ok(claims)
        }
        401 => Err(TokenError::Inactive.into()),
        400 | 403 => Err(judge_refusal(response).await),
        status => Err(response::failure(status, response.headers()).into()),
    }
}

/// 400 and 403 are about the token if they say so as in RFC 6750 §3.1; otherwise a firewall or the
/// server objects to us.
async fn judge_refusal(response: Response) -> VerifyError {
    let failure = response::failure(response.status().as_u16(), response.headers());
    let mut codes = challenged(response.headers());
    if codes.is_empty() {
        codes.extend(response::error_code(response).await);
    }
    let says = |code| codes.iter().any(|found| found == code);
    if says("invalid_token") {
        TokenError::Inactive.into()
    } else if says("insufficient_scope") {
        TokenError::NotForUserinfo.into()
    } else {
        failure.into()
    }
}

/// The `error` parameters of all challenges.
fn challenged(headers: &HeaderMap) -> Vec<String> {
    let challenges = headers.get_all(WWW_AUTHENTICATE).into_iter();
    challenges
        .flat_map(|challenge| error_codes(challenge.as_bytes()))
        .collect()
}

/// Takes who the user is, and nothing about the token. The answer is about the user, who may be
/// able to edit parts of it, so a member `aud` or `scope` means nothing here.
fn read(mut members: Map<String, Value>) -> Result<Claims, InvalidClaims> {
    for member in [
        "iss",
        "aud",
        "exp",
        "nbf",
        "scope",
        "client_id",
        "azp",
        "cid",
        "appid",
        "token_use",
        "token_type",
        "tokenName",
        "typ",
        "nonce",
        "auth_time",
        "at_hash",
        "c_hash",
        "s_hash",
    ] {
        members.remove(member);
    }
    if let Some(name) = members.remove("preferred_username") {
        members.insert("username".to_owned(), name);
    }
    let mut claims = Claims::from_members(members)?;
    claims.audience_unknowable = true;
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::token::binding::Binding;

    #[test]
    fn an_answer_says_who_but_not_for_whom() {
        let members = json!({
            "sub": "auth0|7", "preferred_username": "alice", "email": "alice@example.com",
            "aud": "https://mcp.example.com/mcp", "scope": "admin", "client_id": "trusted",
            "exp": 1, "iss": "https://other.example", "cnf": {"jkt": "x"},
        });
        let claims = read(members.as_object().expect("an object").clone()).expect("readable");
        assert_eq!(claims.subject.as_deref(), Some("auth0|7"));
        assert_eq!(claims.username.as_deref(), Some("alice"));
        assert_eq!(claims.extra("email"), Some(json!("alice@example.com")));
        assert!(claims.audience.is_empty() && claims.scopes.is_empty());
        assert_eq!((&claims.client_id, claims.expires_at), (&None, None));
        assert_eq!(claims.extra("scope"), None);
        assert!(claims.audience_unknowable && claims.binding == Binding::Unknown);
    }
}
