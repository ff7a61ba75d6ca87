use std::cell::Cell;
use std::rc::Rc;

use tokio_postgres::NoTls;

use super::load::{How, Load};
use super::program::Program;
use crate::harness::{Row, Skipped, Target};
use crate::rows::postgres::{Cluster, mt2_with_sockets};

const LOAD: Load = Load { how: How::Single, jobs: 1_000, width: 10 };

/// Put 512 at once, and 100 done at the same time: as many as graphile_worker takes in advance. Where it takes none, it
/// does not hear of all that is put at once, and needs 100 ms for a job; and underway puts one at a time.
const BULK: Load = Load { how: How::Bulk, jobs: 10_000, width: 100 };

pub(in crate::rows) fn postgres_single() -> Result<Row, Skipped> {
    let measured = on_a_server(LOAD)?;
    Ok(Row::new("jobs_postgres", "us/job", Target::Ratio(1.0))
        .ours("JobQueue", measured(Program::ours("postgres")))
        .peer("graphile_worker", measured(Program::peer("peer-graphile-worker")?))
        .peer("graphile_worker, batched", measured(Program::peer("peer-graphile-worker-batched")?))
        .peer("underway", measured(Program::peer("peer-underway")?)))
}

pub(in crate::rows) fn postgres_bulk() -> Result<Row, Skipped> {
    let measured = on_a_server(BULK)?;
    Ok(Row::new("jobs_postgres_bulk", "us/job", Target::Ratio(1.0))
        .ours("JobQueue", measured(Program::ours("postgres")))
        .peer("graphile_worker, batched", measured(Program::peer("peer-graphile-worker-batched")?)))
}

/// How a program is measured with that load, in a new database each time.
fn on_a_server(load: Load) -> Result<impl Fn(Program) -> Box<dyn FnMut() -> f64>, Skipped> {
    // As it comes, so a commit is on the disk.
    let databases = Rc::new(Databases::new(&[])?);
    Ok(move |program: Program| {
        let databases = Rc::clone(&databases);
        Box::new(move || databases.with_new_one(|url, _| program.us_per_job(load, url))) as Box<dyn FnMut() -> f64>
    })
}

/// A server, and databases on it that live for one repetition.
pub(super) struct Databases {
    cluster: Cluster,
    made: Cell<u32>,
}

impl Databases {
    pub(super) fn new(settings: &'static [&'static str]) -> Result<Self, Skipped> {
        Ok(Self { cluster: Cluster::new(settings)?, made: Cell::new(0) })
    }

    /// Calls it with the address and the name of a new database.
    pub(super) fn with_new_one<T>(&self, f: impl FnOnce(&str, &str) -> T) -> T {
        self.made.set(self.made.get() + 1);
        let name = format!("jobs_{}", self.made.get());
        self.ask(&format!("create database {name}"));
        let done = f(&self.cluster.url(&name), &name);
        self.ask(&format!("drop database {name} with (force)"));
        done
    }

    /// How many transactions there have been in a database. Asked in another one, so that this is none of them.
    pub(super) fn transactions(&self, name: &str) -> f64 {
        let ended = format!("select xact_commit + xact_rollback from pg_stat_database where datname = '{name}'");
        self.ask(&ended).and_then(|said| said.parse().ok()).expect("there is such a database")
    }

    /// The first value of what the server answers.
    fn ask(&self, query: &str) -> Option<String> {
        // It starts the server, which has a runtime of its own.
        let config = self.cluster.config();
        mt2_with_sockets().block_on(async {
            let (client, connection) = config.connect(NoTls).await.expect("it connects");
            tokio::spawn(connection);
            let said = client.simple_query(query).await.expect("the server does it");
            said.iter().find_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            })
        })
    }
}
