//! What only the inside shows: checks that did not begin.

use actors::System;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use super::{Location, NotBegun, Store, token};
use crate::service::{Cause, RunState, RunView};

/// A database with the site `docs`, for as long as the folder is there.
async fn store() -> (TempDir, Store, i64) {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::Sqlite(folder.path().join("watch.db"));
    let store = Store::open(&location, &System::start().unwrap()).await.unwrap();
    let site = store.enter_site("docs", "docs").await.unwrap();
    (folder, store, site.id)
}

fn missed(due: Timestamp, times: u64) -> NotBegun {
    let why = format!("{times} were due while nobody looked");
    NotBegun { site: "docs".to_owned(), due, times, state: RunState::Missed, why }
}

async fn runs(store: &Store) -> Vec<RunView> {
    store.runs(Some("docs"), 10, None).await.unwrap()
}

#[tokio::test]
async fn what_did_not_begin_is_one_run_and_stands_for_as_many_as_were_told_last() {
    let (_folder, store, _) = store().await;
    let due: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
    for (hour, times) in [(1, 1), (2, 3), (3, 2)] {
        store.not_begun(vec![missed(due, times)], due + SignedDuration::from_hours(hour)).await.unwrap();
    }
    let noted = runs(&store).await;
    assert_eq!(noted.len(), 1, "{noted:#?}");
    let run = &noted[0];
    assert_eq!((run.state, run.due, run.times), (RunState::Missed, Some(due), 2));
    assert_eq!(run.why.as_deref(), Some("2 were due while nobody looked"));
    assert_eq!(run.ended, Some(due + SignedDuration::from_hours(3)));
}

#[tokio::test]
async fn a_check_that_did_begin_is_not_noted_as_one_that_did_not() {
    let (_folder, store, site) = store().await;
    let due: Timestamp = "2026-03-02T00:00:00.000000001Z".parse().unwrap();
    let begun = store.begin(site, &token("docs", due), Cause::Schedule, Some(due), due).await.unwrap();
    let next = due + SignedDuration::from_hours(6);
    let noted = store.not_begun(vec![missed(due, 1), missed(next, 1)], next).await.unwrap();
    assert_eq!(noted.iter().map(|run| run.due).collect::<Vec<_>>(), [next]);
    let states: Vec<_> = runs(&store).await.into_iter().map(|run| (run.id == begun.run, run.state)).collect();
    assert_eq!(states, [(false, RunState::Missed), (true, RunState::Running)]);
}
