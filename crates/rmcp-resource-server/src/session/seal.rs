//! Binds an MCP session to the principal that opened it, without keeping state.
//!
//! rmcp's sessions have no owner: anyone with an id could use the session. So the client gets the
//! id with a seal, `<id>.<mac>`, where the MAC covers the id and the principal. Every request with
//! a session id must carry the seal that fits the principal of its own token; rmcp then sees the
//! bare id. A refreshed token has the same principal and so keeps the session (MCP security best
//! practices, session hijacking). Only a token that names no user stands for itself.

use std::path::Path;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::{
    secret::{KeyFileError, read_key_file},
    token::{
        access_token::{AccessToken, Fingerprint},
        bearer::BearerToken,
        binding::Bound,
        keyed_hash::{HashKey, append},
    },
};

/// The key that seals session ids. Replicas that serve the same sessions must share it.
#[derive(Clone, Debug)]
pub struct SessionKey(HashKey);

impl SessionKey {
    /// A fresh random key: seals do not outlive the process.
    pub fn random() -> Self {
        Self(HashKey::random())
    }

    /// Takes the content of a file as the key; see [`read_key_file`].
    ///
    /// # Errors
    ///
    /// [`KeyFileError`].
    pub fn from_file(path: &Path) -> Result<Self, KeyFileError> {
        Ok(Self(HashKey::new(&read_key_file(path)?)))
    }

    /// A key that was derived from another one.
    #[cfg(feature = "redis")]
    pub(crate) fn new(key: HashKey) -> Self {
        Self(key)
    }

    /// The key of nonces for DPoP proofs.
    pub(crate) fn nonce_key(&self) -> HashKey {
        self.0.derive(&["DPoP nonce"])
    }

    /// The sealed id, for its owner.
    pub(crate) fn seal(&self, id: &str, owner: &Principal<'_>) -> String {
        let mac = self.0.hash(&sealed(id, owner));
        format!("{id}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac))
    }

    /// The bare id, if `text` is intact and belongs to `owner`. Compares in constant time.
    pub(crate) fn unseal<'a>(&self, text: &'a str, owner: &Principal<'_>) -> Option<&'a str> {
        let (id, seal) = text.rsplit_once('.')?;
        let mac = BASE64_URL_SAFE_NO_PAD.decode(seal).ok()?;
        self.0.verify(&sealed(id, owner), &mac).then_some(id)
    }

    /// Stands in for the user if a token names none. The same on all replicas with this key.
    pub(crate) fn fingerprint(&self, token: &BearerToken) -> Fingerprint {
        // No seal begins with this byte: they begin with a length.
        let mut message = vec![0xff];
        append(&mut message, token.expose());
        self.0.hash(&message)
    }
}

/// The bytes that a seal covers.
fn sealed(id: &str, owner: &Principal<'_>) -> Vec<u8> {
    let mut message = Vec::with_capacity(256);
    append(&mut message, id);
    append(&mut message, owner.issuer);
    match owner.user {
        User::Subject(subject) => {
            message.push(0);
            append(&mut message, subject);
        }
        User::Name(name) => {
            message.push(1);
            append(&mut message, name);
        }
        User::Unnamed(fingerprint) => {
            message.push(2);
            message.extend_from_slice(fingerprint);
        }
    }
    // Absent and empty are different.
    message.push(u8::from(owner.client_id.is_some()));
    append(&mut message, owner.client_id.unwrap_or_default());
    // No two owners have the same bytes here: there are 0, 32, 33 or 65 of them.
    if let Some(key) = owner.bound.key {
        message.extend_from_slice(&key.0);
    }
    if let Some(certificate) = owner.bound.certificate {
        message.push(1);
        message.extend_from_slice(&certificate.0);
    }
    message
}

/// The owner of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Principal<'a> {
    issuer: &'a str,
    user: User<'a>,
    client_id: Option<&'a str>,
    /// Whoever has another key or certificate is somebody else, even with a token of the same user
    /// and client.
    bound: Bound,
}

