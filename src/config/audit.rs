//! The options of the audit log.

use super::parse::Parser;
use crate::{
    audit::{AuditKey, Destination, OnFailure},
    options::Given,
};

/// Where the audit log goes, and how it is protected.
#[derive(Debug, Clone)]
pub struct AuditConfig {
    pub(crate) destination: Destination,
    pub(crate) key: Option<AuditKey>,
    pub(crate) on_failure: OnFailure,
}

pub(super) fn resolve(parser: &mut Parser, given: &Given) -> Option<AuditConfig> {
    let options = &given.options;
    let key = parser.optional(
        "audit_key_file",
        options.audit_key_file.as_deref(),
        |path| AuditKey::from_file(path.as_ref()),
    );
    let on_failure = parser.choice(
        "audit_on_failure",
        options.audit_on_failure.as_deref(),
        "refuse",
        |text| match text {
            "refuse" => Some(OnFailure::Refuse),
            "continue" => Some(OnFailure::Continue),
            _ => None,
        },
        "refuse or continue",
    );
    let destination = match given.value("audit_log").map(str::trim) {
        None | Some("") => return None,
        Some("stderr") => Destination::Stderr,
        Some(path) => Destination::File(path.into()),
    };
    Some(AuditConfig {
        destination,
        key,
        on_failure,
    })
}
