//! Names and values in the store.
//!
//! A name is the HMAC-SHA-256 of what it stands for. A value is encrypted and authenticated by
//! AES-256-GCM, under a key that belongs to its name, so an entry is worth nothing under another name
//! or as another kind of entry. With a key for each name, no key gets near the number of random nonces
//! that one key may be used with.

use std::{fmt, path::Path, sync::Arc};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::{
    secret::{KeyFileError, read_key_file},
    session::seal::SessionKey,
    token::keyed_hash::{HashKey, append_bytes},
};

/// The keys of a shared store. The first one encrypts; what was encrypted with the second one can
/// still be read. To replace a key without losing entries, give all replicas the new one as the second
/// key, then as the first, and then take the old one away.
#[derive(Clone)]
pub struct SharedStoreKeys(Arc<[Key]>);

struct Key {
    names: HashKey,
    values: HashKey,
    sessions: SessionKey,
}

/// Key files that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SharedStoreKeysError {
    /// None, or more than two.
    #[error("there must be one key file or two, not {0}")]
    Number(usize),
    /// A file that is not a key.
    #[error("key file {number}: {cause}")]
    File {
        /// Which one, counted from 1.
        number: usize,
        /// What is wrong with it.
        #[source]
        cause: KeyFileError,
    },
    /// The second key would be of no use.
    #[error("the two key files contain the same key")]
    Same,
}

impl SharedStoreKeys {
    /// Reads one or two files, each with 32 random bytes or more; see
    /// [`read_key_file`](crate::read_key_file).
    ///
    /// # Errors
    ///
    /// [`SharedStoreKeysError`].
    pub fn from_files<P: AsRef<Path>>(paths: &[P]) -> Result<Self, SharedStoreKeysError> {
        if !(1..=2).contains(&paths.len()) {
            return Err(SharedStoreKeysError::Number(paths.len()));
        }
        let keys = paths.iter().zip(1..).map(|(path, number)| {
            let key = read_key_file(path.as_ref());
            key.map_err(|cause| SharedStoreKeysError::File { number, cause })
        });
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        if let [first, second] = &*keys
            && first == second
        {
            return Err(SharedStoreKeysError::Same);
        }
        Ok(Self(keys.iter().map(|key| Key::new(key)).collect()))
    }

    /// A key for session ids, derived from the first key, for a program whose operator gave it none:
    /// sessions move between replicas only if all seal ids with the same key.
    pub fn session_key(&self) -> SessionKey {
        self.0[0].sessions.clone()
    }

    /// The names of the entry that stands for `parts`, one for each key.
    pub(super) fn name(&self, prefix: &str, kind: Kind, parts: &[&[u8]]) -> EntryName {
        let name = |key: &Key| {
            let mut message = kind.as_str().as_bytes().to_vec();
            for part in parts {
                append_bytes(&mut message, part);
            }
            let hash = BASE64_URL_SAFE_NO_PAD.encode(key.names.hash(&message));
            format!("{prefix}{}:{hash}", kind.as_str())
        };
        EntryName(self.0.iter().map(name).collect())
    }

    /// A name that is the same for all keys.
    pub(super) fn plain_name(&self, prefix: &str, kind: Kind) -> EntryName {
        let name = format!("{prefix}{}", kind.as_str());
        EntryName(self.0.iter().map(|_key| name.clone()).collect())
    }

    /// Encrypts a value for its name, with the first key.
    ///
    /// # Panics
    ///
    /// Panics if the operating system provides no randomness: nothing safe could follow.
    pub(super) fn seal(&self, name: &EntryName, mut value: Vec<u8>) -> Vec<u8> {
        let name = name.first();
        let nonce = (self.0[0].value_key(name))
            .seal_in_place_append_tag(Aad::from(name), &mut value)
            .expect("there is randomness, and the value is shorter than 64 GiB");
        [nonce.as_ref().as_slice(), &value].concat()
    }

    /// Decrypts what is at `name` for the key `number`. `None`: it was not made for this name with
    /// this key, or was changed.
    pub(super) fn open(&self, name: &EntryName, number: usize, sealed: &[u8]) -> Option<Vec<u8>> {
        let (key, name) = (self.0.get(number)?, name.0.get(number)?);
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut value = sealed.to_vec();
        let opened = key
            .value_key(name)
            .open_in_place(nonce, Aad::from(name), &mut value);
        let length = opened.ok()?.len();
        value.truncate(length);
        Some(value)
    }

    /// The same with any key, for a name that is the same for all.
    pub(super) fn open_by_any(&self, name: &EntryName, sealed: &[u8]) -> Option<Vec<u8>> {
        (0..self.0.len()).find_map(|number| self.open(name, number, sealed))
    }
}

impl Key {
    fn new(key: &[u8]) -> Self {
        let key = HashKey::new(key);
        Self {
            names: key.derive(&["shared store", "names"]),
            values: key.derive(&["shared store", "values"]),
            sessions: SessionKey::new(key.derive(&["shared store", "session ids"])),
        }
    }

