use patterns_core::outcome::{Panic, catch_panic, catch_panics};

use crate::support::Log;

#[test]
fn a_panic_keeps_its_text_and_place() {
    let line = line!() + 1;
    let panic = catch_panic(|| panic!("disk {} is full", 7)).unwrap_err();
    assert_eq!(panic.message(), "disk 7 is full");
    assert!(panic.place().unwrap().starts_with(&format!("{}:{line}:", file!())), "{panic}");
    assert!(panic.to_string().starts_with("panicked: disk 7 is full (at "));
}

#[test]
fn a_payload_that_is_no_text_is_said_to_be_none() {
    let panic = catch_panic(|| std::panic::panic_any(7_u8)).unwrap_err();
    assert_eq!(panic.message(), "(no message)");
    assert!(panic.place().is_some());
}

#[test]
fn a_resumed_panic_does_not_get_the_place_of_another() {
    let panic = catch_panic(|| {
        let _ = std::panic::catch_unwind(|| panic!("inner"));
        std::panic::resume_unwind(Box::new("outer"));
    })
    .unwrap_err();
    assert_eq!((panic.message(), panic.place()), ("outer", None));
}

#[test]
fn a_panic_caught_in_a_destructor_does_not_cost_the_outer_place() {
    struct Catches;
    impl Drop for Catches {
        fn drop(&mut self) {
            assert_eq!(catch_panic(|| panic!("inner")).unwrap_err().message(), "inner");
        }
    }
    let line = line!() + 3;
    let panic = catch_panic(|| {
        let _guard = Catches;
        panic!("outer");
    })
    .unwrap_err();
    assert_eq!(panic.message(), "outer");
    assert!(panic.place().unwrap().starts_with(&format!("{}:{line}:", file!())), "{panic}");
}

#[test]
fn a_hook_installed_before_still_runs() {
    // In a thread with its own flag, since hooks are process-wide and tests run in parallel.
    use std::sync::atomic::{AtomicBool, Ordering};
    static CALLED: AtomicBool = AtomicBool::new(false);
    let _ = catch_panic(|| ());
    let ours = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref::<&str>() == Some(&"for the hook test") {
            CALLED.store(true, Ordering::SeqCst);
        }
        ours(info);
    }));
    let panic = catch_panic(|| panic!("for the hook test")).unwrap_err();
    assert!(panic.place().is_some(), "a later hook that chains costs nothing");
    assert!(CALLED.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_later_poll_is_caught_and_the_future_dropped() {
    let log = Log::default();
    let guard = log.on_drop("dropped");
    let fut = catch_panics(async move {
        let _guard = guard;
        tokio::task::yield_now().await;
        panic!("second poll");
    });
    let result: Result<(), Panic> = fut.await;
    assert_eq!(result.unwrap_err().message(), "second poll");
    assert!(log.has("dropped"));
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_destructor_of_a_finished_future_is_caught() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("in the destructor");
        }
    }
    struct Ready(#[allow(dead_code)] Bad);
    impl Future for Ready {
        type Output = u8;
        fn poll(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<u8> {
            std::task::Poll::Ready(7)
        }
    }
    assert_eq!(catch_panics(Ready(Bad)).await.unwrap_err().message(), "in the destructor");
}

#[test]
fn a_payload_that_panics_when_it_is_dropped_is_one_panic() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::panic_any(7_u8);
        }
    }
    let panic = catch_panic(|| std::panic::panic_any(Bomb)).unwrap_err();
    assert_eq!(panic.message(), "(no message)");
}
