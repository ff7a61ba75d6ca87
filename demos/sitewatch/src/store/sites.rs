use std::borrow::Cow;

use super::db::{Statement, key, values};
use super::{Store, StoreError};
use crate::hex::hex;

/// A site, as the store knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    pub(crate) id: i64,
    pub(crate) paused: bool,
}

/// How long a name is at most, in bytes: names have an index, and an entry of one has a limit.
const LONGEST_NAME: usize = 1_000;

/// The name of a site of which only the target is known: the target, of a very long one its beginning and a part of its
/// hash.
pub(super) fn name_of(target: &str) -> Cow<'_, str> {
    if target.len() <= LONGEST_NAME {
        return target.into();
    }
    let hash = hex(&key::of_text(target)[..8]);
    // Room for the rest of it, which is 20 bytes.
    let end = (0..=LONGEST_NAME - 20).rev().find(|at| target.is_char_boundary(*at)).unwrap_or(0);
    format!("{}… {hash}", &target[..end]).into()
}

impl Store {
    /// The site of this name, entered if it is new.
    pub(crate) async fn enter_site(&self, name: &str, target: &str) -> Result<Site, StoreError> {
        let enter = "insert into site (name, target) values ($1, $2)
            on conflict (name) do update set target = excluded.target, watched = 1 returning id, paused";
        let mut row = self.db.write_row(enter, values![name, target]).await?;
        Ok(Site { id: row.int(), paused: row.int() != 0 })
    }

    /// The names of the sites that are watched.
    pub(crate) async fn watched(&self) -> Result<Vec<String>, StoreError> {
        let rows = self.db.read("select name from site where watched = 1 order by name", Vec::new()).await?;
        Ok(rows.into_iter().map(|mut row| row.text()).collect())
    }

    /// Notes that a site is watched no more, so that it is not among those that are.
    pub(crate) async fn unwatch(&self, site: &str) -> Result<(), StoreError> {
        self.db.write(vec![Statement::once("update site set watched = 0 where name = $1", values![site])]).await?;
        Ok(())
    }

    /// Notes whether a site is paused, for the next life of the program.
    pub(crate) async fn set_paused(&self, site: i64, paused: bool) -> Result<(), StoreError> {
        let update = "update site set paused = $1 where id = $2";
        self.db.write(vec![Statement::once(update, values![paused, site])]).await?;
        Ok(())
    }
}
