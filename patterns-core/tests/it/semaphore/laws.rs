//! Random acquires, weights, priorities, departures and resizes against the bound, the order and the books.
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use patterns_core::semaphore::Semaphore;
use proptest::prelude::*;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, timeout};

use crate::support::ms;

#[derive(Clone, Debug)]
struct Visit {
    /// Milliseconds since the visit before.
    after: u64,
    n: usize,
    priority: i32,
    /// How long it holds its permits, in milliseconds.
    holds: u64,
    /// Leaves after this many milliseconds, if it still waits.
    patience: Option<u64>,
}

fn visit(limit: usize) -> impl Strategy<Value = Visit> {
    (0..4_u64, 1..=limit, 0..3_i32, 0..9_u64, prop::option::weighted(0.3, 0..9_u64))
        .prop_map(|(after, n, priority, holds, patience)| Visit { after, n, priority, holds, patience })
}

fn visits() -> impl Strategy<Value = (usize, Vec<Visit>, Vec<usize>)> {
    (1..6_usize).prop_flat_map(|limit| {
        (Just(limit), prop::collection::vec(visit(limit), 1..40), prop::collection::vec(1..7_usize, 0..4))
    })
}

/// Runs all visits; returns when each was admitted.
fn run(limit: usize, visits: &[Visit], resizes: &[usize]) -> Vec<Option<Instant>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let semaphore = Semaphore::new(limit);
        let admitted = Rc::new(RefCell::new(vec![None; visits.len()]));
        let inside = Rc::new(Cell::new(0));
        let resizing = {
            let (semaphore, resizes) = (semaphore.clone(), resizes.to_vec());
            tokio::task::spawn_local(async move {
                for limit in resizes {
                    sleep(ms(5)).await;
                    semaphore.resize(limit);
                }
            })
        };
        let mut tasks = Vec::new();
        for (number, visit) in visits.iter().cloned().enumerate() {
            sleep(ms(visit.after)).await;
            let (semaphore, admitted, inside) = (semaphore.clone(), Rc::clone(&admitted), Rc::clone(&inside));
            tasks.push(tokio::task::spawn_local(async move {
                let acquire = semaphore.request(visit.n).priority(visit.priority).acquire();
                let permit = match visit.patience {
                    Some(patience) => timeout(ms(patience), acquire).await.ok(),
                    None => Some(acquire.await),
                };
                let Some(Ok(permit)) = permit else { return };
                admitted.borrow_mut()[number] = Some(Instant::now());
                inside.set(inside.get() + visit.n);
                let status = semaphore.status();
                assert_eq!(status.taken, inside.get(), "the books are wrong");
                assert!(status.taken <= status.limit.max(status.taken - visit.n), "{status:?}");
                assert_eq!(status.limit.max(status.taken), status.free + status.taken + status.offered, "{status:?}");
                sleep(ms(visit.holds)).await;
                inside.set(inside.get() - visit.n);
                drop(permit);
            }));
            tokio::task::yield_now().await;
        }
        for task in tasks {
            timeout(ms(3_600_000), task).await.expect("somebody waits for ever").unwrap();
        }
        resizing.await.unwrap();
        let status = semaphore.status();
        assert_eq!((status.taken, status.offered, status.waiters.len()), (0, 0, 0), "{status:?}");
        admitted.take()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn never_above_the_limit_and_everybody_is_served_or_leaves((limit, visits, resizes) in visits()) {
        run(limit, &visits, &resizes);
    }

    #[test]
    fn equals_are_served_in_the_order_in_which_they_came((limit, mut visits, _) in visits()) {
        for visit in &mut visits {
            visit.priority = 0;
            visit.patience = None;
        }
        // In the same instant, one that takes what is left may run before one that takes what it was offered.
        let admitted = run(limit, &visits, &[]);
        prop_assert!(admitted.iter().all(Option::is_some));
        prop_assert!(admitted.is_sorted(), "{admitted:?}");
    }
}
