use std::cell::Cell;
use std::rc::Rc;

use tokio_postgres::NoTls;

use super::load::{How, Load};
use super::program::Program;
use crate::harness::{Row, Skipped, Target};
use crate::rows::postgres::{Cluster, mt2_with_sockets};

const LOAD: Load = Load { how: How::Single, jobs: 1_000, width: 10 };

pub(in crate::rows) fn postgres_single() -> Result<Row, Skipped> {
    row("jobs_postgres", LOAD)
}

/// What of it is putting shows beside the other row: here they are put 512 at once.
pub(in crate::rows) fn postgres_bulk() -> Result<Row, Skipped> {
    row("jobs_postgres_bulk", Load { how: How::Bulk, ..LOAD })
}

fn row(name: &'static str, load: Load) -> Result<Row, Skipped> {
    // As it comes, so a commit is on the disk.
    let databases = Rc::new(Databases::new(&[])?);
    let measured = |program: Program| {
        let databases = Rc::clone(&databases);
        move || databases.with_new_one(|url, _| program.us_per_job(load, url))
    };
    Ok(Row::new(name, "us/job", Target::Ratio(1.0))
        .ours("JobQueue", measured(Program::ours("postgres")))
        .peer("graphile_worker", measured(Program::peer("peer-graphile-worker")?))
        .peer("graphile_worker, batched", measured(Program::peer("peer-graphile-worker-batched")?))
        .peer("underway", measured(Program::peer("peer-underway")?)))
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
