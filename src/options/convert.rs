//! The `convert` subcommand.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};

/// The name of the subcommand.
pub(crate) const CONVERT: &str = "convert";

const FILE: &str = "file";
const TO: &str = "to";

/// What `convert` is to write.
pub(crate) struct ConvertOptions {
    pub(crate) file: PathBuf,
    /// YAML instead of JSON.
    pub(crate) to_yaml: bool,
}

impl ConvertOptions {
    /// `None` unless the command line has all that clap demands.
    pub(super) fn new(matches: &ArgMatches) -> Option<Self> {
        Some(Self {
            file: matches.get_one::<PathBuf>(FILE)?.clone(),
            to_yaml: matches.get_one::<String>(TO)? == "yaml",
        })
    }
}

pub(super) fn command() -> Command {
    Command::new(CONVERT)
        .about("Write an OSCAL document, in JSON, YAML or XML, as JSON or YAML")
        .after_help("Exit status: 0, or 1 if the file cannot be read as OSCAL.")
        .arg(
            Arg::new(FILE)
                .value_name("FILE")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("The document"),
        )
        .arg(
            Arg::new(TO)
                .long("to")
                .value_name("FORMAT")
                .required(true)
                .value_parser(["json", "yaml"])
                .help("The format to write to standard output"),
        )
}
