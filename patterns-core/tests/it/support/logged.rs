use std::fmt::Write;
use std::sync::OnceLock;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::NoSubscriber;
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

/// The least that makes the events of a module visible: each is told by level, message, and its other fields as
/// ` name=value`.
pub(crate) struct Logged<F> {
    module: &'static str,
    tell: F,
}

impl<F: Fn(Level, &str, &str)> Logged<F> {
    pub(crate) fn new(module: &'static str, tell: F) -> Self {
        // Where there is but one subscriber, tracing asks the one of the thread that gets to an event first whether it is
        // wanted, for all threads; so there are always two.
        static OTHER: OnceLock<Dispatch> = OnceLock::new();
        OTHER.get_or_init(|| Dispatch::new(NoSubscriber::default()));
        Self { module, tell }
    }
}

#[derive(Default)]
struct Told {
    message: String,
    fields: String,
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let written = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
        written.expect("a string takes it");
    }
}

impl<F: Fn(Level, &str, &str) + 'static> Subscriber for Logged<F> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with(self.module)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut told = Told::default();
        event.record(&mut told);
        (self.tell)(*event.metadata().level(), &told.message, &told.fields);
    }
}
