//! What the claims of a JWT mean: those of RFC 9068, and the names that some servers use instead.

use serde_json::{Map, Value};

use super::jws::invalid;
use crate::{
    error::TokenError,
    token::claims::{Claims, kind},
};

/// Reads the claims of a JWT whose signature is good. `typed` means that its header says it is an
/// access token (RFC 9068 §2.1).
pub(super) fn read(mut claims: Map<String, Value>, typed: bool) -> Result<Claims, TokenError> {
    // A logout token (RFC 8417 §2.2, OpenID Connect Back-Channel Logout §2.4).
    if claims.contains_key("events") {
        let found = "a logout token: it has the member events".to_owned();
        return Err(TokenError::RefusedKind { found });
    }
    // A signed introspection response (RFC 9701 §8.1). Its typ gives it away too, if it has one.
    if claims.contains_key("token_introspection") {
        let found = "an introspection response: it has the member token_introspection".to_owned();
        return Err(TokenError::RefusedKind { found });
    }
    let shown = typed || kind::is_shown(&claims) || has_roles(&claims);
    // Okta has an array, Entra a string.
    adopt(&mut claims, "scope", &["scp"]);
    adopt(&mut claims, "client_id", &kind::CLIENT_MEMBERS);
    let mut claims = Claims::from_members(claims).map_err(|error| invalid(error.to_string()))?;
    claims.kind_unknown = !shown;
    claims.verified_alone = true;
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

/// Entra grants roles, and Auth0 permissions, to a client that acts for itself and so has no
/// scopes. ID tokens may have roles too, but do not name a client.
fn has_roles(claims: &Map<String, Value>) -> bool {
    let holds = |member: &&str| kind::holds(claims, member);
    ["roles", "permissions"].iter().any(holds) && kind::CLIENT_MEMBERS.iter().any(holds)
}

/// Renames the first of `others` that is present to `member`, if nothing has that name yet.
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
        read(claims.as_object().expect("an object").clone(), false)
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
            (json!({"appid": "f"}), "", Some("f")),
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
            (json!({"events": {}}), "refused_kind"),
        ] {
            let error = reading(changes.clone()).expect_err("refused");
            assert_eq!(error.reason(), expected, "{changes}");
        }
        let of_old_keycloak = json!({"nonce": "x", "azp": "app", "aud": "mcp", "typ": "Bearer"});
        for (changes, refused) in [
            (of_old_keycloak, false),
            (json!({"at_hash": "x"}), true),
            (json!({"nonce": "x"}), true),
            (json!({"azp": "app", "aud": "app", "auth_time": 1}), true),
        ] {
            let claims = reading(changes.clone()).expect("readable");
            assert_eq!(claims.refused_kind.is_some(), refused, "{changes}");
        }
    }

    #[test]
    fn rs_48_what_shows_no_kind_is_marked() {
        for (changes, unknown) in [
            (json!({}), true),
            (json!({"azp": "c"}), true),
            (json!({"azp": "c", "idtyp": "app", "roles": []}), true),
            (json!({"roles": ["Admin"]}), true),
            (json!({"azp": "c", "roles": ["Admin"]}), false),
            (json!({"azp": "c", "permissions": ["read"]}), false),
            (json!({"scp": "access"}), false),
            (json!({"scope": "a"}), false),
            (json!({"token_use": "access"}), false),
        ] {
            let claims = reading(changes.clone()).expect("readable");
            assert_eq!(claims.kind_unknown, unknown, "{changes}");
            let members = changes.as_object().expect("an object").clone();
            let typed = json!({"iss": "i", "exp": 1}).as_object().cloned();
            let typed = typed.into_iter().flatten().chain(members).collect();
            let claims = read(typed, true).expect("readable");
            assert!(!claims.kind_unknown, "{changes}");
        }
    }
}
