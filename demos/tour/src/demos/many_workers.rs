//! Jobs that several machines share, of which one is killed and one is cut off.
mod kinds;
mod locks;
mod machine;
mod scenes;
mod server;
mod wire;

use actors::System;
use actors::jobs::JobQueue;
use actors::jobs::driver::{JobDriver, MemoryDriver};
use actors::scheduler::VirtualClock;
use patterns_core::outcome::BoxError;
use tokio::time::sleep;

use self::kinds::Site;
use self::machine::Machine;
use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "many_workers",
    "Machines that share jobs: one is killed and another cut off, and the order of each key, the shared rate and every job stay whole.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(locks::broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    // One engine for all. It is in memory here, so that the machines can be in
    // this process, each with its own wire to it.
    let clock = VirtualClock::starting_at("2026-05-01T03:00:00Z".parse()?);
    let engine = MemoryDriver::with_clock(clock);
    let (site, system) = (Site::new(), System::start()?);
    // ANCHOR: lead
    // Puts jobs and waits for their ends. It does none itself.
    let lead =
        JobQueue::builder(engine.clone()).name("lead").start(&system).await?;
    // ANCHOR_END: lead

    let tickets = scenes::put_visits(&stage, &lead).await?;
    let start = async |name| Machine::start(name, &stage, &site, &engine).await;
    let a = start("machine a").await?;
    // One after the other, so that each has its two.
    sleep(ms(1)).await;
    let b = start("machine b").await?;
    sleep(ms(1)).await;
    let c = start("machine c").await?;
    scenes::killed(&stage, &b, &site, tickets).await?;
    scenes::rate(&stage, &lead, &site).await?;

    stage.scene("machine a is stopped in order, and machine d is started");
    let receipt = a.stop().await?;
    say!(stage, "nobody waits for a lease of machine a: {}", receipt.left);
    let ticket = scenes::put_slow(&lead).await?;
    // Only machine c is there.
    while c.queue.status().running.is_empty() {
        sleep(ms(1)).await;
    }
    let d = start("machine d").await?;
    sleep(ms(99)).await;
    scenes::cut_off(&stage, &c, &ticket).await?;

    stage.scene("the end: nothing is lost, and what began twice is known");
    for machine in [c, d] {
        assert!(machine.stop().await?.is_complete());
    }
    for counts in engine.counts().await? {
        let (entered, done) = (counts.entered(), counts.done);
        say!(stage, "{}: {entered} entered, {done} done", counts.queue);
        assert_eq!(entered, done);
    }
    let requests = site.requests();
    say!(stage, "{requests} requests for 37 jobs: the others were cut short");
    assert!(requests >= 37 && (!stage.is_virtual() || requests == 40));
    assert!(system.shutdown(ms(2000)).await.is_clean());
    // Nobody stops a machine that was killed.
    drop(b);
    if !stage.is_virtual() {
        server::play(&stage).await?;
    }
    Ok(())
}
