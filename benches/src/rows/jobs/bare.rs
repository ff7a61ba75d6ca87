//! What is left to gain: the least that each engine needs for a job.

use std::time::Instant;

use rusqlite::Connection;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

/// Rows of SQLite that are put and deleted, as many in one transaction: microseconds for each.
pub(super) fn rows_in_groups(rows: u64, group: u64) -> f64 {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let mut db = Connection::open(folder.path().join("bare.db")).expect("it opens");
    db.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).expect("it has one");
    let tables = "pragma synchronous = full; create table job (id integer primary key, payload text not null) strict;";
    db.execute_batch(tables).expect("it makes its table");
    let payload = r#"{"id":1,"text":"Good morning! Here is what you asked for."}"#;
    let started = Instant::now();
    for first in (0..rows).step_by(group as usize) {
        let ids = first as i64..(first + group).min(rows) as i64;
        let put = db.transaction().expect("nobody else writes");
        for id in ids.clone() {
            let mut insert = put.prepare_cached("insert into job values (?1, ?2)").expect("it is SQL");
            insert.execute((id, payload)).expect("the id is new");
        }
        put.commit().expect("there is room");
        let done = db.transaction().expect("nobody else writes");
        for id in ids {
            let mut delete = done.prepare_cached("delete from job where id = ?1").expect("it is SQL");
            assert_eq!(delete.execute((id,)).expect("it can be deleted"), 1);
        }
        done.commit().expect("there is room");
    }
    started.elapsed().as_secs_f64() * 1_000_000.0 / rows as f64
}

/// Messages of many tasks to one, through a channel: microseconds for each.
pub(super) fn messages(runtime: &Runtime, count: u64, senders: u64) -> f64 {
    let started = Instant::now();
    let received = runtime.block_on(async {
        let (sender, mut receiver) = mpsc::channel(1_024);
        for first in 0..senders {
            let sender = sender.clone();
            tokio::spawn(async move {
                for id in (first..count).step_by(senders as usize) {
                    sender.send(id).await.expect("somebody receives");
                }
            });
        }
        drop(sender);
        let receiver = tokio::spawn(async move {
            let mut received = 0_u64;
            while receiver.recv().await.is_some() {
                received += 1;
            }
            received
        });
        receiver.await.expect("it doesn't panic")
    });
    assert_eq!(received, count, "all arrive");
    started.elapsed().as_secs_f64() * 1_000_000.0 / count as f64
}
