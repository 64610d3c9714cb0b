//! The subcommands `man` and `completions`: what a package installs beside the binary.

use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::Shell;
use clap_mangen::Man;

use super::command_line::Shown;

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

/// What these subcommands print; `None` if `matches` are of another. `command` is the whole
/// command line.
pub(super) fn print(matches: &ArgMatches, mut command: Command) -> Option<Shown> {
    let (name, matches) = matches.subcommand()?;
    match name {
        COMPLETIONS => {
            let shell = *matches.get_one::<Shell>(SHELL)?;
            let mut script = Vec::new();
            let name = command.get_name().to_owned();
            clap_complete::generate(shell, &mut command, name, &mut script);
            Some(text(script))
        }
        MAN => {
            command.build();
            let mut names = matches.get_many::<String>(SUBCOMMAND).unwrap_or_default();
            let command = names.try_fold(&command, |command, name| command.find_subcommand(name));
            let mut page = Vec::new();
            Some(match command {
                Some(command) => {
                    Man::new(command.clone())
                        .source(concat!("oscal-mcp-server ", env!("CARGO_PKG_VERSION")))
                        .render(&mut page)
                        .expect("memory takes it");
                    text(page)
                }
                None => Shown {
                    text: "There is no such subcommand.\nTry --help.\n".to_owned(),
                    is_error: true,
                },
            })
        }
        _ => None,
    }
}

fn text(bytes: Vec<u8>) -> Shown {
    Shown {
        text: String::from_utf8(bytes).expect("made of text"),
        is_error: false,
    }
}
