use std::pin::pin;

use futures_util::StreamExt as _;
use patterns_core::stream::FlowExt as _;

use super::*;

/// Which row was refused, and what the server said.
#[derive(Debug, PartialEq, Eq)]
struct BadRow {
    url: String,
    constraint: Option<String>,
}

#[tokio::test]
async fn a_bad_row_fails_its_batch_only_and_is_named() {
    let Some(server) = server("batches").await else { return };
    bounded(async {
        let pool = start(&server, 2).await;
        table(&pool).await;
        // Row 57 is there twice.
        let rows = (0..100).map(|n| format!("/page/{}", if n == 58 { 57 } else { n }));
        let mut batches = pin!(futures_util::stream::iter(rows).batch(10, millis(50)));
        let mut failed: Vec<BadRow> = Vec::new();
        while let Some(batch) = batches.next().await {
            let inserted = pool.transaction(async |tx| {
                for url in &batch {
                    let url: &String = url;
                    tx.execute("insert into page values ($1)", &[url]).await.map_err(|error| BadRow {
                        url: url.clone(),
                        constraint: error.as_db_error().and_then(|error| error.constraint()).map(Into::into),
                    })?;
                }
                Ok(())
            });
            if let Err(error) = inserted.await {
                failed.push(error.into_failed().expect("the server is well"));
            }
        }
        let bad = BadRow { url: "/page/57".to_owned(), constraint: Some("page_pkey".to_owned()) };
        assert_eq!(failed, [bad]);
        assert_eq!(pages(&pool).await, 90, "a batch is one transaction: the nine good rows beside it are not there");
        assert_books(&pool.status());
    })
    .await;
}
