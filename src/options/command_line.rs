//! The command line. clap's errors quote it, and it may hold a secret in the wrong place. So our
//! messages say where the fault is and what is expected, and quote nothing.

use std::ffi::OsString;

use clap::{
    ArgMatches, Command, CommandFactory, Error,
    builder::Resettable,
    error::{ContextKind, ContextValue, ErrorKind},
};
use rmcp_resource_server::CryptographicModule;

use super::{HEALTHCHECK, Options, audit, convert, doctor, manual, similar::nearest};

const SHELLS: &str = "bash, elvish, fish, powershell, zsh";

/// Text to print instead of running.
pub(crate) struct Shown {
    pub(crate) text: String,
    pub(crate) is_error: bool,
}

/// Reads flags and the subcommand, but no variables. What `--help` and its like print is an `Err`.
pub(super) fn read(arguments: &[OsString]) -> Result<ArgMatches, Shown> {
    let matches = without_variables(command())
        .try_get_matches_from(arguments)
        .map_err(|error| match error.use_stderr() {
            true => Shown {
                text: format!("{}\nTry --help.\n", explain(&error, arguments)),
                is_error: true,
            },
            // The help names the variables.
            false => {
                let error = command()
                    .long_version(long_version())
                    .try_get_matches_from(arguments)
                    .err()
                    .unwrap_or(error);
                Shown {
                    text: error.render().to_string(),
                    is_error: false,
                }
            }
        })?;
    match manual::print(&matches, command()) {
        None => Ok(matches),
        Some(Ok(text)) => Err(Shown {
            text,
            is_error: false,
        }),
        Some(Err(problem)) => Err(Shown {
            text: format!("{problem}\nTry --help.\n"),
            is_error: true,
        }),
    }
}

/// The version, and what an auditor asks for next.
fn long_version() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let module = CryptographicModule::linked();
    format!("{version}\ncryptographic module: {module}")
}

fn command() -> Command {
    let options = Options::command();
    let all = options.get_arguments().cloned();
    // The subcommand takes the server's options, but in an image they are variables.
    let healthcheck = Command::new(HEALTHCHECK)
        .about("Ask the server of this configuration whether it is alive; exit status 0 or 1")
        .args(all.map(|argument| argument.hide(true)));
    let doctor = doctor::command(&options);
    options
        .args_conflicts_with_subcommands(true)
        .disable_help_subcommand(true)
        .subcommand(audit::command())
        .subcommand(convert::command())
        .subcommand(doctor)
        .subcommand(healthcheck)
        .subcommands(manual::commands())
}

/// Keeps clap from reading the environment, which would bypass `.env`.
pub(super) fn without_variables(command: Command) -> Command {
    command
        .mut_args(|argument| argument.env(Resettable::Reset))
        .mut_subcommands(without_variables)
}

fn explain(error: &Error, arguments: &[OsString]) -> String {
    let command = command();
    let flags: Vec<String> = command
        .get_arguments()
        .chain(command.get_subcommands().flat_map(Command::get_arguments))
        .filter_map(|argument| argument.get_long())
        .map(|long| format!("--{long}"))
        .collect();
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let named = text(ContextKind::InvalidArg);
    let named = named.split([' ', '=', '[']).next().unwrap_or_default();
    let sub_command = text(ContextKind::InvalidSubcommand);
    let is_flag = flags.iter().any(|flag| flag == named);
    let is_sub_command = command.find_subcommand(sub_command).is_some();
    match error.kind() {
        ErrorKind::InvalidUtf8 => "An argument is not UTF-8 text.".to_owned(),
        ErrorKind::InvalidValue if named == "--to" => "--to takes json or yaml.".to_owned(),
        ErrorKind::InvalidValue if is_flag => format!("{named} needs a value."),
        ErrorKind::InvalidValue => format!("The shell is unknown; known: {SHELLS}."),
        ErrorKind::TooManyValues if is_flag => format!("{named} takes no value."),
        ErrorKind::ArgumentConflict if is_sub_command => {
            format!("The sub-command {sub_command} must come first; its options follow it.")
        }
        ErrorKind::ArgumentConflict if is_flag => format!("{named} is given twice."),
        ErrorKind::UnknownArgument => unknown(named, arguments, &flags),
        ErrorKind::InvalidSubcommand | ErrorKind::ArgumentConflict => {
            unknown(sub_command, arguments, &flags)
        }
        // Nothing else is required.
        ErrorKind::MissingRequiredArgument | ErrorKind::MissingSubcommand => format!(
            "Something is missing: audit verify --key-file FILE FILES..., convert FILE --to json, or \
             completions SHELL, which is one of {SHELLS}."
        ),
        _ => "The command line cannot be understood.".to_owned(),
    }
}

/// `text` is what clap does not know. It is used to find the argument, and never shown.
fn unknown(text: &str, arguments: &[OsString], flags: &[String]) -> String {
    let is_short = text.starts_with('-') && !text.starts_with("--");
    let place = arguments.iter().skip(1).position(|argument| {
        let argument = argument.to_string_lossy();
        argument.split('=').next() == Some(text) || is_short && argument.starts_with(text)
    });
    let which = match place {
        Some(before) => format!("Argument {}", before + 1),
        None => "An argument".to_owned(),
    };
    if !text.starts_with('-') {
        return format!(
            "{which} is neither an option nor a sub-command (audit, completions, convert, doctor, \
             {HEALTHCHECK}, man). Put a value after its option, and quote it if it contains spaces."
        );
    }
    // Not a flag: it would show in the process list.
    if text == "--auth-client-secret" {
        return format!(
            "{which} would show the client secret in the process list: use the variable \
             OSCAL_AUTH_CLIENT_SECRET or --auth-client-secret-file."
        );
    }
    match nearest(text, flags.iter().map(String::as_str)) {
        Some(flag) => format!("{which} is not an option; did you mean {flag}?"),
        None => format!("{which} is not an option."),
    }
}
