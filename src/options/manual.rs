//! The subcommands `man` and `completions`: what a package installs beside the binary.

use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::Shell;
use clap_mangen::Man;

const COMPLETIONS: &str = "completions";
const MAN: &str = "man";
const SHELL: &str = "shell";
const SUBCOMMAND: &str = "subcommand";

pub(super) fn commands() -> [Command; 2] {
    let completions = Command::new(COMPLETIONS)
        .about("Print the script that completes this command line in a shell")
        .arg(
            Arg::new(SHELL)
                .value_name("SHELL")
                .required(true)
                .value_parser(value_parser!(Shell))
                .help("The shell"),
        );
    let man = Command::new(MAN)
        .about("Print the manual page, or that of a subcommand")
        .arg(
            Arg::new(SUBCOMMAND)
                .value_name("SUBCOMMAND")
                .num_args(0..)
                .help("The subcommand, such as audit verify"),
        );
    [completions, man]
}

/// What these subcommands print, or why they cannot; `None` if `matches` are of another. `command`
/// is the whole command line.
pub(super) fn print(
    matches: &ArgMatches,
    mut command: Command,
) -> Option<Result<String, &'static str>> {
    let (name, matches) = matches.subcommand()?;
    let mut printed = Vec::new();
    match name {
        COMPLETIONS => {
            let shell = *matches.get_one::<Shell>(SHELL)?;
            let name = command.get_name().to_owned();
            clap_complete::generate(shell, &mut command, name, &mut printed);
        }
        MAN => {
            command.build();
            let mut names = matches.get_many::<String>(SUBCOMMAND).unwrap_or_default();
            let found = names.try_fold(&command, |command, name| command.find_subcommand(name));
            let Some(found) = found else {
                return Some(Err("There is no such subcommand."));
            };
            Man::new(found.clone())
                .source(concat!("oscal-mcp-server ", env!("CARGO_PKG_VERSION")))
                .render(&mut printed)
                .expect("memory takes it");
        }
        _ => return None,
    }
    Some(Ok(String::from_utf8(printed).expect("made of text")))
}
