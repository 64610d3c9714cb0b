//! One thing wrong.

use std::fmt;

/// One thing wrong with the configuration: which option, what is wrong, what to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    pub(super) option: String,
    pub(super) problem: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.option, self.problem)
    }
}
