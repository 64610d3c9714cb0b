//! Reads the token to explain. It comes from a file or standard input, never from the command line,
//! which shows in the process list.

use std::{
    fs::File,
    io::{Read, stdin},
    path::Path,
};

use rmcp_resource_server::{BearerToken, TokenError};

use super::DoctorError;

/// What was given.
pub(super) enum Given {
    Nothing,
    Token(BearerToken),
    /// Text that no server would accept as a token.
    Unusable(TokenError),
}

impl Given {
    pub(super) fn bearer(&self) -> Option<&BearerToken> {
        match self {
            Self::Token(token) => Some(token),
            Self::Nothing | Self::Unusable(_) => None,
        }
    }

    pub(super) fn problem(&self) -> Option<&TokenError> {
        match self {
            Self::Unusable(error) => Some(error),
            Self::Nothing | Self::Token(_) => None,
        }
    }
}

/// Reads `file`, or standard input for `-`. Ignores white space around the token.
pub(super) fn read(file: &Path, limit: usize) -> Result<Given, DoctorError> {
    /// Anything longer is not a token, whatever the limit.
    const MOST: u64 = 1024 * 1024;
    let mut bytes = Vec::new();
    let read = match file == Path::new("-") {
        true => stdin().lock().take(MOST).read_to_end(&mut bytes),
        false => File::open(file).and_then(|file| file.take(MOST).read_to_end(&mut bytes)),
    };
    // Leaves out the file name: it may be the token itself.
    read.map_err(|error| DoctorError::Token(format!("the file cannot be read: {error}")))?;
    let text = String::from_utf8_lossy(&bytes);
    match BearerToken::parse(text.trim(), limit) {
        Ok(token) => Ok(Given::Token(token)),
        Err(TokenError::EmptyCredential) => {
            Err(DoctorError::Token("the file contains no token".to_owned()))
        }
        Err(error) => Ok(Given::Unusable(error)),
    }
}
