//! Which controls are selected (`include-controls` and so on), as OSCAL writes it.

use serde::Deserialize;

/// `include-all` or `include-controls`, and `exclude-controls`.
#[derive(Debug)]
pub(crate) struct Select {
    pub(crate) all: bool,
    /// `None` if the member is absent.
    pub(crate) include: Option<Vec<ById>>,
    pub(crate) exclude: Vec<ById>,
}

impl Select {
    pub(super) fn check(&self, of: &str) -> Result<(), String> {
        if self.all && self.include.is_some() {
            return Err(format!("{of} has both include-all and include-controls"));
        }
        Ok(())
    }
}

/// An object without members.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Empty {}

/// A selection by id or pattern.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct ById {
    pub(crate) with_child_controls: Option<YesNo>,
    #[serde(default)]
    pub(crate) with_ids: Vec<String>,
    #[serde(default)]
    pub(crate) matching: Vec<Matching>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum YesNo {
    Yes,
    No,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Matching {
    pub(crate) pattern: String,
    #[serde(default, rename = "remarks")]
    _remarks: serde::de::IgnoredAny,
}
