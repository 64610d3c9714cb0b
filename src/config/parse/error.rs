//! A configuration error.

use std::fmt;

/// One configuration error: which option, what is wrong, and what to change.
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
