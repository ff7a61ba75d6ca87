//! One of all processes leads.

use std::sync::Arc;

use actors::jobs::driver::{JobDriver, JobFilter, NewJob, Owner, Take};
use actors::jobs::{Job, JobQueue, JobsError};
use parking_lot::Mutex;
use patterns_core::cancel::CancelToken;
use patterns_core::context::{Context, Interrupt};
use tokio::time::{Instant, sleep, timeout};

use super::book::{Act, Deed};
use super::flaky::{Call, How};
use super::support::{World, deed, done, drain, end, id, millis, owner, put, secs, soon, until};

fn leads(queue: &JobQueue) -> bool {
    queue.leader().term().is_some()
}

#[tokio::test(start_paused = true)]
async fn one_process_leads_and_the_engine_knows_which() {
    let world = World::new();
    let all = [world.worker("a").await, world.worker("b").await, world.worker("c").await];
    sleep(secs(60)).await;
    let leaders: Vec<_> = all.iter().filter(|queue| leads(queue)).collect();
    assert_eq!(leaders.len(), 1);
    let term = leaders[0].leader().term().unwrap();
    assert_eq!((term.number(), term.token().is_cancelled()), (1, false));
    let led_by = world.memory.owners().await.unwrap().leader.unwrap();
    assert_eq!((led_by.term, &led_by.owner), (1, &owner(leaders[0])));
    // The others have heard of it.
    assert!(all.iter().all(|queue| queue.status().leader.as_ref() == Some(&led_by)));
}

