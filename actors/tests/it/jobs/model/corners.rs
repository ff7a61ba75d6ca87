//! Sequences in which a driver is easily wrong, so that they are tried each time, and not when chance has it.

use std::time::Duration;

use actors::jobs::driver::{DeadReason, Due, End, NewJob, Prune, QueueLimits, QueueRate, Unique};
use actors::worker_pool::Priority;

use super::steps::{Say, Serial, Step, id, job, secs};

/// Each with what it is about.
pub(crate) fn corners() -> Vec<(&'static str, Vec<Step>)> {
    let late = |n| NewJob { expires: Some(Due::After(secs(2))), ..keyed(n) };
    let unique =
        |n, window| NewJob { unique: Some(Unique { key: "u".to_owned(), window: secs(window) }), ..job(n, "a") };
    let delayed = |n| NewJob { due: Due::After(secs(5)), ..keyed(n) };
    let pass = |seconds| Step::Pass(secs(seconds));
    let pause = |paused| Step::Pause("a".to_owned(), paused);
    let limit = |running, rate| Step::Limit("a".to_owned(), QueueLimits { running, rate });
    let rate = |spacing, burst| Some(QueueRate { spacing: secs(spacing), burst });
    let dead = || End::Dead { reason: DeadReason::Exhausted, error: "no".to_owned() };
    let prune = |over| Step::Prune(Prune { over: secs(over), dead: Some(secs(over)), most: 10 });
    let wait = |end| [owner(), put([keyed(0), keyed(1)]), take(), say(end)];
    let with = |mut first: Vec<Step>, rest: Vec<Step>| {
        first.extend(rest);
        first
    };
    vec![
        (
            "a line whose first ones are too late, one after the other",
            vec![owner(), put([late(0), late(1), late(2), keyed(3)]), pass(3), take(), take(), take(), take(), take()],
        ),
        (
            "one that is too late in a queue that is paused, or full, or not due yet",
            vec![
                owner(),
                put([late(0), keyed(1), NewJob { expires: Some(Due::After(secs(1))), ..delayed(2) }]),
                pause(true),
                pass(3),
                take(),
                limit(Some(0), None),
                pause(false),
                take(),
                limit(None, None),
                take(),
                take(),
                say(done()),
                take(),
                pass(3),
                take(),
                take(),
            ],
        ),
        (
            "one that lives again stands behind its line, twice, and so does what follows it",
            with(
                wait(dead()).to_vec(),
                vec![
                    Step::Retry(id(0)),
                    put([keyed(2)]),
                    Step::Cancel(id(1)),
                    Step::Retry(id(1)),
                    take(),
                    say(done()),
                    take(),
                    Step::Retry(id(0)),
                    say(done()),
                    take(),
                    Step::Retry(id(1)),
                    take(),
                ],
            ),
        ),
        (
            "the first of a line waits for its next attempt, however urgent those behind it are",
            with(
                wait(End::Retry { after: secs(5), error: "no".to_owned() }).to_vec(),
                vec![
                    put([NewJob { priority: Priority::High, ..keyed(2) }]),
                    take(),
                    pass(5),
                    take(),
                    say(End::Released { after: secs(1) }),
                    take(),
                    Step::Retry(id(1)),
                    take(),
                    Step::Cancel(id(0)),
                    take(),
                ],
            ),
        ),
        (
            "one that was cancelled while it ran, and whose owner goes, or hands it back, or fails with it",
            vec![
                owner(),
                put([keyed(0), keyed(1), keyed(2), keyed(3)]),
                take(),
                Step::Cancel(id(0)),
                Step::Beat(1),
                say(End::Retry { after: Duration::ZERO, error: "no".to_owned() }),
                take(),
                Step::Cancel(id(1)),
                say(End::Released { after: secs(1) }),
                take(),
                Step::Cancel(id(2)),
                Step::Leave(1),
                owner(),
                take(),
            ],
        ),
        (
            "places that are free again once their owner is gone, also where there are fewer now",
            vec![
                Step::Enter(None, 3),
                put([job(0, "a"), job(1, "a"), job(2, "a"), job(3, "a")]),
                limit(Some(3), rate(3, 3)),
                take(),
                limit(Some(1), rate(3, 3)),
                Step::Evict(1, true),
                Step::Evict(1, false),
                Step::Enter(None, 3),
                take(),
                pass(3),
                take(),
                say(done()),
                take(),
                pass(9),
                limit(None, None),
                take(),
            ],
        ),
        (
            "a unique key that outlives its job, which is forgotten",
            vec![
                owner(),
                put([unique(0, 5)]),
                take(),
                say(done()),
                prune(0),
                put([unique(1, 5)]),
                pass(5),
                put([unique(1, 5)]),
                put([unique(2, 0)]),
            ],
        ),
        (
            "an id that comes again, after it was forgotten, holds nothing that its earlier life held",
            vec![
                owner(),
                put([unique(0, 5)]),
                take(),
                say(done()),
                prune(0),
                put([job(0, "a")]),
                put([unique(1, 0)]),
                pass(6),
                put([unique(1, 0)]),
                take(),
                Step::Cancel(id(1)),
                put([unique(2, 0)]),
            ],
        ),
        (
            "one that lives again, whose unique key another one has, holds it no more",
            vec![
                put([unique(0, 0)]),
                Step::Cancel(id(0)),
                put([unique(1, 0)]),
                Step::Retry(id(0)),
                Step::Cancel(id(1)),
                put([unique(2, 0)]),
                Step::Cancel(id(0)),
                put([unique(3, 0)]),
                Step::Cancel(id(2)),
                Step::Retry(id(0)),
                put([unique(3, 0)]),
            ],
        ),
        (
            "one that lives again within its window holds its unique key until it is over",
            vec![put([unique(0, 5)]), Step::Cancel(id(0)), Step::Retry(id(0)), pass(6), put([unique(1, 0)])],
        ),
        (
            "what follows has the unique key, the key, and the id of the one that it follows",
            vec![
                owner(),
                put([unique(0, 0)]),
                take(),
                Step::Answer(None, vec![Say { next: vec![unique(1, 0), unique(0, 0), keyed(2)], ..saying(done()) }]),
                Step::Answer(None, vec![Say { runs: false, ..saying(done()) }]),
                put([unique(1, 0)]),
                take(),
            ],
        ),
        (
            "what kills its owner, and was to be cancelled",
            vec![
                owner(),
                put([job(0, "a"), job(1, "a")]),
                take(),
                Step::Cancel(id(0)),
                Step::Leave(1),
                owner(),
                Step::Retry(id(1)),
                take(),
                Step::Leave(1),
                take(),
            ],
        ),
    ]
}

fn keyed(n: u128) -> NewJob {
    NewJob { key: Some("k".to_owned()), ..job(n, "a") }
}

fn done() -> End {
    End::Done { output: None }
}

/// One that puts aside whatever it dies with.
fn owner() -> Step {
    Step::Enter(None, 1)
}

fn put<const N: usize>(jobs: [NewJob; N]) -> Step {
    Step::Enqueue(None, jobs.to_vec())
}

/// By the one that is there.
fn take() -> Step {
    let queues = vec!["a".to_owned()];
    Step::Take { owner: 1, serial: Serial::Next, queues, most: 4, suspect: true, ageing: secs(60) }
}

/// Of what runs.
fn say(end: End) -> Step {
    Step::Answer(None, vec![saying(end)])
}

fn saying(end: End) -> Say {
    Say { runs: true, pick: 0, forged: false, end, next: Vec::new(), effects: false }
}
