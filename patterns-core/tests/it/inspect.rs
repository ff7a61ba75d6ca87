//! What a running program is seen to do. Other tests run beside these: each looks at groups of its own name.
use patterns_core::context;
use patterns_core::inspect::{self, AwaitedNode, GroupNode, State};
use patterns_core::outcome::BoxError;
use patterns_core::semaphore::Semaphore;
use patterns_core::task_group::TaskGroup;
use tokio::time::sleep;

use crate::support::secs;

fn seen(path: &str) -> GroupNode {
    inspect::tree().group(path).expect("it is alive").clone()
}

/// The circles in which a task of this group is.
fn circles(group: &str) -> Vec<Vec<String>> {
    inspect::tree().stuck.into_iter().filter(|circle| circle.iter().any(|path| path.starts_with(group))).collect()
}

#[tokio::test(start_paused = true)]
async fn a_group_and_its_tasks_are_seen_with_age_deadline_and_what_they_await() {
    let work = patterns_core::cancel::timeout(secs(60), async {
        TaskGroup::new("look-outer")
            .run(async |group| {
                group.spawn("works", async {
                    TaskGroup::new("look-inner")
                        .run(async |inner| {
                            let page = inner.spawn("page", async {
                                inspect::label("reading the body", sleep(secs(30))).await;
                                Ok::<_, BoxError>(())
                            });
                            Ok(page.await?)
                        })
                        .await
                });
                sleep(secs(5)).await;
                let outer = seen("look-outer");
                assert_eq!((outer.live, outer.age, outer.remaining), (1, secs(5), Some(secs(55))));
                assert_eq!((outer.tasks[0].name.as_str(), &outer.tasks[0].state), ("works", &State::Running));
                let inner = seen("look-outer/works/look-inner");
                assert_eq!(inner.awaits, [AwaitedNode::Task("look-outer/works/look-inner/page".into())]);
                assert_eq!(inner.tasks[0].awaits, [AwaitedNode::Label("reading the body".into())]);
                assert!(inner.place.contains("inspect.rs"), "{}", inner.place);
                Ok(())
            })
            .await
    });
    work.await.unwrap().unwrap();
    assert!(inspect::tree().group("look-outer").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_label_is_gone_with_its_wait_also_where_that_is_dropped() {
    let result = TaskGroup::new("look-labels").run(async |group| {
        group.spawn("task", async {
            let _ = tokio::time::timeout(secs(1), inspect::label("first", std::future::pending::<()>())).await;
            inspect::label("second", sleep(secs(2))).await;
            sleep(secs(2)).await;
            Ok::<_, BoxError>(())
        });
        for expected in ["first", "second", "second", ""] {
            sleep(secs(1) - std::time::Duration::from_millis(1)).await;
            assert_eq!(seen("look-labels").tasks[0].waits_for(), expected);
            sleep(std::time::Duration::from_millis(1)).await;
        }
        Ok(())
    });
    result.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_that_was_cancelled_is_seen_as_such_with_its_cause() {
    let result = TaskGroup::new("look-cancelled").grace(secs(10)).run(async |group| {
        let task = group.spawn("deaf", async {
            sleep(secs(60)).await;
            Ok::<_, BoxError>(())
        });
        sleep(secs(1)).await;
        task.cancel("enough");
        sleep(secs(1)).await;
        let State::Cancelled(cause) = &seen("look-cancelled").tasks[0].state else { panic!("it was cancelled") };
        assert!(cause.contains("enough"), "{cause}");
        Ok(())
    });
    result.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_that_holds_a_permit_and_awaits_a_task_that_wants_it_is_stuck_with_it() {
    let semaphore = Semaphore::builder(1).name("look-one").build().unwrap();
    let result = TaskGroup::new("look-knot").run(async |group| {
        let (siblings, outer, inner) = (group.clone(), semaphore.clone(), semaphore.clone());
        group.spawn("holds", async move {
            let _permit = outer.acquire().await?;
            let child = siblings.spawn("wants", async move {
                let _permit = inner.acquire().await?;
                Ok::<_, BoxError>(())
            });
            child.await?;
            Ok::<_, BoxError>(())
        });
        context::sleep(secs(1)).await?;
        assert_eq!(circles("look-knot"), [["look-knot/holds", "look-knot/wants"]]);
        let text = inspect::tree().to_string();
        assert!(text.contains("STUCK: look-knot/holds -> look-knot/wants -> look-knot/holds"), "{text}");
        assert!(text.contains("wants, 1s: awaits 1 of look-one"), "{text}");
        assert!(text.contains("holds, 1s: awaits the end of look-knot/wants, holds 1 of look-one"), "{text}");
        group.cancel("they would never end");
        Ok(())
    });
    result.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_holder_that_goes_on_is_not_stuck() {
    let semaphore = Semaphore::builder(2).name("look-two").build().unwrap();
    let result = TaskGroup::new("look-free").run(async |group| {
        // Two wait for each other's kind of permit, but a third, who sleeps, will give one back.
        for name in ["a", "b"] {
            let semaphore = semaphore.clone();
            group.spawn(name, async move {
                let _permit = semaphore.acquire_many(1).await?;
                sleep(secs(5)).await;
                Ok::<_, BoxError>(())
            });
        }
        let semaphore = semaphore.clone();
        group.spawn("c", async move {
            sleep(secs(1)).await;
            let _permit = semaphore.acquire_many(2).await?;
            Ok::<_, BoxError>(())
        });
        sleep(secs(2)).await;
        assert!(circles("look-free").is_empty());
        let tree = inspect::tree();
        let used = tree.semaphores.iter().find(|semaphore| semaphore.name == "look-two").unwrap();
        assert_eq!((used.limit, used.holders.len(), &used.waiters[..]), (2, 2, &[("look-free/c".to_owned(), 2)][..]));
        Ok(())
    });
    result.await.unwrap();
}

#[cfg(all(feature = "event", feature = "queue", feature = "rate_limit"))]
#[tokio::test(start_paused = true)]
async fn waits_of_this_crate_are_known_by_themselves() {
    use patterns_core::event::Event;
    use patterns_core::queue::WorkQueue;
    use patterns_core::rate_limit::{Quota, RateLimiter};

    let queue = WorkQueue::<u8>::bounded(1);
    let limiter = RateLimiter::new(Quota::per_minute(1));
    limiter.acquire().await.unwrap();
    let ready: Event = Event::named("db ready");
    let group = TaskGroup::new("look-waits").run(async |group| {
        let (getter, unit, waiter) = (queue.clone(), limiter.clone(), ready.clone());
        group.spawn("gets", async move {
            let _ = getter.get().await;
            Ok::<_, BoxError>(())
        });
        group.spawn("limited", async move { unit.acquire().await });
        group.spawn("waits", async move { waiter.wait().await });
        group.spawn("sleeps", context::sleep(secs(60)));
        sleep(secs(1)).await;
        let tree = inspect::tree();
        let waits = |name: &str| {
            let group = tree.group("look-waits").unwrap();
            group.tasks.iter().find(|task| task.name == name).unwrap().waits_for()
        };
        assert_eq!(waits("gets"), "an item of a queue");
        assert_eq!(waits("limited"), "a rate limit");
        assert_eq!(waits("waits"), "db ready");
        assert_eq!(waits("sleeps"), "a sleep");
        assert!(!tree.to_string().ends_with('\n'));

        queue.close();
        ready.set();
        sleep(secs(1)).await;
        assert_eq!(seen("look-waits").tasks.len(), 2, "who got what it waited for is gone");
        group.cancel("all was seen");
        Ok(())
    });
    group.await.unwrap();
}
