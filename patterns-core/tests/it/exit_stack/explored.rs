//! Stacks under every interruption.
use patterns_core::context;
use patterns_core::exit_stack::ExitStack;
use patterns_core::testing::{Explorer, explore_cancellation};
use tokio::task::yield_now;

use super::{Log, SECOND};

#[test]
fn after_every_interruption_each_pushed_cleanup_ran_exactly_once_in_lifo_order() {
    let explored = explore_cancellation(
        async || Log::default(),
        async |log: Log| {
            ExitStack::new()
                .run(async |stack| {
                    for name in ["a", "b", "c"] {
                        log.add(format!("push {name}"));
                        log.cleanup(stack, name);
                        context::sleep(SECOND).await?;
                    }
                    Ok(())
                })
                .await
        },
        async |log| {
            let lines = log.lines();
            let pushed: Vec<_> = lines.iter().filter_map(|line| line.strip_prefix("push ")).collect();
            let expected: Vec<_> = pushed
                .iter()
                .map(|name| format!("push {name}"))
                .chain(pushed.iter().rev().flat_map(|name| [format!("{name} begins"), format!("{name} ends")]))
                .collect();
            assert_eq!(lines, expected);
        },
    );
    // One poll to begin, one after each sleep, the last of which begins to unwind, and one for its end.
    assert_eq!(explored.polls, 5);
    assert_eq!(explored.unreached, 0);
}

#[test]
fn after_every_interruption_an_inner_stack_is_done_before_the_outer_one() {
    explore_cancellation(
        async || Log::default(),
        async |log: Log| {
            ExitStack::new()
                .run(async |outer| {
                    log.cleanup(outer, "outer");
                    let work = ExitStack::new().run(async |inner| {
                        log.add("begun");
                        log.cleanup(inner, "inner");
                        context::sleep(SECOND).await?;
                        Ok(())
                    });
                    work.await?;
                    context::sleep(SECOND).await?;
                    Ok(())
                })
                .await
        },
        async |log| {
            let begun = "begun, inner begins, inner ends, outer begins, outer ends";
            assert!(log.lines().is_empty() || log.joined() == begun, "{}", log.joined());
        },
    );
}

#[test]
fn after_every_interruption_a_stack_that_is_closed_by_hand_has_cleaned_up() {
    Explorer::new().no_task_left().run(
        async || Log::default(),
        async |log: Log| {
            let stack = ExitStack::new();
            log.add("push");
            log.cleanup(&stack, "a");
            yield_now().await;
            let _ = stack.close().await;
            yield_now().await;
        },
        async |log| assert!(log.lines().is_empty() || log.joined() == "push, a begins, a ends"),
    );
}
