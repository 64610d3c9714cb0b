//! The binary: options in, exit status out.

use std::{
    io::{Write, stderr, stdout},
    process::ExitCode,
};

use oscal_mcp_server::{
    audit::verify,
    config::Request,
    convert,
    doctor::{self, evidence},
    healthcheck, run, telemetry,
    traces::Traces,
};
use rmcp_resource_server::CryptographicModule;
use tikv_jemallocator::Jemalloc;

/// With glibc's allocator a request takes a fifth more instructions, and memory is not released
/// after a large document. `.cargo/config.toml` sets how soon it is; figures: docs/performance.md.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// The exit status for an invalid configuration, the same as clap's for invalid flags.
const WRONG_CONFIGURATION: u8 = 2;

fn main() -> ExitCode {
    // First, because reading the options may read keys.
    if let Err(error) = CryptographicModule::require() {
        let _ = writeln!(stderr(), "{error}");
        return ExitCode::from(WRONG_CONFIGURATION);
    }
    match Request::from_environment(std::env::args_os()) {
        Request::Show { text, is_error } => {
            // If that fails, nobody is left to tell.
            let _ = if is_error {
                stderr().write_all(text.as_bytes())
            } else {
                stdout().write_all(text.as_bytes())
            };
            ExitCode::from(if is_error { WRONG_CONFIGURATION } else { 0 })
        }
        Request::Diagnose(config) => match doctor::run(*config, &mut stdout()) {
            Ok(healthy) => ExitCode::from(u8::from(!healthy)),
            Err(error) => {
                let _ = writeln!(stderr(), "{error}");
                ExitCode::from(WRONG_CONFIGURATION)
            }
        },
        Request::FipsEvidence => match evidence::run(&mut stdout()) {
            Ok(is_fips) => ExitCode::from(u8::from(!is_fips)),
            Err(error) => {
                let _ = writeln!(stderr(), "{error}");
                ExitCode::from(WRONG_CONFIGURATION)
            }
        },
        Request::VerifyAudit { key, files } => match verify::run(&key, &files, &mut stdout()) {
            Ok(is_sound) => ExitCode::from(u8::from(!is_sound)),
            Err(error) => {
                let _ = writeln!(stderr(), "{error}");
                ExitCode::from(WRONG_CONFIGURATION)
            }
        },
        Request::Convert { file, to_yaml } => {
            match convert::run(&file, to_yaml, &mut stdout().lock()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    let _ = writeln!(stderr(), "{}: {error}", file.display());
                    ExitCode::FAILURE
                }
            }
        }
        Request::CheckHealth(http) => match healthcheck::run(&http) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                let _ = writeln!(stderr(), "{error}");
                ExitCode::FAILURE
            }
        },
        Request::Run(config) => {
            let traces = match config.traces.as_ref().map(Traces::begin).transpose() {
                Ok(traces) => traces,
                Err(error) => {
                    let _ = writeln!(stderr(), "traces cannot be exported: {error}");
                    return ExitCode::from(WRONG_CONFIGURATION);
                }
            };
            telemetry::init(&config.log, traces.as_ref());
            let status = match run(config) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    tracing::error!("{error}");
                    ExitCode::FAILURE
                }
            };
            if let Some(traces) = traces {
                traces.end();
            }
            telemetry::flush();
            status
        }
    }
}
