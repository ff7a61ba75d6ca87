//! A check of three pages, and the ways for it to end.
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{self, Context};
use patterns_core::exit_stack::transaction;
use patterns_core::outcome::{BoxError, catch_panics};
use patterns_core::reaper::Reaper;
use tokio::time::sleep;

use super::session::Session;
use super::{Pool, STORED, stored};
use crate::{Stage, ms};

/// How a check ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Ok,
    Error,
    Panic,
    Cancelled,
    Dropped,
}

impl Way {
    const ALL: [Self; 5] =
        [Self::Ok, Self::Error, Self::Panic, Self::Cancelled, Self::Dropped];

    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Panic => "panic",
            Self::Cancelled => "cancelled",
            Self::Dropped => "dropped",
        }
    }
}

// ANCHOR: check
/// Fetches three pages, and stores what came of them: all or nothing.
async fn check(stage: &Stage, pool: &Pool, way: Way) -> Result<u32, BoxError> {
    let session = Session::begin(stage, pool, way.name()).await?;
    let checked = transaction(session, async |session| {
        for page in 1..=3 {
            let status = fetch(stage, way.name(), way, page).await?;
            session.save(page, status).await?;
        }
        Ok(3)
    });
    Ok(checked.await?)
}
// ANCHOR_END: check

/// Takes 20 ms for a page. The third goes wrong in the way of the check, or
/// hangs until it is stopped.
pub(super) async fn fetch(
    stage: &Stage,
    check: &'static str,
    way: Way,
    page: u32,
) -> Result<u16, BoxError> {
    let work = stage.busy(check, format!("page {page}"));
    let hangs = page == 3 && matches!(way, Way::Cancelled | Way::Dropped);
    let takes = ms(if hangs { 60_000 } else { 20 });
    if let Err(interrupt) = context::sleep(takes).await {
        work.stopped(&interrupt);
        return Err(interrupt.into());
    }
    match way {
        Way::Error if page == 3 => {
            work.failed("no answer");
            Err("the host does not answer".into())
        }
        Way::Panic if page == 3 => {
            work.failed("panics");
            panic!("no such element")
        }
        Way::Ok | Way::Error | Way::Panic | Way::Cancelled | Way::Dropped => {
            work.done();
            Ok(200)
        }
    }
}

pub(super) async fn every_way(
    stage: &Stage,
    pool: &Pool,
) -> Result<(), BoxError> {
    stage.scene("a check of three pages, and five ways for it to end");
    for way in Way::ALL {
        let token = CancelToken::new();
        let limit = ms(if way == Way::Dropped { 100 } else { 10_000 });
        // Whoever drops the work waits here for its rollback: a main function,
        // or a group.
        let root = Reaper::new();
        let end = root.run(async {
            let work = Context::current()
                .with_token(token.clone())
                .scope(catch_panics(check(stage, pool, way)));
            let stop = async {
                if way == Way::Cancelled {
                    sleep(ms(100)).await;
                    token.cancel("the user has seen enough");
                }
            };
            let (ended, ()) = tokio::join!(timeout(limit, work), stop);
            match ended {
                Ok(Ok(Ok(pages))) => format!("{pages} pages are checked"),
                Ok(Ok(Err(error))) => error.to_string(),
                Ok(Err(panic)) => {
                    format!("the panic goes on: {:?}", panic.message())
                }
                Err(elapsed) => elapsed.to_string(),
            }
        });
        let end = end.await;
        let rows = stored(pool).await?;
        stage.level(STORED, rows);
        say!(stage, "{}: {end}; {rows} rows are stored", way.name());
        assert_eq!(rows, 3, "those of the first check, and no others");
    }
    Ok(())
}
