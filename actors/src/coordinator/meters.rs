use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};

const READY: &str = "actors_component_ready";
const FAILURES: &str = "actors_component_failures_total";
const ESCALATIONS: &str = "actors_escalations_total";

/// What is shown of a program. A recorder is foreign code, so it is called under no lock.
pub(super) struct Meters {
    /// By component.
    components: Vec<(Gauge, Counter)>,
    pub(super) escalations: Counter,
}

impl Meters {
    pub(super) fn new<'a>(components: impl Iterator<Item = &'a str>) -> Self {
        describe_gauge!(READY, Unit::Count, "whether a component can do its work: 1 or 0");
        describe_counter!(FAILURES, Unit::Count, "how often a component that was ready was not any more");
        describe_counter!(ESCALATIONS, Unit::Count, "actors that failed for good");
        let of = |name: &str| {
            let ready = gauge!(READY, "component" => name.to_owned());
            (ready, counter!(FAILURES, "component" => name.to_owned()))
        };
        Self { components: components.map(of).collect(), escalations: counter!(ESCALATIONS) }
    }

    /// A component is ready, or is not, other than before.
    pub(super) fn ready(&self, component: usize, was_ready: bool, is_ready: bool) {
        let (ready, failures) = &self.components[component];
        ready.set(f64::from(u8::from(is_ready)));
        failures.increment(u64::from(was_ready && !is_ready));
    }
}
