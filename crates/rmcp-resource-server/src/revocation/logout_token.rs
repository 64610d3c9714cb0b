//! What a logout token must say (OpenID Connect Back-Channel Logout §2.4 and §2.6). Its signature is
//! checked elsewhere.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::Revocation;
use crate::{error::shortened, token::claims::time};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// How old a logout token may be: it is sent at once, and a server that cannot reach us tries again
/// soon.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(120);

/// How far ahead the authorization server's clock may be.
pub(crate) const LEEWAY: Duration = Duration::from_secs(30);

/// A logout token that says what it must.
#[derive(Debug)]
pub(crate) struct LogoutToken {
    pub(crate) revocation: Revocation,
    pub(crate) issued_at: SystemTime,
    /// It may be used once.
    pub(crate) id: String,
}

/// Why it is not accepted. What it says is not shown to whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LogoutError {
    #[error("its {member} is missing or of the wrong type")]
    Member { member: &'static str },
    #[error("its issuer {found:?} is not the configured one")]
    Issuer { found: String },
    #[error(
        "its audience {found:?} is none of the clients whose logouts are accepted; add the client \
         to --auth-back-channel-logout-clients"
    )]
    Audience { found: String },
    #[error("its iat is {seconds} s in the past; compare the clocks, or it was replayed")]
    Old { seconds: u64 },
    #[error("its iat is {seconds} s in the future; compare the clocks")]
    Future { seconds: u64 },
    #[error("it has expired")]
    Expired,
    #[error("it has a nonce, so it is an ID token")]
    Nonce,
    #[error("its events do not say that somebody logged out")]
    Event,
    #[error("it names neither sub nor sid")]
    Nobody,
    #[error("it was used before")]
    Replayed,
}

impl LogoutToken {
    pub(crate) fn read(
        claims: &Map<String, Value>,
        issuer: &str,
        audiences: &[String],
        now: SystemTime,
    ) -> Result<Self, LogoutError> {
        use LogoutError as E;
        if claims.get("nonce").is_some_and(|nonce| !nonce.is_null()) {
            return Err(E::Nonce);
        }
        let found = text(claims, "iss")?.ok_or(E::Member { member: "iss" })?;
        if found != issuer {
            let found = shortened(found);
            return Err(E::Issuer { found });
        }
        judge_audience(claims, audiences)?;
        let issued_at = moment(claims, "iat")?.ok_or(E::Member { member: "iat" })?;
        let seconds = |later: SystemTime, sooner: SystemTime| {
            later.duration_since(sooner).unwrap_or_default().as_secs()
        };
        if issued_at + MAX_AGE < now {
            let seconds = seconds(now, issued_at);
            return Err(E::Old { seconds });
        }
        if issued_at > now + LEEWAY {
            let seconds = seconds(issued_at, now);
            return Err(E::Future { seconds });
        }
        if moment(claims, "exp")?.is_some_and(|exp| exp <= now) {
            return Err(E::Expired);
        }
        let events = claims.get("events").and_then(Value::as_object);
        if !events.is_some_and(|events| events.get(EVENT).is_some_and(Value::is_object)) {
            return Err(E::Event);
        }
        let id = text(claims, "jti")?.ok_or(E::Member { member: "jti" })?;
        let owned = |text: &str| text.to_owned();
        let subject = text(claims, "sub")?.map(owned);
        let revocation = match (text(claims, "sid")?.map(owned), subject) {
            (Some(id), subject) => Revocation::Session { id, subject },
            (None, Some(subject)) => Revocation::Subject(subject),
            (None, None) => return Err(E::Nobody),
        };
        Ok(Self {
            revocation,
            issued_at,
            id: id.to_owned(),
        })
    }
}

fn judge_audience(claims: &Map<String, Value>, audiences: &[String]) -> Result<(), LogoutError> {
    let named: Vec<&str> = match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => return Err(LogoutError::Member { member: "aud" }),
    };
    let is_ours = |aud: &&str| audiences.iter().any(|ours| ours == aud);
    match named.iter().any(is_ours) {
        true => Ok(()),
        false => Err(LogoutError::Audience {
            found: shortened(&named.join(" ")),
        }),
    }
}

