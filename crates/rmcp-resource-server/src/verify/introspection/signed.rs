//! Signed introspection responses (RFC 9701): the authorization server vouches for what it says, not
//! only the connection. A response does not name its token, so only the connection vouches for that.

use std::time::{Duration, SystemTime};

use reqwest::Response;
use serde_json::{Map, Value};

use super::problem::SignedResponseProblem;
use crate::{
    authorization_server::{
        http_client::body::MAX_BODY_BYTES,
        response::{self, malformed},
        server::AuthorizationServer,
    },
    error::{AuthorizationServerError, TokenError, VerifyError, shortened},
    jose::algorithm::SigningAlgorithm,
    token::claims::{IntrospectionResponse, time},
    urls::{EndpointUrl, canonical},
    verify::{
        jwt::{JwtVerifier, config::JwtConfig},
        start_error::StartError,
    },
};

/// The media type of signed responses (RFC 9701 §4), and, without `application/`, their `typ`.
pub(super) const MEDIA_TYPE: &str = "application/token-introspection+jwt";

/// How far the authorization server's clock may be from ours.
const LEEWAY: Duration = Duration::from_secs(30);

/// Whose signature introspection responses must have, and for whom they must be made.
///
/// ```
/// use rmcp_resource_server::{ClientCredentials, IntrospectionConfig, SignedIntrospection};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let credentials = ClientCredentials::secret_basic("notes", "a secret");
/// let mut config = IntrospectionConfig::new("https://as.example.com".parse()?, credentials);
/// let mut signed = SignedIntrospection::default();
/// signed.audiences = vec!["https://notes.example.com/mcp".to_owned()];
/// config.signed = Some(signed);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedIntrospection {
    /// The keys (RFC 7517). Default: the `jwks_uri` of the issuer's metadata.
    pub jwks_url: Option<EndpointUrl>,
    /// What else than our client id may be in the response's `aud` to name this server, for instance
    /// the URL of the resource. Default: nothing.
    pub audiences: Vec<String>,
    /// The signature algorithms accepted. Default: RS256, PS256, ES256, EdDSA.
    pub algorithms: Vec<SigningAlgorithm>,
}

impl Default for SignedIntrospection {
    fn default() -> Self {
        Self {
            jwks_url: None,
            audiences: Vec::new(),
            algorithms: SigningAlgorithm::DEFAULT.to_vec(),
        }
    }
}

impl SignedIntrospection {
    /// What the outer form of a response must be, and where the keys are.
    pub(crate) fn jwt(&self, server: &AuthorizationServer) -> JwtConfig {
        let mut jwt = JwtConfig::new(server.clone());
        jwt.jwks_url = self.jwks_url.clone();
        jwt.algorithms = self.algorithms.clone();
        jwt.accepted_types = vec![MEDIA_TYPE.to_owned()];
        jwt
    }
}

/// Reads signed responses.
pub(super) struct SignedAnswers {
    pub(super) keys: JwtVerifier,
    server: AuthorizationServer,
    audiences: Vec<String>,
}

impl SignedAnswers {
    /// Starts looking for the keys.
    pub(super) fn start(
        config: &SignedIntrospection,
        server: &AuthorizationServer,
    ) -> Result<Self, StartError> {
        Ok(Self {
            keys: JwtVerifier::start(config.jwt(server))?,
            server: server.clone(),
            audiences: config.audiences.clone(),
        })
    }

    /// What the response says, once everything about it has been found good.
    pub(super) async fn read(
        &self,
        response: Response,
        client_id: &str,
        asked_at: SystemTime,
    ) -> Result<IntrospectionResponse, AuthorizationServerError> {
        let found = response::media_type(response.headers()).unwrap_or_default();
        if found != MEDIA_TYPE {
            let found = shortened(&found);
            return Err(SignedResponseProblem::MediaType { found }.into());
        }
        let body = response::body(response, MAX_BODY_BYTES).await?;
        let text = str::from_utf8(&body)
            .map_err(|_position| SignedResponseProblem::Malformed("it is not text".to_owned()))?;
        if text.matches('.').count() == 4 {
            return Err(SignedResponseProblem::Encrypted.into());
        }
        let claims = self.keys.payload(text).await.map_err(unverified)?;
        let expected = Expected {
            issuer: self.server.issuer.as_str(),
            client_id,
            audiences: &self.audiences,
            asked_at,
            now: self.server.clock.now(),
        };
        let answer = expected.judge(claims)?;
        IntrospectionResponse::read(answer).map_err(malformed)
    }
}

/// What a response with a good signature must say (RFC 9701 §5).
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    /// Empty if there is none.
    pub(crate) client_id: &'a str,
    pub(crate) audiences: &'a [String],
    pub(crate) asked_at: SystemTime,
    pub(crate) now: SystemTime,
}

