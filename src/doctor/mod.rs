//! The `doctor` subcommand: checks a configuration against the live authorization server before
//! deployment, and explains a token.

pub mod evidence;
mod fix;
mod report;
mod token;

use std::io::{self, Write};

use rmcp_resource_server::{
    StartError,
    diagnose::{diagnose, diagnose_logout, diagnose_shared_store},
};

use crate::{config::DoctorConfig, host::logout_url};
use report::Report;

/// The doctor could not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DoctorError {
    /// The token cannot be read.
    #[error("--token-file: {0}")]
    Token(String),
    /// A credential file or the CA file cannot be used.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The runtime could not start, or the report could not be written.
    #[error("the operating system refused a resource that the doctor needs: {0}")]
    System(#[from] io::Error),
}

/// Runs the checks and writes a report to `out`. Returns whether all is well.
///
/// # Errors
///
/// [`DoctorError`].
pub fn run(config: DoctorConfig, out: &mut impl Write) -> Result<bool, DoctorError> {
    let resource_server = &config.auth.resource_server;
    let token = match &config.token_file {
        Some(file) => token::read(file, resource_server.max_token_bytes)?,
        None => token::Given::Nothing,
    };
    let verifier = &config.auth.verifier;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let diagnosing = async {
        let mut diagnosis = diagnose(verifier, resource_server, token.bearer()).await?;
        if let Some(logout) = &config.auth.logout {
            let url = logout_url(&resource_server.resource);
            let checks = diagnose_logout(logout, &url).await?;
            diagnosis.server.extend(checks);
        }
        if let Some(store) = &config.auth.shared_store {
            let check = diagnose_shared_store(store).await;
            diagnosis.server.push(check);
        }
        Ok::<_, StartError>(diagnosis)
    };
    let diagnosis = runtime.block_on(diagnosing)?;
    let report = Report::new(&config, &diagnosis, token.problem());
    if config.json {
        writeln!(out, "{}", report.to_json())?;
    } else {
        write!(out, "{report}")?;
    }
    Ok(report.is_healthy())
}