#[tokio::test(start_paused = true)]
async fn who_does_nothing_or_does_not_want_to_does_not_lead() {
    let world = World::new();
    let puts = world.start(JobQueue::builder(world.memory.clone()).name("puts")).await;
    let modest = world.start(world.queue("modest", world.memory.clone()).leads(false)).await;
    sleep(secs(60)).await;
    assert!(!leads(&puts) && !leads(&modest));
    // Who only puts is nobody's owner; who would lead is one.
    assert_eq!((puts.status().owner, world.owners().await.len()), (None, 1));
    let leader = world.start(JobQueue::builder(world.memory.clone()).name("leader").leads(true)).await;
    assert_eq!(soon(leader.leader().elected()).await.unwrap().number(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_drained_or_closed_hands_over_at_once() {
    let world = World::new();
    let mut leader = world.worker("0").await;
    for (n, drains) in [(1, true), (2, false), (3, true)] {
        let term = soon(leader.leader().elected()).await.unwrap();
        assert_eq!(term.number(), n);
        let next = world.worker(&n.to_string()).await;
        sleep(secs(7)).await;
        assert!(!leads(&next));
        let left = Instant::now();
        let goes = async {
            if drains {
                // Whatever it has is no reason for it to go on leading.
                assert!(drain(&leader, 30).await.is_complete());
            } else {
                put(&leader, deed("held", [Act::Nap(100_000)])).await;
                leader.close();
            }
            assert!(term.token().is_cancelled() && !leads(&leader));
        };
        let comes = async {
            assert_eq!(soon(next.leader().elected()).await.unwrap().number(), n + 1);
            // With its next sign of life.
            assert!(left.elapsed() <= secs(5) + millis(50), "{n}: {:?}", left.elapsed());
        };
        tokio::join!(goes, comes);
        leader = next;
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_silent_ends_its_term_before_there_is_another() {
    let world = World::new();
    let (leader, flaky) = world.flaky_worker("leader").await;
    let term = soon(leader.leader().elected()).await.unwrap();
    let next = world.worker("next").await;
    sleep(secs(7)).await;
    flaky.all(Some(How::Hang));
    let (silent, token, elected) = (Instant::now(), term.token().clone(), next.leader());
    let ((), ()) = soon(async {
        tokio::join!(
            async {
                token.cancelled().await;
                assert!(silent.elapsed() <= secs(10), "{:?}", silent.elapsed());
                assert!(!leads(&leader) && !leads(&next));
            },
            async {
                assert_eq!(elected.elected().await.unwrap().number(), 2);
                assert!(silent.elapsed() <= secs(20) + millis(50), "{:?}", silent.elapsed());
                assert!(token.is_cancelled());
            },
        )
    })
    .await;
    // It wakes, and hears of it.
    flaky.all(None);
    sleep(secs(30)).await;
    assert!(!leads(&leader) && leads(&next));
    assert_eq!(leader.status().leader.unwrap().term, 2);
}

/// Somebody who took a job and was never heard of again.
async fn silent_owner(world: &World) {
    let owner = Owner { owner: "silent".to_owned(), instance: None, poison: 3 };
    world.memory.enter(&owner).await.unwrap();
    let queues = vec!["elsewhere".to_owned()];
    let take = Take { owner: owner.owner, serial: 1, queues, most: 1, suspect: false, ageing: secs(60) };
    let job = NewJob::new(id("silent"), "elsewhere", "unknown", "{}");
    world.memory.enqueue(None, &[job]).await.unwrap();
    assert_eq!(world.memory.take(&take).await.unwrap().unwrap().jobs.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_term_that_was_ended_in_doubt_stays_ended_until_the_engine_is_heard_again() {
    let world = World::new();
    silent_owner(&world).await;
    let flaky = world.flaky();
    let leader = world.start(world.queue("leader", flaky.clone()).driver_timeout(secs(12))).await;
    let term = soon(leader.leader().elected()).await.unwrap();
    // It gives somebody up, and that takes longer than it can be sure of itself.
    flaky.set(Call::Evict, Some(How::Hang));
    until(|| flaky.count(Call::Evict) == 1).await;
    flaky.set(Call::Beat, Some(How::Hang));
    for _ in 0..60 {
        sleep(secs(1)).await;
        assert!(leads(&leader) != term.token().is_cancelled());
    }
    assert!(!leads(&leader), "it was not heard for a minute, and leads");
    flaky.behave();
    assert_eq!(soon(leader.leader().elected()).await.unwrap().number(), 1);
}

#[tokio::test(start_paused = true)]
async fn to_give_others_up_slowly_costs_nobody_his_own_life() {
    let world = World::new();
    silent_owner(&world).await;
    let (queue, flaky) = world.flaky_worker("a").await;
    let ticket = put(&queue, deed("1", [Act::Nap(100_000)])).await;
    flaky.set(Call::Evict, Some(How::Hang));
    flaky.set(Call::Campaign, Some(How::Hang));
    assert_eq!(end(&ticket).await, done("1"));
    assert!(flaky.count(Call::Evict) > 0);
    assert!(world.book.stops("1").is_empty(), "{:?}", world.book.stops("1"));
}

#[tokio::test(start_paused = true)]
async fn what_a_leader_runs_is_run_once_in_each_term_under_its_token() {
    let world = World::new();
    let (queue, flaky) = world.flaky_worker("a").await;
    let ran = Arc::new(Mutex::new(Vec::new()));
    let leading = {
        let (ran, leader) = (Arc::clone(&ran), queue.leader());
        tokio::spawn(async move {
            leader
                .lead(|term| {
                    let ran = Arc::clone(&ran);
                    async move {
                        ran.lock().push((term.number(), false));
                        let slept = patterns_core::context::sleep(secs(1_000_000)).await;
                        assert!(matches!(slept, Err(Interrupt::Cancelled(_))));
                        ran.lock().push((term.number(), true));
                    }
                })
                .await
        })
    };
    until(|| ran.lock().len() == 1).await;
    // Somebody else leads for a while.
    flaky.all(Some(How::Hang));
    let other = world.worker("b").await;
    assert_eq!(soon(other.leader().elected()).await.unwrap().number(), 2);
    assert_eq!(*ran.lock(), [(1, false), (1, true)]);
    flaky.all(None);
    sleep(secs(30)).await;
    assert!(drain(&other, 30).await.is_complete());
    until(|| ran.lock().len() == 3).await;
    assert!(drain(&queue, 30).await.is_complete());
    assert!(matches!(soon(leading).await.unwrap(), Err(Interrupt::Cancelled(_))));
    assert_eq!(*ran.lock(), [(1, false), (1, true), (3, false), (3, true)]);
}

#[tokio::test(start_paused = true)]
async fn who_stops_leading_by_himself_ends_no_term_and_may_begin_again() {
    let world = World::new();
    let queue = world.worker("a").await;
    let term = soon(queue.leader().elected()).await.unwrap();
    for n in 1..=2 {
        let (begun, stop) = (Arc::new(Mutex::new(0)), CancelToken::new());
        let (counted, leader) = (Arc::clone(&begun), queue.leader());
        let lead = leader.lead(move |term| {
            // A loop that never waits would never let anybody else say so.
            *counted.lock() += 1;
            assert!(*counted.lock() == 1 && !term.token().is_cancelled(), "begun again in the same term, time {n}");
            async move { drop(patterns_core::context::sleep(secs(1_000_000)).await) }
        });
        let led = Context::current().with_token(stop.clone()).scope(lead);
        let stopped = async {
            sleep(secs(10)).await;
            stop.cancel("it is to do something else");
        };
        let (led, ()) = tokio::join!(soon(led), stopped);
        assert!(matches!(&led, Err(Interrupt::Cancelled(cause)) if cause.message() == "it is to do something else"));
        assert_eq!(*begun.lock(), 1);
        assert!(!term.token().is_cancelled() && leads(&queue));
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_to_be_elected_is_told_when_the_queue_is_closed() {
    let world = World::new();
    let _leader = world.worker("a").await;
    sleep(secs(1)).await;
    let queue = world.worker("b").await;
    let leader = queue.leader();
    let closed = async {
        sleep(secs(10)).await;
        queue.close();
    };
    let (elected, ()) = tokio::join!(timeout(secs(60), leader.elected()), closed);
    assert!(matches!(elected, Ok(Err(Interrupt::Cancelled(_)))), "{elected:?}");
}

#[tokio::test(start_paused = true)]
async fn a_leader_deletes_what_need_not_be_kept_and_a_ticket_knows_no_more_of_it() {
    let world = World::new();
    let queue = world.start(world.queue("a", world.memory.clone()).keep(secs(300), None)).await;
    let over = put(&queue, deed("over", [])).await;
    let dead = put(&queue, deed("dead", [Act::Terminate("no".to_owned())])).await;
    end(&over).await;
    end(&dead).await;
    sleep(secs(290)).await;
    assert_eq!(soon(queue.list(&JobFilter::default())).await.unwrap().len(), 2);
    sleep(secs(90)).await;
    let kept = soon(queue.list(&JobFilter::default())).await.unwrap();
    assert!(kept.len() == 1 && kept[0].id == dead.id());
    assert!(matches!(soon(over.ended()).await, Err(JobsError::Unknown(id)) if id == over.id()));
    let counts = world.counts().await;
    assert_eq!((counts.queue.as_str(), counts.pruned, counts.dead), (Deed::QUEUE, 1, 1));
}
