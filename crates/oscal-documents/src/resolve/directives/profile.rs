//! The members of a profile, and the contradictions among them.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::document::Document;
use crate::resolve::directives::merge::Merge;
use crate::resolve::directives::modify::Modify;
use crate::resolve::directives::select::{ById, Empty, Select};
use crate::resolve::error::{ResolveError, name};

/// The members of a profile.
#[derive(Debug, Deserialize)]
pub(crate) struct Profile {
    #[serde(default)]
    pub(crate) metadata: Map<String, Value>,
    #[serde(default)]
    pub(crate) imports: Vec<Import>,
    #[serde(default)]
    pub(crate) merge: Merge,
    #[serde(default)]
    pub(crate) modify: Modify,
}

impl Profile {
    /// Reads the directives.
    ///
    /// # Errors
    ///
    /// The document is not a profile, or has directives that are unsupported or contradict each
    /// other.
    pub(crate) fn of(document: &Document) -> Result<Self, ResolveError> {
        #[derive(Deserialize)]
        struct Root {
            profile: Option<Profile>,
        }
        let directive = |source| ResolveError::Directive {
            profile: name(document),
            source,
        };
        let root: Root = serde_json::from_str(document.json()).map_err(directive)?;
        let Some(profile) = root.profile else {
            return Err(ResolveError::NotAProfile {
                document: name(document),
                model: document.info().model,
            });
        };
        if profile.imports.is_empty() {
            return Err(ResolveError::NoImports {
                profile: name(document),
            });
        }
        profile.check().map_err(|why| ResolveError::Contradiction {
            profile: name(document),
            why,
        })?;
        Ok(profile)
    }

    /// Reports contradictory directives.
    fn check(&self) -> Result<(), String> {
        for import in &self.imports {
            import
                .select
                .check(&format!("the import of `{:.80}`", import.href))?;
        }
        let merge = &self.merge;
        let structures = [
            merge.flat.is_some(),
            merge.as_is == Some(true),
            merge.custom.is_some(),
        ];
        if structures.into_iter().filter(|given| *given).count() > 1 {
            return Err("merge has more than one of flat, as-is and custom".to_owned());
        }
        if let Some(custom) = &merge.custom {
            custom.check()?;
        }
        Ok(())
    }
}

/// An import (`imports`).
#[derive(Debug, Deserialize)]
#[serde(from = "ImportMembers")]
pub(crate) struct Import {
    pub(crate) href: String,
    pub(crate) select: Select,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ImportMembers {
    href: String,
    include_all: Option<Empty>,
    include_controls: Option<Vec<ById>>,
    #[serde(default)]
    exclude_controls: Vec<ById>,
}

impl From<ImportMembers> for Import {
    fn from(members: ImportMembers) -> Self {
        Self {
            href: members.href,
            select: Select {
                all: members.include_all.is_some(),
                include: members.include_controls,
                exclude: members.exclude_controls,
            },
        }
    }
}
