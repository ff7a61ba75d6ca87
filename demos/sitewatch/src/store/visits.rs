//! What addresses answered: the journal of a run, and what the next one knows of it.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::db::{Statement, Value, key, values};
use super::{Store, StoreError};
use crate::check::Want;
use crate::fetch::Validators;
use crate::html::Outline;

/// How an address answered, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Noted {
    /// HTML. What it holds is kept beside it, where it was read.
    Html,
    /// Something else that is there.
    Other,
    /// It is elsewhere.
    Redirect { status: u16, to: String },
    /// It could not be had: the reason's code, and more about it.
    Failed { reason: String, detail: Option<String> },
}

/// How an answer was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum How {
    /// It was asked for.
    Asked,
    /// It was asked for, and was what it had been.
    Unchanged,
    /// It was well not long ago, and was not asked for.
    Remembered,
}

/// One answer, to be kept.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) url: String,
    pub(crate) want: Want,
    pub(crate) noted: Noted,
    pub(crate) validators: Validators,
    /// What it holds, by the hash of its text.
    pub(crate) outline: Option<(String, Arc<Outline>)>,
    pub(crate) how: How,
    pub(crate) seen: Timestamp,
}

/// What is known of an address.
#[derive(Clone, Debug)]
pub(crate) struct Recalled {
    /// Whether it is of this run, and so not asked for again.
    pub(crate) of_this_run: bool,
    pub(crate) noted: Noted,
    pub(crate) validators: Validators,
    pub(crate) outline: Option<(String, Arc<Outline>)>,
    pub(crate) seen: Timestamp,
}

pub(super) fn name(want: Want) -> &'static str {
    match want {
        Want::Page => "page",
        Want::Probe => "probe",
    }
}

impl Store {
    /// Keeps answers of a run, all or none. An address that has answered before in this run has answered anew.
    pub(crate) async fn note(&self, site: i64, run: i64, entries: &[Entry]) -> Result<(), StoreError> {
        let outlines = entries.iter().filter(|entry| entry.how == How::Asked).filter_map(|entry| {
            let (hash, outline) = entry.outline.as_ref()?;
            Some(values![site, hash, outline.packed()])
        });
        let outlines = Statement::each(
            "insert into outline (site, hash, content) values ($1, $2, $3) on conflict (site, hash) do nothing",
            outlines,
        );
        let visits = entries.iter().map(|entry| {
            values![
                run,
                name(entry.want),
                key::of_text(&entry.url),
                &entry.url,
                Value::json(&entry.noted),
                (!entry.validators.is_empty()).then(|| Value::json(&entry.validators)),
                entry.outline.as_ref().map(|(hash, _)| hash.clone()),
                super::runs::code(&entry.how),
                entry.seen,
            ]
        });
        // ANCHOR: note
        let visits = Statement::each(
            "insert into visit (run, want, key, url, answer, validators, outline, how, seen)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                on conflict (run, want, key) do update set answer = excluded.answer, validators = excluded.validators,
                    outline = excluded.outline, how = excluded.how, seen = excluded.seen",
            visits,
        );
        self.db.write(vec![outlines, visits]).await?;
        // ANCHOR_END: note
        Ok(())
    }

    /// What is known of an address, from this run or else from the one before.
    pub(crate) async fn recall(
        &self,
        site: i64,
        run: i64,
        previous: Option<i64>,
        url: &str,
        want: Want,
    ) -> Result<Option<Recalled>, StoreError> {
        // ANCHOR: recall
        let find = "select visit.run, answer, validators, visit.outline, content, seen from visit
            left join outline on outline.site = $1 and outline.hash = visit.outline
            where visit.run in ($2, $3) and want = $4 and key = $5
            order by visit.run desc limit 1";
        let values = values![site, run, previous.unwrap_or(run), name(want), key::of_text(url)];
        // ANCHOR_END: recall
        let Some(mut row) = self.db.read(find, values).await?.pop() else { return Ok(None) };
        let of_this_run = row.int() == run;
        // What can't be understood is asked for again.
        let Some(noted) = row.json() else { return Ok(None) };
        let validators = row.json().unwrap_or_default();
        let (hash, content) = (row.opt_text(), row.opt_blob());
        let outline = match (hash, content) {
            (Some(hash), Some(content)) => match Outline::unpacked(&content) {
                Some(outline) => Some((hash, Arc::new(outline))),
                None => return Ok(None),
            },
            (Some(_), None) => return Ok(None),
            _ => None,
        };
        Ok(Some(Recalled { of_this_run, noted, validators, outline, seen: row.instant() }))
    }

    /// Forgets what a run has learned.
    pub(crate) async fn forget_visits(&self, run: i64) -> Result<(), StoreError> {
        self.db.write(vec![Statement::once("delete from visit where run = $1", values![run])]).await?;
        Ok(())
    }

    /// How many answers of a run were come by in which way.
    pub(super) async fn ways(&self, run: i64) -> Result<[u64; 3], StoreError> {
        let count = "select how, count(*) from visit where run = $1 group by how";
        let mut ways = [0; 3];
        for mut row in self.db.read(count, values![run]).await? {
            match &*row.text() {
                "asked" => ways[0] = row.count(),
                "unchanged" => ways[1] = row.count(),
                _ => ways[2] = row.count(),
            }
        }
        Ok(ways)
    }
}
