//! How the store is reached.

use std::{fmt, fs, io, path::PathBuf, sync::Arc, time::Duration};

use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo,
    TlsCertificates, io::tcp::TcpSettings,
};

use super::{keys::SharedStoreKeys, url::SharedStoreUrl};
use crate::{
    client_auth::one_line::one_line,
    clock::{Clock, SystemClock},
    error::shortened,
    observe::metrics::Metrics,
    secret::Secret,
};

/// A store that replicas share: where it is, and with which keys its entries are encrypted.
///
/// ```no_run
/// use rmcp_resource_server::{
///     ResourceServerConfig, SharedStore, SharedStoreConfig, SharedStoreKeys,
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let keys = SharedStoreKeys::from_files(&["/run/secrets/store-key"])?;
/// let mut config = SharedStoreConfig::new("rediss://notes@store.example.com".parse()?, keys);
/// config.password_file = Some("/run/secrets/store-password".into());
/// config.prefix = "notes:".to_owned();
///
/// let (resource, issuer) = ("https://notes.example.com/mcp", "https://as.example.com");
/// let mut resource = ResourceServerConfig::new(resource.parse()?, issuer.parse()?);
/// config.metrics = resource.authorization_server.metrics.clone();
/// resource.session_key = config.keys.session_key();
/// // The verifier and the resource server share this value, and so the store.
/// resource.authorization_server.shared_store = Some(SharedStore::start(config)?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct SharedStoreConfig {
    /// Where it is.
    pub url: SharedStoreUrl,
    /// Encrypt what is stored. All replicas must have the same.
    pub keys: SharedStoreKeys,
    /// The file with the password of the URL's user, or of the default user. Read for each connection.
    /// Default: no password.
    pub password_file: Option<PathBuf>,
    /// Certificates to trust instead of the system's, as PEM. Default: the system's.
    pub ca_file: Option<PathBuf>,
    /// What all names in the store begin with. Default: `rmcp:`.
    pub prefix: String,
    /// How long an operation may take before a request goes on without it. Default: 5 ms.
    pub timeout: Duration,
    /// The clock. Default: the system's.
    pub clock: Arc<dyn Clock>,
    /// Where to count. Register them after the store was started: without one, the metrics of a store
    /// do not exist. Default: counters that nobody reads.
    pub metrics: Metrics,
}

/// A store that cannot be used as configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SharedStoreError {
    /// The password file cannot be read.
    #[error("the password file cannot be read: {0}")]
    PasswordUnreadable(#[source] io::Error),
    /// The password file contains something else than a password.
    #[error("the password file: {0}")]
    Password(String),
    /// The file with certificates cannot be read.
    #[error("the CA file cannot be read: {0}")]
    CaFileUnreadable(#[source] io::Error),
    /// The file contains no certificate that can be used.
    #[error("the CA file contains no certificate in PEM form")]
    CaFileInvalid,
    /// Certificates make no difference without TLS.
    #[error("a CA file is of no use without TLS: use a URL that begins with rediss://")]
    CaFileWithoutTls,
    /// TLS cannot be set up.
    #[error("the connection cannot be set up: {0}")]
    Client(String),
}

impl SharedStoreConfig {
    /// The defaults, for the store at `url`.
    pub fn new(url: SharedStoreUrl, keys: SharedStoreKeys) -> Self {
        Self {
            url,
            keys,
            password_file: None,
            ca_file: None,
            prefix: "rmcp:".to_owned(),
            timeout: Duration::from_millis(5),
            clock: Arc::new(SystemClock),
            metrics: Metrics::default(),
        }
    }

    /// Checks the files, without connecting.
    ///
    /// # Errors
    ///
    /// [`SharedStoreError`].
    pub fn check(&self) -> Result<(), SharedStoreError> {
        self.client().map(|_client| ())
    }

    /// A client with the password as it is now.
    pub(super) fn client(&self) -> Result<Client, SharedStoreError> {
        let certificates = match &self.ca_file {
            Some(_) if !self.url.is_encrypted() => return Err(SharedStoreError::CaFileWithoutTls),
            Some(path) => Some(fs::read(path).map_err(SharedStoreError::CaFileUnreadable)?),
            None => None,
        };
        if let Some(pem) = &certificates
            && reqwest::Certificate::from_pem_bundle(pem).map_or(true, |found| found.is_empty())
        {
            return Err(SharedStoreError::CaFileInvalid);
        }
        let unusable =
            |error: redis::RedisError| SharedStoreError::Client(shortened(&error.to_string()));
        let info = self.connection_info()?.map_err(unusable)?;
        let client = match certificates {
            Some(root_cert) => {
                let tls = TlsCertificates {
                    client_tls: None,
                    root_cert: Some(root_cert),
                };
                Client::build_with_tls(info, tls)
            }
            None => Client::open(info),
        };
        client.map_err(unusable)
    }

    fn connection_info(&self) -> Result<redis::RedisResult<ConnectionInfo>, SharedStoreError> {
        let (host, port) = (self.url.host.clone(), self.url.port);
        let address = match self.url.is_encrypted() {
            true => ConnectionAddr::TcpTls {
                host,
                port,
                insecure: false,
                tls_params: None,
            },
            false => ConnectionAddr::Tcp(host, port),
        };
        // Without the library's name: a user of the store needs no right to CLIENT.
        let mut login = RedisConnectionInfo::default()
            .set_db(self.url.database.into())
            .set_skip_set_lib_name();
        if let Some(user) = &self.url.user {
            login = login.set_username(user);
        }
        if let Some(password) = self.password()? {
            login = login.set_password(password.expose());
        }
        Ok(address.into_connection_info().map(|info| {
            info.set_redis_settings(login)
                .set_tcp_settings(TcpSettings::default().set_nodelay(true))
        }))
    }

    fn password(&self) -> Result<Option<Secret>, SharedStoreError> {
        let Some(path) = &self.password_file else {
            return Ok(None);
        };
        let text = fs::read_to_string(path).map_err(SharedStoreError::PasswordUnreadable)?;
        let text = Secret::new(text);
        let line = one_line(text.expose())
            .map_err(|problem| SharedStoreError::Password(problem.to_string()))?;
        Ok(Some(Secret::new(line)))
    }
}

impl fmt::Debug for SharedStoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedStoreConfig")
            .field("url", &self.url)
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
