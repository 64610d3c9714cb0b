//! What the command line asks for.

use std::{ffi::OsString, path::PathBuf};

use super::{
    doctor::DoctorConfig,
    effective::{Config, HttpConfig, Transport},
    parse::error::ConfigError,
    print,
};
use crate::{
    audit::AuditKey,
    options::{AuditOptions, ConvertOptions, Environment, Given, Shown, SubCommand},
};

/// What the command line asks for.
#[expect(clippy::large_enum_variant, reason = "a process has one")]
pub enum Request {
    /// Run with this configuration.
    Run(Config),
    /// Check this configuration against the live authorization server.
    Diagnose(Box<DoctorConfig>),
    /// List the cryptographic modules, for an auditor.
    FipsEvidence,
    /// Check whether the server with this configuration is alive.
    CheckHealth(Box<HttpConfig>),
    /// Convert a document.
    Convert {
        /// The document.
        file: PathBuf,
        /// To YAML instead of JSON.
        to_yaml: bool,
    },
    /// Check an audit log.
    VerifyAudit {
        /// The key that the server had.
        key: AuditKey,
        /// The log, the oldest part first.
        files: Vec<PathBuf>,
    },
    /// Show this text and exit with this status: help, version, configuration or errors.
    Show {
        /// The text.
        text: String,
        /// Whether it goes to standard error with exit status 2.
        is_error: bool,
    },
}

impl Request {
    /// Reads `.env`, the environment and `arguments` (the program's name first).
    pub fn from_environment(arguments: impl IntoIterator<Item = OsString>) -> Self {
        let arguments: Vec<_> = arguments.into_iter().collect();
        let given = match Given::read(&arguments, &Environment::of_process()) {
            Ok(given) => given,
            Err(Shown { text, is_error }) => return Self::Show { text, is_error },
        };
        if let Some(SubCommand::Convert(ConvertOptions { file, to_yaml })) = given.sub_command {
            return Self::Convert { file, to_yaml };
        }
        if let Some(SubCommand::VerifyAudit(AuditOptions { key_file, files })) = given.sub_command {
            return match AuditKey::from_file(&key_file) {
                Ok(key) => Self::VerifyAudit { key, files },
                Err(error) => Self::Show {
                    text: format!("--key-file: {error}\n"),
                    is_error: true,
                },
            };
        }
        if let Some(SubCommand::Doctor(options)) = &given.sub_command
            && options.fips_evidence
        {
            return Self::FipsEvidence;
        }
        if let Some(SubCommand::Doctor(options)) = &given.sub_command
            && !given.options.print_config
        {
            return match DoctorConfig::resolve(&given, options) {
                Ok(config) => Self::Diagnose(Box::new(config)),
                Err(errors) => Self::errors(&errors),
            };
        }
        match Config::resolve(&given) {
            Ok(config) if given.options.print_config => Self::Show {
                text: print::effective(&given, &config),
                is_error: false,
            },
            Ok(config) if matches!(given.sub_command, Some(SubCommand::Healthcheck)) => {
                match config.transport {
                    Transport::StreamableHttp(http) => Self::CheckHealth(http),
                    Transport::Stdio => Self::Show {
                        text: "healthcheck needs HTTP, but the transport is stdio\n".to_owned(),
                        is_error: true,
                    },
                }
            }
            Ok(config) => Self::Run(config),
            Err(errors) => Self::errors(&errors),
        }
    }

    fn errors(errors: &[ConfigError]) -> Self {
        let mut text = match errors.len() {
            1 => "The configuration has an error:\n".to_owned(),
            count => format!("The configuration has {count} errors:\n"),
        };
        for error in errors {
            text.push_str(&format!("  {error}\n"));
        }
        Self::Show {
            text,
            is_error: true,
        }
    }
}
