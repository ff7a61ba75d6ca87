//! Streams under every interruption: a drop, a cancellation, an abort and a panic at every poll.
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

use futures_util::{StreamExt, stream};
use parking_lot::Mutex;
use patterns_core::outcome::BoxError;
use patterns_core::stream::{FlowExt, Generator, Page, Stopped, Yielder, generator, paginate};
use patterns_core::testing::Explorer;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::support::{ms, secs};

#[derive(Default)]
struct State {
    /// Producers whose cleanup is still to come.
    open: AtomicI32,
    sent: Mutex<Vec<u32>>,
    taken: Mutex<Vec<u32>>,
}

impl State {
    fn take(&self, number: u32) {
        self.taken.lock().push(number);
    }

    fn taken(&self) -> Vec<u32> {
        self.taken.lock().clone()
    }

    fn assert_cleaned_up(&self) {
        assert_eq!(self.open.load(SeqCst), 0, "a cleanup never ran");
    }
}

/// Numbers from a producer with an async cleanup.
fn numbers(state: Arc<State>) -> Generator<u32, BoxError> {
    async fn emit(state: &State, yielder: &mut Yielder<u32>) -> Result<(), Stopped> {
        for number in 0..3 {
            yielder.emit(number).await?;
            state.sent.lock().push(number);
            yield_now().await;
        }
        Ok(())
    }
    generator(async move |mut yielder| {
        state.open.fetch_add(1, SeqCst);
        let emitted = emit(&state, &mut yielder).await;
        sleep(secs(1)).await;
        state.open.fetch_sub(1, SeqCst);
        Ok(emitted?)
    })
}

#[test]
fn a_generator_is_always_cleaned_up_and_knows_exactly_what_was_taken() {
    Explorer::new().no_task_left().run(
        async || Arc::new(State::default()),
        async |state: Arc<State>| {
            let mut numbers = numbers(Arc::clone(&state));
            while let Some(Ok(number)) = numbers.next().await {
                state.take(number);
                yield_now().await;
                if number == 1 {
                    break;
                }
            }
            let _ = numbers.close().await;
        },
        async |state| {
            state.assert_cleaned_up();
            assert_eq!(*state.sent.lock(), state.taken());
            assert!([0, 1].starts_with(&state.taken()));
        },
    );
}

#[test]
fn a_generator_that_is_read_ahead_is_always_cleaned_up() {
    Explorer::new().no_task_left().run(
        async || Arc::new(State::default()),
        async |state: Arc<State>| {
            let mut numbers = numbers(Arc::clone(&state)).prefetch(2);
            while let Some(Ok(number)) = numbers.next().await {
                state.take(number);
                yield_now().await;
                if number == 1 {
                    break;
                }
            }
            for number in numbers.close().await.into_iter().flatten() {
                state.take(number);
            }
        },
        async |state| {
            state.assert_cleaned_up();
            // What was read ahead is only lost with the stream.
            assert!(state.sent.lock().starts_with(&state.taken()));
        },
    );
}

#[test]
fn batches_come_in_order_and_miss_nothing() {
    Explorer::new().no_task_left().run(
        async || Arc::new(State::default()),
        async |state: Arc<State>| {
            let slow = stream::iter(0..5).then(|number| async move {
                sleep(ms(10)).await;
                number
            });
            let mut batches = Box::pin(slow.batch(3, ms(15)));
            while let Some(batch) = batches.next().await {
                assert!(!batch.is_empty() && batch.len() <= 3);
                batch.into_iter().for_each(|number| state.take(number));
                yield_now().await;
            }
            assert_eq!(state.taken(), [0, 1, 2, 3, 4]);
        },
        async |state| assert!([0, 1, 2, 3, 4].starts_with(&state.taken())),
    );
}

#[test]
fn pages_come_in_order_and_each_once() {
    Explorer::new().no_task_left().run(
        async || Arc::new(State::default()),
        async |state: Arc<State>| {
            let mut items = paginate(0, |number| {
                let state = Arc::clone(&state);
                async move {
                    yield_now().await;
                    state.sent.lock().push(number);
                    let items = vec![2 * number, 2 * number + 1];
                    let next = (number < 2).then_some(number + 1);
                    Ok::<_, BoxError>(Page { items, next })
                }
            });
            while let Some(Ok(item)) = items.next().await {
                state.take(item);
                yield_now().await;
            }
        },
        async |state| {
            assert!([0, 1, 2, 3, 4, 5].starts_with(&state.taken()));
            assert!([0, 1, 2].starts_with(&state.sent.lock()), "each page was fetched once");
        },
    );
}
