//! The models of OSCAL 1.2.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// A model of OSCAL: the kind of a document, recognized by the key at its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// Controls, in groups.
    Catalog,
    /// A selection of controls: a baseline or overlay.
    Profile,
    /// Relations between the controls of several catalogs.
    MappingCollection,
    /// How components implement controls.
    ComponentDefinition,
    /// How a system implements controls.
    SystemSecurityPlan,
    /// What an assessment will do.
    AssessmentPlan,
    /// What an assessment found.
    AssessmentResults,
    /// Weaknesses to fix, and by when.
    PlanOfActionAndMilestones,
}

impl Model {
    /// All models, from the control layer to the assessment layer.
    pub const ALL: [Self; 8] = [
        Self::Catalog,
        Self::Profile,
        Self::MappingCollection,
        Self::ComponentDefinition,
        Self::SystemSecurityPlan,
        Self::AssessmentPlan,
        Self::AssessmentResults,
        Self::PlanOfActionAndMilestones,
    ];

    /// The key at the root of a document of this model, which is also its name in the API.
    pub fn root_key(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Profile => "profile",
            Self::MappingCollection => "mapping-collection",
            Self::ComponentDefinition => "component-definition",
            Self::SystemSecurityPlan => "system-security-plan",
            Self::AssessmentPlan => "assessment-plan",
            Self::AssessmentResults => "assessment-results",
            Self::PlanOfActionAndMilestones => "plan-of-action-and-milestones",
        }
    }

    /// The OSCAL layer that the model belongs to: `control`, `implementation` or `assessment`.
    pub fn layer(self) -> &'static str {
        match self {
            Self::Catalog | Self::Profile | Self::MappingCollection => "control",
            Self::ComponentDefinition | Self::SystemSecurityPlan => "implementation",
            Self::AssessmentPlan | Self::AssessmentResults | Self::PlanOfActionAndMilestones => {
                "assessment"
            }
        }
    }

    /// The model with this root key.
    pub fn from_root_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.root_key() == key)
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.root_key())
    }
}

impl FromStr for Model {
    type Err = UnknownModel;

    /// Parses a root key, in any case.
    fn from_str(name: &str) -> Result<Self, UnknownModel> {
        Self::from_root_key(&name.trim().to_ascii_lowercase()).ok_or(UnknownModel)
    }
}

/// A name is not the root key of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an OSCAL model; the models are {}",
    Model::ALL.map(Model::root_key).join(", ")
)]
pub struct UnknownModel;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_root_keys_everywhere() {
        for model in Model::ALL {
            assert_eq!(model.root_key().parse(), Ok(model));
            assert_eq!(
                serde_json::to_value(model).expect("a string"),
                model.root_key()
            );
        }
        assert_eq!("SSP".parse::<Model>(), Err(UnknownModel));
        assert!(UnknownModel.to_string().contains("catalog, profile"));
    }
}
