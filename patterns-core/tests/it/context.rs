use std::error::Error;
use std::time::Duration;

use patterns_core::cancel::{CancelKind, CancelToken, timeout};
use patterns_core::context::{self, Context, Interrupt, TaskPath, interruptible};
use patterns_core::reaper::Reaper;
use patterns_core::task_group::TaskGroup;
use proptest::prelude::*;
use tokio::time::Instant;

use crate::support::{ms, secs};

#[tokio::test(start_paused = true)]
async fn outside_of_any_context_there_is_no_limit() {
    assert!(Context::try_current().is_none());
    assert_eq!((context::deadline(), context::remaining(), context::is_cancelled()), (None, None, false));
    assert!(Context::current().path().is_root());
    assert_eq!(interruptible(async { 7 }).await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn nested_deadlines_only_get_shorter() {
    let now = Instant::now();
    let outer = Context::current().with_deadline(now + secs(2));
    assert_eq!(outer.with_deadline(now + secs(5)).deadline(), Some(now + secs(2)));
    assert_eq!(outer.with_deadline(now + secs(1)).deadline(), Some(now + secs(1)));
    assert_eq!(outer.without_deadline().deadline(), None);
    assert_eq!(outer.with_deadline(now).remaining(), Some(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_bare_spawn_inherits_nothing_and_a_scoped_one_everything() {
    let context = Context::current().named("import").with_deadline(Instant::now() + secs(1));
    context
        .scope(async {
            let bare = tokio::spawn(async { Context::try_current().is_none() });
            assert!(bare.await.unwrap());
            let scoped = tokio::spawn(Context::current().scope(async { Context::current().path().to_string() }));
            assert_eq!(scoped.await.unwrap(), "import");
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_child_of_a_group_inherits_deadline_path_and_token() {
    let token = CancelToken::new();
    let deadline = Instant::now() + secs(9);
    let ambient = Context::current().named("app").with_deadline(deadline).with_token(token.clone());
    let group = TaskGroup::new("group").run(async |group| {
        assert_eq!(Context::current().path().to_string(), "app/group");
        let child = group.spawn("child", async move {
            let context = Context::current();
            assert_eq!(context.path().to_string(), "app/group/child");
            assert_eq!(context.path().name(), "child");
            assert_eq!(context.deadline(), Some(deadline));
            assert_eq!(context::deadline(), Some(deadline));
            assert!(!context::is_cancelled() && !context.token().is_cancelled());
            // A changed context keeps the rest.
            let changed = context.named("deeper").without_deadline();
            assert_eq!(changed.path().to_string(), "app/group/child/deeper");
            changed.scope(async { assert_eq!(context::deadline(), None) }).await;
            token.cancel("all of it");
            assert!(context::is_cancelled() && changed.token().is_cancelled());
            assert_eq!(context::sleep(secs(1)).await.unwrap_err().cause().unwrap().message(), "all of it");
            Ok::<_, Interrupt>(())
        });
        Ok(child.await?)
    });
    ambient.scope(group).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_by_token_or_deadline_and_says_which() {
    let token = CancelToken::new();
    let context = Context::current().with_token(token.clone()).with_deadline(Instant::now() + secs(1));
    context
        .scope(async {
            let interrupt = context::sleep(secs(60)).await.unwrap_err();
            assert!(interrupt.is_deadline() && interrupt.cause().is_none());
            assert_eq!(interrupt.to_string(), "deadline passed");
            // Also where an error wraps it transparently, the chain still tells.
            assert_eq!(interrupt.source().unwrap().to_string(), "deadline passed");

            token.cancel("enough");
            let interrupt = context::sleep(secs(60)).await.unwrap_err();
            assert!(!interrupt.is_deadline());
            assert_eq!(interrupt.cause().unwrap().kind(), CancelKind::Requested);
            assert_eq!(interrupt.to_string(), "cancelled: requested: enough");
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_ready_is_never_thrown_away() {
    let token = CancelToken::new();
    token.cancel("too late");
    let context = Context::current().with_token(token).with_deadline(Instant::now());
    assert_eq!(context.scope(interruptible(async { 7 })).await.unwrap(), 7);
}

#[test]
fn an_error_that_wraps_an_interrupt_transparently_still_shows_the_cause() {
    #[derive(Debug, thiserror::Error)]
    #[error(transparent)]
    struct Wrapper(#[from] Interrupt);
    let token = CancelToken::new();
    token.cancel("enough");
    let error = Wrapper(Interrupt::Cancelled(token.cause().unwrap().clone()));
    assert!(error.source().unwrap().is::<patterns_core::cancel::CancelCause>());
}

#[tokio::test(start_paused = true)]
async fn leftovers_go_to_the_reaper_of_the_context() {
    let reaper = Reaper::new();
    let context = Context::current().with_reaper(reaper.clone());
    context.sync_scope(|| Context::current().reaper().spawn("left", tokio::time::sleep(secs(1))));
    assert_eq!(reaper.live().len(), 1);
    reaper.drained().await;
}

#[test]
fn a_context_can_be_entered_without_async() {
    let context = Context::current().named("sync");
    assert_eq!(context.sync_scope(|| Context::current().path().to_string()), "sync");
}

#[test]
fn a_path_prints_its_names_from_the_outside_in() {
    let path = TaskPath::root().join("a").join("b").join("c");
    assert_eq!(path.to_string(), "a/b/c");
    assert_eq!(path.parent().unwrap().to_string(), "a/b");
    assert_eq!(format!("{path:?}"), "TaskPath(a/b/c)");
    assert!(TaskPath::root().parent().is_none());
    assert_eq!(TaskPath::root().name(), "");
    assert_ne!(path, TaskPath::root().join("a/b/c"));
}

#[test]
fn a_path_may_be_longer_than_the_stack() {
    let long = || (0..1_000_000).fold(TaskPath::root(), |path, _| path.join("a"));
    let (one, two) = (long(), long());
    assert!(one == two && one != two.join("a"));
    assert_eq!(one.to_string().len(), 2_000_000 - 1);
    drop((one, two));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_travels_in_a_header() {
    let header = timeout(ms(1500), async { Context::current().timeout_header() }).await.unwrap().unwrap();
    assert_eq!(header, "1500000u");
    let there = Context::current().with_timeout_header(&header).unwrap();
    assert_eq!(there.remaining(), Some(ms(1500)));
    assert_eq!(Context::current().timeout_header(), None);
}

#[tokio::test(start_paused = true)]
async fn a_header_never_lengthens_the_deadline() {
    let here = Context::current().with_deadline(Instant::now() + secs(1));
    assert_eq!(here.with_timeout_header("5S").unwrap().remaining(), Some(secs(1)));
    assert!(Context::current().with_timeout_header("99999999H").unwrap().remaining().is_some());
}

#[test]
fn what_is_no_timeout_is_refused_by_name() {
    for bad in ["", "5", "S", "5s", "-5S", "123456789S", "5 S", "1.5S", "5µ"] {
        let error = Context::current().with_timeout_header(bad).unwrap_err();
        assert!(error.to_string().starts_with(&format!("{bad:?} is not a timeout")), "{error}");
    }
}

proptest! {
    #[test]
    fn a_header_is_at_most_a_hundredth_of_a_permille_early_and_never_late(nanos in 1_u64..u64::MAX / 2) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let limit = Duration::from_nanos(nanos);
            let header = Context::current().with_deadline(Instant::now() + limit).timeout_header().unwrap();
            let there = Context::current().with_timeout_header(&header).unwrap().remaining().unwrap();
            assert!(there <= limit, "{header}");
            // Eight digits in a unit that is at most 1000 times as coarse as the next.
            assert!(limit - there <= limit / 90_000, "{limit:?} became {there:?}");
        });
    }
}
