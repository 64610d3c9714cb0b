//! Search finds what a person means: questions in people's own words against SP 800-53.

#[path = "../../../crates/oscal-documents/examples/search-quality/quality.rs"]
mod quality;

use self::quality::{Half, SCOPES, questions};
use super::Nist;

/// The least that must come first and among the first five, in percent.
const FIRST: usize = 60;
const FIRST_FIVE: usize = 90;

#[test]
#[ignore = "interop: run scripts/interop"]
#[expect(clippy::print_stdout, reason = "the figures are worth reading")]
fn questions_find_their_controls() {
    let Some(nist) = Nist::load() else {
        return;
    };
    let view = nist.library.view(|_| true);
    let catalog = SCOPES[0].document(&view).expect("SP 800-53");
    // `Half::After` is measured by the example: it has too few questions for a bar.
    for half in [Half::Tune, Half::HeldOut] {
        for document in [Some(catalog), None] {
            let mut asked = questions();
            asked.retain(|question| question.half == half && question.scope == SCOPES[0].name);
            let places: Vec<_> = asked
                .iter()
                .map(|question| question.place(&view, document))
                .collect();
            for (limit, least) in [(1, FIRST), (5, FIRST_FIVE)] {
                let found = places.iter().flatten().filter(|place| **place < limit);
                let share = 100 * found.count() / asked.len();
                println!("{half}, in {document:?}: {share} % among the first {limit}");
                assert!(share >= least, "{half}: {share} % among the first {limit}");
            }
        }
    }
}