/// The user of a principal. It is the token only as a last resort, because a refreshed token must
/// keep its sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum User<'a> {
    Subject(&'a str),
    /// There is no `sub`, as in tokens of django-oauth-toolkit.
    Name(&'a str),
    /// Nobody is named, as in the client credentials tokens of many servers. All users of one
    /// client would look the same, so the token stands in for its user.
    Unnamed(&'a Fingerprint),
}

impl<'a> Principal<'a> {
    /// The principal of a token; `None` if it cannot be determined.
    pub(crate) fn of(token: &'a AccessToken) -> Option<Self> {
        let user = match (token.subject(), token.username()) {
            (Some(subject), _) => User::Subject(subject),
            (None, Some(name)) => User::Name(name),
            (None, None) => User::Unnamed(token.stand_in()?),
        };
        Some(Self {
            issuer: token.issuer(),
            user,
            client_id: token.client_id(),
            bound: token.bound(),
        })
    }

    /// The same user and client with any key and certificate, for counting what it uses: keys cost a
    /// client nothing.
    pub(crate) fn with_any_key(self) -> Self {
        Self {
            bound: Bound::default(),
            ..self
        }
    }

    /// A key for counting what one principal holds.
    pub(crate) fn name(&self) -> String {
        format!("{:?}", self.with_any_key())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::token::binding::Thumbprint;

    fn principal<'a>(subject: Option<&'a str>, client_id: Option<&'a str>) -> Principal<'a> {
        Principal {
            issuer: "https://as.example.com",
            user: subject.map_or(User::Unnamed(&[7; 32]), User::Subject),
            client_id,
            bound: Bound::default(),
        }
    }

    #[test]
    fn a_seal_fits_its_principal_id_and_key_only() {
        let key = SessionKey::random();
        let alice = principal(Some("alice"), Some("app"));
        let sealed = key.seal("session-1", &alice);
        assert_eq!(key.unseal(&sealed, &alice), Some("session-1"));
        for other in [
            principal(Some("bob"), Some("app")),
            principal(Some("alice"), Some("other")),
            principal(Some("alice"), None),
            principal(None, Some("app")),
            principal(Some("aliceapp"), Some("")),
            Principal {
                user: User::Name("alice"),
                ..alice
            },
            Principal {
                issuer: "https://other.example.com",
                ..alice
            },
            bound(alice, Some(1), None),
            bound(alice, None, Some(1)),
            bound(alice, Some(1), Some(1)),
        ] {
            assert_eq!(key.unseal(&sealed, &other), None, "{other:?}");
        }
        assert_eq!(SessionKey::random().unseal(&sealed, &alice), None);
        let (_, seal) = sealed.rsplit_once('.').expect("sealed");
        for forged in [
            "session-1".to_owned(),
            "session-1.".to_owned(),
            format!("session-2.{seal}"),
            format!("session-1.{}", &seal[1..]),
            format!("{sealed}="),
        ] {
            assert_eq!(key.unseal(&forged, &alice), None, "{forged}");
        }
    }

    fn bound(principal: Principal<'_>, key: Option<u8>, certificate: Option<u8>) -> Principal<'_> {
        let thumbprint = |byte| Thumbprint([byte; 32]);
        Principal {
            bound: Bound {
                key: key.map(thumbprint),
                certificate: certificate.map(thumbprint),
            },
            ..principal
        }
    }

    #[test]
    fn a_seal_fits_one_key_and_one_certificate() {
        let key = SessionKey::random();
        let alice = principal(Some("alice"), Some("app"));
        let holders = [
            (None, None),
            (Some(1), None),
            (Some(2), None),
            (None, Some(1)),
            (None, Some(2)),
            (Some(1), Some(1)),
            (Some(1), Some(2)),
            (Some(2), Some(1)),
        ];
        for opener in holders {
            let sealed = key.seal("s", &bound(alice, opener.0, opener.1));
            for user in holders {
                let unsealed = key.unseal(&sealed, &bound(alice, user.0, user.1));
                assert_eq!(unsealed.is_some(), opener == user, "{opener:?} {user:?}");
            }
        }
    }

    #[test]
    fn a_fingerprint_is_of_a_token_and_a_key() {
        let token = |text| BearerToken::parse(text, 64).expect("a token");
        let (one, other) = (SessionKey::random(), SessionKey::random());
        let fingerprint = one.fingerprint(&token("t"));
        assert_eq!(fingerprint, one.fingerprint(&token("t")));
        assert_ne!(fingerprint, one.fingerprint(&token("u")));
        assert_ne!(fingerprint, other.fingerprint(&token("t")));
        let unnamed = |fingerprint| Principal {
            user: User::Unnamed(fingerprint),
            ..principal(None, Some("app"))
        };
        let sealed = one.seal("s", &unnamed(&fingerprint));
        assert_eq!(one.unseal(&sealed, &unnamed(&fingerprint)), Some("s"));
        assert_eq!(one.unseal(&sealed, &unnamed(&[7; 32])), None);
    }

    proptest! {
        #[test]
        fn any_text_is_unsealed_without_panic(text in ".{0,80}") {
            prop_assert_eq!(SessionKey::random().unseal(&text, &principal(None, Some("c"))), None);
        }
    }
}
