//! Random parallelism, room and latencies: every item comes out once, in order where it was promised, and never
//! more are inside than was said.
use std::cell::Cell;
use std::convert::Infallible;

use futures_util::future::BoxFuture;
use patterns_core::pipeline::{Monitor, Pipeline, PipelineError, PipelineReport};
use proptest::prelude::*;
use tokio::time::sleep;

use crate::support::ms;

#[derive(Clone, Debug)]
struct Stage {
    parallel: usize,
    ordered: bool,
    /// Room behind it.
    room: usize,
    /// Milliseconds that its items need, over and over.
    latencies: Vec<u64>,
}

fn stage() -> impl Strategy<Value = Stage> {
    (1_usize..5, any::<bool>(), 1_usize..4, prop::collection::vec(0_u64..8, 1..8))
        .prop_map(|(parallel, ordered, room, latencies)| Stage { parallel, ordered, room, latencies })
}

/// A step that takes its time, and fails for one item.
fn step(
    latencies: Vec<u64>,
    bad: Option<usize>,
) -> impl Fn(usize) -> BoxFuture<'static, Result<usize, &'static str>> + Send + Sync + 'static {
    move |number| {
        let needs = latencies[number % latencies.len()];
        Box::pin(async move {
            if needs > 0 {
                sleep(ms(needs)).await;
            }
            if bad == Some(number) { Err("bad item") } else { Ok(number) }
        })
    }
}

struct Ran {
    out: Vec<usize>,
    /// The most items that were seen inside.
    most: u64,
    result: Result<PipelineReport, PipelineError>,
}

/// Runs `items` numbers through the stages; `bad` is the stage and the item that fails.
fn run(items: usize, first_room: usize, stages: &[Stage], bad: Option<(usize, usize)>) -> Ran {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut pipeline = Pipeline::from_items("p", 0..items).buffer(first_room);
        for (at, stage) in stages.iter().enumerate() {
            let step = step(stage.latencies.clone(), bad.filter(|bad| bad.0 == at).map(|bad| bad.1));
            let name = format!("stage-{at}");
            let added = if stage.ordered {
                pipeline.stage(name, stage.parallel, step)
            } else {
                pipeline.unordered_stage(name, stage.parallel, step)
            };
            pipeline = added.buffer(stage.room);
        }
        let monitor: Monitor = pipeline.monitor();
        let (mut out, most) = (Vec::new(), Cell::new(0));
        let result = pipeline.for_each(async |number| {
            sleep(ms(1)).await;
            most.set(most.get().max(monitor.report().inside()));
            out.push(number);
            Ok::<_, Infallible>(())
        });
        let result = result.await;
        Ran { out, most: most.get(), result }
    })
}

fn bound(first_room: usize, stages: &[Stage]) -> u64 {
    let inside: usize = stages.iter().map(|stage| stage.parallel + stage.room).sum();
    (first_room + inside + 1) as u64
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn every_item_comes_out_once_in_order_and_within_the_bound(
        items in 0_usize..60,
        first_room in 1_usize..4,
        stages in prop::collection::vec(stage(), 0..4),
    ) {
        let Ran { mut out, most, result } = run(items, first_room, &stages, None);
        let report = result.unwrap();
        if stages.iter().all(|stage| stage.ordered || stage.parallel == 1) {
            prop_assert!(out.is_sorted(), "{out:?}");
        }
        out.sort_unstable();
        prop_assert_eq!(out, (0..items).collect::<Vec<_>>());
        prop_assert!(most <= bound(first_room, &stages), "{most} inside");
        prop_assert_eq!((report.entered(), report.delivered()), (items as u64, items as u64));
        for (stage, report) in stages.iter().zip(&report.stages[1..]) {
            prop_assert!(report.peak <= stage.parallel as u64, "{report:?}");
            prop_assert_eq!((report.taken, report.emitted), (items as u64, items as u64));
        }
    }

    #[test]
    fn the_one_bad_item_is_named_and_all_the_others_are_accounted_for(
        items in 1_usize..60,
        first_room in 1_usize..4,
        stages in prop::collection::vec(stage(), 1..4),
        bad in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let bad = (bad.0.index(stages.len()), bad.1.index(items));
        let Ran { out, most, result } = run(items, first_room, &stages, Some(bad));
        let failed = result.unwrap_err();
        let (first, name) = (failed.first().unwrap(), format!("stage-{}", bad.0));
        prop_assert_eq!((first.stage(), first.item()), (name.as_str(), bad.1 as u64));
        prop_assert!(most <= bound(first_room, &stages), "{most} inside");
        prop_assert!(!out.contains(&bad.1));
        if stages.iter().all(|stage| stage.ordered || stage.parallel == 1) {
            prop_assert!(out.iter().copied().eq(0..out.len()), "{out:?}");
        }
        let report = failed.report();
        prop_assert_eq!((report.delivered(), report.failed()), (out.len() as u64, 1));
        let ends = report.delivered() + report.failed() + report.abandoned() + report.inside();
        prop_assert_eq!(report.entered(), ends);
        prop_assert!(report.stages.iter().all(|stage| stage.in_flight == 0));
    }
}
