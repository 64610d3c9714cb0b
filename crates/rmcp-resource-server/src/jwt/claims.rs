//! What the claims of a JWT mean: those of RFC 9068, and the names that some servers have for
//! them.

use serde_json::{Map, Value};

use super::jws::invalid;
use crate::{claims::Claims, error::TokenError};

/// Reads the claims of a JWT whose signature is good.
pub(super) fn read(mut claims: Map<String, Value>) -> Result<Claims, TokenError> {
    refuse_other_kinds(&claims)?;
    // Okta has an array, Entra a string.
    adopt(&mut claims, "scope", &["scp"]);
    // Auth0 and Entra; Okta.
    adopt(&mut claims, "client_id", &["azp", "cid"]);
    let claims = Claims::from_members(claims).map_err(|error| invalid(error.to_string()))?;
    for (claim, absent) in [
        ("iss", claims.issuer.is_none()),
        ("exp", claims.expires_at.is_none()),
    ] {
        if absent {
            return Err(TokenError::MissingClaim { claim });
        }
    }
    Ok(claims)
}

/// Refuses what an access token cannot have, in case the header's `typ` does not tell: the hashes
/// of an ID token, one of which is that of the access token (OpenID Connect Core §3.1.3.6,
/// §3.3.2.11), and the events of a logout token (RFC 8417 §2.2). `nonce` tells nothing: Keycloak
/// before 24 copied it into access tokens. `token_use` and `typ` among the claims are judged
/// elsewhere.
fn refuse_other_kinds(claims: &Map<String, Value>) -> Result<(), TokenError> {
    match ["at_hash", "c_hash", "events"]
        .into_iter()
        .find(|claim| claims.contains_key(*claim))
    {
        Some(claim) => Err(TokenError::RefusedKind {
            found: format!("with {claim}"),
        }),
        None => Ok(()),
    }
}

/// Gives the first of `others` that is there the name `member`, if nothing has it.
fn adopt(claims: &mut Map<String, Value>, member: &str, others: &[&str]) {
    if claims.get(member).is_some_and(|value| !value.is_null()) {
        return;
    }
    if let Some(value) = others.iter().find_map(|other| claims.get(*other)) {
        let value = value.clone();
        claims.insert(member.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reading(changes: Value) -> Result<Claims, TokenError> {
        let mut claims = json!({"iss": "https://as.example.com", "exp": 1_800_000_000});
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        read(claims.as_object().expect("an object").clone())
    }

    #[test]
    fn scopes_and_client_go_by_several_names() {
        for (changes, scopes, client) in [
            (json!({}), "", None),
            (json!({"scope": "a b", "client_id": "c"}), "a b", Some("c")),
            (json!({"scp": ["a", "b"], "cid": "c"}), "a b", Some("c")),
            (json!({"scp": "a b", "azp": "c"}), "a b", Some("c")),
            (json!({"scope": "a", "scp": "b"}), "a", None),
            (json!({"scope": "", "scp": "b"}), "", None),
            (json!({"scope": null, "scp": "b"}), "b", None),
            (
                json!({"client_id": "c", "azp": "d", "cid": "e"}),
                "",
                Some("c"),
            ),
            (json!({"azp": "d", "cid": "e"}), "", Some("d")),
        ] {
            let claims = reading(changes.clone()).expect("readable");
            assert_eq!(claims.scopes.to_string(), scopes, "{changes}");
            assert_eq!(claims.client_id.as_deref(), client, "{changes}");
        }
    }

    #[test]
    fn what_is_no_access_token_is_refused() {
        for (changes, expected) in [
            (json!({"iss": null}), "missing_claim"),
            (json!({"iss": ""}), "missing_claim"),
            (json!({"exp": null}), "missing_claim"),
            (json!({"exp": "1800000000"}), "invalid_jwt"),
            (json!({"scp": 5}), "invalid_jwt"),
            (json!({"aud": {}}), "invalid_jwt"),
            (json!({"at_hash": "x"}), "refused_kind"),
            (json!({"c_hash": "x"}), "refused_kind"),
            (json!({"events": {}}), "refused_kind"),
        ] {
            let error = reading(changes.clone()).expect_err("refused");
            assert_eq!(error.reason(), expected, "{changes}");
        }
        assert!(reading(json!({"nonce": "x"})).is_ok());
    }
}
