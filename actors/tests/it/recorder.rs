//! What a recorder of metrics, and a subscriber of spans, are told.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use parking_lot::Mutex;

/// A recorder that remembers sums of counters and gauges, and how many values a histogram was given, by name and labels;
/// and which names were described.
#[derive(Clone, Default)]
pub(crate) struct Sums {
    sums: Arc<Mutex<BTreeMap<String, f64>>>,
    described: Arc<Mutex<Vec<String>>>,
    rude_about: Option<&'static str>,
}

struct Sum {
    key: String,
    all: Sums,
}

impl Sum {
    fn change(&self, change: impl FnOnce(&mut f64)) {
        change(self.all.sums.lock().entry(self.key.clone()).or_default());
        assert!(!self.all.rude_about.is_some_and(|name| self.key.starts_with(name)), "a rude recorder");
    }
}

impl CounterFn for Sum {
    fn increment(&self, value: u64) {
        self.change(|sum| *sum += value as f64);
    }

    fn absolute(&self, _: u64) {
        unreachable!("those of one name are counted together")
    }
}

impl GaugeFn for Sum {
    fn increment(&self, value: f64) {
        self.change(|sum| *sum += value);
    }

    fn decrement(&self, value: f64) {
        self.change(|sum| *sum -= value);
    }

    fn set(&self, value: f64) {
        self.change(|sum| *sum = value);
    }
}

impl HistogramFn for Sum {
    fn record(&self, value: f64) {
        assert!((0.0..60.0).contains(&value), "a wait in seconds: {value}");
        self.change(|sum| *sum += 1.0);
    }
}

impl Sums {
    /// One that panics whenever it is told something of this name, after it has noted it.
    pub(crate) fn rude_about(name: &'static str) -> Self {
        Self { rude_about: Some(name), ..Self::default() }
    }

    fn sum(&self, key: &Key) -> Arc<Sum> {
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        Arc::new(Sum { key: format!("{}{{{}}}", key.name(), labels.join(",")), all: self.clone() })
    }

    fn describe(&self, name: &KeyName) {
        self.described.lock().push(name.as_str().to_owned());
    }

    /// As in `name{label=value,other=value}`.
    pub(crate) fn get(&self, key: &str) -> f64 {
        self.sums.lock().get(key).copied().unwrap_or_default()
    }

    /// Names that begin like this and were counted without an explanation.
    pub(crate) fn unexplained(&self, prefix: &str) -> Vec<String> {
        let described: Vec<_> = self.described.lock().iter().map(|name| format!("{name}{{")).collect();
        let sums = self.sums.lock();
        let counted = sums.keys().filter(|key| key.starts_with(prefix));
        counted.filter(|key| !described.iter().any(|name| key.starts_with(name.as_str()))).cloned().collect()
    }
}

impl Recorder for Sums {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.sum(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.sum(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.sum(key))
    }
}

/// The name of what is no span.
const SAID: &str = "said";

/// Notes the spans of this crate that are opened, and what is said above all detail, with their fields.
#[derive(Clone, Default)]
pub(crate) struct Spans(Arc<Mutex<Vec<String>>>);

impl Spans {
    /// Notes what this thread opens, until the guard is dropped.
    pub(crate) fn listen(&self) -> tracing::subscriber::DefaultGuard {
        // Where there is but one subscriber, tracing asks the one of the thread that gets to a span first whether it is
        // wanted, for all threads; so there are always two.
        static OTHER: OnceLock<tracing::Dispatch> = OnceLock::new();
        OTHER.get_or_init(|| tracing::Dispatch::new(Self::default()));
        tracing::subscriber::set_default(self.clone())
    }

    /// What was said, each with its text and fields.
    pub(crate) fn said(&self) -> Vec<String> {
        self.named(SAID)
    }

    /// Those of this name.
    pub(crate) fn named(&self, name: &str) -> Vec<String> {
        let spans = self.0.lock();
        spans.iter().filter(|span| span.split(' ').next() == Some(name)).cloned().collect()
    }
}

impl tracing::field::Visit for Spans {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if let Some(last) = self.0.lock().last_mut() {
            last.push_str(&format!(" {field}={value:?}"));
        }
    }
}

impl tracing::Subscriber for Spans {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        let is_wanted = metadata.is_span() || *metadata.level() <= tracing::Level::WARN;
        is_wanted && metadata.target().starts_with("actors")
    }

    fn new_span(&self, attributes: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        self.0.lock().push(attributes.metadata().name().to_owned());
        attributes.record(&mut self.clone());
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        self.0.lock().push(SAID.to_owned());
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}
