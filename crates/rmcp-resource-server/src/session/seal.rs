//! Binds an MCP session to the principal that opened it, without keeping state.
//!
//! rmcp's sessions have no owner: anyone with an id could use the session. So the client gets the
//! id with a seal, `<id>.<mac>`, where the MAC covers the id and the principal. Every request with
//! a session id must carry the seal that fits the principal of its own token; rmcp then sees the
//! bare id. A refreshed token has the same principal and so keeps the session (MCP security best
//! practices, session hijacking). Only a token that names no user stands for itself.

use std::{fs, path::Path};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::{
    client_auth::one_line::{one_line, without_byte_order_mark},
    token::{
        access_token::{AccessToken, Fingerprint},
        bearer::BearerToken,
        binding::Thumbprint,
        keyed_hash::{HashKey, append},
    },
};

/// The key that seals session ids. Replicas that serve the same sessions must share it.
#[derive(Clone, Debug)]
pub struct SessionKey(HashKey);

/// A session key file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionKeyError {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// A key of fewer than 32 bytes is too easy to guess.
    #[error("it has {0} bytes; it needs 32 random bytes or more (head -c 32 /dev/urandom)")]
    TooShort(usize),
    /// A key written as text must be one line.
    #[error("{0}")]
    NotOneLine(String),
}

impl SessionKey {
    /// A fresh random key: seals do not outlive the process.
    pub fn random() -> Self {
        Self(HashKey::random())
    }

    /// Takes the bytes of a file as the key. In a key that is written as text (base64, hex), a byte
    /// order mark and one line end do not count, so that replicas agree if only these differ in
    /// their files.
    ///
    /// # Errors
    ///
    /// [`SessionKeyError`].
    pub fn from_file(path: &Path) -> Result<Self, SessionKeyError> {
        let bytes = Zeroizing::new(fs::read(path)?);
        let key = match str::from_utf8(&bytes) {
            Ok(text) if is_written(text) => one_line(text)
                .map_err(|problem| SessionKeyError::NotOneLine(problem.to_string()))?
                .as_bytes(),
            _random_bytes => &bytes,
        };
        if key.len() < 32 {
            return Err(SessionKeyError::TooShort(key.len()));
        }
        Ok(Self(HashKey::new(key)))
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
    if let Some(key) = owner.key {
        message.extend_from_slice(&key.0);
    }
    message
}

/// Whether a key is text that a person could have written: 32 random bytes never are.
fn is_written(text: &str) -> bool {
    let is_printable = |byte: u8| byte.is_ascii_graphic() || b" \r\n".contains(&byte);
    let text = without_byte_order_mark(text);
    !text.is_empty() && text.bytes().all(is_printable)
}

/// The owner of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Principal<'a> {
    issuer: &'a str,
    user: User<'a>,
    client_id: Option<&'a str>,
    /// Whoever has another key is somebody else, even with a token of the same user and client.
    key: Option<&'a Thumbprint>,
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
            key: token.key(),
        })
    }

    /// The same user and client with any key, for counting what it uses: keys cost a client nothing.
    pub(crate) fn with_any_key(self) -> Self {
        Self { key: None, ..self }
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

    fn principal<'a>(subject: Option<&'a str>, client_id: Option<&'a str>) -> Principal<'a> {
        Principal {
            issuer: "https://as.example.com",
            user: subject.map_or(User::Unnamed(&[7; 32]), User::Subject),
            client_id,
            key: None,
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
            Principal {
                key: Some(&Thumbprint([7; 32])),
                ..alice
            },
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

    #[test]
    fn short_key_files_are_refused() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        fs::write(file.path(), [7; 31]).expect("writable");
        assert!(matches!(
            SessionKey::from_file(file.path()),
            Err(SessionKeyError::TooShort(31))
        ));
        fs::write(file.path(), [7; 32]).expect("writable");
        let (one, two) = (
            SessionKey::from_file(file.path()).expect("long enough"),
            SessionKey::from_file(file.path()).expect("long enough"),
        );
        let alice = principal(Some("alice"), None);
        assert_eq!(
            two.unseal(&one.seal("s", &alice), &alice),
            Some("s"),
            "replicas with one key"
        );
    }

    #[test]
    fn rs_69_a_written_key_is_one_line_and_random_bytes_are_as_they_are() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let alice = principal(Some("alice"), None);
        let key = |content: &[u8]| {
            fs::write(file.path(), content).expect("writable");
            SessionKey::from_file(file.path())
        };
        let text = "0123456789abcdef".repeat(2);
        let written = key(text.as_bytes()).expect("long enough");
        let sealed = written.seal("s", &alice);
        for same in [format!("{text}\n"), format!("\u{feff}{text}\r\n")] {
            let same = key(same.as_bytes()).expect("long enough");
            assert_eq!(same.unseal(&sealed, &alice), Some("s"));
        }
        let short = key(format!("{}\n", &text[1..]).as_bytes());
        assert!(matches!(short, Err(SessionKeyError::TooShort(31))));
        let two = key(format!("{text}\n{text}\n").as_bytes());
        assert!(matches!(two, Err(SessionKeyError::NotOneLine(_))));

        let mut random = [0xf0_u8; 33];
        random[32] = b'\n';
        let whole = key(&random).expect("long enough").seal("s", &alice);
        let cut = key(&random[..32]).expect("long enough");
        assert_eq!(
            cut.unseal(&whole, &alice),
            None,
            "no byte of it is taken off"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_unsealed_without_panic(text in ".{0,80}") {
            prop_assert_eq!(SessionKey::random().unseal(&text, &principal(None, Some("c"))), None);
        }
    }
}
