//! Claims as they are in a store that replicas share.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::Claims;
use crate::token::{
    binding::{Binding, Bound, Thumbprint},
    scope::Scopes,
};

/// Everything but when it was learned. Short names: there may be a million of these.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredClaims {
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    issuer: Option<Box<str>>,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    subject: Option<Box<str>>,
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    username: Option<Box<str>>,
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    client_id: Option<Box<str>>,
    #[serde(rename = "a")]
    audience: Box<[Box<str>]>,
    #[serde(rename = "p")]
    scopes: Box<[Box<str>]>,
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Time>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    not_before: Option<Time>,
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    issued_at: Option<Time>,
    #[serde(rename = "z", default, skip_serializing_if = "Option::is_none")]
    session: Option<Box<str>>,
    #[serde(rename = "v")]
    verified_alone: bool,
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    refused_kind: Option<Box<str>>,
    #[serde(rename = "k")]
    kind_unknown: bool,
    #[serde(rename = "l")]
    kind_told: bool,
    /// `None`: bound to something that nothing here can check.
    #[serde(rename = "b")]
    bound: Option<[Option<[u8; 32]>; 2]>,
    #[serde(rename = "w")]
    audience_unknowable: bool,
    #[serde(rename = "x")]
    extra: Box<str>,
}

/// Seconds and nanoseconds since 1970; no claim is of an earlier time.
type Time = (u64, u32);

impl StoredClaims {
    pub(crate) fn of(claims: &Claims) -> Self {
        Self {
            issuer: claims.issuer.clone(),
            subject: claims.subject.clone(),
            username: claims.username.clone(),
            client_id: claims.client_id.clone(),
            audience: claims.audience.clone(),
            scopes: claims.scopes.iter().map(Box::from).collect(),
            expires_at: claims.expires_at.map(stored),
            not_before: claims.not_before.map(stored),
            issued_at: claims.issued_at.map(stored),
            session: claims.session.clone(),
            verified_alone: claims.verified_alone,
            refused_kind: claims.refused_kind.clone(),
            kind_unknown: claims.kind_unknown,
            kind_told: claims.kind_told,
            bound: match &claims.binding {
                Binding::To(bound) => Some(
                    [bound.key, bound.certificate].map(|key| key.map(|Thumbprint(bytes)| bytes)),
                ),
                Binding::Unknown => None,
            },
            audience_unknowable: claims.audience_unknowable,
            extra: claims.extra.clone(),
        }
    }

    /// The claims, except for when they were learned. `None` if a time is impossible.
    pub(crate) fn into_claims(self) -> Option<Claims> {
        let time = |stored: Option<Time>| match stored {
            Some(stored) => read(stored).map(Some),
            None => Some(None),
        };
        Some(Claims {
            issuer: self.issuer,
            subject: self.subject,
            username: self.username,
            client_id: self.client_id,
            audience: self.audience,
            scopes: Scopes::granted(self.scopes.iter().map(AsRef::as_ref)),
            expires_at: time(self.expires_at)?,
            not_before: time(self.not_before)?,
            issued_at: time(self.issued_at)?,
            session: self.session,
            asked_at: None,
            verified_alone: self.verified_alone,
            refused_kind: self.refused_kind,
            kind_unknown: self.kind_unknown,
            kind_told: self.kind_told,
            binding: match self.bound {
                Some(keys) => {
                    let [key, certificate] = keys.map(|key| key.map(Thumbprint));
                    Binding::To(Bound { key, certificate })
                }
                None => Binding::Unknown,
            },
            audience_unknowable: self.audience_unknowable,
            extra: self.extra,
        })
    }
}

fn stored(time: SystemTime) -> Time {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    (since.as_secs(), since.subsec_nanos())
}

fn read((seconds, nanoseconds): Time) -> Option<SystemTime> {
    let since =
        Duration::from_secs(seconds).checked_add(Duration::from_nanos(nanoseconds.into()))?;
    SystemTime::UNIX_EPOCH.checked_add(since)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;

    fn text() -> impl Strategy<Value = Value> {
        prop_oneof![Just(Value::Null), "\\PC{0,12}".prop_map(Value::from)]
    }

    fn texts() -> impl Strategy<Value = Value> {
        prop_oneof![
            text(),
            prop::collection::vec("\\PC{0,12}", 0..4).prop_map(Value::from)
        ]
    }

    fn time() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            (0..4_000_000_000_u64).prop_map(Value::from),
            (-1e3..4e9_f64).prop_map(Value::from),
        ]
    }

    fn binding() -> impl Strategy<Value = Value> {
        let jkt = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
        prop_oneof![
            Just(Value::Null),
            Just(json!({"jkt": jkt})),
            Just(json!({"x5t#S256": jkt})),
            Just(json!({"jkt": jkt, "x5t#S256": jkt})),
            Just(json!({"kid": "unknown"})),
        ]
    }

    proptest! {
        #[test]
        fn stored_claims_are_the_same_when_they_come_back(
            names in prop::collection::vec(text(), 6),
            lists in prop::collection::vec(texts(), 2),
            times in prop::collection::vec(time(), 3),
            cnf in binding(),
            token_type in prop_oneof![Just(Value::Null), Just(json!("DPoP")), Just(json!("id"))],
            flags in any::<(bool, bool, bool)>(),
        ) {
            let mut members = Map::new();
            let ids = ["iss", "sub", "username", "client_id", "sid", "department"];
            members.extend(ids.map(str::to_owned).into_iter().zip(names));
            members.extend(["aud", "scope"].map(str::to_owned).into_iter().zip(lists));
            members.extend(["exp", "nbf", "iat"].map(str::to_owned).into_iter().zip(times));
            members.insert("cnf".to_owned(), cnf);
            members.insert("token_type".to_owned(), token_type);
            let mut claims = Claims::from_members(members).expect("claims of the right types");
            (claims.kind_unknown, claims.audience_unknowable, claims.verified_alone) = flags;

            let text = serde_json::to_vec(&StoredClaims::of(&claims)).expect("JSON");
            let stored: StoredClaims = serde_json::from_slice(&text).expect("the same form");
            let back = stored.into_claims().expect("possible times");
            // All fields, by their names, so that a new one is not forgotten here.
            let Claims {
                issuer, subject, username, client_id, audience, scopes, expires_at, not_before,
                issued_at, session, asked_at, verified_alone, refused_kind, kind_unknown, kind_told,
                binding, audience_unknowable, extra,
            } = back;
            prop_assert_eq!(&issuer, &claims.issuer);
            prop_assert_eq!(&subject, &claims.subject);
            prop_assert_eq!(&username, &claims.username);
            prop_assert_eq!(&client_id, &claims.client_id);
            prop_assert_eq!(&audience, &claims.audience);
            prop_assert_eq!(&scopes, &claims.scopes);
            prop_assert_eq!(expires_at, claims.expires_at);
            prop_assert_eq!(not_before, claims.not_before);
            prop_assert_eq!(issued_at, claims.issued_at);
            prop_assert_eq!(&session, &claims.session);
            prop_assert_eq!(asked_at, None);
            prop_assert_eq!(verified_alone, claims.verified_alone);
            prop_assert_eq!(&refused_kind, &claims.refused_kind);
            prop_assert_eq!(kind_unknown, claims.kind_unknown);
            prop_assert_eq!(kind_told, claims.kind_told);
            prop_assert_eq!(&binding, &claims.binding);
            prop_assert_eq!(audience_unknowable, claims.audience_unknowable);
            prop_assert_eq!(&extra, &claims.extra);
        }
    }
}
