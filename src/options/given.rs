//! The options as given: flags, variables and the `.env` file, and where each value came from.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fmt,
};

use clap::{ArgMatches, CommandFactory, FromArgMatches};

use super::{
    AUDIT, AuditOptions, CLIENT_SECRET_VARIABLE, CONVERT, ConvertOptions, DoctorOptions,
    HEALTHCHECK, Options,
    command_line::{self, Shown},
    dotenv::{self, Entry, Refused},
    environment::{Dotenv, Environment},
    unknown,
};

/// What to do other than serving.
pub(crate) enum SubCommand {
    VerifyAudit(AuditOptions),
    Convert(ConvertOptions),
    Doctor(DoctorOptions),
    Healthcheck,
}

/// Where the value of an option came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag(String),
    Variable(String),
    Dotenv { line: usize },
    Default,
}

/// Something that was given but cannot be used. Neither field contains its text.
pub(crate) struct Unreadable {
    /// The option that it was meant for, if known: the option was given, though not well.
    pub(crate) id: Option<String>,
    pub(crate) place: String,
    pub(crate) problem: String,
}

/// A name that looks like one of our variables but is unknown.
pub(crate) struct Unknown {
    pub(crate) place: String,
    pub(crate) problem: String,
    /// Whether it looks like an authorization option.
    pub(crate) of_authorization: bool,
}

/// Options together with where each came from.
pub(crate) struct Given {
    pub(crate) options: Options,
    pub(crate) client_secret: Option<String>,
    pub(crate) sub_command: Option<SubCommand>,
    pub(crate) unreadable: Vec<Unreadable>,
    pub(crate) unknown: Vec<Unknown>,
    /// Notes about `.env` for the operator.
    pub(crate) notes: Vec<String>,
    /// The variables of OpenTelemetry.
    pub(crate) opentelemetry: BTreeMap<String, String>,
    values: BTreeMap<String, (String, Origin)>,
}

impl Given {
    /// Reads the options. A flag overrides a variable, and a variable overrides `.env`. An empty
    /// value counts as not given, but still hides what it overrides.
    pub(crate) fn read(arguments: &[OsString], environment: &Environment) -> Result<Self, Shown> {
        let mut matches = command_line::read(arguments)?;
        let mut sub_command = None;
        if let Some((name, of_sub_command)) = matches.remove_subcommand() {
            if name == AUDIT
                && let Some(options) = AuditOptions::new(&of_sub_command)
            {
                return Ok(Self::only(SubCommand::VerifyAudit(options)));
            }
            if name == CONVERT
                && let Some(options) = ConvertOptions::new(&of_sub_command)
            {
                return Ok(Self::only(SubCommand::Convert(options)));
            }
            sub_command = Some(match name.as_str() {
                HEALTHCHECK => SubCommand::Healthcheck,
                _doctor => SubCommand::Doctor(DoctorOptions::new(&of_sub_command)),
            });
            matches = of_sub_command;
        }
        let mut reader = Reader::default();
        let entries = reader.dotenv(&environment.dotenv);
        reader.look_for_unknown(environment, &entries);
        for argument in Options::command().get_arguments() {
            let (id, variable) = (argument.get_id().as_str(), argument.get_env());
            let Some(variable) = variable else { continue };
            let flag = matches.get_one::<String>(id).cloned();
            reader.option(id, flag, variable, environment, &entries);
        }
        let secret = OsStr::new(CLIENT_SECRET_VARIABLE);
        reader.option(CLIENT_SECRET_VARIABLE, None, secret, environment, &entries);
        let Reader {
            values,
            unreadable,
            unknown,
            notes,
        } = reader;
        Ok(Self {
            options: options(&values, &matches),
            client_secret: values
                .get(CLIENT_SECRET_VARIABLE)
                .map(|(text, _)| text.clone()),
            sub_command,
            unreadable,
            unknown,
            notes,
            opentelemetry: environment.opentelemetry(),
            values,
        })
    }

    /// A subcommand that takes none of the server's options.
    fn only(sub_command: SubCommand) -> Self {
        Self {
            options: Options::default(),
            client_secret: None,
            sub_command: Some(sub_command),
            unreadable: Vec::new(),
            unknown: Vec::new(),
            notes: Vec::new(),
            opentelemetry: BTreeMap::new(),
            values: BTreeMap::new(),
        }
    }

    /// The value of the option `id`, if it was given.
    pub(crate) fn value(&self, id: &str) -> Option<&str> {
        self.values.get(id).map(|(value, _)| value.as_str())
    }

    /// Whether the option `id` was given, readable or not.
    pub(crate) fn is_given(&self, id: &str) -> bool {
        let is_it = |unreadable: &Unreadable| unreadable.id.as_deref() == Some(id);
        self.values.contains_key(id) || self.unreadable.iter().any(is_it)
    }

    /// The ids of the given options that begin with `prefix`.
    pub(crate) fn set_options(&self, prefix: &str) -> Vec<String> {
        let ids = self.values.keys().filter(|id| id.starts_with(prefix));
        ids.cloned().collect()
    }

    /// Where the value of the option `id` came from.
    pub(crate) fn origin(&self, id: &str) -> Origin {
        let given = self.values.get(id);
        given.map_or(Origin::Default, |(_, origin)| origin.clone())
    }
}

