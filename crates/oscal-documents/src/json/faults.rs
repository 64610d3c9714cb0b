//! What is left out of a document because it is malformed.

/// What is left out of a document because it is malformed. The rest is served.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// The first ones, in words.
    pub(crate) first: Vec<String>,
    /// How many more there are.
    pub(crate) more: usize,
}

impl Faults {
    const MAX: usize = 10;

    pub(crate) fn note(&mut self, fault: impl FnOnce() -> String) {
        if self.first.len() < Self::MAX {
            self.first.push(fault());
        } else {
            self.more += 1;
        }
    }
}
