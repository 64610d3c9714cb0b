//! To which key a token is bound, and the names of keys.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

/// The SHA-256 thumbprint of a public key (RFC 7638).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Thumbprint(pub(crate) [u8; 32]);

impl Thumbprint {
    /// Reads base64url, as in `jkt` (RFC 9449 §6.1).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What the holder of a token has to prove.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Binding {
    /// Nothing: it is a bearer token.
    #[default]
    None,
    /// That it has this key, by DPoP.
    Key(Thumbprint),
    /// Something that nothing here can check.
    Unknown,
}

/// The other registered methods of confirmation (RFC 7800, RFC 8705, RFC 9203). A token that has one
/// demands a proof that nothing here checks.
const UNCHECKED: [&str; 6] = ["jwk", "jwe", "kid", "jku", "x5t#S256", "osc"];

impl Binding {
    /// Reads the member `cnf` (RFC 7800 §3.1) and whether the token's type is `DPoP`. Members that are
    /// no method of confirmation do not count (Keycloak adds `kc-jkt-type`), as the RFC demands.
    pub(crate) fn read(cnf: Option<&Value>, is_dpop: bool) -> Self {
        match cnf {
            None | Some(Value::Null) if is_dpop => Self::Unknown,
            None | Some(Value::Null) => Self::None,
            Some(cnf) => cnf
                .as_object()
                .filter(|members| !UNCHECKED.iter().any(|method| members.contains_key(*method)))
                .and_then(|members| Thumbprint::parse(members.get("jkt")?.as_str()?))
                .map_or(Self::Unknown, Self::Key),
        }
    }
}

/// How a request presents its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presented {
    /// Without a proof, as a bearer token.
    Alone,
    /// With a proof of this key.
    WithKey(Thumbprint),
}

impl Presented {
    /// As a token with this binding should be.
    pub(crate) fn as_bound(binding: Binding) -> Self {
        match binding {
            Binding::Key(key) => Self::WithKey(key),
            Binding::None | Binding::Unknown => Self::Alone,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const JKT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

    #[test]
    fn only_a_thumbprint_without_another_demand_is_a_key() {
        let key = Binding::Key(Thumbprint::parse(JKT).expect("a thumbprint"));
        for (cnf, is_dpop, expected) in [
            (json!(null), false, Binding::None),
            (json!(null), true, Binding::Unknown),
            (json!({"jkt": JKT}), false, key),
            (json!({"jkt": JKT}), true, key),
            (json!({"jkt": JKT, "x5t#S256": JKT}), true, Binding::Unknown),
            (json!({"x5t#S256": JKT}), true, Binding::Unknown),
            (json!({"jkt": JKT, "kc-jkt-type": "DPoP"}), true, key),
            (json!({"jkt": JKT, "kid": "x"}), false, Binding::Unknown),
            (json!({"jkt": JKT, "jwk": null}), false, Binding::Unknown),
            (json!({"jkt": format!("{JKT}=")}), true, Binding::Unknown),
            (json!({"jkt": &JKT[1..]}), true, Binding::Unknown),
            (json!({"jkt": ""}), true, Binding::Unknown),
            (json!({"jkt": [JKT]}), true, Binding::Unknown),
            (json!({}), false, Binding::Unknown),
            (json!([]), false, Binding::Unknown),
            (json!(JKT), false, Binding::Unknown),
            (json!(false), false, Binding::Unknown),
        ] {
            assert_eq!(Binding::read(Some(&cnf), is_dpop), expected, "{cnf}");
        }
        assert_eq!(Binding::read(None, false), Binding::None);
        assert_eq!(
            Thumbprint::parse(JKT).expect("a thumbprint").to_string(),
            JKT
        );
    }
}
