//! Runs each check of the policy by itself, even those that `judge` does not reach, for an
//! operator.

use std::time::SystemTime;

use super::{NOT_BEFORE_LEEWAY, Policy, judge_principal};
use crate::{
    diagnose::check::Check,
    dpop::mode::Dpop,
    error::{TokenError, shortened},
    token::{binding::Binding, claims::Claims, presented::Presented},
};

impl Policy {
    /// Every check in the order of [`judge`](Self::judge), for a token presented as it should be. The
    /// first failure is the error that `judge` returns.
    pub(crate) fn explain(&self, claims: &Claims, now: SystemTime) -> Vec<Check> {
        let mut checks = self.kind(claims).to_vec();
        checks.push(Check::judged(
            "iss",
            quoted(claims.issuer.as_deref()),
            format!("{:?}, or none", self.terms.issuer),
            self.judge_issuer(claims),
        ));
        checks.extend(times(claims, now));
        checks.extend(self.recipient(claims));
        checks.push(principal(claims));
        let required = match self.required_scopes.is_empty() {
            true => "none in particular".to_owned(),
            false => format!("all of \"{}\"", self.required_scopes),
        };
        checks.push(Check::judged(
            "scope",
            format!("{:?}", shortened(&claims.scopes.to_string())),
            required,
            self.judge_scopes(&claims.scopes, &self.required_scopes),
        ));
        checks
    }

    fn kind(&self, claims: &Claims) -> [Check; 2] {
        let bound_text = match claims.binding {
            Binding::To(bound) => {
                let key = bound.key.map(|key| format!("the key {key} (DPoP)"));
                let certificate = (bound.certificate).map(|certificate| {
                    format!("the client certificate {certificate} (mutual TLS)")
                });
                let all: Vec<_> = key.into_iter().chain(certificate).collect();
                match all.is_empty() {
                    true => "not bound to a key".to_owned(),
                    false => format!("bound to {}, by cnf", all.join(" and ")),
                }
            }
            Binding::Unknown => "bound to a key (cnf, or type DPoP)".to_owned(),
        };
        let kind_text = match &claims.refused_kind {
            Some(kind) => shortened(kind),
            None if claims.kind_unknown => "nothing says: no type and no scopes".to_owned(),
            None => "nothing says otherwise".to_owned(),
        };
        let presented = Presented::from(claims.binding.bound());
        let bound = self.judge_binding(claims.binding, presented);
        [
            Check::judged(
                "kind",
                kind_text,
                "an access token",
                self.judge_kind(claims),
            ),
            Check::judged("cnf", bound_text, self.bound_wanted(), bound),
        ]
    }

    /// What a token may be bound to.
    fn bound_wanted(&self) -> &'static str {
        match (self.dpop, self.knows_certificates) {
            (Dpop::Off, false) => "a bearer token, not bound to a key",
            (Dpop::Off, true) => {
                "not bound, or bound to a client certificate by its thumbprint (x5t#S256) and \
                 nothing else"
            }
            (Dpop::Allowed, false) => {
                "not bound, or bound to a key by its thumbprint (jkt) and nothing else"
            }
            (Dpop::Allowed, true) => {
                "not bound, or bound by thumbprints to a key (jkt), a client certificate \
                 (x5t#S256) or both, and nothing else"
            }
            (Dpop::Required, false) => "bound to a key by its thumbprint (jkt) and nothing else",
            (Dpop::Required, true) => {
                "bound to a key by its thumbprint (jkt), possibly also to a client certificate \
                 (x5t#S256), and nothing else"
            }
        }
    }

    fn recipient(&self, claims: &Claims) -> Vec<Check> {
        let judged = self.judge_recipient(claims);
        let mut checks = Vec::new();
        let by_client_id = !self.allowed_client_ids.is_empty();
        if by_client_id {
            let refused = match &judged {
                Err(error @ TokenError::ClientNotAllowed { .. }) => Err(error.clone()),
                _ => Ok(()),
            };
            checks.push(Check::judged(
                "client_id",
                quoted(claims.client_id.as_deref()),
                format!("one of {:?}", self.allowed_client_ids),
                refused,
            ));
        }
        let found = shortened(&format!("{:?}", claims.audience));
        let or_none =
            match by_client_id || (self.accept_unbound_tokens && claims.audience_unknowable) {
                true => ", or none",
                false => "",
            };
        let wanted = format!("one of {:?}{or_none}", self.audiences);
        checks.push(match judged {
            Err(TokenError::ClientNotAllowed { .. }) => Check::skipped("aud", found, wanted),
            judged => Check::judged("aud", found, wanted, judged),
        });
        checks
    }
}

