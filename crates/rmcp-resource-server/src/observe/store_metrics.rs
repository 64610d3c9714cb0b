//! Metrics of a store that replicas share. None of them exists in a process without one.

use std::sync::{Arc, OnceLock};

#[cfg(feature = "metrics")]
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

#[cfg(not(feature = "metrics"))]
use super::uncounted::{Counter, Family, Gauge};

/// A part of [`Metrics`](super::metrics::Metrics).
#[derive(Debug, Clone, Default)]
pub(crate) struct StoreMetrics {
    /// Set once there is a store.
    begun: Arc<OnceLock<()>>,
    up: Gauge,
    operations: Family<OperationLabel, Counter>,
    answers: Family<FoundLabel, Counter>,
    entries_refused: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "metrics", derive(EncodeLabelSet))]
struct OperationLabel {
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "metrics", derive(EncodeLabelSet))]
struct FoundLabel {
    found: &'static str,
}

/// What the store is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StoreOperation {
    ReadAnswer,
    WriteAnswer,
    DeleteAnswer,
    ReadRevocations,
    WriteRevocation,
    ReadSession,
    WriteSession,
    DeleteSession,
}

impl StoreOperation {
    const ALL: [Self; 8] = [
        Self::ReadAnswer,
        Self::WriteAnswer,
        Self::DeleteAnswer,
        Self::ReadRevocations,
        Self::WriteRevocation,
        Self::ReadSession,
        Self::WriteSession,
        Self::DeleteSession,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::ReadAnswer => "read_answer",
            Self::WriteAnswer => "write_answer",
            Self::DeleteAnswer => "delete_answer",
            Self::ReadRevocations => "read_revocations",
            Self::WriteRevocation => "write_revocation",
            Self::ReadSession => "read_session",
            Self::WriteSession => "write_session",
            Self::DeleteSession => "delete_session",
        }
    }
}

/// How an operation ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StoreOutcome {
    Done,
    Failed,
    TimedOut,
    /// Nobody asked, because the store is down or slow.
    Skipped,
}

impl StoreOutcome {
    const ALL: [Self; 4] = [Self::Done, Self::Failed, Self::TimedOut, Self::Skipped];

    pub(crate) fn of(is_done: bool) -> Self {
        if is_done { Self::Done } else { Self::Failed }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Skipped => "skipped",
        }
    }
}

impl StoreMetrics {
    #[cfg(feature = "metrics")]
    pub(super) fn register(&self, registry: &mut Registry) {
        if self.begun.get().is_none() {
            return;
        }
        registry.register(
            "shared_store_up",
            "1 while the shared store answers in time",
            self.up.clone(),
        );
        registry.register(
            "shared_store_operations",
            "Operations of the shared store, by kind and outcome; skipped while it is down or slow",
            self.operations.clone(),
        );
        registry.register(
            "shared_store_answers",
            "Tokens looked for in the shared store, by whether an answer was found",
            self.answers.clone(),
        );
        registry.register(
            "shared_store_entries_refused",
            "Entries of the shared store that were not made with our keys for their place and time",
            self.entries_refused.clone(),
        );
    }

    /// There is a store. Everything starts at 0.
    pub(crate) fn begin(&self) {
        let _first = self.begun.set(());
        for operation in StoreOperation::ALL {
            for outcome in StoreOutcome::ALL {
                let label = OperationLabel::of(operation, outcome);
                let _created = self.operations.get_or_create(&label);
            }
        }
        for found in [true, false] {
            let _created = self.answers.get_or_create(&FoundLabel::of(found));
        }
    }

    pub(crate) fn is_up(&self, up: bool) {
        self.up.set(i64::from(up));
    }

    pub(crate) fn used(&self, operation: StoreOperation, outcome: StoreOutcome) {
        self.operations
            .get_or_create(&OperationLabel::of(operation, outcome))
            .inc();
    }

    pub(crate) fn answer_looked_for(&self, found: bool) {
        self.answers.get_or_create(&FoundLabel::of(found)).inc();
    }

    pub(crate) fn entry_refused(&self) {
        self.entries_refused.inc();
    }
}

impl OperationLabel {
    fn of(operation: StoreOperation, outcome: StoreOutcome) -> Self {
        Self {
            operation: operation.as_str(),
            outcome: outcome.as_str(),
        }
    }
}

impl FoundLabel {
    fn of(found: bool) -> Self {
        Self {
            found: if found { "yes" } else { "no" },
        }
    }
}
