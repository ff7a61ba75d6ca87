//! What kills its process is done by itself, and put aside when it has killed too many.

use actors::jobs::driver::{DeadReason, JobState};
use tokio::time::Instant;

use super::book::Act;
use super::flaky::How;
use super::support::{World, deed, done, end, id, law, put, secs, soon, took, until};

#[tokio::test(start_paused = true)]
async fn a_job_that_kills_its_process_again_and_again_is_put_aside() {
    let world = World::new();
    let mut killed = Vec::new();
    for n in 0..2 {
        let flaky = world.flaky();
        let queue = world.start(world.queue(&n.to_string(), flaky.clone()).poison(2).leads(false)).await;
        if n == 0 {
            put(&queue, deed("poison", [Act::Insist(1_000_000)])).await;
        }
        until(|| world.book.count("poison") == n + 1).await;
        flaky.all(Some(How::Hang));
        killed.push(queue);
    }
    let survivor = world.worker("survivor").await;
    let record = world.over("poison").await;
    assert_eq!((record.state, record.dead), (JobState::Dead, Some(DeadReason::Poisoned)));
    let crashes: Vec<_> = world.book.starts("poison").iter().map(|start| start.crashes).collect();
    assert_eq!((crashes, law(survivor.status().deliveries).taken), (vec![0, 1], 0));
    // It can be tried again all the same.
    assert_eq!(soon(survivor.retry(id("poison"))).await.unwrap(), Some(JobState::Waiting));
    until(|| world.book.count("poison") == 3).await;
    assert_eq!((world.book.starts("poison")[2].crashes, world.book.attempts("poison")[2]), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn of_several_that_may_have_killed_a_process_one_is_done_at_a_time() {
    let world = World::new();
    let (killed, flaky) = world.flaky_worker("killed").await;
    for name in ["1", "2", "3"] {
        put(&killed, deed(name, [Act::Insist(1_000_000), Act::Nap(3000)])).await;
    }
    until(|| world.book.running() == 3).await;
    flaky.all(Some(How::Hang));
    let other = world.worker("other").await;
    until(|| world.book.count("1") == 2).await;
    // Others need not wait for that.
    let asked = Instant::now();
    assert_eq!(end(&put(&other, deed("plain", [])).await).await, done("plain"));
    took(asked.elapsed(), secs(0));
    for name in ["1", "2", "3"] {
        world.over(name).await;
    }
    let starts = ["1", "2", "3"].map(|name| world.book.starts(name)[1].at);
    took(starts[1] - starts[0], secs(3));
    took(starts[2] - starts[1], secs(3));
    assert_eq!(law(other.status().deliveries).done, 4);
}
