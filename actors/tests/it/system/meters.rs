use std::collections::BTreeMap;

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

use super::*;

/// A recorder that remembers sums; of a histogram, how many values there were.
#[derive(Clone, Default)]
struct Sums {
    sums: Arc<Mutex<BTreeMap<String, f64>>>,
    described: Arc<Mutex<Vec<String>>>,
}

struct Sum {
    key: String,
    all: Sums,
}

impl Sum {
    fn add(&self, value: f64) {
        *self.all.sums.lock().entry(self.key.clone()).or_default() += value;
    }
}

impl CounterFn for Sum {
    fn increment(&self, value: u64) {
        self.add(value as f64);
    }

    fn absolute(&self, _: u64) {
        unreachable!("counters are shared by many")
    }
}

impl GaugeFn for Sum {
    fn increment(&self, value: f64) {
        self.add(value);
    }

    fn decrement(&self, value: f64) {
        self.add(-value);
    }

    fn set(&self, _: f64) {
        unreachable!("gauges are shared by many")
    }
}

impl HistogramFn for Sum {
    fn record(&self, value: f64) {
        assert!((0.0..60.0).contains(&value), "a wait in seconds: {value}");
        self.add(1.0);
    }
}

impl Sums {
    fn sum(&self, key: &Key) -> Arc<Sum> {
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        Arc::new(Sum { key: format!("{}{{{}}}", key.name(), labels.join(",")), all: self.clone() })
    }

    fn describe(&self, name: &KeyName) {
        self.described.lock().push(name.as_str().to_owned());
    }

    fn get(&self, key: &str) -> f64 {
        self.sums.lock().get(key).copied().unwrap_or_default()
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

#[tokio::test(start_paused = true)]
async fn the_metrics_say_what_the_books_say() {
    let sums = Sums::default();
    let recorder = sums.clone();
    let _here = metrics::set_default_local_recorder(&recorder);
    let system = System::start().unwrap();
    // Two of a kind, and one other.
    let desks = [0, 1].map(|_| system.spawn(config("desk").capacity(Lane::Interactive, 3), Desk::new));
    let other = system.spawn(config("other"), Desk::new);
    for desk in &desks {
        desk.tell(Boom("ouch")).await.unwrap();
        desk.tell(note("x")).await.unwrap();
        desk.lane(Lane::Batch).tell(note("x")).await.unwrap();
        desk.tell(note("x")).await.unwrap();
        assert!(desk.try_tell(note("does not fit")).is_err());
    }
    assert_eq!(sums.get("actors_queue_depth{actor=desk,lane=interactive}"), 6.0);
    assert_eq!(sums.get("actors_queue_depth{actor=desk,lane=batch}"), 2.0);
    other.ask(Add(1)).await.unwrap();
    for desk in &desks {
        desk.ask(Add(1)).await.unwrap();
        assert!(desk.stop().await.is_clean());
        assert!(desk.try_tell(note("too late")).is_err());
    }
    for (key, expected) in [
        ("actors_messages_handled_total{actor=desk}", 8.0),
        ("actors_messages_handled_total{actor=other}", 1.0),
        ("actors_messages_rejected_total{actor=desk}", 4.0),
        ("actors_messages_rejected_total{actor=other}", 0.0),
        ("actors_messages_dead_total{actor=desk,reason=panicked}", 2.0),
        ("actors_panics_total{actor=desk}", 2.0),
        ("actors_restarts_total{actor=desk}", 2.0),
        ("actors_queue_depth{actor=desk,lane=interactive}", 0.0),
        ("actors_queue_depth{actor=desk,lane=batch}", 0.0),
        ("actors_queue_wait_seconds{actor=desk}", 10.0),
    ] {
        assert_eq!(sums.get(key), expected, "{key}");
    }
    let audit = system.audit();
    assert_eq!((audit.handled, audit.rejected, audit.dead), (9, 4, 2));
    // Every name is explained, and none is made up.
    let described = sums.described.lock().clone();
    assert_eq!(described.len(), 7, "{described:?}");
    for key in sums.sums.lock().keys() {
        assert!(described.iter().any(|name| key.starts_with(&format!("{name}{{"))), "{key}");
    }
}

/// Notes the spans that are opened, with their fields.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<String>>>);

impl tracing::field::Visit for Spans {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if let Some(last) = self.0.lock().last_mut() {
            last.push_str(&format!(" {field}={value:?}"));
        }
    }
}

impl tracing::Subscriber for Spans {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target().starts_with("actors")
    }

    fn new_span(&self, attributes: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        self.0.lock().push(attributes.metadata().name().to_owned());
        attributes.record(&mut self.clone());
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {}

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test(start_paused = true)]
async fn each_message_has_a_span_for_whoever_looks() {
    let spans = Spans::default();
    let _here = tracing::subscriber::set_default(spans.clone());
    let system = System::start().unwrap();
    let desk = system.spawn(config("desk"), Desk::new);
    desk.tell(Boom("ouch")).await.unwrap();
    desk.ask(Add(1)).await.unwrap();
    let seen = spans.0.lock().clone();
    assert_eq!(seen.len(), 2, "{seen:?}");
    for (span, incarnation, message, kind) in [(&seen[0], 1, "Boom", "tell"), (&seen[1], 2, "Add", "ask")] {
        assert!(span.starts_with("handle "), "{span}");
        for field in ["actor=\"desk\"".to_owned(), format!("incarnation={incarnation}"), format!("kind=\"{kind}\"")] {
            assert!(span.contains(&field), "{span}");
        }
        assert!(span.contains(&format!("desk::{message}\"")), "{span}");
    }
}
