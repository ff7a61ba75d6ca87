//! On real threads: nothing here depends on how long anything takes.
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use patterns_core::context::{self, Interrupt, interruptible};
use patterns_core::reaper::Reaper;
use patterns_core::task_group::{CollectAll, Group, TaskGroup};

struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_child_outlives_the_group_on_several_threads() {
    fn grow(group: &Group, alive: &Arc<AtomicUsize>, depth: u32) {
        for _ in 0..3 {
            let (siblings, guard) = (group.clone(), Alive::new(alive));
            group.spawn("child", async move {
                let alive = Arc::clone(&guard.0);
                tokio::task::yield_now().await;
                if depth > 0 {
                    grow(&siblings, &alive, depth - 1);
                }
                drop(guard);
                Ok::<_, io::Error>(())
            });
        }
    }
    for _ in 0..20 {
        let alive = Arc::new(AtomicUsize::new(0));
        let settled = TaskGroup::new("g").policy(CollectAll).run(async |group| {
            grow(group, &alive, 4);
            Ok(())
        });
        let settled = settled.await;
        assert_eq!(alive.load(Ordering::SeqCst), 0);
        assert_eq!(settled.counts.ok, 3 + 9 + 27 + 81 + 243);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_failure_stops_waiting_and_running_children_alike() {
    for round in 0..50 {
        let alive = Arc::new(AtomicUsize::new(0));
        let result = TaskGroup::new("g").run(async |group| {
            for n in 0..40 {
                let guard = Alive::new(&alive);
                if n % 2 == 0 {
                    group.spawn("waits", async move {
                        let _guard = guard;
                        interruptible(std::future::pending::<()>()).await
                    });
                } else {
                    group.spawn("spins", async move {
                        let _guard = guard;
                        while !context::is_cancelled() {
                            tokio::task::yield_now().await;
                        }
                        Ok::<_, Interrupt>(())
                    });
                }
                if n == round % 40 {
                    group.spawn("bad", async { Err::<(), _>("no") });
                }
            }
            Ok(())
        });
        assert_eq!(result.await.unwrap_err().to_string(), "g: bad: no");
        assert_eq!(alive.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn aborting_loses_no_child_whatever_it_is_doing() {
    for _ in 0..50 {
        let alive = Arc::new(AtomicUsize::new(0));
        let result = TaskGroup::new("g").grace(std::time::Duration::ZERO).run(async |group| {
            for _ in 0..40 {
                let guard = Alive::new(&alive);
                group.spawn("deaf", async move {
                    let _guard = guard;
                    loop {
                        tokio::task::yield_now().await;
                    }
                    #[allow(unreachable_code)]
                    Ok::<_, io::Error>(())
                });
            }
            let deaf = Alive::new(&alive);
            group.spawn("pending", async move {
                let _guard = deaf;
                std::future::pending::<Result<(), io::Error>>().await
            });
            tokio::task::yield_now().await;
            group.cancel("enough");
            Ok(())
        });
        result.await.unwrap();
        assert_eq!(alive.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_child_that_is_in_its_first_poll_when_the_others_are_aborted_ends_too() {
    let alive = Arc::new(AtomicUsize::new(0));
    let begun = Arc::new(AtomicUsize::new(0));
    let result = TaskGroup::new("g").grace(std::time::Duration::ZERO).run(async |group| {
        let (guard, first) = (Alive::new(&alive), Arc::clone(&begun));
        group.spawn("pending", async move {
            let _guard = guard;
            first.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<Result<(), io::Error>>().await
        });
        let (alive, second) = (Arc::clone(&alive), Arc::clone(&begun));
        group.spawn("late", async move {
            second.fetch_add(1, Ordering::SeqCst);
            // Not yet known to the group as one that waits.
            while alive.load(Ordering::SeqCst) > 0 {
                std::hint::spin_loop();
            }
            std::future::pending::<Result<(), io::Error>>().await
        });
        while begun.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        group.cancel("enough");
        Ok(())
    });
    result.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dropped_groups_are_adopted_while_their_children_spawn() {
    let root = Reaper::new();
    let alive = Arc::new(AtomicUsize::new(0));
    for _ in 0..100 {
        let (inner, context) = (Arc::clone(&alive), context::Context::current().with_reaper(root.clone()));
        let task = tokio::spawn(context.scope(TaskGroup::new("g").run(async move |group| {
            let (siblings, first) = (group.clone(), Alive::new(&inner));
            group.spawn("child", async move {
                while !context::is_cancelled() {
                    let guard = Alive::new(&first.0);
                    siblings.spawn("sibling", async move {
                        let _guard = guard;
                        tokio::task::yield_now().await;
                        Ok::<_, io::Error>(())
                    });
                    tokio::task::yield_now().await;
                }
                Ok::<_, io::Error>(())
            });
            std::future::pending::<Result<(), _>>().await
        })));
        tokio::task::yield_now().await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
    root.drained().await;
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bounded_spawns_from_several_threads_never_exceed_the_limit() {
    let (now, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let settled = TaskGroup::new("outer").policy(CollectAll).run(async |outer| {
        let (now, peak) = (Arc::clone(&now), Arc::clone(&peak));
        let inner = TaskGroup::new("inner").limit(5).policy(CollectAll).run(async |group| {
            for _ in 0..4 {
                let (group, now, peak) = (group.clone(), Arc::clone(&now), Arc::clone(&peak));
                outer.spawn("spawner", async move {
                    for _ in 0..500 {
                        let (now, peak) = (Arc::clone(&now), Arc::clone(&peak));
                        let child = async move {
                            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                            tokio::task::yield_now().await;
                            now.fetch_sub(1, Ordering::SeqCst);
                            Ok::<_, io::Error>(())
                        };
                        group.spawn_bounded("child", child).await?;
                    }
                    Ok::<_, Interrupt>(())
                });
            }
            // The inner group stays open until its spawners are done.
            while outer.live() > 0 {
                tokio::task::yield_now().await;
            }
            Ok(())
        });
        Ok(inner.await)
    });
    let settled = settled.await;
    assert_eq!(settled.value.unwrap().counts.ok, 2000);
    assert!(peak.load(Ordering::SeqCst) <= 5);
}
