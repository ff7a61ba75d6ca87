//! What holds after any history.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use actors::connection_pool::Pooled;
use patterns_core::cancel::move_on_after;
use proptest::prelude::*;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::server::{Answer, Manager, Server};
use super::{assert_books, assert_counts, builder, start};

#[derive(Clone, Debug)]
enum Step {
    /// Somebody who waits for so long and then holds on for so long.
    User {
        patience: u64,
        use_for: u64,
        discard: bool,
        panic: bool,
    },
    Behave {
        connect: u8,
        check: u8,
        connect_time: u64,
        close_time: u64,
    },
    OnReturn {
        check: bool,
    },
    Resize {
        max: usize,
        min: usize,
    },
    Wait {
        millis: u64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (1..3_000_u64, 0..1_500_u64, prop::bool::weighted(0.2), prop::bool::weighted(0.1))
            .prop_map(|(patience, use_for, discard, panic)| Step::User { patience, use_for, discard, panic }),
        1 => (0..8_u8, 0..8_u8, 0..500_u64, 0..500_u64)
            .prop_map(|(connect, check, connect_time, close_time)| Step::Behave { connect, check, connect_time, close_time }),
        1 => any::<bool>().prop_map(|check| Step::OnReturn { check }),
        1 => (1..=3_usize, 0..=1_usize).prop_map(|(max, min)| Step::Resize { max, min }),
        3 => (0..2_000_u64).prop_map(|millis| Step::Wait { millis }),
    ];
    prop::collection::vec(step, 1..80)
}

fn answer(drawn: u8) -> Answer {
    match drawn {
        0 => Answer::Fail,
        1 => Answer::Panic,
        2 => Answer::Never,
        3 => Answer::Forbid,
        _ => Answer::Ok,
    }
}

async fn use_it(conn: Pooled<Manager>, use_for: u64, discard: bool, panic: bool) {
    sleep(Duration::from_millis(use_for)).await;
    assert!(!panic, "as drawn");
    if discard {
        conn.discard();
    }
}

async fn play(steps: Vec<Step>) {
    let server = Server::new();
    let millis = Duration::from_millis;
    let pool = builder(&server).max_size(3).min_idle(1).check_after(millis(300)).idle_timeout(millis(900));
    let pool = pool.max_lifetime(millis(2_500)).connect_timeout(millis(400)).check_timeout(millis(200));
    let pool = start(pool.close_timeout(millis(450)).acquire_timeout(millis(2_000))).await;
    let mut users = JoinSet::new();
    for step in steps {
        match step {
            Step::User { patience, use_for, discard, panic } => {
                let pool = pool.clone();
                users.spawn(async move {
                    // Its patience may be over in any phase.
                    let all = async {
                        if let Ok(conn) = pool.acquire().await {
                            use_it(conn, use_for, discard, panic).await;
                        }
                    };
                    let _ = move_on_after(millis(patience), all).await;
                });
            }
            Step::Behave { connect, check, connect_time, close_time } => server.behave(|server| {
                (server.connect, server.check) = (answer(connect), answer(check));
                (server.connect_time, server.close_time) = (millis(connect_time), millis(close_time));
            }),
            Step::OnReturn { check } => server.check_on_return.store(check, SeqCst),
            Step::Resize { max, min } => pool.resize(max, min).expect("it makes sense"),
            Step::Wait { millis } => sleep(Duration::from_millis(millis)).await,
        }
        assert_counts(&pool.status());
        assert!(server.most() <= 3);
    }
    while users.join_next().await.is_some() {
        assert_counts(&pool.status());
    }
    // Whatever happened, a server that answers is enough.
    server.behave(|server| *server = super::server::Behaviour::default());
    pool.resize(3, 1).expect("it makes sense");
    sleep(Duration::from_secs(10)).await;
    assert_books(&pool.status());
    let all = futures_util::future::join_all((0..3).map(|_| pool.acquire())).await;
    assert!(all.iter().all(Result::is_ok), "{:?}", pool.status());
    drop(all);
    let receipt = pool.drain(Instant::now() + Duration::from_secs(5)).await;
    assert!(receipt.is_complete(), "{receipt}");
    assert_eq!((server.live(), pool.status().size()), (0, 0));
    assert!(server.most() <= 3);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_history_loses_a_connection_or_a_slot_or_exceeds_the_limit(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(play(steps));
    }
}
