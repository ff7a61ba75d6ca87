//! Two drivers are asked the same, at random, and are the same to whoever asks.
//!
//! Each is also held against a [book](book::Book) of what must be so, and against [laws] of what it says by itself: a
//! driver that agrees with one that is wrong is found, too, and so is one that nobody is compared with. Where the contract
//! leaves a choice (which of those that are too late a take comes across, which of equals are deleted) each driver may
//! make its own; from there on the two are only held against their books.

mod asking;
mod book;
mod corners;
mod laws;
mod owners;
mod people;
mod side;
mod steps;
mod taking;

use std::fmt::Debug;

use actors::jobs::driver::{JobDriver, MemoryDriver};
use actors::scheduler::VirtualClock;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

pub(crate) use corners::corners;
use side::Side;
pub(crate) use steps::{Step, start, step};

/// Asserts that an empty driver on this clock does what it must, and the same as the one in memory does.
pub(crate) async fn agrees<D: JobDriver>(driver: &D, clock: &VirtualClock, steps: &[Step]) -> TestCaseResult {
    clock.set(start());
    let memory = MemoryDriver::with_clock(clock.clone());
    let (mut reference, mut other) = (Side::new(&memory, clock), Side::new(driver, clock));
    for (n, step) in steps.iter().enumerate() {
        let failed =
            |who: &str, error: TestCaseError| TestCaseError::fail(format!("{who}, step {n}, {step:?}: {error}"));
        let were_same = reference.book == other.book;
        let expected = reference.step(step).await.map_err(|error| failed("the driver in memory", error))?;
        let said = other.step(step).await.map_err(|error| failed("the other driver", error))?;
        if were_same && reference.book == other.book {
            same("what both said", &said, &expected).map_err(|error| failed("the two", error))?;
        }
    }
    let are_same = reference.book == other.book;
    let (expected, seen) = (reference.end().await?, other.end().await?);
    if are_same { same("what is to be seen of both in the end", &seen, &expected) } else { Ok(()) }
}

fn same<T: PartialEq + Debug>(what: &str, found: &T, expected: &T) -> TestCaseResult {
    if found == expected {
        return Ok(());
    }
    Err(TestCaseError::fail(format!("{what}: {found:?}, expected {expected:?}")))
}

/// Runs it on a clock that only goes when it is told to.
fn on_a_paused_clock(test: impl Future<Output = TestCaseResult>) -> TestCaseResult {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(test)
}

async fn memory_agrees(steps: &[Step]) -> TestCaseResult {
    let clock = VirtualClock::starting_at(start());
    agrees(&MemoryDriver::with_clock(clock.clone()), &clock, steps).await
}

#[tokio::test(start_paused = true)]
async fn the_driver_in_memory_does_what_it_must_in_each_corner() {
    for (name, steps) in corners() {
        memory_agrees(&steps).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_driver_in_memory_does_what_it_must_whatever_it_is_asked(steps in prop::collection::vec(step(), 1..80)) {
        on_a_paused_clock(memory_agrees(&steps))?;
    }
}
