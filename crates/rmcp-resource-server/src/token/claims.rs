//! What an authorization server says about a token.

pub(crate) mod kind;
#[cfg(feature = "redis")]
pub(crate) mod stored;

use std::{
    fmt,
    time::{Duration, Instant, SystemTime},
};

use serde_json::{Map, Value};

use crate::{
    authorization_server::strict_json,
    token::{binding::Binding, scope::Scopes},
};

/// The claims of one active token, as its authorization server stated them: parsed, not yet
/// judged. Only the policy of a [`ResourceServer`](crate::ResourceServer) turns claims into an
/// [`AccessToken`](crate::AccessToken).
///
/// The members are those of RFC 7662 §2.2. `Debug` omits all other members.
pub struct Claims {
    pub(crate) issuer: Option<Box<str>>,
    pub(crate) subject: Option<Box<str>>,
    pub(crate) username: Option<Box<str>>,
    pub(crate) client_id: Option<Box<str>>,
    pub(crate) audience: Box<[Box<str>]>,
    pub(crate) scopes: Scopes,
    pub(crate) expires_at: Option<SystemTime>,
    pub(crate) not_before: Option<SystemTime>,
    pub(crate) issued_at: Option<SystemTime>,
    /// The session at the authorization server (`sid`).
    pub(crate) session: Option<Box<str>>,
    /// When the authorization server was asked. `None`: just now.
    pub(crate) asked_at: Option<Instant>,
    /// Nobody was asked: the token is its own proof, as a JWT is.
    pub(crate) verified_alone: bool,
    /// What shows that this is not an access token.
    pub(crate) refused_kind: Option<Box<str>>,
    /// Nothing distinguishes this from an ID token: no type, no scope.
    pub(crate) kind_unknown: bool,
    /// Whether a member says what kind of token this is.
    pub(crate) kind_told: bool,
    pub(crate) binding: Binding,
    /// The token's verifier cannot know its audience.
    pub(crate) audience_unknowable: bool,
    /// All other members, as JSON text: a parsed map would take twice the memory.
    extra: Box<str>,
}

/// A claim has a type that makes no sense for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the member {member} {problem}")]
pub struct InvalidClaims {
    member: &'static str,
    problem: &'static str,
}

/// An introspection response (RFC 7662 §2.2).
#[derive(Debug)]
pub(crate) enum IntrospectionResponse {
    Active(Box<Claims>),
    Inactive,
}

impl IntrospectionResponse {
    /// Parses the body of a 200 answer. Only the JSON literal `true` means active, and only `false`
    /// means inactive; anything else is not an introspection response.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, String> {
        Self::read(strict_json::parse_object(body)?)
    }

    /// The same of its members.
    pub(crate) fn read(members: Map<String, Value>) -> Result<Self, String> {
        match members.get("active") {
            Some(Value::Bool(true)) => Claims::from_members(members)
                .map(|claims| Self::Active(Box::new(claims)))
                .map_err(|error| error.to_string()),
            Some(Value::Bool(false)) => Ok(Self::Inactive),
            Some(_) => Err("the member active is neither true nor false".to_owned()),
            None => Err("the member active is missing".to_owned()),
        }
    }
}

