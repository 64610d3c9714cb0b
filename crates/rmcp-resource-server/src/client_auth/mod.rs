//! How this server proves to the authorization server who it is.

pub(crate) mod assertion;
pub(crate) mod credentials;
pub(crate) mod error;
pub(crate) mod key;
pub(crate) mod method;
pub(crate) mod one_line;
pub(crate) mod reader;
pub(crate) mod time_limit;