/// The options as clap builds them from flags, whatever the source of each.
fn options(values: &BTreeMap<String, (String, Origin)>, matches: &ArgMatches) -> Options {
    let flags = values
        .iter()
        .filter(|(id, _)| *id != CLIENT_SECRET_VARIABLE)
        .map(|(id, (value, _))| format!("--{}={value}", id.replace('_', "-")));
    let show = matches
        .get_flag("print_config")
        .then(|| "--print-config".to_owned());
    let command = command_line::without_variables(Options::command()).no_binary_name(true);
    command
        .try_get_matches_from(flags.chain(show))
        .and_then(|matches| Options::from_arg_matches(&matches))
        .expect("every option is a flag that takes any text")
}

#[derive(Default)]
struct Reader {
    values: BTreeMap<String, (String, Origin)>,
    unreadable: Vec<Unreadable>,
    unknown: Vec<Unknown>,
    notes: Vec<String>,
}

impl Reader {
    /// The entries of `.env`; errors in it are recorded.
    fn dotenv(&mut self, dotenv: &Dotenv) -> Vec<Entry> {
        let content = match dotenv {
            Dotenv::Missing => return Vec::new(),
            Dotenv::Directory => {
                self.notes
                    .push(".env is a directory, so no options are read from it".to_owned());
                return Vec::new();
            }
            Dotenv::Unreadable(problem) => {
                self.refuse(None, ".env".to_owned(), problem.clone());
                return Vec::new();
            }
            Dotenv::Content(content) => content,
        };
        let (entries, refused) = dotenv::parse(content);
        for Refused {
            line,
            name,
            problem,
        } in refused
        {
            // Anything other than the name of an option may be part of a multi-line secret.
            let name = name.filter(|name| unknown::known().contains(name));
            let place = match (line, &name) {
                (None, _) => ".env".to_owned(),
                (Some(line), None) => format!(".env line {line}"),
                (Some(line), Some(name)) => format!(".env line {line} ({name})"),
            };
            self.refuse(name.as_deref(), place, problem.to_string());
        }
        entries
    }

    fn refuse(&mut self, variable: Option<&str>, place: String, problem: String) {
        let id = variable.map(id_of);
        self.unreadable.push(Unreadable { id, place, problem });
    }

    fn look_for_unknown(&mut self, environment: &Environment, entries: &[Entry]) {
        let known = unknown::known();
        let of_environment = environment
            .variables
            .iter()
            .map(|(name, value)| (name.to_string_lossy(), value.to_string_lossy(), None));
        let of_dotenv = entries.iter().map(|entry| {
            (
                entry.name.as_str().into(),
                entry.value.as_str().into(),
                Some(entry.line),
            )
        });
        for (name, value, line) in of_environment.chain(of_dotenv) {
            let Some(problem) = unknown::judge(&name, &value, &known) else {
                continue;
            };
            let shown = unknown::shown(&name);
            self.unknown.push(Unknown {
                place: match line {
                    Some(line) => format!(".env line {line} ({shown})"),
                    None => shown,
                },
                problem,
                of_authorization: name.starts_with("OSCAL_AUTH_"),
            });
        }
        let foreign: Vec<_> = entries
            .iter()
            .filter(|entry| !entry.name.starts_with("OSCAL_") && !known.contains(&entry.name))
            .map(|entry| entry.line.to_string())
            .collect();
        if !foreign.is_empty() {
            self.notes.push(format!(
                ".env sets variables that are not options of this server, which has no effect \
                 here: line {}",
                foreign.join(", ")
            ));
        }
    }

    fn option(
        &mut self,
        id: &str,
        flag: Option<String>,
        variable: &OsStr,
        environment: &Environment,
        entries: &[Entry],
    ) {
        let name = variable.to_string_lossy();
        let of_environment = environment
            .variables
            .iter()
            .find(|(name, _)| name == variable);
        let (value, origin) = if let Some(flag) = flag {
            (flag, Origin::Flag(format!("--{}", id.replace('_', "-"))))
        } else if let Some((_, value)) = of_environment {
            match value.to_str() {
                Some(value) => (value.to_owned(), Origin::Variable(name.into_owned())),
                None => {
                    let problem = "its value is not UTF-8 text".to_owned();
                    return self.refuse(Some(&name), name.to_string(), problem);
                }
            }
        } else if let Some(entry) = entries.iter().find(|entry| entry.name == name) {
            (entry.value.clone(), Origin::Dotenv { line: entry.line })
        } else {
            return;
        };
        let is_empty = match id {
            CLIENT_SECRET_VARIABLE => value.is_empty(),
            _ => value.trim().is_empty(),
        };
        if !is_empty {
            self.values.insert(id.to_owned(), (value, origin));
        }
    }
}

/// The id of the option with this variable; for the client secret, the variable itself.
fn id_of(variable: &str) -> String {
    let command = Options::command();
    let argument = command
        .get_arguments()
        .find(|argument| argument.get_env().is_some_and(|name| name == variable));
    argument
        .map_or(variable, |argument| argument.get_id().as_str())
        .to_owned()
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Dotenv { line } => write!(f, ".env line {line}"),
            Self::Default => f.write_str("default"),
        }
    }
}
