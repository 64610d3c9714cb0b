//! Stand-ins for the types of `prometheus-client` that count nothing, for builds without the
//! feature `metrics`. They have just the methods that [`Metrics`](super::metrics::Metrics) calls.

use std::marker::PhantomData;

#[derive(Debug, Clone, Default)]
pub(super) struct Counter {}

impl Counter {
    pub(super) fn inc(&self) {}
}

#[derive(Debug, Clone, Default)]
pub(super) struct Gauge {}

impl Gauge {
    pub(super) fn inc(&self) {}

    pub(super) fn dec(&self) {}

    pub(super) fn set(&self, _value: i64) {}
}

#[derive(Debug, Clone)]
pub(super) struct Histogram {}

impl Histogram {
    pub(super) fn new(_buckets: impl IntoIterator<Item = f64>) -> Self {
        Self {}
    }

    pub(super) fn observe(&self, _value: f64) {}
}

#[derive(Debug, Clone)]
pub(super) struct Family<Label, Metric> {
    metric: Metric,
    labels: PhantomData<fn(&Label)>,
}

impl<Label, Metric: Default> Default for Family<Label, Metric> {
    fn default() -> Self {
        Self {
            metric: Metric::default(),
            labels: PhantomData,
        }
    }
}

impl<Label, Metric> Family<Label, Metric> {
    pub(super) fn get_or_create(&self, _label: &Label) -> &Metric {
        &self.metric
    }
}
