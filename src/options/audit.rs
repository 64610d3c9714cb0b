//! The `audit` subcommand.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};

/// The name of the subcommand.
pub(crate) const AUDIT: &str = "audit";

const KEY_FILE: &str = "key_file";
const FILES: &str = "files";

/// What `audit verify` is to check.
pub(crate) struct AuditOptions {
    pub(crate) key_file: PathBuf,
    pub(crate) files: Vec<PathBuf>,
}

impl AuditOptions {
    /// `None` unless the command line says `audit verify`, which clap demands.
    pub(super) fn new(matches: &ArgMatches) -> Option<Self> {
        let verify = matches.subcommand_matches("verify")?;
        Some(Self {
            key_file: verify.get_one::<PathBuf>(KEY_FILE)?.clone(),
            files: verify.get_many(FILES)?.cloned().collect(),
        })
    }
}

pub(super) fn command() -> Command {
    let verify = Command::new("verify")
        .about("Find changed, deleted, inserted, reordered and cut records of an audit log")
        .after_help("Exit status: 0 if there is no sign of tampering, 1 if there is, 2 if a file cannot be read.")
        .arg(
            Arg::new(KEY_FILE)
                .long("key-file")
                .value_name("FILE")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("The key that the server had as --audit-key-file"),
        )
        .arg(
            Arg::new(FILES)
                .value_name("FILES")
                .required(true)
                .num_args(1..)
                .value_parser(value_parser!(PathBuf))
                .help("The log, or its parts after rotation, the oldest one first"),
        );
    Command::new(AUDIT)
        .about("Check an audit log")
        .subcommand_required(true)
        .subcommand(verify)
}
