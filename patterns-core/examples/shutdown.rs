//! A worker that finishes or hands back its work when it is asked to stop.
//!
//! `cargo run -p patterns-core --example shutdown`, then Ctrl-C. With `stubborn` as its argument it pretends not to
//! have heard, and takes asking twice.
#![allow(clippy::print_stdout, reason = "it shows what it does")]

use std::error::Error;
use std::time::Duration;

use patterns_core::blocking::BlockingPool;
use patterns_core::cancel::CancelToken;
use patterns_core::context::Context;
use patterns_core::queue::{self, WorkQueue};
use patterns_core::shutdown::Shutdown;

const ITEMS: usize = 10_000;

/// What there is to do, until it is done or the program is asked to stop. Returns what came of it, in words.
async fn work() -> String {
    let queue = WorkQueue::bounded(ITEMS);
    for n in 0..ITEMS {
        let _ = queue.try_put(n).expect("there is room for all");
    }
    let pool = BlockingPool::builder().threads(2).queue(8).build().expect("these are sound numbers");
    let worker = async || {
        while let Ok(job) = queue.get().await {
            // Under a token of its own: what has begun is finished.
            let unhurried = Context::current().with_token(CancelToken::new());
            let item = *job;
            match unhurried.scope(pool.run(move |_| slow_square(item))).await {
                Ok(_) => {
                    job.ack();
                }
                Err(error) => job.fail(error),
            }
        }
    };
    let stop = async {
        // Until all is done, or the program is asked to stop.
        let _ = queue.join().await;
        queue.shutdown(queue::Shutdown::Now).await.handed_back.len()
    };
    let ((), (), handed_back) = tokio::join!(worker(), worker(), stop);
    format!("{} done and {handed_back} handed back of {ITEMS}", queue.stats().acked)
}

/// Some milliseconds of computing.
fn slow_square(n: usize) -> usize {
    let rounds = (0..1_000_000).fold(n, |sum, round: usize| std::hint::black_box(sum ^ round));
    std::hint::black_box(rounds);
    n * n
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // From here on, signals don't end the process any more.
    let shutdown = Shutdown::on_signals()?;
    let stubborn = std::env::args().nth(1).is_some_and(|argument| argument == "stubborn");
    println!("ready");
    let report = shutdown
        .run(Duration::from_secs(20), async {
            if stubborn {
                std::future::pending::<()>().await;
            }
            println!("{}", work().await);
        })
        .await;
    println!("{report}");
    // Not by returning from here, where tokio would wait for its own blocking tasks, however long they take.
    std::process::exit(report.exit_code().into())
}
