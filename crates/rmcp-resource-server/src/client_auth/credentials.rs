//! Where the client credentials come from.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::{
    client_auth::{
        assertion::LEAST_SECRET,
        error::{CredentialProblem, CredentialsError},
        key::{AssertionKey, ClientCertificate},
        method::ClientAuth,
        one_line::{one_line, without_byte_order_mark},
        time_limit::{FILE_LIMIT, in_time},
    },
    secret::Secret,
};

/// A value given directly or in a file. Both are treated alike: a leading byte order mark and one
/// trailing line end are dropped.
#[derive(Debug, Clone)]
pub enum Source {
    /// The value itself.
    Value(Secret),
    /// A file that contains the value.
    File(PathBuf),
}

/// The client authentication method, and where to find id and secret.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ClientCredentials {
    /// See [`ClientAuth::SecretBasic`].
    SecretBasic {
        /// The client id.
        id: Source,
        /// The client secret.
        secret: Source,
    },
    /// See [`ClientAuth::SecretBasicRaw`].
    SecretBasicRaw {
        /// The client id.
        id: Source,
        /// The client secret.
        secret: Source,
    },
    /// See [`ClientAuth::SecretPost`].
    SecretPost {
        /// The client id.
        id: Source,
        /// The client secret.
        secret: Source,
    },
    /// See [`ClientAuth::SecretJwt`].
    SecretJwt {
        /// The client id.
        id: Source,
        /// The client secret, of 32 bytes or more.
        secret: Source,
    },
    /// See [`ClientAuth::PrivateKeyJwt`].
    PrivateKeyJwt {
        /// The client id.
        id: Source,
        /// The private key, as PEM.
        key: Source,
        /// The `kid` by which the authorization server knows the key, if it needs one.
        key_id: Option<String>,
    },
    /// See [`ClientAuth::TlsClientAuth`].
    TlsClientAuth {
        /// The client id.
        id: Source,
        /// The certificate and its chain, as PEM.
        certificate: Source,
        /// Its private key, as PEM.
        key: Source,
    },
    /// See [`ClientAuth::None`].
    None {
        /// The client id, if the server requires one.
        id: Option<Source>,
    },
}

impl ClientCredentials {
    /// `client_secret_basic` with the given id and secret.
    pub fn secret_basic(id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self::SecretBasic {
            id: Source::Value(Secret::new(id)),
            secret: Source::Value(secret.into()),
        }
    }

    /// The files that contain the credentials.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let sources = match self {
            Self::SecretBasic { id, secret }
            | Self::SecretBasicRaw { id, secret }
            | Self::SecretPost { id, secret }
            | Self::SecretJwt { id, secret } => vec![id, secret],
            Self::PrivateKeyJwt { id, key, .. } => vec![id, key],
            Self::TlsClientAuth {
                id,
                certificate,
                key,
            } => vec![id, certificate, key],
            Self::None { id } => Vec::from_iter(id),
        };
        let file = |source: &Source| match source {
            Source::File(path) => Some(path.clone()),
            Source::Value(_) => None,
        };
        sources.into_iter().filter_map(file).collect()
    }

    /// Reads the files as they are now, each within five seconds.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`] for the first file that cannot be used.
    pub fn read(&self) -> Result<ClientAuth, CredentialsError> {
        self.read_with(Patience::Limited)
    }

    fn read_with(&self, patience: Patience) -> Result<ClientAuth, CredentialsError> {
        let line = |source: &Source| source.line(patience);
        let pem = |source: &Source| source.pem(patience);
        let id = |source: &Source| line(source).map(|id| id.expose().to_owned());
        Ok(match self {
            Self::SecretBasic { id: i, secret } => ClientAuth::SecretBasic {
                id: id(i)?,
                secret: line(secret)?,
            },
            Self::SecretBasicRaw { id: i, secret } => {
                let id = id(i)?;
                if id.contains(':') {
                    return Err(CredentialsError::ColonInRawId);
                }
                ClientAuth::SecretBasicRaw {
                    id,
                    secret: line(secret)?,
                }
            }
            Self::SecretPost { id: i, secret } => ClientAuth::SecretPost {
                id: id(i)?,
                secret: line(secret)?,
            },
            Self::SecretJwt { id: i, secret } => {
                let (id, secret) = (id(i)?, line(secret)?);
                if secret.expose().len() < LEAST_SECRET {
                    return Err(CredentialsError::ShortSecret);
                }
                ClientAuth::SecretJwt { id, secret }
            }
            Self::PrivateKeyJwt { id: i, key, key_id } => ClientAuth::PrivateKeyJwt {
                id: id(i)?,
                key: AssertionKey::from_pem(pem(key)?, key_id.clone())?,
            },
            Self::TlsClientAuth {
                id: i,
                certificate,
                key,
            } => ClientAuth::TlsClientAuth {
                id: id(i)?,
                certificate: ClientCertificate::from_pem(&pem(certificate)?, &pem(key)?)?,
            },
            Self::None { id: i } => ClientAuth::None {
                id: i.as_ref().map(id).transpose()?,
            },
        })
    }

    /// Reads the credentials again, however long that takes; `None` if they are still those of
    /// `current`. An unchanged private key is not parsed again: finding out whether an RSA key
    /// signs takes a millisecond.
    pub(crate) fn read_if_changed(
        &self,
        current: &ClientAuth,
    ) -> Result<Option<ClientAuth>, CredentialsError> {
        let patience = Patience::Unlimited;
        if let Self::PrivateKeyJwt { id, key, .. } = self
            && let ClientAuth::PrivateKeyJwt {
                id: current_id,
                key: current_key,
            } = current
            && id.line(patience)?.expose() == current_id
            && current_key.is_of(&key.pem(patience)?)
        {
            return Ok(None);
        }
        let auth = self.read_with(patience)?;
        Ok((auth != *current).then_some(auth))
    }
}

