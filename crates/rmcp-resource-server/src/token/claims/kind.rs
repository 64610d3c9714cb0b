//! What the members of an answer or a JWT reveal about the kind of token (checklist 48).
//!
//! Several authorization servers report ID tokens and refresh tokens as active, and sign ID tokens
//! with the keys of access tokens. Neither is meant for a resource server.

use serde_json::{Map, Value};

/// The names that servers use for a token's client: RFC 7662 and RFC 9068; OpenID Connect, Auth0
/// and Entra; Okta; AD FS and version 1 of Entra.
pub(crate) const CLIENT_MEMBERS: [&str; 4] = ["client_id", "azp", "cid", "appid"];

/// What shows that the token is not an access token, if anything does.
pub(super) fn refused(members: &Map<String, Value>) -> Option<Box<str>> {
    named_otherwise(members)
        .or_else(|| hashed(members))
        .or_else(|| meant_for_its_client(members))
        .map(String::into_boxed_str)
}

/// Whether a member says that this is an access token, or grants it something.
pub(crate) fn is_shown(members: &Map<String, Value>) -> bool {
    let says = |member, kinds: &[&str]| {
        let text = members.get(member).and_then(Value::as_str);
        text.is_some_and(|text| is_one_of(text, kinds))
    };
    ["scope", "scp"]
        .into_iter()
        .any(|member| holds(members, member))
        || says("token_type", &["bearer", "dpop", "access_token"])
        || says("token_use", &["access", "access_token"])
        || says("typ", &["bearer", "dpop", "at+jwt", "application/at+jwt"])
}

/// `token_use` comes from Ory Hydra and Cognito, `typ` from Keycloak, `tokenName` from ForgeRock.
fn named_otherwise(members: &Map<String, Value>) -> Option<String> {
    let accepted: [(&str, &[&str]); 4] = [
        ("token_use", &["access_token", "access"]),
        ("token_type", &["bearer", "access_token", "dpop"]),
        (
            "typ",
            &["bearer", "at+jwt", "application/at+jwt", "jwt", "dpop"],
        ),
        ("tokenName", &["access_token"]),
    ];
    accepted.into_iter().find_map(|(member, kinds)| {
        let value = present(members, member)?;
        let known = value.as_str().is_some_and(|text| is_one_of(text, kinds));
        (!known).then(|| format!("{member}={value}"))
    })
}

/// Hashes of the access token and the code that came with an ID token (OpenID Connect Core
/// §3.1.3.6, §3.3.2.11; FAPI 1.0 part 2 §5.1).
fn hashed(members: &Map<String, Value>) -> Option<String> {
    let marks = ["at_hash", "c_hash", "s_hash"];
    let mark = marks
        .into_iter()
        .find(|mark| present(members, mark).is_some());
    mark.map(|mark| format!("an ID token: it has the member {mark}"))
}

/// `nonce` and `auth_time` belong to ID tokens, but some servers copy them into access tokens. So
/// they count only if the token is for its own client, as an ID token is (OpenID Connect Core §2).
/// An access token is for a resource server.
///
/// ZITADEL names the client among the audiences of access tokens, and includes their `auth_time`.
/// It also includes type and scope, which no ID token has.
fn meant_for_its_client(members: &Map<String, Value>) -> Option<String> {
    let marks = ["nonce", "auth_time"];
    let mark = marks
        .into_iter()
        .find(|mark| present(members, mark).is_some())?;
    let audiences = audiences(members);
    let mut clients = CLIENT_MEMBERS
        .into_iter()
        .filter_map(|member| members.get(member)?.as_str())
        .filter(|client| !client.is_empty())
        .peekable();
    let names_no_client = clients.peek().is_none();
    let among_others = clients.any(|client| audiences.contains(&client));
    let refused = if names_no_client || (among_others && mark == "auth_time" && audiences.len() > 1)
    {
        !is_shown(members)
    } else {
        among_others
    };
    refused
        .then(|| format!("an ID token: it has the member {mark}, and its audience is its client"))
}

fn audiences(members: &Map<String, Value>) -> Vec<&str> {
    match members.get("aud") {
        Some(Value::String(single)) => vec![single],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Whether a member is a non-empty text or list.
pub(crate) fn holds(members: &Map<String, Value>, member: &str) -> bool {
    match members.get(member) {
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(Value::Array(items)) => items.iter().any(|item| item.as_str() != Some("")),
        _ => false,
    }
}

fn present<'m>(members: &'m Map<String, Value>, member: &str) -> Option<&'m Value> {
    members.get(member).filter(|value| !value.is_null())
}

