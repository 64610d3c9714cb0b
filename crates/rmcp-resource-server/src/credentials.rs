//! Where the client credentials come from.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    time::Duration,
};

use zeroize::Zeroizing;

use crate::{
    client_auth::ClientAuth,
    client_key::{AssertionKey, ClientCertificate},
    secret::Secret,
    time_limit::{FILE_LIMIT, in_time},
};

/// A value given directly or by a file that holds it.
#[derive(Debug, Clone)]
pub enum Source {
    /// The value itself.
    Value(Secret),
    /// A file with the value; one line end after it is dropped.
    File(PathBuf),
}

/// The client authentication method and where id and secret are found.
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
        /// The client id, if the server wants to be told.
        id: Option<Source>,
    },
}

/// A credential file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The file cannot be opened or read.
    #[error("cannot read {path}: {cause}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The file is empty, or has only a line end.
    #[error("{path} is empty", path = path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A value given directly is empty.
    #[error("the client id or the client secret is empty")]
    EmptyValue,
    /// A client certificate is shown over TLS only.
    #[error("tls_client_auth needs an https endpoint, and {endpoint} is none")]
    CertificateWithoutTls {
        /// The introspection endpoint.
        endpoint: String,
    },
    /// With a colon in the id, the server could not tell where the secret begins.
    #[error("raw HTTP Basic cannot carry a client id with a colon; use client_secret_basic")]
    ColonInRawId,
    /// Not PEM of a private key that can sign an assertion.
    #[error(
        "the private key is none that can be used: it must be PEM of an RSA key of 2048 bits or \
         more, or of a P-256, P-384 or Ed25519 key, in the form PKCS#8 (BEGIN PRIVATE KEY), without \
         a passphrase"
    )]
    NoPrivateKey,
    /// Not PEM of a certificate and of a private key.
    #[error(
        "the client certificate cannot be used: one file must be PEM of the certificate with its \
         chain, the other of its private key, without a passphrase"
    )]
    NoCertificate,
    /// A file can be opened or read only some day: a FIFO that nobody writes, or a mount whose
    /// server is gone.
    #[error(
        "cannot read {path} within {limit:?}: is it a FIFO that nobody writes, or on a mount whose \
         server is gone?",
        path = path.display()
    )]
    Stalled {
        /// The file.
        path: PathBuf,
        /// How long it had.
        limit: Duration,
    },
    /// More than 64 KiB is no secret.
    #[error("{path} is larger than 64 KiB", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The content is not UTF-8.
    #[error("{path} is not UTF-8 text", path = path.display())]
    NotText {
        /// The file.
        path: PathBuf,
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

    /// The files that hold them.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let sources = match self {
            Self::SecretBasic { id, secret }
            | Self::SecretBasicRaw { id, secret }
            | Self::SecretPost { id, secret } => vec![id, secret],
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

    /// Reads what stands in files now, each within five seconds.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`] for the first file that cannot be used.
    pub fn read(&self) -> Result<ClientAuth, CredentialsError> {
        self.read_by(Source::read)
    }

    fn read_by(
        &self,
        read: impl Fn(&Source) -> Result<Secret, CredentialsError>,
    ) -> Result<ClientAuth, CredentialsError> {
        let id = |source: &Source| read(source).map(|id| id.expose().to_owned());
        Ok(match self {
            Self::SecretBasic { id: i, secret } => ClientAuth::SecretBasic {
                id: id(i)?,
                secret: read(secret)?,
            },
            Self::SecretBasicRaw { id: i, secret } => {
                let id = id(i)?;
                if id.contains(':') {
                    return Err(CredentialsError::ColonInRawId);
                }
                ClientAuth::SecretBasicRaw {
                    id,
                    secret: read(secret)?,
                }
            }
            Self::SecretPost { id: i, secret } => ClientAuth::SecretPost {
                id: id(i)?,
                secret: read(secret)?,
            },
            Self::PrivateKeyJwt { id: i, key, key_id } => ClientAuth::PrivateKeyJwt {
                id: id(i)?,
                key: AssertionKey::from_pem(read(key)?, key_id.clone())?,
            },
            Self::TlsClientAuth {
                id: i,
                certificate,
                key,
            } => ClientAuth::TlsClientAuth {
                id: id(i)?,
                certificate: ClientCertificate::from_pem(&read(certificate)?, &read(key)?)?,
            },
            Self::None { id: i } => ClientAuth::None {
                id: i.as_ref().map(id).transpose()?,
            },
        })
    }

    /// Reads them again, however long that takes; `None` if they are those of `current` still. A private key that is the
    /// same is not parsed anew: to find out whether an RSA key signs takes a millisecond.
    pub(crate) fn read_if_changed(
        &self,
        current: &ClientAuth,
    ) -> Result<Option<ClientAuth>, CredentialsError> {
        if let Self::PrivateKeyJwt { id, key, .. } = self
            && let ClientAuth::PrivateKeyJwt {
                id: current_id,
                key: current_key,
            } = current
            && id.read_patiently()?.expose() == current_id
            && current_key.is_of(&key.read_patiently()?)
        {
            return Ok(None);
        }
        let auth = self.read_by(Source::read_patiently)?;
        Ok((auth != *current).then_some(auth))
    }
}

impl Source {
    /// The value, from the file if it is in one, within five seconds.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`].
    pub fn read(&self) -> Result<Secret, CredentialsError> {
        let Self::File(path) = self else {
            return self.read_patiently();
        };
        let file = path.clone();
        in_time(move || read_file(&file)).unwrap_or_else(|| {
            Err(CredentialsError::Stalled {
                path: path.clone(),
                limit: FILE_LIMIT,
            })
        })
    }

    /// The same, however long it takes.
    fn read_patiently(&self) -> Result<Secret, CredentialsError> {
        match self {
            Self::Value(value) if value.expose().is_empty() => Err(CredentialsError::EmptyValue),
            Self::Value(value) => Ok(value.clone()),
            Self::File(path) => read_file(path),
        }
    }
}

fn read_file(path: &Path) -> Result<Secret, CredentialsError> {
    const LIMIT: u64 = 64 * 1024;
    let path_buf = || path.to_owned();
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path)
        .and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes))
        .map_err(|cause| CredentialsError::Unreadable {
            path: path_buf(),
            cause,
        })?;
    if bytes.len() as u64 > LIMIT {
        return Err(CredentialsError::TooLarge { path: path_buf() });
    }
    let text = str::from_utf8(&bytes)
        .map_err(|_position_tells_of_content| CredentialsError::NotText { path: path_buf() })?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(CredentialsError::Empty { path: path_buf() });
    }
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &[u8]) -> Result<String, CredentialsError> {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), content).expect("writable");
        read_file(file.path()).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn one_line_end_is_dropped_and_nothing_else() {
        for (content, expected) in [
            ("hush", "hush"),
            ("hush\n", "hush"),
            ("hush\r\n", "hush"),
            (" hush \n\n", " hush \n"),
            ("s:+/%& é", "s:+/%& é"),
        ] {
            assert_eq!(read(content.as_bytes()).expect("readable"), expected);
        }
    }

    #[test]
    fn unusable_files_are_named() {
        assert!(matches!(read(b"\n"), Err(CredentialsError::Empty { .. })));
        assert!(matches!(
            read(b"\xff"),
            Err(CredentialsError::NotText { .. })
        ));
        assert!(matches!(
            read(&vec![b'x'; 70_000]),
            Err(CredentialsError::TooLarge { .. })
        ));
        let missing = read_file(Path::new("/nonexistent/secret")).expect_err("missing");
        assert!(missing.to_string().contains("/nonexistent/secret"));
    }
}
