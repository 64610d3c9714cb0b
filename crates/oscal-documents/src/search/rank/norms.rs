//! How often a term occurs, weighted by field and normalized for the length of the field.

use crate::search::segment::Lengths;

/// How much a word in each field weighs, and how much the length of the field matters.
const WEIGHTS: Lengths<f32> = Lengths {
    title: 4.0,
    statement: 1.6,
    guidance: 0.8,
};
const B: Lengths<f32> = Lengths {
    title: 0.5,
    statement: 0.6,
    guidance: 0.6,
};

/// The longest field with a factor of its own; longer ones get the last.
const LONGEST: usize = 2048;

/// For each field, the factors for lengths from 0.
pub(super) struct Norms(Lengths<Vec<f32>>);

impl Norms {
    /// Factors for items of these average lengths.
    #[expect(clippy::cast_precision_loss, reason = "ranking needs no more than f32")]
    pub(super) fn of(total: Lengths<u64>, items: f32) -> Self {
        let factors = |weight: f32, b: f32, total: u64| {
            let average = (total as f32 / items).max(1.0);
            (0..=LONGEST)
                .map(|length| weight / (1.0 - b + b * length as f32 / average))
                .collect()
        };
        Self(Lengths {
            title: factors(WEIGHTS.title, B.title, total.title),
            statement: factors(WEIGHTS.statement, B.statement, total.statement),
            guidance: factors(WEIGHTS.guidance, B.guidance, total.guidance),
        })
    }

    /// The normalized frequency of a term in an item with these lengths.
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    pub(super) fn frequency(&self, counts: Lengths<u32>, lengths: Lengths<u32>) -> f32 {
        let factor = |factors: &[f32], length: u32| factors[(length as usize).min(LONGEST)];
        counts.title as f32 * factor(&self.0.title, lengths.title)
            + counts.statement as f32 * factor(&self.0.statement, lengths.statement)
            + counts.guidance as f32 * factor(&self.0.guidance, lengths.guidance)
    }
}
