//! To which key a token is bound, and the names of keys.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

/// The SHA-256 thumbprint of a public key (RFC 7638) or of a certificate (RFC 8705 §3.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Thumbprint(pub(crate) [u8; 32]);

impl Thumbprint {
    /// Reads base64url, as in `jkt` (RFC 9449 §6.1) and in `x5t#S256`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// Whether both are the same. Takes the same time in any case.
    pub(crate) fn is(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binding {
    /// That it has all of these.
    To(Bound),
    /// Something that nothing here can check.
    Unknown,
}

/// What a token is bound to. Neither: it is a bearer token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Bound {
    /// A key of its client, by DPoP (RFC 9449).
    pub(crate) key: Option<Thumbprint>,
    /// A certificate of its client, by mutual TLS (RFC 8705 §3).
    pub(crate) certificate: Option<Thumbprint>,
}

/// The other registered methods of confirmation (RFC 7800, RFC 9203). A token that has one demands a
/// proof that nothing here checks.
const UNCHECKED: [&str; 5] = ["jwk", "jwe", "kid", "jku", "osc"];

impl Binding {
    /// Reads the member `cnf` (RFC 7800 §3.1) and whether the token's type is `DPoP`. Members that are
    /// no method of confirmation do not count (Keycloak adds `kc-jkt-type`), as the RFC demands.
    pub(crate) fn read(cnf: Option<&Value>, is_dpop: bool) -> Self {
        let bound = match cnf {
            None | Some(Value::Null) => Some(Bound::default()),
            Some(cnf) => Bound::read(cnf),
        };
        let bound = bound.filter(|bound| !is_dpop || bound.key.is_some());
        bound.map_or(Self::Unknown, Self::To)
    }

    /// What the token is bound to, as far as that can be checked.
    pub(crate) fn bound(&self) -> Bound {
        match self {
            Self::To(bound) => *bound,
            Self::Unknown => Bound::default(),
        }
    }
}

impl Bound {
    /// `None` if the member demands anything that nothing here checks, or confirms nothing.
    fn read(cnf: &Value) -> Option<Self> {
        let members = cnf.as_object()?;
        if UNCHECKED.iter().any(|method| members.contains_key(*method)) {
            return None;
        }
        let thumbprint = |name: &str| match members.get(name) {
            None => Some(None),
            Some(value) => Thumbprint::parse(value.as_str()?).map(Some),
        };
        let bound = Self {
            key: thumbprint("jkt")?,
            certificate: thumbprint("x5t#S256")?,
        };
        (bound != Self::default()).then_some(bound)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const JKT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

    const X5T: &str = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";

    #[test]
    fn only_thumbprints_without_another_demand_are_a_binding() {
        let parsed = |text: &str| Thumbprint::parse(text).expect("a thumbprint");
        let to = |key: Option<&str>, certificate: Option<&str>| {
            Binding::To(Bound {
                key: key.map(parsed),
                certificate: certificate.map(parsed),
            })
        };
        let (none, unknown) = (to(None, None), Binding::Unknown);
        let (key, certificate) = (to(Some(JKT), None), to(None, Some(X5T)));
        let both = to(Some(JKT), Some(X5T));
        for (cnf, is_dpop, expected) in [
            (json!(null), false, none),
            (json!(null), true, unknown),
            (json!({"jkt": JKT}), false, key),
            (json!({"jkt": JKT}), true, key),
            (json!({"jkt": JKT, "kc-jkt-type": "DPoP"}), true, key),
            (json!({"x5t#S256": X5T}), false, certificate),
            (json!({"x5t#S256": X5T, "more": 1}), false, certificate),
            (json!({"x5t#S256": X5T}), true, unknown),
            (json!({"jkt": JKT, "x5t#S256": X5T}), true, both),
            (json!({"jkt": JKT, "x5t#S256": X5T}), false, both),
            (json!({"jkt": JKT, "x5t#S256": null}), true, unknown),
            (json!({"jkt": JKT, "x5t#S256": ""}), true, unknown),
            (json!({"jkt": "", "x5t#S256": X5T}), false, unknown),
            (json!({"jkt": null, "x5t#S256": X5T}), false, unknown),
            (json!({"x5t#S256": X5T, "kid": "x"}), false, unknown),
            (json!({"x5t#S256": [X5T]}), false, unknown),
            (json!({"x5t#S256": format!("{X5T}=")}), false, unknown),
            (json!({"x5t": X5T}), false, unknown),
            (json!({"X5T#S256": X5T}), false, unknown),
            (json!({"jkt": JKT, "kid": "x"}), false, unknown),
            (json!({"jkt": JKT, "jwk": null}), false, unknown),
            (json!({"jkt": format!("{JKT}=")}), true, unknown),
            (json!({"jkt": &JKT[1..]}), true, unknown),
            (json!({"jkt": ""}), true, unknown),
            (json!({"jkt": [JKT]}), true, unknown),
            (json!({}), false, unknown),
            (json!([]), false, unknown),
            (json!(JKT), false, unknown),
            (json!(false), false, unknown),
        ] {
            assert_eq!(Binding::read(Some(&cnf), is_dpop), expected, "{cnf}");
        }
        assert_eq!(Binding::read(None, false), none);
        assert_eq!(parsed(JKT).to_string(), JKT);
        assert!(parsed(JKT).is(&parsed(JKT)) && !parsed(JKT).is(&parsed(X5T)));
    }
}
