//! underway.
//!
//! It looks every 100 ms for what it was not told of, where its default is a minute: a worker that has just found nothing
//! misses what is put at that moment. One that is to idle keeps the default.

use std::sync::Arc;
use std::time::Instant;

use jiff::ToSpan;
use peers::{Greeting, How, LOOK, Load};
use sqlx08::postgres::{PgPool, PgPoolOptions};
use sqlx08::{Postgres, Transaction};
use tokio::time::sleep;
use underway::{Queue, Task, Worker};

struct Greet;

impl Task for Greet {
    type Input = Greeting;
    type Output = ();

    async fn execute(&self, _: Transaction<'_, Postgres>, greeting: Greeting) -> underway::task::Result<()> {
        peers::ran(&greeting);
        Ok(())
    }
}

fn main() {
    peers::run(load);
}

async fn load(load: &Load) -> Instant {
    // A task has up to two at the same time, and a listener each of the two that it has.
    let most = 2 * load.width as u32 + 10;
    let pool = PgPoolOptions::new().max_connections(most).connect(&load.place).await.expect("it connects");
    underway::run_migrations(&pool).await.expect("it makes its tables");
    let queue = Queue::<Greet>::builder().name("greetings").pool(pool.clone()).build().await;
    let queue = Arc::new(queue.expect("it makes a queue"));
    let mut worker = Worker::new(Arc::clone(&queue), Greet);
    worker.set_concurrency_limit(load.width);
    let period = if load.how == How::Idle { 1.minute() } else { 100.milliseconds() };
    let began = Instant::now();
    let whole = async {
        put(load, &queue, &pool).await;
        finish(load, &pool).await;
    };
    tokio::select! {
        ended = worker.run_every(period) => panic!("the worker ended: {ended:?}"),
        () = whole => {}
    }
    began
}

async fn put(load: &Load, queue: &Arc<Queue<Greet>>, pool: &PgPool) {
    if load.how == How::Bulk {
        for batch in peers::batches(load) {
            queue.enqueue_multi(pool, &Greet, &batch).await.expect("PostgreSQL takes them");
        }
        return;
    }
    let (queue, pool) = (Arc::clone(queue), pool.clone());
    peers::put_singly(load, move |greeting| {
        let (queue, pool) = (Arc::clone(&queue), pool.clone());
        async move {
            queue.enqueue(&pool, &Greet, &greeting).await.expect("PostgreSQL takes it");
        }
    })
    .await;
}

/// Until the last one is marked as done.
async fn finish(load: &Load, pool: &PgPool) {
    peers::until_ran(load.jobs).await;
    let left = "select count(*) from underway.task where state <> 'succeeded'";
    while sqlx08::query_scalar::<_, i64>(left).fetch_one(pool).await.expect("PostgreSQL answers") > 0 {
        sleep(LOOK).await;
    }
    peers::idle(load).await;
}
