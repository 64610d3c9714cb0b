//! Decides whether this server accepts claims now. Runs on every request, cached or not.

mod audience;
#[cfg(feature = "diagnose")]
mod explain;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{
    dpop::mode::Dpop,
    error::{TokenError, shortened},
    mtls::header::ShownCertificate,
    token::{
        access_token::{AccessToken, Terms},
        binding::{Binding, Thumbprint},
        claims::Claims,
        presented::Presented,
        scope::Scopes,
    },
};
pub(crate) use audience::Audience;

/// How far in the future `nbf` may be, to allow for clock differences. There is no leeway for
/// `exp`.
const NOT_BEFORE_LEEWAY: Duration = Duration::from_secs(30);

/// What a token must satisfy.
pub(crate) struct Policy {
    pub(crate) terms: Arc<Terms>,
    /// At least one of them must be in `aud`.
    pub(crate) audiences: Box<[Audience]>,
    /// If not empty, `client_id` must be one of them; a token without `aud` is then accepted.
    pub(crate) allowed_client_ids: Box<[Box<str>]>,
    /// Accept a token without `aud` if its verifier cannot know the audience.
    pub(crate) accept_unbound_tokens: bool,
    pub(crate) required_scopes: Scopes,
    pub(crate) dpop: Dpop,
    /// Whether the certificates of clients are known here.
    pub(crate) knows_certificates: bool,
}

impl Policy {
    /// Judges `claims`, presented like this, at the time `now`. Expiry comes before scopes, so that an
    /// expired token never makes a client ask its user for more permissions.
    pub(crate) fn judge(
        &self,
        claims: Arc<Claims>,
        presented: Presented<'_>,
        now: SystemTime,
    ) -> Result<AccessToken, TokenError> {
        self.judge_kind(&claims)?;
        self.judge_binding(claims.binding, presented)?;
        self.judge_issuer(&claims)?;
        judge_time(&claims, now)?;
        self.judge_recipient(&claims)?;
        judge_principal(&claims)?;
        self.judge_scopes(&claims.scopes, &self.required_scopes)?;
        Ok(AccessToken::new(claims, self.terms.clone()))
    }

    /// Whether `granted` covers all of `required`.
    pub(crate) fn judge_scopes(
        &self,
        granted: &Scopes,
        required: &Scopes,
    ) -> Result<(), TokenError> {
        let covered = required
            .iter()
            .all(|scope| self.terms.hierarchy.satisfies(granted, scope));
        covered
            .then_some(())
            .ok_or_else(|| TokenError::InsufficientScope {
                required: required.clone(),
                granted: granted.clone(),
            })
    }

    /// If scopes are required, they decide about a token of unknown kind: an ID token has none.
    fn judge_kind(&self, claims: &Claims) -> Result<(), TokenError> {
        if let Some(kind) = &claims.refused_kind {
            return Err(TokenError::RefusedKind {
                found: shortened(kind),
            });
        }
        if claims.kind_unknown && self.required_scopes.is_empty() {
            return Err(TokenError::UnknownKind);
        }
        Ok(())
    }

    /// A bound token is good only with all that it is bound to (checklist 65).
    fn judge_binding(&self, binding: Binding, presented: Presented<'_>) -> Result<(), TokenError> {
        let Binding::To(bound) = binding else {
            return Err(TokenError::ProofOfPossession);
        };
        let is_unchecked = bound.key.is_some() && self.dpop == Dpop::Off
            || bound.certificate.is_some() && !self.knows_certificates;
        if is_unchecked {
            return Err(TokenError::ProofOfPossession);
        }
        self.judge_key(bound.key, presented.key)?;
        judge_certificate(bound.certificate, presented.certificate)
    }

    /// A token is never good without the proof that it needs, nor an unbound one with a proof (RFC
    /// 9449 §7).
    fn judge_key(
        &self,
        bound: Option<Thumbprint>,
        proven: Option<Thumbprint>,
    ) -> Result<(), TokenError> {
        match (bound, proven) {
            (Some(key), Some(proven)) if key.is(&proven) => Ok(()),
            (Some(_), Some(_)) => Err(TokenError::OtherKey),
            (Some(_), None) => Err(TokenError::WithoutProof),
            (None, Some(_)) => Err(TokenError::NotBound),
            (None, None) if self.dpop == Dpop::Required => Err(TokenError::WithoutProof),
            (None, None) => Ok(()),
        }
    }

