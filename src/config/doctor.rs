//! The configuration of the `doctor` subcommand.

use std::path::PathBuf;

use super::{
    auth,
    effective::AuthConfig,
    parse::{Parser, error::ConfigError},
};
use crate::options::{DoctorOptions, Given};

/// What the doctor checks: the authorization options, whatever the transport.
pub struct DoctorConfig {
    /// The configuration to check.
    pub auth: AuthConfig,
    /// The token to explain: a file, or `-` for standard input.
    pub token_file: Option<PathBuf>,
    /// Whether to print JSON instead of text.
    pub json: bool,
    /// Warnings for the operator.
    pub warnings: Vec<String>,
}

impl DoctorConfig {
    /// Parses and checks the authorization options; an issuer is required.
    pub(super) fn resolve(
        given: &Given,
        options: &DoctorOptions,
    ) -> Result<Self, Vec<ConfigError>> {
        let mut parser = Parser::new(given);
        let mut warnings = parser.unknown(given, true);
        let trusted_proxies = given.options.trusted_proxies.as_deref();
        let trusted_proxies = parser.networks("trusted_proxies", trusted_proxies);
        let resolved = auth::resolve(&mut parser, given, None, &trusted_proxies, &mut warnings);
        if matches!(resolved, auth::Resolved::Off) {
            parser.error(
                "auth_issuer_url",
                "is required: the doctor checks the authorization options against this \
                 authorization server",
            );
        }
        let _checked_only = auth::scope_rules(&mut parser, &given.options);
        match (resolved.into_config().flatten(), parser.finish()) {
            (Some(auth), errors) if errors.is_empty() => Ok(Self {
                auth,
                token_file: options.token_file.as_ref().map(PathBuf::from),
                json: options.json,
                warnings,
            }),
            (_, errors) => Err(errors),
        }
    }
}
