use super::*;
use crate::recorder::{Spans, Sums};

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
    assert_eq!(sums.unexplained("actors_"), [] as [String; 0]);
}

#[tokio::test(start_paused = true)]
async fn each_message_has_a_span_for_whoever_looks() {
    let spans = Spans::default();
    let _here = spans.listen();
    let system = System::start().unwrap();
    let desk = system.spawn(config("desk"), Desk::new);
    desk.tell(Boom("ouch")).await.unwrap();
    desk.ask(Add(1)).await.unwrap();
    let seen = spans.named("handle");
    assert_eq!(seen.len(), 2, "{seen:?}");
    for (span, incarnation, message, kind) in [(&seen[0], 1, "Boom", "tell"), (&seen[1], 2, "Add", "ask")] {
        assert!(span.starts_with("handle "), "{span}");
        for field in ["actor=\"desk\"".to_owned(), format!("incarnation={incarnation}"), format!("kind=\"{kind}\"")] {
            assert!(span.contains(&field), "{span}");
        }
        assert!(span.contains(&format!("desk::{message}\"")), "{span}");
    }
}
