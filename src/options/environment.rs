//! Where options come from, besides the command line.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::File,
    io::{ErrorKind, Read},
};

use super::dotenv;

/// Variables and `.env`, read once, so that nothing is set in this process's environment.
pub(crate) struct Environment {
    pub(super) variables: Vec<(OsString, OsString)>,
    pub(super) dotenv: Dotenv,
}

/// What was found at the path of `.env`.
pub(super) enum Dotenv {
    Missing,
    /// Python virtual environments are often named like this.
    Directory,
    Content(Vec<u8>),
    Unreadable(String),
}

impl Environment {
    /// The variables of OpenTelemetry. Its SDK reads most of them itself, so `.env` has no say.
    pub(super) fn opentelemetry(&self) -> BTreeMap<String, String> {
        let text = |(name, value): &(OsString, OsString)| {
            let name = name.to_str().filter(|name| name.starts_with("OTEL_"))?;
            Some((name.to_owned(), value.to_string_lossy().into_owned()))
        };
        self.variables.iter().filter_map(text).collect()
    }

    /// The variables of this process, and `.env` in the working directory.
    pub(crate) fn of_process() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            dotenv: Dotenv::read(),
        }
    }
}

impl Dotenv {
    fn read() -> Self {
        let mut content = Vec::new();
        let limit = dotenv::MOST_BYTES as u64 + 1;
        let read = File::open(".env").and_then(|file| file.take(limit).read_to_end(&mut content));
        match read {
            Ok(_) => Self::Content(content),
            Err(error) => match error.kind() {
                ErrorKind::NotFound => Self::Missing,
                ErrorKind::IsADirectory => Self::Directory,
                _ => Self::Unreadable(format!("it cannot be read: {error}")),
            },
        }
    }
}