fn principal(claims: &Claims) -> Check {
    Check::judged(
        "principal",
        format!(
            "sub {}, username {}, client_id {}",
            quoted(claims.subject.as_deref()),
            quoted(claims.username.as_deref()),
            quoted(claims.client_id.as_deref())
        ),
        "a subject, a user name or a client",
        judge_principal(claims),
    )
}

fn times(claims: &Claims, now: SystemTime) -> [Check; 2] {
    let expired = claims.expires_at.is_some_and(|exp| exp <= now);
    let early = claims
        .not_before
        .is_some_and(|nbf| nbf > now + NOT_BEFORE_LEEWAY);
    let failing = |fails: bool, error| if fails { Err(error) } else { Ok(()) };
    [
        Check::judged(
            "exp",
            when(claims.expires_at, now),
            "in the future, or none",
            failing(expired, TokenError::Expired),
        ),
        Check::judged(
            "nbf",
            when(claims.not_before, now),
            format!(
                "at most {} s in the future, or none",
                NOT_BEFORE_LEEWAY.as_secs()
            ),
            failing(early, TokenError::NotYetValid),
        ),
    ]
}

fn quoted(text: Option<&str>) -> String {
    match text {
        Some(text) => format!("{:?}", shortened(text)),
        None => "none".to_owned(),
    }
}

fn when(time: Option<SystemTime>, now: SystemTime) -> String {
    match time.map(|time| (time, time.duration_since(now))) {
        None => "none".to_owned(),
        Some((_, Ok(ahead))) => format!("in {} s", ahead.as_secs()),
        Some((_, Err(ago))) => format!("{} s ago", ago.duration().as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        diagnose::check::{Cause, Outcome},
        policy::Audience,
        token::access_token::Terms,
        token::scope::{ScopeHierarchy, Scopes},
    };

    const NOW: u64 = 1_800_000_000;
    const JKT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

    fn maybe(values: Vec<Value>) -> impl Strategy<Value = Value> {
        proptest::sample::select(values)
    }

    fn members() -> impl Strategy<Value = Value> {
        (
            maybe(vec![
                json!(null),
                json!("https://as.example.com"),
                json!("https://other"),
            ]),
            maybe(vec![json!(null), json!(NOW), json!(NOW + 1)]),
            maybe(vec![json!(null), json!(NOW + 30), json!(NOW + 31)]),
            maybe(vec![
                json!(null),
                json!("mcp"),
                json!(["x", "mcp"]),
                json!("x"),
            ]),
            maybe(vec![json!(null), json!("app"), json!("other")]),
            maybe(vec![json!(null), json!("read write"), json!("read")]),
            maybe(vec![
                json!(null),
                json!("DPoP"),
                json!("refresh"),
                json!("Bearer"),
            ]),
            maybe(vec![
                json!(null),
                json!({"jkt": "x"}),
                json!({"jkt": JKT}),
                json!({"x5t#S256": JKT}),
                json!({"jkt": JKT, "x5t#S256": JKT}),
            ]),
            maybe(vec![json!(null), json!("alice")]),
        )
            .prop_map(|(iss, exp, nbf, aud, client_id, scope, token_type, cnf, sub)| {
                json!({
                    "sub": sub, "iss": iss, "exp": exp, "nbf": nbf, "aud": aud, "client_id": client_id,
                    "scope": scope, "token_type": token_type, "cnf": cnf,
                })
            })
    }

    proptest! {
        #[test]
        fn the_first_failed_check_is_what_the_policy_says(
            members in members(), by_client_id in any::<bool>(), unbound in any::<bool>(),
            scopes in any::<bool>(), kind_unknown in any::<bool>(),
            dpop in proptest::sample::select(vec![Dpop::Off, Dpop::Allowed, Dpop::Required]),
            knows_certificates in any::<bool>(),
        ) {
            let allowed: &[Box<str>] = if by_client_id { &["app".into()] } else { &[] };
            let policy = Policy {
                terms: Terms::new("https://as.example.com", ScopeHierarchy::default()),
                audiences: Box::new([Audience::new("mcp")]),
                allowed_client_ids: allowed.into(),
                accept_unbound_tokens: unbound,
                required_scopes: match scopes {
                    true => "read write".parse().expect("valid"),
                    false => Scopes::none(),
                },
                dpop,
                knows_certificates,
            };
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
            let mut claims = Claims::from_members(members.as_object().expect("an object").clone())
                .expect("readable");
            claims.audience_unknowable = unbound;
            claims.kind_unknown = kind_unknown;
            let presented = Presented::from(claims.binding.bound());
            let explained = policy.explain(&claims, now);
            let failed = explained.into_iter().find(|check| check.outcome == Outcome::Failed);
            let judged = policy.judge(Arc::new(claims), presented, now);
            prop_assert_eq!(
                failed.and_then(|check| check.cause),
                judged.err().map(Cause::Token)
            );
        }
    }
}