    /// A missing `iss` is accepted: the answer came from the configured server, and several servers
    /// leave it out. (The JWT verifier requires it, because JWTs may come from anywhere.)
    fn judge_issuer(&self, claims: &Claims) -> Result<(), TokenError> {
        match &claims.issuer {
            Some(issuer) if *issuer != self.terms.issuer => Err(TokenError::WrongIssuer {
                found: shortened(issuer),
            }),
            _ => Ok(()),
        }
    }

    fn judge_recipient(&self, claims: &Claims) -> Result<(), TokenError> {
        let by_client_id = !self.allowed_client_ids.is_empty();
        if by_client_id {
            let client_id = claims.client_id.as_deref().unwrap_or_default();
            if !self.allowed_client_ids.iter().any(|id| **id == *client_id) {
                return Err(TokenError::ClientNotAllowed {
                    found: shortened(client_id),
                });
            }
        }
        if claims.audience.is_empty() {
            let unbound = self.accept_unbound_tokens && claims.audience_unknowable;
            return (by_client_id || unbound)
                .then_some(())
                .ok_or(TokenError::NoAudience);
        }
        let names_us = |aud: &str| self.audiences.iter().any(|ours| ours.is_named_by(aud));
        if claims.audience.iter().any(|aud| names_us(aud)) {
            Ok(())
        } else {
            Err(TokenError::WrongAudience {
                found: shortened(&claims.audience.join(" ")),
            })
        }
    }
}

/// A client may have a certificate and a token that is not bound to it, so only a bound token has the
/// certificate read (RFC 8705 §3).
fn judge_certificate(
    bound: Option<Thumbprint>,
    shown: ShownCertificate<'_>,
) -> Result<(), TokenError> {
    let Some(bound) = bound else {
        return Ok(());
    };
    match shown.thumbprint()? {
        Some(shown) if shown.is(&bound) => Ok(()),
        Some(_) => Err(TokenError::OtherCertificate),
        None => Err(TokenError::WithoutCertificate),
    }
}

/// Somebody must be accountable for what the token does (checklist 16): `sub`, `username` or
/// `client_id`.
fn judge_principal(claims: &Claims) -> Result<(), TokenError> {
    let names = [&claims.subject, &claims.username, &claims.client_id];
    names
        .iter()
        .any(|name| name.is_some())
        .then_some(())
        .ok_or(TokenError::NoPrincipal)
}