fn is_one_of(text: &str, kinds: &[&str]) -> bool {
    kinds.iter().any(|kind| text.eq_ignore_ascii_case(kind))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rs_48_a_table_of_kinds() {
        let now = 1_800_000_000;
        for (members, is_refused) in [
            (json!({}), false),
            (
                json!({"token_type": "Bearer", "token_use": "access_token"}),
                false,
            ),
            (json!({"typ": "Bearer"}), false),
            (json!({"tokenName": "access_token"}), false),
            (
                json!({"token_type": "Bearer", "token_use": "refresh_token"}),
                true,
            ),
            (json!({"token_use": "id"}), true),
            (json!({"token_use": "ID_TOKEN"}), true),
            (json!({"token_use": ["access"]}), true),
            (json!({"token_use": null}), false),
            (json!({"token_type": "refresh_token"}), true),
            (json!({"token_type": "N_A"}), true),
            (json!({"token_type": ["Bearer"]}), true),
            (json!({"typ": "ID"}), true),
            (json!({"typ": "Refresh"}), true),
            (json!({"typ": "Offline"}), true),
            (json!({"tokenName": "refresh_token"}), true),
            // Hashes mark an ID token, whatever else it says.
            (
                json!({"at_hash": "x", "aud": "mcp", "client_id": "app", "scope": "a"}),
                true,
            ),
            (json!({"c_hash": "x"}), true),
            (json!({"c_hash": null}), false),
            (json!({"s_hash": "x"}), true),
            // Spring Authorization Server: an introspected ID token.
            (
                json!({"aud": ["app"], "azp": "app", "client_id": "app", "auth_time": now, "sid": "s"}),
                true,
            ),
            (json!({"aud": "app", "azp": "app", "nonce": "n"}), true),
            (
                json!({"aud": ["mcp", "app"], "client_id": "app", "nonce": "n", "scope": "a"}),
                true,
            ),
            (
                json!({"aud": "app", "client_id": "app", "auth_time": now, "scope": "a"}),
                true,
            ),
            (
                json!({"aud": ["mcp", "app"], "client_id": "app", "auth_time": now}),
                true,
            ),
            // An Entra ID token names no client.
            (json!({"aud": "guid", "nonce": "n", "scope": ""}), true),
            (json!({"aud": "guid", "auth_time": now, "azp": ""}), true),
            // Access tokens: old Keycloak, Cognito, ZITADEL, RFC 9068 §2.2.1.
            (json!({"aud": "mcp", "azp": "app", "nonce": "n"}), false),
            (
                json!({"client_id": "app", "token_use": "access", "auth_time": now}),
                false,
            ),
            (
                json!({
                    "aud": ["app", "project"], "client_id": "app", "auth_time": now,
                    "token_type": "Bearer", "scope": "openid",
                }),
                false,
            ),
            (
                json!({"aud": "mcp", "client_id": "app", "auth_time": now}),
                false,
            ),
            (json!({"aud": "mcp", "auth_time": now, "scope": "a"}), false),
            (
                json!({"aud": "app", "client_id": "app", "nonce": null}),
                false,
            ),
            (json!({"aud": "app", "client_id": "app"}), false),
        ] {
            let found = refused(members.as_object().expect("an object"));
            assert_eq!(found.is_some(), is_refused, "{members}: {found:?}");
        }
    }

    #[test]
    fn what_shows_an_access_token() {
        for (members, shown) in [
            (json!({}), false),
            (json!({"scope": "a"}), true),
            (json!({"scope": " "}), false),
            (json!({"scp": ["a"]}), true),
            (json!({"scp": [""]}), false),
            (json!({"scp": []}), false),
            (json!({"token_type": "bearer"}), true),
            (json!({"token_use": "access"}), true),
            (json!({"typ": "Bearer"}), true),
            (json!({"typ": "JWT"}), false),
            (json!({"roles": ["a"]}), false),
        ] {
            assert_eq!(
                is_shown(members.as_object().expect("an object")),
                shown,
                "{members}"
            );
        }
    }
}