fn text<'c>(
    claims: &'c Map<String, Value>,
    member: &'static str,
) -> Result<Option<&'c str>, LogoutError> {
    match claims.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() && text.len() <= 1024 => Ok(Some(text)),
        Some(_) => Err(LogoutError::Member { member }),
    }
}

fn moment(
    claims: &Map<String, Value>,
    member: &'static str,
) -> Result<Option<SystemTime>, LogoutError> {
    match claims.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => time(value).map(Some).ok_or(LogoutError::Member { member }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn read(changes: &Value) -> Result<LogoutToken, LogoutError> {
        let mut claims = json!({
            "iss": "https://as.example.com", "aud": "mcp", "iat": NOW, "jti": "1", "sub": "alice",
            "events": {EVENT: {}},
        });
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
        let claims = claims.as_object().expect("an object");
        LogoutToken::read(claims, "https://as.example.com", &["mcp".to_owned()], now)
    }

    #[test]
    fn rs_72_a_logout_token_says_all_that_it_must() {
        use LogoutError as E;
        for (changes, expected) in [
            (json!({"nonce": "n"}), E::Nonce),
            (json!({"iss": null}), E::Member { member: "iss" }),
            (
                json!({"iss": "https://as.example.com/"}),
                E::Issuer {
                    found: "https://as.example.com/".to_owned(),
                },
            ),
            (json!({"aud": null}), E::Member { member: "aud" }),
            (
                json!({"aud": []}),
                E::Audience {
                    found: String::new(),
                },
            ),
            (
                json!({"aud": ["other", 5]}),
                E::Audience {
                    found: "other".to_owned(),
                },
            ),
            (json!({"iat": null}), E::Member { member: "iat" }),
            (json!({"iat": "now"}), E::Member { member: "iat" }),
            (json!({"iat": NOW - 121}), E::Old { seconds: 121 }),
            (json!({"iat": NOW + 31}), E::Future { seconds: 31 }),
            (json!({"exp": NOW}), E::Expired),
            (json!({"events": null}), E::Event),
            (json!({"events": [EVENT]}), E::Event),
            (json!({"events": {}}), E::Event),
            (json!({"events": {EVENT: true}}), E::Event),
            (json!({"jti": null}), E::Member { member: "jti" }),
            (json!({"jti": ""}), E::Member { member: "jti" }),
            (json!({"sub": null}), E::Nobody),
            (json!({"sub": 5}), E::Member { member: "sub" }),
            (json!({"sid": {}}), E::Member { member: "sid" }),
        ] {
            assert_eq!(read(&changes).err(), Some(expected), "{changes}");
        }
    }

    #[test]
    fn a_session_is_revoked_before_its_user() {
        let subject = || Revocation::Subject("alice".to_owned());
        let session = |subject: Option<&str>| Revocation::Session {
            id: "s".to_owned(),
            subject: subject.map(str::to_owned),
        };
        for (changes, expected) in [
            (json!({}), subject()),
            (json!({"aud": ["other", "mcp"], "exp": NOW + 1}), subject()),
            (json!({"iat": NOW - 120}), subject()),
            (json!({"iat": NOW + 30}), subject()),
            (json!({"sid": "s"}), session(Some("alice"))),
            (json!({"sid": "s", "sub": null}), session(None)),
        ] {
            let read = read(&changes).map(|token| token.revocation);
            assert_eq!(read, Ok(expected), "{changes}");
        }
    }

    proptest! {
        #[test]
        fn any_claims_are_read_without_panic(text in "\\PC{0,20}", number in any::<f64>()) {
            for member in ["iss", "aud", "iat", "exp", "events", "jti", "sub", "sid"] {
                let _ = read(&json!({member: text}));
                let _ = read(&json!({member: number}));
            }
        }
    }
}