impl Expected<'_> {
    /// The introspection response inside.
    pub(crate) fn judge(
        &self,
        mut claims: Map<String, Value>,
    ) -> Result<Map<String, Value>, SignedResponseProblem> {
        use SignedResponseProblem as P;
        match claims.get("iss") {
            Some(Value::String(found)) if found == self.issuer => {}
            Some(Value::String(found)) => {
                let found = shortened(found);
                return Err(P::WrongIssuer { found });
            }
            _ => return Err(P::Member("iss")),
        }
        self.judge_audience(claims.get("aud"))?;
        self.judge_times(&claims)?;
        match claims.remove("token_introspection") {
            Some(Value::Object(answer)) => Ok(answer),
            _ => Err(P::Member("token_introspection")),
        }
    }

    fn judge_audience(&self, aud: Option<&Value>) -> Result<(), SignedResponseProblem> {
        let named: Option<Vec<&str>> = match aud {
            Some(Value::String(one)) => Some(vec![one]),
            Some(Value::Array(all)) => all.iter().map(Value::as_str).collect(),
            _ => None,
        };
        let named = named.ok_or(SignedResponseProblem::Member("aud"))?;
        let is_us = |aud: &&str| {
            let is_resource = |ours: &String| canonical(ours) == canonical(aud);
            (!aud.is_empty() && *aud == self.client_id) || self.audiences.iter().any(is_resource)
        };
        if named.iter().any(is_us) {
            return Ok(());
        }
        let found = shortened(&named.join(" "));
        Err(SignedResponseProblem::WrongAudience { found })
    }

    /// A response is made when it is asked for, so one that was recorded before is of no use.
    fn judge_times(&self, claims: &Map<String, Value>) -> Result<(), SignedResponseProblem> {
        use SignedResponseProblem as P;
        let moment = |member| {
            claims
                .get(member)
                .map(|value| time(value).ok_or(P::Member(member)))
        };
        let issued_at = moment("iat").ok_or(P::Member("iat"))??;
        let seconds = |later: SystemTime, sooner: SystemTime| {
            later.duration_since(sooner).unwrap_or_default().as_secs()
        };
        // In whole seconds, as `iat` is.
        let before = seconds(self.asked_at, issued_at);
        if before > LEEWAY.as_secs() {
            return Err(P::TooOld { seconds: before });
        }
        let ahead = seconds(issued_at, self.now);
        if ahead > LEEWAY.as_secs() {
            return Err(P::InTheFuture { seconds: ahead });
        }
        match moment("exp").transpose()? {
            Some(exp) if exp <= self.now => Err(P::Expired),
            _ => Ok(()),
        }
    }
}

/// The same failure as one of the authorization server: the response is its own, and says nothing about
/// the client's token.
fn unverified(error: VerifyError) -> SignedResponseProblem {
    use AuthorizationServerError as E;
    use SignedResponseProblem as P;
    match error {
        VerifyError::Token(TokenError::RefusedKind { found }) => P::WrongType { found },
        VerifyError::Token(TokenError::RefusedAlgorithm { found }) => P::RefusedAlgorithm { found },
        VerifyError::Token(TokenError::UnknownKey { algorithm, kid }) => {
            P::UnknownKey { algorithm, kid }
        }
        VerifyError::Token(TokenError::WrongSignature) => P::WrongSignature,
        VerifyError::Token(TokenError::InvalidJwt { problem }) => P::Malformed(problem),
        VerifyError::Token(error) => P::Malformed(error.to_string()),
        VerifyError::AuthorizationServer(E::KeyNotFetched { retry_after }) => P::NoKeys(format!(
            "none of those known fits, and they can be fetched again in {retry_after:?}"
        )),
        VerifyError::AuthorizationServer(error) => P::NoKeys(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    /// What the table of `tests/wire` cannot set: the clock, and a client without an id.
    fn judge(client_id: &str, changes: &Value) -> Result<(), SignedResponseProblem> {
        let mut claims = json!({
            "iss": "https://as.example.com", "aud": "mcp", "iat": NOW,
            "token_introspection": {"active": false},
        });
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
        let expected = Expected {
            issuer: "https://as.example.com",
            client_id,
            audiences: &["https://mcp.example.com/mcp".to_owned()],
            asked_at: now,
            now: now + Duration::from_secs(2),
        };
        let claims = claims.as_object().expect("an object").clone();
        expected.judge(claims).map(|_| ())
    }

    #[test]
    fn times_to_the_second() {
        use SignedResponseProblem as P;
        for (changes, expected) in [
            (json!({"iat": NOW - 30}), Ok(())),
            (json!({"iat": NOW - 31}), Err(P::TooOld { seconds: 31 })),
            (json!({"iat": NOW + 32}), Ok(())),
            (
                json!({"iat": NOW + 33}),
                Err(P::InTheFuture { seconds: 31 }),
            ),
            (json!({"iat": 0}), Err(P::TooOld { seconds: NOW })),
            (json!({"iat": -1}), Err(P::TooOld { seconds: NOW })),
            (json!({"iat": 1e300}), Err(P::Member("iat"))),
            (json!({"iat": null}), Err(P::Member("iat"))),
            (json!({"exp": NOW + 2}), Err(P::Expired)),
            (json!({"exp": NOW + 3}), Ok(())),
            (json!({"exp": "later"}), Err(P::Member("exp"))),
        ] {
            assert_eq!(judge("mcp", &changes), expected, "{changes}");
        }
    }

    #[test]
    fn a_client_without_an_id_is_not_named_by_an_empty_text() {
        for (client_id, aud, is_us) in [
            ("mcp", json!("mcp"), true),
            ("mcp", json!("MCP"), false),
            ("", json!(""), false),
            ("", json!(["", "other"]), false),
            ("", json!("https://MCP.example.com:443/mcp"), true),
            ("", json!("https://mcp.example.com/mcp/"), false),
        ] {
            let judged = judge(client_id, &json!({"aud": aud}));
            assert_eq!(judged.is_ok(), is_us, "{aud} for {client_id:?}");
        }
    }

    proptest! {
        #[test]
        fn any_claims_are_read_without_panic(text in "\\PC{0,20}", number in any::<f64>()) {
            for member in ["iss", "aud", "iat", "exp", "token_introspection"] {
                let _ = judge("mcp", &json!({member: text}));
                let _ = judge("mcp", &json!({member: number}));
            }
        }
    }
}
