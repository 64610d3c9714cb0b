//! The directives of a profile as OSCAL writes them. A member that OSCAL 1.2 does not have is an
//! error, so that no directive is passed over in silence.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::document::Document;
use super::changes::{Modify, Position, members};
use super::error::{ResolveError, name};

/// The members of a profile.
#[derive(Debug, Deserialize)]
pub(super) struct Profile {
    #[serde(default)]
    pub(super) metadata: Map<String, Value>,
    #[serde(default)]
    pub(super) imports: Vec<Import>,
    #[serde(default)]
    pub(super) merge: Merge,
    #[serde(default)]
    pub(super) modify: Modify,
}

impl Profile {
    /// Reads the directives.
    ///
    /// # Errors
    ///
    /// The document is no profile, or has directives that are not supported or contradict each
    /// other.
    pub(super) fn of(document: &Document) -> Result<Self, ResolveError> {
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

    /// Says what contradicts what.
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
        for set in &self.modify.set_parameters {
            if set.values.is_some() && set.select.is_some() {
                let id = &set.param_id;
                return Err(format!(
                    "both values and select are set for parameter `{id:.60}`"
                ));
            }
        }
        for alter in &self.modify.alters {
            for add in &alter.adds {
                let beside = matches!(add.position, Some(Position::Before | Position::After));
                if beside && add.by_id.is_some() && add.title.is_some() {
                    let id = &alter.control_id;
                    return Err(format!("a title is added beside a part of `{id:.60}`"));
                }
            }
        }
        Ok(())
    }
}

/// An import (`imports`).
#[derive(Debug, Deserialize)]
#[serde(from = "ImportMembers")]
pub(super) struct Import {
    pub(super) href: String,
    pub(super) select: Select,
}

/// `include-all` or `include-controls`, and `exclude-controls`.
#[derive(Debug)]
pub(super) struct Select {
    pub(super) all: bool,
    /// `None` where the member is absent.
    pub(super) include: Option<Vec<ById>>,
    pub(super) exclude: Vec<ById>,
}

impl Select {
    fn check(&self, of: &str) -> Result<(), String> {
        if self.all && self.include.is_some() {
            return Err(format!("{of} has both include-all and include-controls"));
        }
        Ok(())
    }
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

/// An object without members.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Empty {}

/// A selection by id or pattern.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ById {
    pub(super) with_child_controls: Option<YesNo>,
    #[serde(default)]
    pub(super) with_ids: Vec<String>,
    #[serde(default)]
    pub(super) matching: Vec<Matching>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum YesNo {
    Yes,
    No,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Matching {
    pub(super) pattern: String,
    #[serde(default, rename = "remarks")]
    _remarks: serde::de::IgnoredAny,
}

/// How controls are combined and structured (`merge`).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Merge {
    #[serde(default)]
    pub(super) combine: Combine,
    flat: Option<Empty>,
    pub(super) as_is: Option<bool>,
    pub(super) custom: Option<Custom>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Combine {
    #[serde(default)]
    pub(super) method: Method,
}

/// What to do with controls of the same id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Method {
    #[default]
    Keep,
    UseFirst,
    Merge,
}

/// The structure of the result (`custom`).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Custom {
    #[serde(default)]
    pub(super) groups: Vec<CustomGroup>,
    #[serde(default)]
    pub(super) insert_controls: Vec<InsertControls>,
}

impl Custom {
    fn check(&self) -> Result<(), String> {
        let mut groups: Vec<_> = self.groups.iter().collect();
        let mut inserts: Vec<_> = self.insert_controls.iter().collect();
        while let Some(group) = groups.pop() {
            groups.extend(&group.groups);
            inserts.extend(&group.insert_controls);
        }
        inserts
            .into_iter()
            .try_for_each(|insert| insert.select.check("insert-controls"))
    }
}

/// A group of the result.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct CustomGroup {
    id: Option<Value>,
    class: Option<Value>,
    title: Option<Value>,
    params: Option<Value>,
    props: Option<Value>,
    links: Option<Value>,
    parts: Option<Value>,
    #[serde(default)]
    pub(super) groups: Vec<CustomGroup>,
    #[serde(default)]
    pub(super) insert_controls: Vec<InsertControls>,
}

impl CustomGroup {
    /// The group as the catalog has it, without its groups and controls.
    pub(super) fn own(&self) -> Map<String, Value> {
        members([
            ("id", &self.id),
            ("class", &self.class),
            ("title", &self.title),
            ("params", &self.params),
            ("props", &self.props),
            ("links", &self.links),
            ("parts", &self.parts),
        ])
    }

    /// How messages name it.
    pub(super) fn name(&self) -> &str {
        let name = self.id.as_ref().or(self.title.as_ref());
        name.and_then(Value::as_str).unwrap_or("without a title")
    }
}

/// Controls that are put into a custom structure.
#[derive(Debug, Deserialize)]
#[serde(from = "InsertMembers")]
pub(super) struct InsertControls {
    pub(super) order: Order,
    pub(super) select: Select,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct InsertMembers {
    #[serde(default)]
    order: Order,
    include_all: Option<Empty>,
    include_controls: Option<Vec<ById>>,
    #[serde(default)]
    exclude_controls: Vec<ById>,
}

impl From<InsertMembers> for InsertControls {
    fn from(members: InsertMembers) -> Self {
        Self {
            order: members.order,
            select: Select {
                all: members.include_all.is_some(),
                include: members.include_controls,
                exclude: members.exclude_controls,
            },
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Order {
    #[default]
    Keep,
    Ascending,
    Descending,
}
