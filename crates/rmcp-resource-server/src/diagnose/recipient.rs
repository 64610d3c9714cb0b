//! What the policy's checks do not see: tokens of other kinds that an authorization server calls
//! active, and what an audience stands for.

use super::check::{Cause, Check, Outcome};
use crate::{
    error::{TokenError, shortened},
    policy::Policy,
    token::claims::Claims,
};

/// Refines the checks of an introspected token with what its other claims show.
pub(super) fn refine(checks: &mut [Check], claims: &Claims, policy: &Policy, own_client_id: &str) {
    for check in checks {
        match check.name {
            "kind" => refine_kind(check, claims, policy),
            "aud" => refine_audience(check, claims, policy, own_client_id),
            _ => {}
        }
    }
}

/// Spring Authorization Server calls ID tokens and refresh tokens active without saying what kind
/// they are. They have no scope.
fn refine_kind(check: &mut Check, claims: &Claims, policy: &Policy) {
    if check.outcome != Outcome::Passed || claims.kind_told {
        return;
    }
    "the answer does not say: no token_type, token_use or typ".clone_into(&mut check.found);
    if policy.required_scopes.is_empty() {
        check.outcome = Outcome::Warning;
        let has_scope = !claims.scopes.is_empty();
        check.cause = Some(Cause::UntoldKind { has_scope });
    }
}

fn refine_audience(check: &mut Check, claims: &Claims, policy: &Policy, own_client_id: &str) {
    let issued_to = claims.client_id.as_deref();
    if matches!(
        check.cause,
        Some(Cause::Token(TokenError::WrongAudience { .. }))
    ) {
        check.cause = Some(Cause::OtherAudience {
            audience: claims.audience.iter().map(|aud| shortened(aud)).collect(),
            issued_to: issued_to.map(shortened),
            own_client_id: own_client_id.to_owned(),
            is_scope: claims.audience.join(" ") == claims.scopes.to_string(),
        });
    } else if let Some(client_id) = issued_to
        && check.outcome == Outcome::Passed
        && policy.required_scopes.is_empty()
        && policy
            .audiences
            .iter()
            .any(|aud| aud.is_named_by(client_id))
        && claims.audience.iter().any(|aud| **aud == *client_id)
    {
        check.outcome = Outcome::Warning;
        check.cause = Some(Cause::AudienceIsClient {
            client_id: shortened(client_id),
        });
    }
}
