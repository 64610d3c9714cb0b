//! A file that is not served, or only in part.

use serde::Serialize;

use crate::json::budget::floor_char_boundary;

/// A file that is not served, or only in part, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Its name relative to the documents directory.
    pub file: String,
    /// What is wrong with it and what to change.
    pub message: String,
}

impl Problem {
    /// Messages quote the file. They are cut, so that a file cannot flood the log.
    const MAX_MESSAGE: usize = 300;

    pub(crate) fn new(file: impl Into<String>, message: impl Into<String>) -> Self {
        let mut message = message.into();
        message.truncate(floor_char_boundary(&message, Self::MAX_MESSAGE));
        Self {
            file: file.into(),
            message,
        }
    }

    /// Whether it is about this file or a directory that contains it.
    pub(crate) fn is_about(&self, name: &str) -> bool {
        let below = name.strip_prefix(&*self.file);
        self.file == "." || below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}
