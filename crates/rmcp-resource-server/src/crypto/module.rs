//! Which library does the cryptography of this process.

use std::fmt;

/// The cryptographic module of this process, AWS-LC: it does the TLS, HMAC, hashes, signatures and
/// randomness of this crate. With the feature `fips` it is AWS-LC's FIPS module.
///
/// ```
/// use rmcp_resource_server::CryptographicModule;
///
/// let module = CryptographicModule::require()?;
/// assert_eq!(module.is_fips(), cfg!(feature = "fips"));
/// assert!(module.to_string().starts_with("AWS-LC"));
/// # Ok::<_, rmcp_resource_server::NotFips>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CryptographicModule {
    version: &'static str,
    is_fips: bool,
}

/// A FIPS build that does not do its cryptography in FIPS mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotFips {
    /// The library that is linked is not a FIPS module, or was built so that it is none.
    #[error(
        "this is a FIPS build, but its cryptographic module is not in FIPS mode: build it again with the \
         feature `fips`, without AWS_LC_FIPS_SYS_SANITIZER, and with AWS_LC_FIPS_SYS_USE_SYSTEM=0 so that \
         no other library of this machine takes the module's place"
    )]
    Module,
    /// Something else in this process gave TLS another cryptography.
    #[error(
        "this is a FIPS build, but a cryptographic provider that FIPS does not allow was installed for TLS: \
         remove that call of `CryptoProvider::install_default`, or install \
         `rustls::crypto::default_fips_provider`"
    )]
    Tls,
}

impl CryptographicModule {
    /// The module that is linked, as it describes itself.
    pub fn linked() -> Self {
        Self {
            version: aws_lc_rs::awslc_version(),
            is_fips: aws_lc_rs::try_fips_mode().is_ok(),
        }
    }

    /// The module that is linked. With the feature `fips` it must be in FIPS mode and becomes that of all
    /// TLS in this process. Call it first in `main`; an HTTP client to the authorization server calls it,
    /// too.
    ///
    /// # Errors
    ///
    /// [`NotFips`], with the feature `fips` only.
    pub fn require() -> Result<Self, NotFips> {
        let module = Self::linked();
        #[cfg(feature = "fips")]
        judge(module.is_fips, tls::is_fips)?;
        Ok(module)
    }

    /// `AWS-LC FIPS`, or `AWS-LC` if it is not the FIPS module.
    pub fn name(self) -> &'static str {
        match self.is_fips {
            true => "AWS-LC FIPS",
            false => "AWS-LC",
        }
    }

    /// The version of the library that is linked.
    pub fn version(self) -> &'static str {
        self.version
    }

    /// Whether it is a FIPS module in FIPS mode. That alone does not say that its version is validated.
    pub fn is_fips(self) -> bool {
        self.is_fips
    }

    /// Runs the module's self-tests again, on known answers for each algorithm, and returns whether all
    /// passed. A FIPS module ends the process if one does not.
    pub fn passes_self_tests(self) -> bool {
        aws_lc_rs::try_fips_self_test().is_ok()
    }
}

impl fmt::Display for CryptographicModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name(), self.version)?;
        match self.is_fips {
            true => Ok(()),
            false => f.write_str(" (not a FIPS module)"),
        }
    }
}

#[cfg(any(feature = "fips", test))]
fn judge(module_is_fips: bool, tls_is_fips: impl FnOnce() -> bool) -> Result<(), NotFips> {
    match module_is_fips {
        false => Err(NotFips::Module),
        true if tls_is_fips() => Ok(()),
        true => Err(NotFips::Tls),
    }
}

#[cfg(feature = "fips")]
mod tls {
    use std::sync::Arc;

    use rustls::{
        ClientConfig, RootCertStore,
        crypto::{CryptoProvider, default_fips_provider},
    };

    /// Whether a client built now by whatever means, as `reqwest` does, has only what FIPS allows: cipher
    /// suites, groups, signatures, and TLS 1.2 with extended master secrets only (RFC 7627).
    pub(super) fn is_fips() -> bool {
        // Fails if another one is installed already, which is judged then.
        let _ = default_fips_provider().install_default();
        let Some(provider) = CryptoProvider::get_default() else {
            return false;
        };
        ClientConfig::builder_with_provider(Arc::clone(provider))
            .with_safe_default_protocol_versions()
            .is_ok_and(|config| {
                config
                    .with_root_certificates(RootCertStore::empty())
                    .with_no_client_auth()
                    .fips()
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fips_build_has_a_fips_module_and_another_build_says_that_it_has_none() {
        let module = CryptographicModule::require().expect("usable");
        assert_eq!(module.is_fips(), cfg!(feature = "fips"));
        let text = module.to_string();
        let version = module.version();
        assert!(version.starts_with(|c: char| c.is_ascii_digit()), "{text}");
        match cfg!(feature = "fips") {
            true => assert_eq!(text, format!("AWS-LC FIPS {version}")),
            false => assert_eq!(text, format!("AWS-LC {version} (not a FIPS module)")),
        }
        assert!(module.passes_self_tests());
    }

    #[test]
    fn a_fips_build_refuses_a_module_or_tls_that_is_not_in_fips_mode() {
        assert_eq!(judge(true, || true), Ok(()));
        assert_eq!(judge(true, || false), Err(NotFips::Tls));
        let unasked = || panic!("TLS of such a module is not worth asking");
        assert_eq!(judge(false, unasked), Err(NotFips::Module));
        for error in [NotFips::Module, NotFips::Tls] {
            let text = error.to_string();
            assert!(text.contains("FIPS build"), "{text}");
        }
    }
}
