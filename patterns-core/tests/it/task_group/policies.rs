use std::io;

use patterns_core::cancel::{CancelKind, CancelToken, timeout};
use patterns_core::context::{self, Context, Interrupt};
use patterns_core::gather::gather;
use patterns_core::outcome::{ErrorGroup, catch_panic};
use patterns_core::task_group::{
    BoxError, Counts, ErrorBudget, FirstOk, Quorum, Settled, TaskGroup, UntilDeadline, first_ok, winner, winners,
};
use tokio::time::{Instant, sleep};

use super::{fails_after, works_until_asked};
use crate::support::{Log, ms, secs};

fn texts(errors: &ErrorGroup) -> Vec<String> {
    errors.leaves().map(ToString::to_string).collect()
}

fn counted(counts: Counts) -> [u64; 4] {
    [counts.ok, counts.failed, counts.panicked, counts.cancelled]
}

async fn succeeds_after(seconds: u64) -> Result<u64, Interrupt> {
    context::sleep(secs(seconds)).await?;
    Ok(seconds)
}

// FirstOk

#[tokio::test(start_paused = true)]
async fn the_first_success_wins_and_the_losers_clean_up() {
    let (log, start) = (Log::default(), Instant::now());
    let result = TaskGroup::new("mirrors").policy(FirstOk).run(async |group| {
        group.spawn("broken", fails_after(secs(1), "refused"));
        group.spawn("slow", works_until_asked(log.clone(), "slow", secs(1)));
        let value = winner([60, 2, 90].map(|n| group.spawn(format!("mirror-{n}"), succeeds_after(n)))).await?;
        assert_eq!(start.elapsed(), secs(2), "the body has it before the losers have stopped");
        Ok(value)
    });
    assert_eq!(result.await.unwrap(), 2);
    assert_eq!((start.elapsed(), log.all()), (secs(3), vec!["slow asked".to_owned(), "slow cleaned".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn the_losers_learn_who_won() {
    let result = TaskGroup::new("mirrors").policy(FirstOk).run(async |group| {
        let fast = group.spawn("fast", succeeds_after(1));
        let slow = group.spawn("slow", succeeds_after(60)).await.unwrap_err();
        let cause = slow.cause().unwrap();
        assert_eq!((cause.kind(), cause.message()), (CancelKind::Requested, "mirrors/fast was enough"));
        Ok(fast.await?)
    });
    assert_eq!(result.await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_loser_that_does_not_listen_is_aborted_after_the_grace() {
    let start = Instant::now();
    let result = TaskGroup::new("mirrors").grace(secs(2)).policy(FirstOk).run(async |group| {
        group.spawn("deaf", async {
            sleep(secs(3600)).await;
            Ok::<_, io::Error>(())
        });
        winner([group.spawn("fast", succeeds_after(1))]).await
    });
    assert_eq!((result.await.unwrap(), start.elapsed()), (1, secs(3)));
}

#[tokio::test(start_paused = true)]
async fn where_none_succeeds_all_errors_are_in_the_result_and_none_twice() {
    let result: Result<u64, _> = TaskGroup::new("mirrors")
        .policy(FirstOk)
        .run(async |group| {
            let panics = group.spawn::<u64, io::Error, _>("panics", async { panic!("no such header") });
            let fails = [1, 2].map(|n| {
                group.spawn(format!("mirror-{n}"), async move {
                    sleep(secs(n)).await;
                    Err::<u64, _>("refused")
                })
            });
            winner([panics].into_iter().chain(fails)).await
        })
        .await;
    let errors = texts(&result.unwrap_err());
    assert_eq!(errors.len(), 3);
    assert!(errors[0].starts_with("mirrors/panics: panicked: no such header"), "{errors:?}");
    assert_eq!(errors[1..], ["mirrors/mirror-1: refused", "mirrors/mirror-2: refused"]);
}

#[tokio::test(start_paused = true)]
async fn a_group_without_a_success_has_failed_whatever_its_body_returns() {
    let result = TaskGroup::new("mirrors").policy(FirstOk).run(async |group| {
        group.spawn("a", fails_after(secs(1), "refused"));
        Ok("a fallback")
    });
    assert_eq!(texts(&result.await.unwrap_err()), ["mirrors/a: refused"]);

    let result = TaskGroup::new("mirrors").policy(FirstOk).run(async |_| Ok(7)).await;
    assert_eq!(result.unwrap_err().to_string(), "quorum: successes needed: 1, got: 0");
    let result = first_ok("mirrors", Vec::<(&str, std::future::Ready<Result<u8, io::Error>>)>::new()).await;
    assert_eq!(result.unwrap_err().to_string(), "mirrors: successes needed: 1, children: 0");
}

#[tokio::test(start_paused = true)]
async fn first_ok_names_its_children_and_can_be_spawned() {
    let lookup = |n: u64, found: bool| async move {
        sleep(secs(n)).await;
        if found { Ok(n) } else { Err("no such host") }
    };
    let found = first_ok("resolve", [("cache", lookup(1, false)), ("dns", lookup(2, true)), ("slow", lookup(3, true))]);
    assert_eq!(tokio::spawn(found).await.unwrap().unwrap(), 2);
    let missing = first_ok("resolve", [("cache", lookup(1, false)), ("dns", lookup(2, false))]).await;
    assert_eq!(texts(&missing.unwrap_err()), ["resolve/cache: no such host", "resolve/dns: no such host"]);
}

#[tokio::test(start_paused = true)]
async fn a_search_that_is_cut_from_outside_was_cancelled_and_one_that_was_over_has_its_value() {
    for (cut_after, expected) in [(secs(1), None), (secs(3), Some(2))] {
        let token = CancelToken::new();
        let search = TaskGroup::new("mirrors").policy(FirstOk).run(async |group| {
            group.spawn("slow", works_until_asked(Log::default(), "slow", secs(4)));
            winner([group.spawn("fast", succeeds_after(2))]).await
        });
        let cut = async {
            sleep(cut_after).await;
            token.cancel("ctrl-c");
        };
        let context = Context::current().with_token(token.child());
        let (result, ()) = tokio::join!(context.scope(search), cut);
        match expected {
            Some(value) => assert_eq!(result.unwrap(), value),
            None => assert_eq!(result.unwrap_err().cause().unwrap().message(), "ctrl-c"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_fails_cancels_the_children_under_every_policy() {
    async fn fails(log: Log, group: &patterns_core::task_group::Group) -> Result<(), BoxError> {
        group.spawn("child", works_until_asked(log, "child", secs(1)));
        tokio::task::yield_now().await;
        Err("not today".into())
    }
    let (log, start) = (Log::default(), Instant::now());
    let group = || TaskGroup::new("g");
    let first = group().policy(FirstOk).run(async |group| fails(log.clone(), group).await).await.unwrap_err();
    let quorum = group().policy(Quorum::new(2)).run(async |group| fails(log.clone(), group).await).await.unwrap_err();
    let budget = group().policy(ErrorBudget::new(9)).run(async |group| fails(log.clone(), group).await);
    let budget = budget.await.unwrap_err();
    let until: Settled<()> = group().policy(UntilDeadline).run(async |group| fails(log.clone(), group).await).await;
    for errors in [first, quorum, budget, until.errors.unwrap()] {
        assert_eq!(texts(&errors), ["g: not today"]);
    }
    assert_eq!(start.elapsed(), secs(4), "a second each, for the cleanup");
    assert_eq!(log.all().iter().filter(|what| *what == "child cleaned").count(), 4);
}

// Quorum

#[tokio::test(start_paused = true)]
async fn a_quorum_takes_the_values_of_the_first_and_stops_the_rest() {
    let (log, start) = (Log::default(), Instant::now());
    let result = TaskGroup::new("store").policy(Quorum::new(2)).run(async |group| {
        group.spawn("slow", works_until_asked(log.clone(), "slow", secs(1)));
        group.spawn("bad", fails_after(secs(1), "no space left"));
        winners(2, [3, 60, 2].map(|n| group.spawn(format!("replica-{n}"), succeeds_after(n)))).await
    });
    assert_eq!(result.await.unwrap(), [2, 3], "in the order in which they finished");
    assert_eq!((start.elapsed(), log.has("slow cleaned")), (secs(4), true));
}

#[tokio::test(start_paused = true)]
async fn winners_give_up_as_soon_as_too_many_have_failed() {
    let start = Instant::now();
    let result = TaskGroup::new("store").policy(Quorum::new(2)).run(async |group| {
        let bad = [1, 2].map(|n| {
            group.spawn(format!("bad-{n}"), async move {
                sleep(secs(n)).await;
                Err::<u64, _>("no space left")
            })
        });
        winners(2, bad.into_iter().chain([group.spawn("slow", succeeds_after(60))])).await
    });
    let errors = result.await.unwrap_err();
    assert_eq!(start.elapsed(), secs(2));
    assert_eq!(errors.leaves().map(|leaf| leaf.path().name()).collect::<Vec<_>>(), ["bad-1", "bad-2"]);
}

#[tokio::test(start_paused = true)]
async fn the_policy_itself_waits_as_the_group_is_open_until_its_body_ends() {
    let start = Instant::now();
    let result = TaskGroup::new("store").policy(Quorum::new(2)).run(async |group| {
        for n in 1..=5 {
            group.spawn(format!("bad-{n}"), fails_after(ms(100 * n), "no"));
        }
        context::sleep(secs(2)).await?;
        winners(2, [1, 2].map(|n| group.spawn(format!("late-{n}"), succeeds_after(n)))).await
    });
    assert_eq!((result.await.unwrap(), start.elapsed()), (vec![1, 2], secs(4)));
}

#[tokio::test(start_paused = true)]
async fn fewer_successes_than_the_quorum_are_an_error_also_where_nothing_failed() {
    let result = TaskGroup::new("store").policy(Quorum::new(2)).run(async |group| {
        group.spawn("only", succeeds_after(1));
        Ok(7)
    });
    let errors = result.await.unwrap_err();
    assert_eq!(errors.to_string(), "quorum: successes needed: 2, got: 1");
    assert!(!errors.is_cancelled());

    let few = TaskGroup::new("store")
        .policy(Quorum::new(2))
        .run(async |group| winners(2, [group.spawn("only", succeeds_after(60))]).await);
    let start = Instant::now();
    assert_eq!(few.await.unwrap_err().to_string(), "store: successes needed: 2, children: 1");
    assert_eq!(start.elapsed(), secs(0), "it could not have been reached");
    assert!(catch_panic(|| Quorum::new(0)).unwrap_err().message().contains("quorum of zero"));
}

// ErrorBudget

#[tokio::test(start_paused = true)]
async fn failures_within_the_budget_are_tolerated_and_told() {
    let start = Instant::now();
    let result = TaskGroup::new("import").policy(ErrorBudget::new(2)).run(async |group| {
        group.spawn("bad", fails_after(secs(1), "no"));
        group.spawn::<(), io::Error, _>("worse", async { panic!("boom") });
        let stopped = group.spawn("stopped", works_until_asked(Log::default(), "stopped", secs(0)));
        let fine = group.spawn("fine", succeeds_after(5));
        context::sleep(secs(2)).await?;
        stopped.cancel("not needed");
        Ok(fine.await?)
    });
    let done = result.await.unwrap();
    assert_eq!((done.value, start.elapsed()), (5, secs(5)));
    assert_eq!(counted(done.counts), [1, 1, 1, 1], "to be cancelled is no failure");
    let names: Vec<_> = done.errors.as_ref().unwrap().leaves().map(|leaf| leaf.path().name().to_owned()).collect();
    assert_eq!(names, ["worse", "bad"]);

    let done = TaskGroup::new("import").policy(ErrorBudget::new(0)).run(async |_| Ok(7)).await.unwrap();
    assert!(done.value == 7 && done.errors.is_none());
}

#[tokio::test(start_paused = true)]
async fn one_failure_more_than_the_budget_cancels_the_siblings() {
    for budget in 0..3 {
        let (log, start) = (Log::default(), Instant::now());
        let result = TaskGroup::new("import").policy(ErrorBudget::new(budget)).run(async |group| {
            for n in 1..=5 {
                group.spawn(format!("bad-{n}"), async move {
                    context::sleep(secs(n)).await?;
                    Err::<(), BoxError>("no".into())
                });
            }
            group.spawn("other", works_until_asked(log.clone(), "other", secs(1)));
            Ok(())
        });
        let errors = result.await.unwrap_err();
        assert_eq!(errors.leaves().count(), budget + 1, "{errors}");
        assert_eq!((start.elapsed(), log.has("other cleaned")), (secs(budget as u64 + 2), true));
    }
}

#[tokio::test(start_paused = true)]
async fn a_budget_does_not_make_a_cut_from_outside_look_finished() {
    let token = CancelToken::new();
    let import = TaskGroup::new("import").policy(ErrorBudget::new(9)).run(async |group| {
        group.spawn("slow", works_until_asked(Log::default(), "slow", secs(0)));
        Ok(())
    });
    let cut = async {
        sleep(secs(1)).await;
        token.cancel("ctrl-c");
    };
    let context = Context::current().with_token(token.child());
    let (result, ()) = tokio::join!(context.scope(import), cut);
    assert_eq!(result.unwrap_err().cause().unwrap().message(), "ctrl-c");
}

// UntilDeadline

/// What finishes, of children that take 1, 60 and 2 seconds, and one that fails.
async fn search() -> Settled<Vec<u64>> {
    TaskGroup::new("search")
        .policy(UntilDeadline)
        .run(async |group| {
            group.spawn("bad", fails_after(secs(1), "no such shard"));
            let shards = [1, 60, 2].map(|n| group.spawn(format!("shard-{n}"), succeeds_after(n)));
            Ok(gather(shards).await.into_iter().flatten().collect::<Vec<_>>())
        })
        .await
}

#[tokio::test(start_paused = true)]
async fn what_has_finished_by_the_deadline_counts_and_the_rest_is_no_error() {
    let start = Instant::now();
    let context = Context::current().with_deadline(start + secs(3));
    let found = context.scope(search()).await;
    assert_eq!((found.value, start.elapsed()), (Some(vec![1, 2]), secs(3)));
    assert_eq!(counted(found.counts), [2, 1, 0, 1]);
    assert_eq!(found.cut.unwrap().kind(), CancelKind::Deadline);
    assert_eq!(texts(&found.errors.unwrap()), ["search/bad: no such shard"], "a failure stays one");
}

#[tokio::test(start_paused = true)]
async fn without_a_deadline_it_waits_for_all() {
    let (found, start) = (search(), Instant::now());
    let found = found.await;
    assert_eq!((found.value, start.elapsed()), (Some(vec![1, 60, 2]), secs(60)));
    assert!(found.cut.is_none());
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_listen_is_aborted_and_named_and_is_no_error() {
    let start = Instant::now();
    let context = Context::current().with_deadline(start + secs(3));
    let search = TaskGroup::new("search").grace(secs(1)).policy(UntilDeadline).run(async |group| {
        let deaf = group.spawn("deaf", async {
            sleep(secs(3600)).await;
            Ok::<_, io::Error>(1)
        });
        let fine = group.spawn("fine", async { Ok::<_, io::Error>(2) });
        Ok(gather([deaf, fine]).await.into_iter().flatten().collect::<Vec<_>>())
    });
    let found = context.scope(search).await;
    assert_eq!((found.value.as_deref(), start.elapsed()), (Some(&[2][..]), secs(4)));
    assert_eq!(found.stragglers[0].path().to_string(), "search/deaf");
    assert_eq!(found.into_result().unwrap(), [2]);
}

#[tokio::test(start_paused = true)]
async fn another_cut_than_the_deadline_is_an_error_as_ever() {
    let token = CancelToken::new();
    let context = Context::current().with_token(token.child()).with_deadline(Instant::now() + secs(30));
    let cut = async {
        sleep(ms(1500)).await;
        token.cancel("ctrl-c");
    };
    let (found, ()) = tokio::join!(context.scope(search()), cut);
    assert_eq!(found.value, Some(vec![1]));
    assert_eq!(found.cut.unwrap().message(), "ctrl-c");
    let errors = texts(&found.errors.unwrap());
    assert_eq!(errors, ["search/bad: no such shard", "search: cancelled: requested: ctrl-c"]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_the_deadline_cut_has_no_value_and_says_why() {
    let context = Context::current().with_deadline(Instant::now() + secs(3));
    let search = TaskGroup::new("search").policy(UntilDeadline).run(async |_| Ok(context::sleep(secs(60)).await?));
    let found = context.scope(search).await;
    assert!(found.value.is_none());
    assert_eq!(found.errors.unwrap().cause().unwrap().kind(), CancelKind::Deadline);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_around_it_needs_an_earlier_deadline_within() {
    // At its limit a timeout drops what it limits, and a dropped group returns nothing.
    assert!(timeout(secs(3), search()).await.is_err());

    let within = async { Context::current().with_deadline(Instant::now() + ms(2500)).scope(search()).await };
    let found = timeout(secs(3), within).await.unwrap();
    assert_eq!(found.value, Some(vec![1, 2]));
}
