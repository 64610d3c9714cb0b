//! `--print-config`: the effective configuration in the form of a `.env` file.

use std::fmt::Write;

use clap::CommandFactory;

use super::{Config, Transport, VerifierConfig};
use crate::options::{CLIENT_SECRET_VARIABLE, Given, Options};

/// One line for each option that has been given, with where it came from; the defaults as
/// comments. Only the secret is a secret: files are named, not read.
pub(super) fn effective(given: &Given, config: &Config) -> String {
    let mut text = String::from("# effective configuration; lines with # are defaults\n");
    for argument in Options::command().get_arguments() {
        let id = argument.get_id().as_str();
        let Some(variable) = argument.get_env() else {
            continue;
        };
        let variable = variable.to_string_lossy();
        let help = argument
            .get_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let _ = match given.value(id) {
            Some(value) => writeln!(text, "{variable}={value:?}  # {}", given.origin(id)),
            None => writeln!(text, "# {variable}={}", default_in(&help)),
        };
    }
    let secret = match given.client_secret {
        Some(_) => "[redacted]",
        None => "",
    };
    let _ = writeln!(text, "# {CLIENT_SECRET_VARIABLE}={secret}");
    let authorization = match &config.transport {
        Transport::Stdio => "none: the transport is stdio",
        Transport::StreamableHttp(http) => match http.auth.as_ref().map(|auth| &auth.verifier) {
            Some(VerifierConfig::Introspection(_)) => "by introspection",
            Some(VerifierConfig::Jwt(_)) => "by the signature of JWTs",
            Some(VerifierConfig::Userinfo(_)) => "by userinfo, whatever the audience",
            None => "none: everybody who connects may do everything",
        },
    };
    let _ = writeln!(text, "# authorization: {authorization}");
    for warning in &config.warnings {
        let _ = writeln!(text, "# warning: {warning}");
    }
    text
}

/// The help texts say the defaults, and the documentation shows them from there.
fn default_in(help: &str) -> &str {
    help.rsplit_once("[default: ")
        .and_then(|(_, rest)| rest.strip_suffix(']'))
        .unwrap_or_default()
}
