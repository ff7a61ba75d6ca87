//! First attempts: a lock that ends at an instant, and a limit in each machine.
use std::time::Duration;

use parking_lot::Mutex;
use patterns_core::cancel::timeout;
use patterns_core::gather::gather;
use patterns_core::outcome::BoxError;
use patterns_core::rate_limit::{Quota, RateLimiter};
use tokio::time::{Instant, sleep};

use crate::{Stage, ms};

/// So long a lock holds.
const LOCKED: Duration = ms(300);

/// A job in a table that all machines see.
#[derive(Default)]
struct Row {
    locked_until: Duration,
    result: Option<&'static str>,
}

/// A machine, whose clock may be wrong.
struct Machine {
    name: &'static str,
    began: Instant,
    ahead: Duration,
}

impl Machine {
    fn clock(&self) -> Duration {
        self.began.elapsed() + self.ahead
    }
}

// ANCHOR: first_attempt
/// Does the job unless somebody else has locked it, and keeps it locked.
async fn work(stage: &Stage, me: &Machine, row: &Mutex<Row>, rounds: u32) {
    let name = me.name;
    if row.lock().locked_until > me.clock() {
        return say!(stage, "{name}: somebody has it");
    }
    row.lock().locked_until = me.clock() + LOCKED;
    say!(stage, "{name} begins");
    let work = stage.busy(name, "the job");
    for _ in 0..rounds {
        sleep(ms(100)).await;
        row.lock().locked_until = me.clock() + LOCKED;
    }
    work.done();
    row.lock().result = Some(name);
    say!(stage, "{name} is done, and saves its result");
}
// ANCHOR_END: first_attempt

pub(super) async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("a lock that ends at an instant, and a clock that is ahead");
    let (row, began) = (Mutex::new(Row::default()), Instant::now());
    let a = Machine { name: "machine a", began, ahead: ms(0) };
    let b = Machine { name: "machine b", began, ahead: ms(2000) };
    tokio::join!(work(&stage, &a, &row, 5), async {
        sleep(ms(150)).await;
        work(&stage, &b, &row, 2).await;
    });
    let result = row.lock().result;
    say!(stage, "done twice; what stays is the older result: {result:?}");
    assert_eq!(result, Some("machine a"));

    stage.scene("a limit of 10 requests per second, in each of three machines");
    let (start, requests) = (Instant::now(), Mutex::new(0));
    // ANCHOR: limiter
    let machine = async || {
        let limiter = RateLimiter::new(Quota::per_second(10));
        while limiter.acquire().await.is_ok() {
            let so_far = {
                let mut requests = requests.lock();
                *requests += 1;
                *requests
            };
            stage.level("requests at the host", so_far);
        }
    };
    let all = gather([machine(), machine(), machine()]);
    let _ = timeout(ms(950), all).await;
    // ANCHOR_END: limiter
    let (requests, took) = (*requests.lock(), start.elapsed());
    say!(stage, "{requests} requests in {} ms", took.as_millis());
    assert!(requests > 20);
    Ok(())
}
