use std::convert::Infallible;
use std::sync::Arc;

use parking_lot::Mutex;
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::Context;
use patterns_core::exit_stack::{TransactionError, Transactional};
use patterns_core::outcome::catch_panics;
use patterns_core::pipeline::{Pipeline, PipelineError};
use patterns_core::reaper::Reaper;
use tokio::time::sleep;

use crate::support::{Log, ms, secs};

/// A file that is written beside its place and renamed at the end, without the file.
#[derive(Clone, Default)]
struct Place {
    saved: Arc<Mutex<Option<Vec<u32>>>>,
    log: Log,
    broken: bool,
}

struct Output {
    written: Vec<u32>,
    place: Place,
}

impl Place {
    fn open(&self) -> Output {
        Output { written: Vec::new(), place: self.clone() }
    }

    fn saved(&self) -> Option<Vec<u32>> {
        self.saved.lock().clone()
    }
}

impl Transactional for Output {
    type Error = &'static str;

    async fn commit(&mut self) -> Result<(), &'static str> {
        sleep(secs(1)).await;
        if self.place.broken {
            return Err("disk is full");
        }
        *self.place.saved.lock() = Some(std::mem::take(&mut self.written));
        self.place.log.add("committed");
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), &'static str> {
        sleep(secs(1)).await;
        self.place.log.add(format!("rolled back {}", self.written.len()));
        Ok(())
    }
}

async fn write(output: &mut Output, number: u32) -> Result<(), Infallible> {
    output.written.push(number);
    Ok(())
}

/// Numbers, one each second.
fn numbers(step: impl Fn(u32) -> Result<u32, &'static str> + Clone + Send + Sync + 'static) -> Pipeline<u32> {
    Pipeline::from_items("import", 0..4).stage("work", 1, move |number| {
        let step = step.clone();
        async move {
            sleep(secs(1)).await;
            step(number)
        }
    })
}

#[tokio::test(start_paused = true)]
async fn what_went_well_is_committed_whole() {
    let place = Place::default();
    let report = numbers(Ok).commit_to(place.open(), write).await.unwrap();
    assert_eq!(report.delivered(), 4);
    assert_eq!(place.saved().unwrap(), [0, 1, 2, 3]);
    assert_eq!(place.log.all(), ["committed"]);
}

#[tokio::test(start_paused = true)]
async fn an_error_rolls_back_and_says_which_item() {
    let place = Place::default();
    let failing = numbers(|number| if number == 2 { Err("bad page") } else { Ok(number) });
    let failed = failing.commit_to(place.open(), write).await.unwrap_err();
    let failed = failed.work().unwrap().downcast_ref::<PipelineError>().unwrap();
    assert_eq!(failed.to_string(), "import: work: item 2: bad page");
    assert_eq!((place.saved(), place.log.all()), (None, vec!["rolled back 2".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_stage_rolls_back() {
    let place = Place::default();
    let failing = numbers(|number| if number == 2 { panic!("bad page") } else { Ok(number) });
    let failed = failing.commit_to(place.open(), write).await.unwrap_err();
    assert!(matches!(failed, TransactionError::Work(_)));
    assert_eq!((place.saved(), place.log.all()), (None, vec!["rolled back 2".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn an_error_or_a_panic_of_the_sink_rolls_back() {
    let place = Place::default();
    let failing = numbers(Ok).commit_to(place.open(), async |output: &mut Output, number| {
        output.written.push(number);
        if number == 1 { Err("disk is full") } else { Ok(()) }
    });
    assert_eq!(failing.await.unwrap_err().to_string(), "import: item 1: disk is full");

    let panicking = numbers(Ok).commit_to(place.open(), async |output: &mut Output, number| {
        assert!(output.written.is_empty(), "broken sink");
        write(output, number).await
    });
    let failed = catch_panics(panicking).await.unwrap().unwrap_err();
    assert!(failed.to_string().contains("broken sink"), "{failed}");
    assert_eq!(place.saved(), None);
    assert_eq!(place.log.all(), ["rolled back 2", "rolled back 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_rolls_back() {
    let (place, token) = (Place::default(), CancelToken::new());
    let run = Context::current().with_token(token.clone()).scope(numbers(Ok).commit_to(place.open(), write));
    let (result, ()) = tokio::join!(run, async {
        sleep(ms(2500)).await;
        token.cancel("enough");
    });
    assert!(result.unwrap_err().work().unwrap().downcast_ref::<PipelineError>().unwrap().is_cancelled());
    assert_eq!((place.saved(), place.log.all()), (None, vec!["rolled back 2".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_drop_rolls_back_and_the_root_waits_for_it() {
    let (root, place) = (Reaper::new(), Place::default());
    root.run(async {
        assert!(timeout(ms(2500), numbers(Ok).commit_to(place.open(), write)).await.is_err());
    })
    .await;
    assert_eq!((place.saved(), place.log.all()), (None, vec!["rolled back 2".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_drop_during_the_commit_does_not_cut_it_in_half() {
    let (root, place) = (Reaper::new(), Place::default());
    root.run(async {
        assert!(timeout(ms(4500), numbers(Ok).commit_to(place.open(), write)).await.is_err());
        assert_eq!(place.saved(), None);
    })
    .await;
    assert_eq!(place.saved().unwrap(), [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_fails_is_told_apart_from_work_that_did() {
    let place = Place { broken: true, ..Place::default() };
    let failed = numbers(Ok).commit_to(place.open(), write).await.unwrap_err();
    assert!(matches!(failed, TransactionError::Commit { rollback: None, .. }));
    assert_eq!((place.saved(), place.log.all()), (None, vec!["rolled back 4".to_owned()]));
}
