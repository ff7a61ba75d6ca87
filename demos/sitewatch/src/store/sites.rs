use super::db::{Statement, values};
use super::{Store, StoreError};

/// A site, as the store knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    pub(crate) id: i64,
    pub(crate) paused: bool,
}

impl Store {
    /// The site of this name, entered if it is new.
    pub(crate) async fn enter_site(&self, name: &str, target: &str) -> Result<Site, StoreError> {
        let enter = "insert into site (name, target) values ($1, $2)
            on conflict (name) do update set target = excluded.target returning id, paused";
        let mut row = self.db.write_row(enter, values![name, target]).await?;
        Ok(Site { id: row.int(), paused: row.int() != 0 })
    }

    /// Notes whether a site is paused, for the next life of the program.
    pub(crate) async fn set_paused(&self, site: i64, paused: bool) -> Result<(), StoreError> {
        let update = "update site set paused = $1 where id = $2";
        self.db.write(vec![Statement::once(update, values![paused, site])]).await?;
        Ok(())
    }
}
