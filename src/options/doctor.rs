//! The `doctor` subcommand, and its options beyond those of the server.

use clap::{Arg, ArgAction, ArgMatches, Command};

const TOKEN_FILE: &str = "token_file";
const JSON: &str = "json";
const FIPS_EVIDENCE: &str = "fips_evidence";

/// The options of the `doctor` subcommand beyond those of the server.
pub(crate) struct DoctorOptions {
    pub(crate) token_file: Option<String>,
    pub(crate) json: bool,
    pub(crate) fips_evidence: bool,
}

impl DoctorOptions {
    pub(super) fn new(matches: &ArgMatches) -> Self {
        Self {
            token_file: matches.get_one(TOKEN_FILE).cloned(),
            json: matches.get_flag(JSON),
            fips_evidence: matches.get_flag(FIPS_EVIDENCE),
        }
    }
}

/// The subcommand. It takes every option of the server, so that a command line can be tried
/// unchanged; the help shows only the relevant ones.
pub(super) fn command(server: &Command) -> Command {
    let options = server.get_arguments().cloned().map(|argument| {
        let matters = argument.get_id().as_str().starts_with("auth_");
        argument.hide(!matters)
    });
    Command::new("doctor")
        .about("Check the authorization options against the live authorization server")
        .long_about(
            "Check the authorization options against the live authorization server: connection and \
             TLS, metadata, endpoint, credentials, clocks; and with --token-file, why a token is \
             refused. Tokens and secrets are never shown.\n\n\
             One request carries a deliberately wrong secret or signature, to find out whether the \
             authorization server looks at ours: expect one failed login of this client in its \
             log.\n\n\
             Exit status: 0 if all is well, 1 if a check failed, 2 for a wrong configuration.",
        )
        .arg(
            Arg::new(TOKEN_FILE)
                .long("token-file")
                .value_name("FILE")
                .help("Explain the access token in this file; - reads it from standard input"),
        )
        .arg(
            Arg::new(JSON)
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Report as JSON"),
        )
        .arg(
            Arg::new(FIPS_EVIDENCE)
                .long("fips-evidence")
                .action(ArgAction::SetTrue)
                .help(
                    "Instead of the checks, write the list of cryptographic modules as an OSCAL component \
                     definition; exit status 1 if they are not in FIPS mode",
                ),
        )
        .args(options)
}
