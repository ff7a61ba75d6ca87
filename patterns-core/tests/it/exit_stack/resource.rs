//! Managed resources: acquired, entered, released.
use std::sync::Arc;

use parking_lot::Mutex;
use patterns_core::context;
use patterns_core::exit_stack::{BoxError, ExitStack, managed};
use patterns_core::testing::explore_cancellation;
use tokio::time::sleep;

use super::SECOND;

/// Counts what is open, and forbids to use what is not.
#[derive(Clone, Default)]
struct Door(Arc<Mutex<i32>>);

impl Door {
    async fn open(self) -> Result<Open, BoxError> {
        sleep(SECOND).await;
        *self.0.lock() += 1;
        Ok(Open(self))
    }
}

struct Open(Door);

impl Open {
    async fn close(self) -> Result<(), BoxError> {
        sleep(SECOND).await;
        *self.0.0.lock() -= 1;
        Ok(())
    }
}

#[test]
fn after_every_interruption_a_managed_resource_is_released() {
    let explored = explore_cancellation(
        async || Door::default(),
        async |door: Door| {
            managed(door.open(), Open::close)
                .run(async |open| {
                    assert_eq!(*open.0.0.lock(), 1);
                    context::sleep(SECOND).await?;
                    Ok(())
                })
                .await
        },
        async |door| assert_eq!(*door.0.lock(), 0),
    );
    assert_eq!(explored.polls, 4);
}

#[test]
fn after_every_interruption_entered_resources_are_released() {
    explore_cancellation(
        async || Door::default(),
        async |door: Door| {
            ExitStack::new()
                .run(async |stack| {
                    let first = stack.enter(managed(door.clone().open(), Open::close)).await?;
                    let second = stack.enter(managed(door.clone().open(), Open::close)).await?;
                    context::sleep(SECOND).await?;
                    assert!(Arc::ptr_eq(&first.0.0, &second.0.0) && *first.0.0.lock() == 2);
                    Ok(())
                })
                .await
        },
        async |door| assert_eq!(*door.0.lock(), 0),
    );
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_could_not_be_acquired_is_not_released_and_the_earlier_ones_are() {
    let door = Door::default();
    let error = ExitStack::new()
        .run(async |stack| {
            let _open = stack.enter(managed(door.clone().open(), Open::close)).await?;
            let refused = managed(async { Err::<Open, _>("refused") }, async |_| panic!("never acquired"));
            stack.enter(refused).await?;
            Ok(())
        })
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "refused");
    assert!(error.cleanup().is_none());
    assert_eq!(*door.0.lock(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failing_release_is_reported_under_the_name_of_its_resource() {
    let failing = || managed(async { Ok::<_, BoxError>(vec![1]) }, async |_| Err("still busy".into()));
    let error = failing().run(async |_| Ok(())).await.unwrap_err();
    assert_eq!(error.to_string(), "the work was done, but 1 cleanup failed: Vec: still busy");
    let error = failing().named("numbers").run(async |_| Ok(())).await.unwrap_err();
    assert_eq!(error.to_string(), "the work was done, but 1 cleanup failed: numbers: still busy");
    let slow = managed(async { Ok::<_, BoxError>(()) }, async |()| std::future::pending().await);
    let error = slow.named("slow").limit(SECOND).run(async |()| Ok(())).await.unwrap_err();
    assert_eq!(error.to_string(), "the work was done, but 1 cleanup failed: slow: not finished within 1s");
}

#[tokio::test(start_paused = true)]
async fn a_leaked_guard_is_an_error_and_not_a_hang() {
    let error = ExitStack::new()
        .run(async |stack| {
            std::mem::forget(stack.enter(managed(async { Ok::<_, BoxError>(1) }, async |_| Ok(()))).await?);
            Ok(())
        })
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "the work was done, but 1 cleanup failed: i32: it was leaked by `mem::forget`");
}
