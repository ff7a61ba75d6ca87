//! Giving back what was acquired, whatever happens.
use std::convert::Infallible;
use std::sync::Arc;

use parking_lot::Mutex;
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{self, Context};
use patterns_core::exit_stack::{
    ExitError, ExitStack, Transactional, managed, transaction,
};
use patterns_core::outcome::{BoxError, catch_panics};
use patterns_core::reaper::Reaper;
use tokio::time::sleep;

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "exit_stack",
    "Resources are given back, the last one first, however the work ends; a transaction commits only if all went well.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    stage.scene(
        "three resources, the last one first, and one that makes trouble",
    );
    // ANCHOR: stack
    let failed = ExitStack::new()
        .run(async |stack| {
            for name in ["lock file", "database", "browser"] {
                say!(stage, "{name}: acquired");
                stage.works(name, "is held");
                let cleanup = release(stage.clone(), name);
                stack.push(name, || cleanup);
            }
            sleep(ms(50)).await;
            say!(stage, "the work fails");
            Err::<(), BoxError>("the site has no start page".into())
        })
        .await
        .expect_err("the work fails");
    say!(stage, "{failed}");
    // ANCHOR_END: stack
    assert_eq!(
        failed.cleanup().map(|errors| errors.len()),
        Some(1),
        "the database's, and the lock file was removed"
    );

    stage.scene("every way out");
    for way in ["ok", "error", "panic", "cancelled", "dropped"] {
        let token = CancelToken::new();
        // Whoever drops the work waits here for its cleanup: a main function, a group.
        let root = Reaper::new();
        root.run(async {
            let work = Context::current()
                .with_token(token.clone())
                .scope(catch_panics(work(&stage, way)));
            let stop = async {
                sleep(ms(30)).await;
                if way == "cancelled" {
                    token.cancel("the user has seen enough");
                }
            };
            let (ended, ()) = tokio::join!(timeout(ms(60), work), stop);
            match ended {
                Ok(Ok(Ok(()))) => say!(stage, "{way}: the work is done"),
                Ok(Ok(Err(error))) => say!(stage, "{way}: {error}"),
                Ok(Err(panic)) => say!(
                    stage,
                    "{way}: after the cleanup the panic goes on: {:?}",
                    panic.message()
                ),
                Err(elapsed) => {
                    say!(stage, "{way}: {elapsed}; the cleanup goes on")
                }
            }
        })
        .await;
        let released = stage
            .recording()
            .bars
            .iter()
            .filter(|bar| bar.lane == way && bar.to.is_some())
            .count();
        assert_eq!(released, 2, "used, and released");
    }

    stage.scene("a transaction");
    let saved = Arc::new(Mutex::new(Vec::new()));
    let save = |pages: Vec<u32>| Save {
        stage: stage.clone(),
        saved: Arc::clone(&saved),
        pages,
    };
    transaction(save(vec![1]), async |save| {
        save.pages.push(2);
        Ok(())
    })
    .await?;
    let failed = transaction(save(vec![3]), async |save| {
        save.pages.push("four".parse()?);
        Ok(())
    });
    let failed = failed.await.expect_err("four is no number");
    say!(stage, "{failed}; saved are {:?}", saved.lock());
    assert_eq!(*saved.lock(), [1, 2]);
    Ok(())
}

// ANCHOR: release
async fn release(stage: Stage, name: &'static str) -> Result<(), BoxError> {
    stage.cleans_up(name, "is released");
    sleep(ms(20)).await;
    if name == "database" {
        stage.fails(name, "connection reset");
        say!(stage, "{name}: can't be released properly");
        return Err("connection reset".into());
    }
    stage.rests(name);
    say!(stage, "{name}: released");
    Ok(())
}
// ANCHOR_END: release

/// Uses a browser, which takes a moment to close.
async fn work(stage: &Stage, way: &'static str) -> Result<(), ExitError> {
    let cleanup = stage.clone();
    // ANCHOR: managed
    let browser = managed(
        async { Ok::<_, Infallible>("browser") },
        async move |_browser| {
            cleanup.cleans_up(way, "closes");
            sleep(ms(20)).await;
            cleanup.rests(way);
            say!(cleanup, "{way}: the browser is closed");
            Ok(())
        },
    );
    // ANCHOR_END: managed
    browser
        .run(async |_browser| {
            let work = stage.busy(way, "browses");
            sleep(ms(20)).await;
            match way {
                "ok" => {}
                "error" => {
                    work.failed("the page is empty");
                    return Err("the page is empty".into());
                }
                "panic" => {
                    work.failed("no such element");
                    panic!("no such element");
                }
                _ => {
                    if let Err(interrupt) = context::sleep(ms(1000)).await {
                        work.stopped(&interrupt);
                        return Err(interrupt.into());
                    }
                }
            }
            work.done();
            Ok(())
        })
        .await
}

/// Pages that are saved together or not at all.
struct Save {
    stage: Stage,
    saved: Arc<Mutex<Vec<u32>>>,
    pages: Vec<u32>,
}

impl Transactional for Save {
    type Error = Infallible;

    async fn commit(&mut self) -> Result<(), Infallible> {
        say!(self.stage, "commits {:?}", self.pages);
        self.saved.lock().append(&mut self.pages);
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), Infallible> {
        say!(self.stage, "rolls {:?} back", self.pages);
        self.pages.clear();
        Ok(())
    }
}

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("the cleanup as the last line of the function");
    let locked = Mutex::new(false);
    // ANCHOR: broken
    let work = async {
        *locked.lock() = true;
        say!(stage, "lock file: made");
        let work = stage.busy("lock file", "is held");
        sleep(ms(500)).await;
        work.done();
        *locked.lock() = false;
        say!(stage, "lock file: removed");
    };
    if let Err(elapsed) = timeout(ms(100), work).await {
        say!(
            stage,
            "{elapsed}: the future is dropped, and its last line with it"
        );
    }
    // ANCHOR_END: broken
    say!(
        stage,
        "the lock file is still there: {}; the next run will refuse to start",
        locked.lock()
    );
    assert!(*locked.lock());
    Ok(())
}