impl Claims {
    /// Reads claims leniently: times may be floats, `scope` and `aud` may be a string or an array,
    /// and `null` is the same as absent. Unknown members are kept for
    /// [`AccessToken::claim`](crate::AccessToken::claim).
    ///
    /// # Errors
    ///
    /// [`InvalidClaims`] if a member that the policy judges has an impossible type.
    pub fn from_members(mut members: Map<String, Value>) -> Result<Self, InvalidClaims> {
        // `jwt`: Keycloak and RFC 9701 servers can put the token itself here.
        for member in ["active", "jwt"] {
            members.remove(member);
        }
        let refused_kind = kind::refused(&members);
        let kind_told = ["token_type", "token_use", "typ"]
            .into_iter()
            .any(|member| members.get(member).is_some_and(|value| !value.is_null()));
        let token_type = take_string(&mut members, "token_type")?;
        let is_dpop = token_type.is_some_and(|kind| kind.eq_ignore_ascii_case("dpop"));
        let binding = Binding::read(members.remove("cnf").as_ref(), is_dpop);
        Ok(Self {
            issuer: take_string(&mut members, "iss")?,
            subject: take_string(&mut members, "sub")?,
            username: take_string(&mut members, "username")?,
            client_id: take_string(&mut members, "client_id")?,
            audience: take_strings(&mut members, "aud")?,
            scopes: take_scopes(&mut members)?,
            expires_at: take_time(&mut members, "exp")?,
            not_before: take_time(&mut members, "nbf")?,
            issued_at: members.get("iat").and_then(time),
            session: string(&members, "sid"),
            asked_at: None,
            verified_alone: false,
            refused_kind,
            kind_unknown: false,
            kind_told,
            binding,
            audience_unknowable: false,
            extra: Value::Object(members).to_string().into(),
        })
    }

    /// A member that has no place of its own in an access token.
    pub(crate) fn extra(&self, member: &str) -> Option<Value> {
        serde_json::from_str::<Map<String, Value>>(&self.extra)
            .ok()?
            .remove(member)
    }

    /// Roughly how many bytes of memory these claims take.
    pub(crate) fn size(&self) -> usize {
        let texts = [
            &self.issuer,
            &self.subject,
            &self.username,
            &self.client_id,
            &self.refused_kind,
            &self.session,
        ];
        let texts: usize = texts.into_iter().flatten().map(|text| text.len()).sum();
        let audience: usize = self.audience.iter().map(|aud| aud.len() + 16).sum();
        size_of::<Self>() + texts + audience + self.scopes.text_len() + self.extra.len()
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("issuer", &self.issuer)
            .field("subject", &self.subject)
            .field("client_id", &self.client_id)
            .field("audience", &self.audience)
            .field("scopes", &self.scopes)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

fn take_string(
    members: &mut Map<String, Value>,
    member: &'static str,
) -> Result<Option<Box<str>>, InvalidClaims> {
    match members.remove(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok((!text.is_empty()).then(|| text.into())),
        Some(_) => Err(InvalidClaims {
            member,
            problem: "is not a string",
        }),
    }
}

fn take_strings(
    members: &mut Map<String, Value>,
    member: &'static str,
) -> Result<Box<[Box<str>]>, InvalidClaims> {
    let problem = "is neither a string nor an array of strings";
    let items = match members.remove(member) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(single) => vec![single],
    };
    items
        .into_iter()
        .map(|item| match item {
            Value::String(text) => Ok(text.into_boxed_str()),
            _ => Err(InvalidClaims { member, problem }),
        })
        .filter(|item| !item.as_ref().is_ok_and(|text| text.is_empty()))
        .collect()
}

fn take_scopes(members: &mut Map<String, Value>) -> Result<Scopes, InvalidClaims> {
    let scopes = take_strings(members, "scope")?;
    Ok(Scopes::granted(
        scopes.iter().flat_map(|scope| scope.split(' ')),
    ))
}

fn take_time(
    members: &mut Map<String, Value>,
    member: &'static str,
) -> Result<Option<SystemTime>, InvalidClaims> {
    let value = match members.remove(member) {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value,
    };
    time(&value).map(Some).ok_or(InvalidClaims {
        member,
        problem: "is not a number of seconds since 1970",
    })
}

/// A number of seconds since 1970, which may be a fraction (RFC 7519 §2, NumericDate).
pub(crate) fn time(value: &Value) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(since_epoch(value)?)
}

/// The same as a duration. Times before 1970 count as 1970.
pub(crate) fn since_epoch(value: &Value) -> Option<Duration> {
    match value.as_u64() {
        Some(seconds) => Some(Duration::from_secs(seconds)),
        None => Duration::try_from_secs_f64(value.as_f64()?.max(0.0)).ok(),
    }
}

