//! What implementations leave open of a baseline.

use std::fmt::Write;

use oscal_documents::{
    ControlCoverage, Coverage, CoverageCounts, CoverageLevel, ImplementationFilter, LibraryView,
    Standing,
};
use rmcp::schemars::{self, JsonSchema};
use serde::Serialize;

use super::{
    against::Comparison,
    known,
    named::{Named, Source, short},
    part::Part,
    question::QueryImplementations,
};
use crate::mcp::answer::{Page, ToolError, markdown, shortened};

/// The most entries of each list that is not paged.
const MAX_LISTED: usize = 25;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Gaps {
    /// What is compared with
    baseline: Named,
    coverage: Counts,
    gaps: Page<Gap>,
    /// Ids of the controls that are declared not applicable
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    not_applicable: Vec<String>,
    /// What is claimed for which catalog or profile
    claims: Vec<Claim>,
    /// Coverage by each document alone
    documents: Vec<OfDocument>,
    /// Selected, but withdrawn from the catalog, and not counted
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    withdrawn: Vec<String>,
    /// Implemented, but not selected by the baseline
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    not_selected: Vec<String>,
    /// Implemented, but in no loaded catalog
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    unknown: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Counts {
    total: usize,
    implemented: usize,
    inherited: usize,
    stated: usize,
    partial: usize,
    planned: usize,
    not_implemented: usize,
    unclear: usize,
    not_applicable: usize,
    missing: usize,
    percent_covered: f64,
    percent_of_applicable: f64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Gap {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    title: String,
    level: &'static str,
    /// As written
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    states: Vec<String>,
    /// Implementations for other or unknown catalogs
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(default)]
    not_counted: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Claim {
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
    counted: bool,
    why: &'static str,
    requirements: usize,
    controls: usize,
    /// Of those controls, in the baseline by id
    selected: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
struct OfDocument {
    #[serde(flatten)]
    document: Named,
    covered: usize,
    percent_covered: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

pub(super) fn answer(
    asked: &QueryImplementations,
    documents: &LibraryView<'_>,
    filter: ImplementationFilter<'_>,
    against: &Comparison,
) -> Result<Part<Gaps>, ToolError> {
    let coverage = against.coverage(documents, filter);
    let baseline = Named::of(against.info());
    if let Some(control) = filter.control
        && coverage.counts.total == 0
        && coverage.withdrawn.is_empty()
    {
        return Err(match documents.find_controls(control).into_iter().next() {
            Some(known) => ToolError::OutsideBaseline {
                control: shortened(control),
                catalog: Named::of(known.document().info()).text(),
                baseline: baseline.text(),
            },
            None => known::unknown_control(documents, control),
        });
    }
    let mut notes = Vec::new();
    if against.guessed {
        notes.push("the imported profile was found by its file name only".to_owned());
    }
    let claimed = coverage.claims.iter();
    let (counted, other): (Vec<_>, Vec<_>) = claimed.partition(|claim| claim.standing.counts());
    if !other.is_empty() && counted.is_empty() {
        notes.push(
            "nothing that is loaded is written for this baseline's catalog, so nothing counts; see \
             claims, or set any_source to count by id alone"
                .to_owned(),
        );
    } else if coverage.claims.is_empty() {
        notes.push("the documents implement nothing that matches".to_owned());
    }
    let assumed = counted
        .iter()
        .any(|claim| claim.standing == Standing::Assumed);
    if assumed {
        notes.push(
            "some of what counts is not known to be written for this baseline; see claims"
                .to_owned(),
        );
    }
    let gaps = Gaps::of(asked, baseline, &coverage);
    let text = gaps.text(&coverage, &notes);
    Ok(Part {
        content: gaps,
        notes,
        truncated: false,
        text,
    })
}

impl Gaps {
    fn of(asked: &QueryImplementations, baseline: Named, coverage: &Coverage<'_>) -> Self {
        let ids = |ids: &[String]| ids.iter().take(MAX_LISTED).map(|id| short(id)).collect();
        let not_applicable = coverage.at(CoverageLevel::NotApplicable);
        let not_applicable = not_applicable.map(|control| control.name.id.clone());
        let claims = coverage.claims.iter().take(MAX_LISTED);
        let documents = coverage.documents.iter().take(MAX_LISTED);
        let withdrawn = coverage.withdrawn.iter().take(MAX_LISTED);
        Self {
            baseline,
            coverage: Counts::of(coverage.counts),
            gaps: Page::cut(coverage.gaps(), asked.offset, asked.limit, 100).map(Gap::of),
            not_applicable: not_applicable.take(8 * MAX_LISTED).collect(),
            claims: claims.map(Claim::of).collect(),
            documents: documents
                .map(|of| OfDocument {
                    document: Named {
                        id: of.document.clone(),
                        title: of.title.clone(),
                        version: of.version.clone(),
                    },
                    covered: of.counts.covered(),
                    percent_covered: of.counts.percent(of.counts.covered()),
                })
                .collect(),
            withdrawn: withdrawn.map(|name| name.id.clone()).collect(),
            not_selected: ids(&coverage.not_selected),
            unknown: ids(&coverage.unknown),
        }
    }
}

impl Counts {
    fn of(counts: CoverageCounts) -> Self {
        Self {
            total: counts.total,
            implemented: counts.implemented,
            inherited: counts.inherited,
            stated: counts.stated,
            partial: counts.partial,
            planned: counts.planned,
            not_implemented: counts.not_implemented,
            unclear: counts.unclear,
            not_applicable: counts.not_applicable,
            missing: counts.missing,
            percent_covered: counts.percent(counts.covered()),
            percent_of_applicable: counts.percent_of_applicable(counts.covered()),
        }
    }
}

impl Gap {
    fn of(control: &ControlCoverage<'_>) -> Self {
        let name = control.name.clone();
        let states = control.states.iter();
        Self {
            id: name.id,
            label: name.label,
            title: name.title,
            level: control.level.name(),
            states: states.map(|state| short(state)).collect(),
            not_counted: control.not_counted,
        }
    }
}

impl Claim {
    fn of(claim: &oscal_documents::Claim) -> Self {
        Self {
            source: claim.source.clone().map(Source::of),
            counted: claim.standing.counts(),
            why: match claim.standing {
                Standing::Matches => "written for the baseline's catalog or a profile of it",
                Standing::NoSource => "does not say what it is written for",
                Standing::Assumed => "not known to be written for this, counted as asked",
                Standing::OtherCatalog => "written for another catalog",
                _ => "what it is written for is not loaded",
            },
            requirements: claim.requirements,
            controls: claim.controls,
            selected: claim.selected,
        }
    }

    fn text(&self) -> String {
        let counted = if self.counted {
            "counted"
        } else {
            "not counted"
        };
        let source = self.source.as_ref();
        let source = source.map_or_else(|| "no source".to_owned(), Source::text);
        let Self {
            why,
            requirements,
            controls,
            selected,
            ..
        } = self;
        format!(
            "{counted}, {why}: {source}: {requirements} requirements for {controls} controls, \
             {selected} of them in the baseline"
        )
    }
}

impl Gaps {
    fn text(&self, coverage: &Coverage<'_>, notes: &[String]) -> String {
        markdown::written(|out| self.write(out, coverage, notes))
    }

    fn write(
        &self,
        out: &mut String,
        coverage: &Coverage<'_>,
        notes: &[String],
    ) -> std::fmt::Result {
        let counts = coverage.counts;
        writeln!(out, "# Coverage of {}\n", self.baseline.text())?;
        writeln!(
            out,
            "- Covered: {} of {} controls, {} % ({} % of the {} that apply)",
            counts.covered(),
            counts.total,
            self.coverage.percent_covered,
            self.coverage.percent_of_applicable,
            counts.applicable(),
        )?;
        let levels = CoverageLevel::ALL.map(|level| (level, coverage.at(level).count()));
        let levels = levels.iter().filter(|(_, count)| *count > 0);
        let levels: Vec<_> = levels
            .map(|(level, count)| format!("{count} {level}"))
            .collect();
        writeln!(out, "- Of them: {}", levels.join(", "))?;
        if counts.stated > 0 {
            writeln!(out, "- \"stated\" is covered by a text without a status")?;
        }
        for note in notes {
            writeln!(out, "- Note: {note}")?;
        }
        writeln!(out, "\n## Claims\n")?;
        for claim in &self.claims {
            writeln!(out, "- {}", claim.text())?;
        }
        if self.documents.len() > 1 {
            writeln!(out, "\n## By document\n")?;
        }
        for of in self.documents.iter().filter(|_| self.documents.len() > 1) {
            let OfDocument {
                document,
                covered,
                percent_covered,
            } = of;
            writeln!(out, "- {}: {covered}, {percent_covered} %", document.text())?;
        }
        let shown = self.gaps.items.len();
        write!(out, "\n## Gaps: {}", self.gaps.total)?;
        if shown < self.gaps.total {
            write!(out, ", {shown} from {} on", self.gaps.offset)?;
        }
        writeln!(out, "; missing unless marked otherwise\n")?;
        for gap in &self.gaps.items {
            gap.write(out)?;
        }
        for (heading, ids) in [
            ("Not applicable", &self.not_applicable),
            ("Selected, but withdrawn", &self.withdrawn),
            ("Implemented, but not selected", &self.not_selected),
            ("Implemented, but in no loaded catalog", &self.unknown),
        ] {
            if !ids.is_empty() {
                writeln!(out, "\n{heading}: {}", ids.join(", "))?;
            }
        }
        Ok(())
    }
}

impl Gap {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        let label = self.label.as_ref().unwrap_or(&self.id);
        write!(out, "- {label} {}", short(&self.title))?;
        if self.level != CoverageLevel::Missing.name() {
            write!(out, ": {}", self.level)?;
        }
        let told = [self.level.to_owned()];
        if !self.states.is_empty() && self.states != told {
            write!(out, "; as written: {}", self.states.join(", "))?;
        }
        if self.not_counted > 0 {
            write!(out, "; {} not counted", self.not_counted)?;
        }
        writeln!(out)
    }
}
