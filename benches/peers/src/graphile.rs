//! A load on graphile_worker, set as the program likes.

use std::time::Instant;

use graphile_worker::{
    IntoTaskHandlerResult, JobSpec, RawJobSpec, TaskHandler, WorkerContext, WorkerOptions, WorkerUtils,
};
use peers::{How, LOOK, Load};
use serde::{Deserialize, Serialize};
use sqlx09::postgres::{PgPool, PgPoolOptions};
use tokio::time::sleep;

/// Its trait is for types of one's own.
#[derive(Serialize, Deserialize)]
struct Greeting(peers::Greeting);

impl TaskHandler for Greeting {
    const IDENTIFIER: &'static str = "greeting";

    async fn run(self, _: WorkerContext) -> impl IntoTaskHandlerResult {
        peers::ran(&self.0);
        Ok::<(), String>(())
    }
}

pub(crate) async fn load(load: &Load, set: impl FnOnce(WorkerOptions) -> WorkerOptions) -> Instant {
    // As many as it opens for itself.
    let pool = PgPoolOptions::new().max_connections(20).connect(&load.place).await.expect("it connects");
    let options = WorkerOptions::default().pg_pool(pool.clone()).concurrency(load.width);
    let options = set(options.define_job::<Greeting>().listen_os_shutdown_signals(false));
    let worker = options.init().await.expect("it makes its tables");
    let utils = worker.create_utils();
    let began = Instant::now();
    let whole = async {
        put(load, &utils).await;
        finish(load, &pool).await;
    };
    tokio::select! {
        ended = worker.run() => panic!("the worker ended: {ended:?}"),
        () = whole => {}
    }
    began
}

async fn put(load: &Load, utils: &WorkerUtils) {
    if load.how == How::Bulk {
        for batch in peers::batches(load) {
            let jobs: Vec<RawJobSpec> = batch
                .into_iter()
                .map(|greeting| RawJobSpec {
                    identifier: Greeting::IDENTIFIER.to_owned(),
                    payload: serde_json::to_value(greeting).expect("it is plain"),
                    spec: JobSpec::default(),
                })
                .collect();
            utils.add_raw_jobs(&jobs).await.expect("PostgreSQL takes them");
        }
        return;
    }
    let utils = utils.clone();
    peers::put_singly(load, move |greeting| {
        let utils = utils.clone();
        async move {
            utils.add_job(Greeting(greeting), JobSpec::default()).await.expect("PostgreSQL takes it");
        }
    })
    .await;
}

/// Until the last one is deleted.
async fn finish(load: &Load, pool: &PgPool) {
    peers::until_ran(load.jobs).await;
    let left = "select count(*) from graphile_worker._private_jobs";
    while sqlx09::query_scalar::<_, i64>(left).fetch_one(pool).await.expect("PostgreSQL answers") > 0 {
        sleep(LOOK).await;
    }
    peers::idle(load).await;
}