/// A text that is not empty, of a member that stays where it is.
fn string(members: &Map<String, Value>, member: &str) -> Option<Box<str>> {
    let text = members.get(member)?.as_str()?;
    (!text.is_empty()).then(|| text.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::token::binding::Bound;

    fn claims(value: Value) -> Result<Claims, InvalidClaims> {
        match value {
            Value::Object(members) => Claims::from_members(members),
            _ => unreachable!("tests give objects"),
        }
    }

    fn at(seconds: f64) -> Option<SystemTime> {
        Some(SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds))
    }

    #[test]
    fn rs_36_active_only_if_json_true() {
        let parse = |text: &str| IntrospectionResponse::parse(text.as_bytes());
        assert!(matches!(
            parse(r#"{"active":true}"#),
            Ok(IntrospectionResponse::Active(_))
        ));
        assert!(matches!(
            parse(r#"{"active":false}"#),
            Ok(IntrospectionResponse::Inactive)
        ));
        for text in [
            r#"{"active":"true"}"#,
            r#"{"active":1}"#,
            r#"{"active":null}"#,
            r#"{"active":[true]}"#,
            r#"{"Active":true}"#,
            "{}",
            r#"{"error":"invalid_request"}"#,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rs_52_members_are_accepted_for_what_they_mean() {
        let odd = claims(json!({
            "active": true, "exp": 1_796_258_477.035_04, "nbf": -5, "sub": null, "iss": "",
            "token_type": "bEARER", "scope": ["a b", "c"], "aud": null,
        }))
        .expect("readable");
        assert_eq!(odd.expires_at, at(1_796_258_477.035_04));
        assert_eq!(odd.not_before, at(0.0));
        assert_eq!((&odd.subject, &odd.issuer), (&None, &None));
        assert_eq!(odd.scopes.to_string(), "a b c");
        assert!(odd.audience.is_empty());
        assert!(odd.refused_kind.is_none() && odd.binding == Binding::To(Bound::default()));
    }

    #[test]
    fn impossible_types_are_errors() {
        for impossible in [
            json!({"exp": "1796258477"}),
            json!({"exp": 1e300}),
            json!({"exp": u64::MAX}),
            json!({"nbf": true}),
            json!({"aud": 5}),
            json!({"aud": ["x", 5]}),
            json!({"aud": {"x": 1}}),
            json!({"iss": 5}),
            json!({"sub": ["x"]}),
            json!({"client_id": {}}),
            json!({"scope": 5}),
            json!({"scope": ["a", null]}),
        ] {
            assert!(claims(impossible.clone()).is_err(), "{impossible}");
        }
    }

    #[test]
    fn a_token_may_be_bound_to_a_key() {
        let jkt = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
        let to_key = Binding::read(Some(&json!({"jkt": jkt})), false);
        for (members, expected) in [
            (json!({"cnf": {"jkt": "x"}}), Binding::Unknown),
            (json!({"token_type": "DPoP"}), Binding::Unknown),
            (json!({"token_type": "DPoP", "cnf": {"jkt": jkt}}), to_key),
            (json!({"cnf": {"jkt": jkt}}), to_key),
            (json!({"cnf": null}), Binding::To(Bound::default())),
        ] {
            let binding = claims(members.clone()).expect("readable").binding;
            assert_eq!(binding, expected, "{members}");
        }
    }

    #[test]
    fn rs_38_unknown_members_are_kept_but_no_token_is() {
        let claims = claims(json!({"active": true, "jwt": "eyJ", "department": {"id": 7}}))
            .expect("readable");
        assert_eq!(claims.extra("department"), Some(json!({"id": 7})));
        assert_eq!(claims.extra("jwt"), None);
        assert_eq!(claims.extra("missing"), None);
        assert!(!format!("{claims:?}").contains("department"));
    }
}
