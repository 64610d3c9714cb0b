//! What a caller asks for.

use oscal_documents::PartView;
use rmcp::schemars::{self, JsonSchema};
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::mcp::tools) struct GetControl {
    /// Id or label in any common notation: AC-2(1), ac-2.1, AC-02 (01)
    pub(super) control: String,
    /// Id of the catalog; default: the largest catalog that contains the control
    pub(super) document: Option<String>,
    /// Id of a profile: the control as in its baseline, with its parameter values
    pub(super) profile: Option<String>,
    /// Kinds of text to return; default: all but assessment
    pub(super) parts: Option<Vec<Parts>>,
    /// Also return the control's OSCAL JSON
    #[serde(default)]
    pub(super) raw: bool,
}

// Kinds of text. Plain comments, because doc comments would go into the schema.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Parts {
    Statement,
    Guidance,
    Assessment,
    Other,
    All,
}

impl Parts {
    /// What is returned by default. Catalogs have parts of many other names, such as `item` for
    /// what FedRAMP adds; nobody who does not know of them could ask for them.
    pub(super) const DEFAULT: &[Self] = &[Self::Statement, Self::Guidance, Self::Other];

    pub(super) fn cover(self, part: &PartView) -> bool {
        let is_other = !part.is_assessment() && !matches!(&*part.name, "statement" | "guidance");
        match self {
            Self::Statement => part.name == "statement",
            Self::Guidance => part.name == "guidance",
            Self::Assessment => part.is_assessment(),
            Self::Other => is_other,
            Self::All => true,
        }
    }
}
