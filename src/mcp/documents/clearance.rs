//! Which documents a caller may see.

use oscal_documents::{Library, LibraryView, Model};

/// Which documents a caller may see. To the caller, others do not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::mcp) enum Clearance {
    /// Every document.
    All,
    /// Every document except those that reveal how a system is built and where it is weak.
    WithoutSensitive,
}

impl Clearance {
    /// The documents of `library` that may be seen.
    pub(in crate::mcp) fn view(self, library: &Library) -> LibraryView<'_> {
        library.view(|info| self.sees_all() || !is_sensitive(info.model))
    }

    pub(in crate::mcp) fn sees_all(self) -> bool {
        self == Self::All
    }
}

fn is_sensitive(model: Model) -> bool {
    matches!(
        model,
        Model::SystemSecurityPlan
            | Model::AssessmentPlan
            | Model::AssessmentResults
            | Model::PlanOfActionAndMilestones
    )
}
