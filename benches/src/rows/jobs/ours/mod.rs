//! Our loads, done by this program when it is called for one.

mod engines;
mod greeting;
mod plain_nats;
mod queue;

use std::env;
use std::io;
use std::process::{self, ExitCode};
use std::thread;
use std::time::Duration;

use actors::System;
use actors::jobs::driver::MemoryDriver;
use tokio::time::sleep;

use self::engines::{nats, postgres, sqlite};
use self::plain_nats::Acks;
use super::load::{How, Load};
use crate::rows::postgres::mt2_with_sockets;

/// The argument that makes this program do a load.
pub(super) const ARGUMENT: &str = "--jobs";

/// A load that this process is to do.
pub(crate) struct Asked {
    engine: String,
    place: String,
    load: Load,
}

/// What this process is to do, if it is called for that.
pub(crate) fn asked_for_jobs() -> Option<Asked> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [argument, engine, load @ ..] = &*args else { return None };
    if argument != ARGUMENT {
        return None;
    }
    let (load, place) = Load::parse(load)?;
    Some(Asked { engine: engine.clone(), place, load })
}

impl Asked {
    /// Does it, and says how many seconds that took; or idles until its input ends.
    pub(crate) fn run(self) -> ExitCode {
        thread::spawn(|| {
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            process::exit(3);
        });
        let Self { engine, place, load } = self;
        let runtime = mt2_with_sockets();
        let took = runtime.block_on(async {
            // It lives as long as the load.
            let system = System::start().expect("a system starts");
            match engine.as_str() {
                "memory" => queue::work(MemoryDriver::new(), load, &system).await,
                "sqlite" => queue::work(sqlite(&place, &system).await, load, &system).await,
                "postgres" => queue::work(postgres(&place, load.width, &system).await, load, &system).await,
                "nats" => queue::work(nats(&place).await, load, &system).await,
                "nats-ack" => plain_nats::work(&place, load, Acks::Sent).await,
                "nats-double-ack" => plain_nats::work(&place, load, Acks::Confirmed).await,
                other => panic!("there is no engine {other}"),
            }
        });
        println!("{}", took.as_secs_f64());
        runtime.shutdown_background();
        ExitCode::SUCCESS
    }
}

/// Waits until it is so. It is asked every millisecond.
async fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        sleep(Duration::from_millis(1)).await;
    }
}

/// Has `put` called for each job, by as many tasks as the load is wide.
async fn put_singly<F>(load: Load, put: impl Fn(u64) -> F + Clone + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let putters: Vec<_> = (0..load.width as u64)
        .map(|first| {
            let put = put.clone();
            tokio::spawn(async move {
                for id in (first..load.jobs).step_by(load.width) {
                    put(id).await;
                }
            })
        })
        .collect();
    for putter in putters {
        putter.await.expect("a putter doesn't panic");
    }
}

/// Where the load is to idle: says that it does, and stays for ever.
async fn idle(load: Load) {
    if load.how == How::Idle {
        println!("ready");
        std::future::pending::<()>().await;
    }
}
