//! Where no database can be: that is told at once, as waiting doesn't help.

use std::fs;
use std::path::Path;
use std::time::Duration;

use sitewatch::store::StoreError;
use tokio::time::Instant;

use super::open;

/// Why there can be none, told without waiting for anything.
async fn refused(file: &Path) -> String {
    let asked = Instant::now();
    let error = open(file).await.unwrap_err();
    assert!(asked.elapsed() < Duration::from_secs(1), "{error}: it took {:?}", asked.elapsed());
    assert!(matches!(error, StoreError::Refused { .. }) && !error.is_temporary(), "{error:?}");
    assert!(error.to_string().contains(&file.display().to_string()), "{error}");
    error.to_string()
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_is_not_there_is_named_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let why = refused(&missing.join("watch.db")).await;
    assert!(why.ends_with(&format!("there is no folder {}", missing.display())), "{why}");
    assert!(!missing.exists(), "nobody makes it by himself");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_folder_or_no_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    refused(&file.join("watch.db")).await;
    let why = refused(folder.path()).await;
    assert!(why.contains("it is a folder"), "{why}");
    let why = refused(Path::new(":memory:")).await;
    assert!(why.contains("use a file"), "{why}");
}

// Nobody may make a file there, not even whoever may do all else.
#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn a_folder_that_cannot_be_written_is_named_at_once() {
    let why = refused(Path::new("/sys/watch.db")).await;
    assert!(why.contains("the folder /sys can't be written: "), "{why}");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_no_database_is_refused_at_once_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    let text = "not a database, but a text that is long enough to look at";
    fs::write(&file, text).unwrap();
    let why = refused(&file).await;
    assert!(why.contains("not a database"), "{why}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[tokio::test]
async fn a_database_is_made_where_there_is_none_and_opened_where_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("watch.db");
    let first = open(&file).await.unwrap();
    // While the first is open, and also where there is an empty file.
    open(&file).await.unwrap();
    drop(first);
    let empty = folder.path().join("empty.db");
    fs::write(&empty, "").unwrap();
    open(&empty).await.unwrap();
}