fn judge_time(claims: &Claims, now: SystemTime) -> Result<(), TokenError> {
    if claims.expires_at.is_some_and(|exp| exp <= now) {
        return Err(TokenError::Expired);
    }
    if claims
        .not_before
        .is_some_and(|nbf| nbf > now + NOT_BEFORE_LEEWAY)
    {
        return Err(TokenError::NotYetValid);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::token::{binding::Bound, scope::ScopeHierarchy};

    const NOW: u64 = 1_800_000_000;
    const SERVER: &str = "https://mcp.example.com/mcp";

    fn policy() -> Policy {
        Policy {
            terms: Terms::new("https://as.example.com", ScopeHierarchy::default()),
            audiences: Box::new([Audience::new(SERVER)]),
            allowed_client_ids: Box::new([]),
            accept_unbound_tokens: false,
            required_scopes: "read write".parse().expect("valid"),
            dpop: Dpop::Off,
            knows_certificates: false,
        }
    }

    fn judge(policy: &Policy, changes: Value) -> Result<AccessToken, TokenError> {
        let mut members = json!({
            "iss": "https://as.example.com", "sub": "alice", "client_id": "app", "aud": SERVER,
            "scope": "read write extra", "exp": NOW + 60,
        });
        for (name, value) in changes.as_object().expect("an object") {
            members[name] = value.clone();
        }
        let members = members.as_object().expect("an object").clone();
        let claims = Claims::from_members(members).expect("readable claims");
        policy.judge(
            Arc::new(claims),
            Presented::default(),
            SystemTime::UNIX_EPOCH + Duration::from_secs(NOW),
        )
    }

    fn reason(changes: Value) -> &'static str {
        match judge(&policy(), changes) {
            Ok(_) => "accepted",
            Err(error) => error.reason(),
        }
    }

    #[test]
    fn a_table_of_claims() {
        for (changes, expected) in [
            (json!({}), "accepted"),
            (json!({"iss": null}), "accepted"),
            (json!({"iss": "https://as.example.com/"}), "wrong_issuer"),
            (json!({"exp": null}), "accepted"),
            (json!({"exp": NOW}), "expired"),
            (json!({"exp": NOW + 1}), "accepted"),
            (json!({"exp": 1_800_000_000.5}), "accepted"),
            (json!({"nbf": NOW + 30}), "accepted"),
            (json!({"nbf": NOW + 31}), "not_yet_valid"),
            (json!({"aud": ["x", SERVER]}), "accepted"),
            (json!({"aud": null}), "no_audience"),
            (json!({"aud": []}), "no_audience"),
            (json!({"aud": ""}), "no_audience"),
            (json!({"aud": "x"}), "wrong_audience"),
            (
                json!({"aud": "HTTPS://MCP.example.com:443/mcp"}),
                "accepted",
            ),
            (
                json!({"aud": "https://mcp.example.com/mcp/"}),
                "wrong_audience",
            ),
            (json!({"aud": "https://mcp.example.com/"}), "wrong_audience"),
            (json!({"scope": "read"}), "insufficient_scope"),
            (json!({"scope": null}), "insufficient_scope"),
            (json!({"scope": "READ WRITE"}), "insufficient_scope"),
            (json!({"scope": "", "exp": NOW}), "expired"),
            (json!({"sub": null}), "accepted"),
            (json!({"client_id": null}), "accepted"),
            (
                json!({"sub": null, "client_id": null, "username": "alice"}),
                "accepted",
            ),
            (json!({"sub": null, "client_id": null}), "no_principal"),
            (json!({"sub": "", "client_id": ""}), "no_principal"),
            (
                json!({"sub": null, "client_id": null, "scope": ""}),
                "no_principal",
            ),
            (json!({"token_use": "refresh_token"}), "refused_kind"),
            (json!({"cnf": {"jkt": "x"}}), "proof_of_possession"),
            (json!({"token_type": "DPoP"}), "proof_of_possession"),
        ] {
            assert_eq!(reason(changes.clone()), expected, "{changes}");
        }
    }

    #[test]
    fn a_client_id_list_admits_only_its_clients() {
        let policy = Policy {
            allowed_client_ids: Box::new(["app".into()]),
            ..policy()
        };
        for (changes, accepted) in [
            (json!({"aud": null}), true),
            (json!({}), true),
            (json!({"aud": "x"}), false),
            (json!({"aud": null, "client_id": "other"}), false),
            (json!({"client_id": "other"}), false),
            (json!({"aud": null, "client_id": null}), false),
        ] {
            assert_eq!(
                judge(&policy, changes.clone()).is_ok(),
                accepted,
                "{changes}"
            );
        }
    }

    #[test]
    fn an_unbound_token_needs_both_the_opt_in_and_a_verifier_that_cannot_know() {
        for accept_unbound_tokens in [false, true] {
            for audience_unknowable in [false, true] {
                let policy = Policy {
                    accept_unbound_tokens,
                    required_scopes: Scopes::none(),
                    ..policy()
                };
                let members = json!({"sub": "alice"}).as_object().cloned();
                let members = members.expect("an object");
                let mut claims = Claims::from_members(members).expect("readable");
                claims.audience_unknowable = audience_unknowable;
                let judged = policy.judge(
                    Arc::new(claims),
                    Presented::default(),
                    SystemTime::UNIX_EPOCH,
                );
                let accepted = accept_unbound_tokens && audience_unknowable;
                assert_eq!(judged.is_ok(), accepted);
            }
        }
    }

    #[test]
    fn rs_48_without_required_scopes_the_kind_must_be_known() {
        for (required, kind_unknown, expected) in [
            ("read", false, "accepted"),
            ("read", true, "accepted"),
            ("", false, "accepted"),
            ("", true, "unknown_kind"),
        ] {
            let policy = Policy {
                required_scopes: required.parse().expect("valid"),
                ..policy()
            };
            let members = json!({"sub": "alice", "aud": SERVER, "scope": "read"});
            let members = members.as_object().expect("an object").clone();
            let mut claims = Claims::from_members(members).expect("readable");
            claims.kind_unknown = kind_unknown;
            let judged = policy.judge(
                Arc::new(claims),
                Presented::default(),
                SystemTime::UNIX_EPOCH,
            );
            let reason = judged.map_or_else(|error| error.reason(), |_| "accepted");
            assert_eq!(reason, expected, "{required:?} {kind_unknown}");
        }
    }

    #[test]
    fn rs_65_a_token_and_its_proof_belong_together() {
        use Dpop::{Allowed, Off, Required};
        let (key, other) = (Some(Thumbprint([1; 32])), Some(Thumbprint([2; 32])));
        let to = |key| {
            Binding::To(Bound {
                key,
                certificate: None,
            })
        };
        let unchecked = "proof_of_possession";
        for (binding, key, by_mode) in [
            (to(None), None, ["good", "good", "without_proof"]),
            (to(None), key, ["not_bound"; 3]),
            (to(key), None, [unchecked, "without_proof", "without_proof"]),
            (to(key), key, [unchecked, "good", "good"]),
            (to(key), other, [unchecked, "other_key", "other_key"]),
            (Binding::Unknown, None, [unchecked; 3]),
            (Binding::Unknown, key, [unchecked; 3]),
        ] {
            for (dpop, expected) in [Off, Allowed, Required].into_iter().zip(by_mode) {
                let policy = Policy { dpop, ..policy() };
                let presented = Presented {
                    key,
                    ..Presented::default()
                };
                let judged = policy.judge_binding(binding, presented);
                let reason = judged.map_or_else(|error| error.reason(), |()| "good");
                assert_eq!(reason, expected, "{dpop:?} {binding:?} {key:?}");
            }
        }
    }

    #[test]
    fn rs_65_a_token_and_its_certificate_belong_together() {
        let (mine, other) = (Some(Thumbprint([1; 32])), Some(Thumbprint([2; 32])));
        let unchecked = "proof_of_possession";
        // Bound to a key, to a certificate; shown: a key, a certificate; without and with certificates.
        for (bound, key, certificate, expected) in [
            ((None, None), None, None, ["good", "good"]),
            ((None, None), None, mine, ["good", "good"]),
            ((None, mine), None, mine, [unchecked, "good"]),
            ((None, mine), None, None, [unchecked, "without_certificate"]),
            ((None, mine), None, other, [unchecked, "other_certificate"]),
            ((None, mine), mine, mine, [unchecked, "not_bound"]),
            ((mine, None), mine, other, ["good", "good"]),
            ((mine, mine), mine, mine, [unchecked, "good"]),
            ((mine, mine), None, mine, [unchecked, "without_proof"]),
            ((mine, mine), other, mine, [unchecked, "other_key"]),
            ((mine, mine), mine, None, [unchecked, "without_certificate"]),
            ((mine, mine), mine, other, [unchecked, "other_certificate"]),
        ] {
            for (knows_certificates, expected) in [false, true].into_iter().zip(expected) {
                let policy = Policy {
                    knows_certificates,
                    dpop: Dpop::Allowed,
                    ..policy()
                };
                let bound = Bound {
                    key: bound.0,
                    certificate: bound.1,
                };
                let presented = Presented::from(Bound { key, certificate });
                let judged = policy.judge_binding(Binding::To(bound), presented);
                let reason = judged.map_or_else(|error| error.reason(), |()| "good");
                assert_eq!(reason, expected, "{bound:?} {presented:?}");
            }
        }
        let required = Policy {
            knows_certificates: true,
            dpop: Dpop::Required,
            ..policy()
        };
        let bound = Bound {
            key: None,
            certificate: mine,
        };
        let judged = required.judge_binding(Binding::To(bound), bound.into());
        assert_eq!(judged, Err(TokenError::WithoutProof), "a key is required");
    }

    #[test]
    fn rs_50_a_clients_own_token_is_no_users() {
        for (changes, user) in [
            (json!({}), Some("alice")),
            (json!({"sub": "app"}), None),
            (json!({"sub": null}), None),
        ] {
            let token = judge(&policy(), changes).expect("accepted");
            assert_eq!(token.user(), user);
        }
    }

    proptest! {
        #[test]
        fn rs_47_no_other_audience_matches(
            aud in "[ -~]{0,40}|https://mcp.example.com/mcp.{1,3}|.{1,3}https://mcp.example.com/mcp",
        ) {
            let accepted = judge(&policy(), json!({"aud": aud})).is_ok();
            prop_assert!(!accepted);
        }
    }
}