/// Whether to give up on a hanging file after [`FILE_LIMIT`].
#[derive(Clone, Copy)]
enum Patience {
    Limited,
    Unlimited,
}

impl Source {
    /// The value, read within five seconds if it is in a file. For a client id or a secret, which
    /// is one line.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`].
    pub fn read(&self) -> Result<Secret, CredentialsError> {
        self.line(Patience::Limited)
    }

    /// The value as PEM, which has several lines, read within five seconds.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`]. This does not check that the value is PEM.
    pub fn read_pem(&self) -> Result<Secret, CredentialsError> {
        self.pem(Patience::Limited)
    }

    fn line(&self, patience: Patience) -> Result<Secret, CredentialsError> {
        let text = self.text(patience)?;
        let line = one_line(text.expose()).map_err(|problem| self.error(problem.into()))?;
        Ok(Secret::new(line))
    }

    fn pem(&self, patience: Patience) -> Result<Secret, CredentialsError> {
        let text = self.text(patience)?;
        Ok(Secret::new(without_byte_order_mark(text.expose())))
    }

    fn text(&self, patience: Patience) -> Result<Secret, CredentialsError> {
        let path = match self {
            Self::Value(value) => return Ok(value.clone()),
            Self::File(path) => path,
        };
        let read = match patience {
            Patience::Unlimited => read_file(path),
            Patience::Limited => {
                let file = path.clone();
                let limit = FILE_LIMIT;
                in_time(move || read_file(&file))
                    .unwrap_or(Err(CredentialProblem::Stalled { limit }))
            }
        };
        read.map_err(|problem| self.error(problem))
    }

    fn error(&self, problem: CredentialProblem) -> CredentialsError {
        match self {
            Self::Value(_) => CredentialsError::Value(problem),
            Self::File(path) => CredentialsError::File {
                path: path.clone(),
                problem,
            },
        }
    }
}

fn read_file(path: &Path) -> Result<Secret, CredentialProblem> {
    const LIMIT: u64 = 64 * 1024;
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path)
        .and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes))
        .map_err(CredentialProblem::Unreadable)?;
    if bytes.len() as u64 > LIMIT {
        return Err(CredentialProblem::TooLarge);
    }
    str::from_utf8(&bytes)
        .map(Secret::from)
        .map_err(|_position_tells_of_content| CredentialProblem::NotText)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_file(content: &[u8]) -> (tempfile::NamedTempFile, Source) {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), content).expect("writable");
        let source = Source::File(file.path().to_owned());
        (file, source)
    }

    #[test]
    fn rs_69_a_value_and_a_file_get_the_same_treatment() {
        for (content, expected) in [
            ("hush", Some("hush")),
            ("hush\n", Some("hush")),
            ("hush\r\n", Some("hush")),
            ("\u{feff}hush", Some("hush")),
            ("\u{feff}hush\r\n", Some("hush")),
            (" hush ", Some(" hush ")),
            ("s:+/%& é$'\"\\#", Some("s:+/%& é$'\"\\#")),
            ("hush\u{feff}", Some("hush\u{feff}")),
            ("hush\n\n", None),
            ("hush\r\n\r\n", None),
            ("hush\n\r", None),
            ("hush\r", None),
            ("\nhush", None),
            ("hush\nhush", None),
            ("hu\tsh", None),
            ("hu\0sh", None),
            ("", None),
            ("\n", None),
            ("\u{feff}\n", None),
        ] {
            let (_file, in_file) = in_file(content.as_bytes());
            for source in [in_file, Source::Value(content.into())] {
                let read = source.read();
                let error = read.as_ref().err().map(ToString::to_string);
                assert!(!error.unwrap_or_default().contains("hu"), "{content:?}");
                let read = read.ok();
                assert_eq!(read.as_ref().map(Secret::expose), expected, "{content:?}");
            }
        }
    }

    #[test]
    fn rs_69_pem_keeps_its_lines() {
        let (_file, source) = in_file("\u{feff}-----BEGIN X-----\r\nAAAA\r\n".as_bytes());
        let pem = source.read_pem().expect("readable");
        assert_eq!(pem.expose(), "-----BEGIN X-----\r\nAAAA\r\n");
    }

    #[test]
    fn unusable_files_are_named() {
        let problem = |content: &[u8]| match in_file(content).1.read() {
            Err(CredentialsError::File { problem, .. }) => problem,
            _ => panic!("usable"),
        };
        assert!(matches!(problem(b"\xff"), CredentialProblem::NotText));
        let large = vec![b'x'; 70_000];
        assert!(matches!(problem(&large), CredentialProblem::TooLarge));
        let missing = Source::File("/nonexistent/secret".into());
        let missing = missing.read().expect_err("missing").to_string();
        assert!(missing.contains("/nonexistent/secret"), "{missing}");
    }
}
