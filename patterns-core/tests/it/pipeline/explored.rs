//! A pipeline of three stages into a stateful sink under every interruption: a drop, a cancellation, an abort
//! and a panic at every poll.
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

use futures_util::StreamExt;
use parking_lot::Mutex;
use patterns_core::context::{self, Interrupt};
use patterns_core::exit_stack::Transactional;
use patterns_core::pipeline::{Monitor, Pipeline};
use patterns_core::testing::Explorer;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::support::ms;

#[derive(Default)]
struct State {
    /// Outputs that are neither committed nor rolled back.
    open: AtomicI32,
    /// Steps that have begun and not ended, in whatever way.
    working: AtomicI32,
    saved: Mutex<Option<Vec<u32>>>,
    monitor: Mutex<Option<Monitor>>,
}

struct Output {
    written: Vec<u32>,
    state: Arc<State>,
}

impl Transactional for Output {
    type Error = Infallible;

    async fn commit(&mut self) -> Result<(), Infallible> {
        sleep(ms(10)).await;
        *self.state.saved.lock() = Some(std::mem::take(&mut self.written));
        self.state.open.fetch_sub(1, SeqCst);
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), Infallible> {
        sleep(ms(10)).await;
        self.state.open.fetch_sub(1, SeqCst);
        Ok(())
    }
}

/// Counts a step until it is dropped.
struct Working(Arc<State>);

impl Working {
    fn new(state: &Arc<State>) -> Self {
        state.working.fetch_add(1, SeqCst);
        Self(Arc::clone(state))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, SeqCst);
    }
}

fn pipeline(state: &Arc<State>) -> Pipeline<u32> {
    let (one, two) = (Arc::clone(state), Arc::clone(state));
    Pipeline::from_items("p", 0..4)
        .stage("ordered", 2, move |number: u32| {
            let working = Working::new(&one);
            async move {
                let _working = working;
                sleep(ms(u64::from(4 - number))).await;
                Ok::<_, Infallible>(number)
            }
        })
        .unordered_stage("unordered", 2, move |number| {
            let working = Working::new(&two);
            async move {
                let _working = working;
                context::sleep(ms(2)).await?;
                Ok::<_, Interrupt>(number * 10)
            }
        })
        .through("stream", |items| items.map(Ok::<_, Infallible>))
}

#[test]
fn it_leaves_all_of_its_output_or_none_and_nobody_at_work() {
    Explorer::new().no_task_left().run(
        async || Arc::new(State::default()),
        async |state: Arc<State>| {
            let pipeline = pipeline(&state);
            *state.monitor.lock() = Some(pipeline.monitor());
            state.open.fetch_add(1, SeqCst);
            let output = Output { written: Vec::new(), state: Arc::clone(&state) };
            let run = pipeline.commit_to(output, async |output: &mut Output, number| {
                output.written.push(number);
                yield_now().await;
                Ok::<_, Infallible>(())
            });
            // Whatever it says, the check looks at what it left.
            let _ = run.await;
        },
        async |state| {
            assert_eq!(state.working.load(SeqCst), 0, "somebody is still at work");
            assert_eq!(state.open.load(SeqCst), 0, "an output is neither committed nor rolled back");
            let Some(monitor) = state.monitor.lock().clone() else { return };
            let report = monitor.report();
            assert!(report.stages.iter().all(|stage| stage.in_flight == 0), "{report:?}");
            assert_eq!(report.failed(), 0, "{report:?}");
            if let Some(mut saved) = state.saved.lock().clone() {
                saved.sort_unstable();
                assert_eq!(saved, [0, 10, 20, 30]);
                assert_eq!((report.delivered(), report.abandoned()), (4, 0), "{report:?}");
            }
        },
    );
}