    fn value_key(&self, name: &str) -> RandomizedNonceKey {
        let key = self.values.hash(name.as_bytes());
        RandomizedNonceKey::new(&AES_256_GCM, &key).expect("a key of 32 bytes")
    }
}

/// What an entry is, and the version of its format: a new format gets a new name, so that replicas
/// of two versions do not take each other's entries for forgeries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Answer,
    Session,
    Revocations,
    /// Nothing is ever there.
    Probe,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "a1",
            Self::Session => "s1",
            Self::Revocations => "r1",
            Self::Probe => "probe",
        }
    }
}

/// Where an entry is: one name for each key, the first one to write at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntryName(Box<[String]>);

impl EntryName {
    pub(super) fn first(&self) -> &str {
        &self.0[0]
    }

    pub(super) fn all(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Debug for SharedStoreKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[redacted; {} keys]", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(keys: &[&[u8]]) -> SharedStoreKeys {
        SharedStoreKeys(keys.iter().map(|key| Key::new(key)).collect())
    }

    #[test]
    fn a_value_opens_only_as_it_was_sealed() {
        let keys_of_mine = keys(&[b"one"]);
        let name = keys_of_mine.name("p:", Kind::Answer, &[b"token"]);
        let sealed = keys_of_mine.seal(&name, b"value".to_vec());
        assert_eq!(
            keys_of_mine.open(&name, 0, &sealed).as_deref(),
            Some(&b"value"[..])
        );
        assert!(!sealed.windows(5).any(|window| window == b"value"));
        assert_ne!(
            sealed,
            keys_of_mine.seal(&name, b"value".to_vec()),
            "another nonce"
        );

        for other in [
            keys_of_mine.name("p:", Kind::Answer, &[b"other"]),
            keys_of_mine.name("p:", Kind::Session, &[b"token"]),
            keys_of_mine.name("q:", Kind::Answer, &[b"token"]),
        ] {
            assert_eq!(keys_of_mine.open(&other, 0, &sealed), None, "{other:?}");
        }
        // Even at the same name.
        assert_eq!(keys(&[b"two"]).open(&name, 0, &sealed), None, "another key");
        for (at, _) in sealed.iter().enumerate() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(keys_of_mine.open(&name, 0, &changed), None, "byte {at}");
            assert_eq!(
                keys_of_mine.open(&name, 0, &sealed[..at]),
                None,
                "{at} bytes"
            );
        }
    }

    #[test]
    fn names_differ_by_key_kind_and_parts() {
        let (one, two) = (keys(&[b"one"]), keys(&[b"two"]));
        let name = |keys: &SharedStoreKeys, kind, parts: &[&[u8]]| {
            keys.name("p:", kind, parts).first().to_owned()
        };
        let names = [
            name(&one, Kind::Answer, &[b"a", b"b"]),
            name(&one, Kind::Answer, &[b"ab", b""]),
            name(&one, Kind::Answer, &[b"ab"]),
            name(&one, Kind::Session, &[b"a", b"b"]),
            name(&two, Kind::Answer, &[b"a", b"b"]),
        ];
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
        assert!(names[0].starts_with("p:a1:"), "{}", names[0]);
        assert_eq!(names[0], name(&one, Kind::Answer, &[b"a", b"b"]));
    }

    #[test]
    fn with_two_keys_entries_of_both_can_be_read() {
        let (old, new) = (keys(&[b"old"]), keys(&[b"new", b"old"]));
        let sealed = old.seal(&old.name("p:", Kind::Answer, &[b"t"]), b"v".to_vec());
        let name = new.name("p:", Kind::Answer, &[b"t"]);
        assert_eq!(name.all()[1], old.name("p:", Kind::Answer, &[b"t"]).first());
        assert_eq!(new.open(&name, 1, &sealed).as_deref(), Some(&b"v"[..]));
        assert_eq!(new.open(&name, 0, &sealed), None);
        let stream = new.plain_name("p:", Kind::Revocations);
        let sealed = old.seal(&old.plain_name("p:", Kind::Revocations), b"v".to_vec());
        assert_eq!(
            new.open_by_any(&stream, &sealed).as_deref(),
            Some(&b"v"[..])
        );
    }

    #[test]
    fn key_files_are_one_or_two_different_ones() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = |name: &str, key: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, key).expect("writable");
            path
        };
        let (one, two) = (path("1", &[1; 32]), path("2", &[0xf0; 32]));
        let short = path("3", &[1; 31]);
        assert!(SharedStoreKeys::from_files(&[&one]).is_ok());
        assert!(SharedStoreKeys::from_files(&[&one, &two]).is_ok());
        let error = |paths: &[&std::path::PathBuf]| {
            SharedStoreKeys::from_files(paths)
                .expect_err("unusable")
                .to_string()
        };
        assert!(error(&[]).contains("not 0"));
        assert!(error(&[&one, &two, &one]).contains("not 3"));
        assert!(error(&[&one, &one]).contains("the same key"));
        assert!(error(&[&one, &short]).starts_with("key file 2: it has 31 bytes"));
    }
}
