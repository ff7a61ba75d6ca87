use std::io;

use patterns_core::cancel::CancelKind;
use patterns_core::context;
use patterns_core::outcome::{ErrorGroup, FailureKind, Node, Panic};
use patterns_core::task_group::{BoxError, CollectAll, TaskFailed, TaskGroup};
use tokio::time::{Instant, sleep};

use super::{fails_after, works_until_asked};
use crate::support::{Log, ms, secs};

fn texts(errors: &ErrorGroup) -> Vec<String> {
    errors.leaves().map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn children_of_different_types_run_side_by_side() {
    let start = Instant::now();
    let name = String::from("ada");
    let result = TaskGroup::new("profile").run(async |group| {
        let number = group.spawn("number", async {
            sleep(secs(1)).await;
            "7".parse::<u8>()
        });
        let text = group.spawn("text", async {
            sleep(secs(1)).await;
            Ok::<_, io::Error>("seven")
        });
        // The body may borrow.
        Ok((number.await?, text.await?, name.len()))
    });
    assert_eq!(result.await.unwrap(), (7, "seven", 3));
    assert_eq!(start.elapsed(), secs(1));
}

#[tokio::test(start_paused = true)]
async fn the_first_error_cancels_the_siblings_and_their_cleanup_is_awaited() {
    let (log, start) = (Log::default(), Instant::now());
    let result = TaskGroup::new("import").run(async |group| {
        group.spawn("bad", fails_after(secs(1), "no such page"));
        let other = group.spawn("other", works_until_asked(log.clone(), "other", secs(2)));
        other.await?;
        Ok(())
    });
    let errors = result.await.unwrap_err();
    assert_eq!(log.all(), ["other asked", "other cleaned"]);
    assert_eq!(start.elapsed(), secs(3));
    assert_eq!(texts(&errors), ["import/bad: no such page"], "who was only cancelled is no error");
}

#[tokio::test(start_paused = true)]
async fn siblings_learn_who_failed() {
    let result = TaskGroup::new("import").run(async |group| {
        group.spawn("bad", fails_after(secs(1), "no such page"));
        let other = group.spawn("other", works_until_asked(Log::default(), "other", secs(0)));
        let failed = other.await.unwrap_err();
        let cause = failed.cause().unwrap();
        assert_eq!(cause.kind(), CancelKind::SiblingFailed);
        assert_eq!(cause.message(), "import/bad: no such page");
        assert_eq!(cause.origin().to_string(), "import/bad");
        Ok(())
    });
    assert!(result.await.is_err(), "the body can't make it undone");
}

#[tokio::test(start_paused = true)]
async fn all_errors_are_in_the_result_also_those_of_the_cleanup() {
    let result = TaskGroup::new("import").run(async |group| {
        group.spawn("a", fails_after(secs(1), "first"));
        group.spawn("b", fails_after(secs(1), "at the same time"));
        group.spawn("c", async {
            let _ = context::sleep(secs(60)).await;
            sleep(secs(1)).await;
            Err::<(), _>("rollback failed")
        });
        Ok(())
    });
    let errors = result.await.unwrap_err();
    assert_eq!(texts(&errors), ["import/a: first", "import/b: at the same time", "import/c: rollback failed"]);
    assert_eq!(errors.to_string(), "import: 3 failures: a: first; b: at the same time; c: rollback failed");
}

#[tokio::test(start_paused = true)]
async fn passing_a_failure_on_does_not_count_it_twice() {
    let result = TaskGroup::new("import").run(async |group| {
        let bad = group.spawn("bad", fails_after(secs(1), "no such page"));
        // A sibling passes it on, and so does the body.
        let sibling = group.spawn("sibling", bad);
        sibling.await?;
        Ok(())
    });
    assert_eq!(texts(&result.await.unwrap_err()), ["import/bad: no such page"]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_was_wrapped_says_something_new_and_is_kept() {
    #[derive(Debug, thiserror::Error)]
    #[error("can't show the profile")]
    struct NoProfile(#[source] TaskFailed);

    let result = TaskGroup::new("profile").run(async |group| {
        let user = group.spawn("user", fails_after(secs(1), "no such user"));
        user.await.map_err(NoProfile)?;
        Ok(())
    });
    let errors = result.await.unwrap_err();
    assert_eq!(texts(&errors), ["profile/user: no such user", "profile: can't show the profile"]);
    assert!(errors.to_string().ends_with("user: no such user; can't show the profile"));
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_another_group_is_an_error_here() {
    let outer = TaskGroup::new("outer").run(async |outer| {
        let bad = outer.spawn("bad", fails_after(secs(1), "no"));
        outer.spawn("nested", async move {
            // A body that isn't stopped by the outer failure, to see what the inner group makes of it.
            let inner = TaskGroup::new("inner").run(async |_| Ok(bad.await?));
            let errors = inner.await.unwrap_err();
            assert_eq!(errors.leaves().count(), 1);
            assert_eq!(errors.to_string(), "outer/nested/inner: outer/bad: no");
            Ok::<_, BoxError>(())
        });
        Ok(())
    });
    assert_eq!(texts(&outer.await.unwrap_err()), ["outer/bad: no"]);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_panics_is_a_leaf_with_text_and_place() {
    let log = Log::default();
    let result = TaskGroup::new("import").run(async |group| {
        group.spawn("other", works_until_asked(log.clone(), "other", secs(1)));
        group.spawn::<(), io::Error, _>("bad", async {
            sleep(secs(1)).await;
            panic!("index {} out of range", 7)
        });
        Ok(())
    });
    let errors = result.await.unwrap_err();
    assert!(log.has("other cleaned"));
    let leaf = errors.first();
    assert_eq!((leaf.kind(), leaf.is_panic()), (FailureKind::Panicked, true));
    let panic = leaf.downcast_ref::<Panic>().unwrap();
    assert_eq!(panic.message(), "index 7 out of range");
    assert!(panic.place().unwrap().contains("failure.rs"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_panics_cancels_its_children_and_is_a_leaf() {
    let (log, start) = (Log::default(), Instant::now());
    let result = TaskGroup::new("import").run(async |group| {
        group.spawn("child", works_until_asked(log.clone(), "child", secs(2)));
        tokio::task::yield_now().await;
        if group.live() > 0 {
            panic!("in the body");
        }
        Ok(())
    });
    let errors = result.await.unwrap_err();
    assert_eq!(start.elapsed(), secs(2));
    assert!(log.has("child cleaned"));
    assert_eq!(errors.first().panic().unwrap().message(), "in the body");
    assert_eq!(errors.first().path().to_string(), "import");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_fails_cancels_its_children_and_is_a_leaf() {
    let log = Log::default();
    let result: Result<(), _> = TaskGroup::new("import")
        .run(async |group| {
            group.spawn("child", works_until_asked(log.clone(), "child", secs(2)));
            tokio::task::yield_now().await;
            Err("not today".into())
        })
        .await;
    assert!(log.has("child cleaned"));
    let errors = result.unwrap_err();
    assert_eq!(texts(&errors), ["import: not today"]);
    assert_eq!(errors.to_string(), "import: not today");
}

#[tokio::test(start_paused = true)]
async fn an_error_after_the_body_has_ended_fails_the_group() {
    let start = Instant::now();
    let result = TaskGroup::new("import").run(async |group| {
        group.spawn("late", fails_after(secs(9), "late"));
        Ok(7)
    });
    assert_eq!(texts(&result.await.unwrap_err()), ["import/late: late"]);
    assert_eq!(start.elapsed(), secs(9));
}

#[tokio::test(start_paused = true)]
async fn a_failing_sibling_ends_the_waits_of_the_body() {
    let start = Instant::now();
    let result = TaskGroup::new("import").run(async |group| {
        group.spawn("bad", fails_after(secs(1), "no"));
        context::sleep(secs(3600)).await?;
        Ok(())
    });
    assert_eq!(texts(&result.await.unwrap_err()), ["import/bad: no"]);
    assert_eq!(start.elapsed(), secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_listen_is_dropped_after_the_grace() {
    let (log, start) = (Log::default(), Instant::now());
    let result: Result<(), _> = TaskGroup::new("import")
        .grace(secs(2))
        .run(async |group| {
            let _guard = log.on_drop("body dropped");
            group.spawn("bad", fails_after(secs(1), "no"));
            std::future::pending().await
        })
        .await;
    assert_eq!(start.elapsed(), secs(3));
    assert_eq!(log.all(), ["body dropped"]);
    let errors = result.unwrap_err();
    let kinds: Vec<_> = errors.leaves().map(|leaf| (leaf.path().to_string(), leaf.kind())).collect();
    assert_eq!(kinds, [("import/bad".into(), FailureKind::Error), ("import".into(), FailureKind::Straggler)]);
}

#[tokio::test(start_paused = true)]
async fn a_nested_group_that_fails_is_a_subtree() {
    let result = TaskGroup::new("outer").run(async |group| {
        let child = group.spawn("child", async {
            TaskGroup::new("inner")
                .run(async |group| {
                    group.spawn("a", fails_after(secs(1), "a failed"));
                    group.spawn("b", fails_after(secs(1), "b failed"));
                    Ok(())
                })
                .await
        });
        let failed = child.await.unwrap_err();
        assert_eq!(failed.downcast_ref::<ErrorGroup>().unwrap().leaves().count(), 2);
        Err(failed.into())
    });
    let errors: ErrorGroup = result.await.map(|()| 0).unwrap_err();
    assert_eq!(errors.nodes().len(), 1, "passed on by the body, and not counted twice");
    let Node::Group(inner) = &errors.nodes()[0] else { panic!("a subtree") };
    assert_eq!(inner.path().to_string(), "outer/child/inner");
    assert_eq!(inner.nodes().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_leaf_knows_where_it_was_spawned_and_how_long_it_ran() {
    let group = TaskGroup::new("import");
    let at = line!() - 1;
    let mut spawned = 0;
    let result = group.run(async |group| {
        sleep(secs(1)).await;
        spawned = line!() + 1;
        group.spawn("bad", fails_after(ms(1500), "no"));
        Ok(())
    });
    let errors = result.await.unwrap_err();
    let leaf = errors.first();
    assert_eq!((leaf.place().file(), leaf.place().line()), (file!(), spawned));
    assert_eq!(leaf.ran_for(), ms(1500));
    assert_eq!((errors.place().line(), errors.ran_for()), (at, ms(2500)));
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_childs_destructor_is_a_leaf() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("in the destructor");
        }
    }
    let result = TaskGroup::new("import").grace(secs(1)).run(async |group| {
        let bad = Bad;
        let aborted = group.spawn::<(), io::Error, _>("aborted", async move {
            let _bad = bad;
            std::future::pending().await
        });
        let taken = group.spawn("value", async { Ok::<_, io::Error>(std::mem::ManuallyDrop::new(Bad)) });
        drop(group.spawn("untaken", async { Ok::<_, io::Error>(Bad) }));
        taken.await?;
        aborted.cancel("enough");
        context::sleep(secs(9)).await?;
        Ok(())
    });
    let errors = result.await.unwrap_err();
    let panics: Vec<_> = errors.leaves().map(|leaf| (leaf.path().name(), leaf.is_panic())).collect();
    assert_eq!(panics, [("untaken", true), ("aborted", true)]);
}

#[tokio::test(start_paused = true)]
async fn a_group_can_be_spawned_and_nested_in_async_functions() {
    async fn inner(text: &str) -> Result<usize, ErrorGroup> {
        TaskGroup::new("inner").run(async |_| Ok(text.len())).await
    }
    let task = tokio::spawn(async {
        let text = String::from("four");
        TaskGroup::new("outer").run(async |_| Ok(inner(&text).await?)).await
    });
    assert_eq!(task.await.unwrap().unwrap(), 4);
}

#[test]
fn a_group_whose_runtime_ends_under_it_does_not_look_finished() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let (began, begins) = std::sync::mpsc::channel();
    let handle = runtime.handle().clone();
    let group = std::thread::spawn(move || {
        handle.block_on(TaskGroup::new("cut").policy(CollectAll).run(async move |group| {
            group.spawn("works", async move {
                began.send(()).unwrap();
                std::future::pending::<Result<(), BoxError>>().await
            });
            Ok(())
        }))
    });
    begins.recv().unwrap();
    runtime.shutdown_background();
    let settled = group.join().unwrap();
    assert_eq!((settled.counts.ok, settled.counts.cancelled), (0, 1));
    assert!(settled.cut.is_some() && settled.errors.is_some());
}
