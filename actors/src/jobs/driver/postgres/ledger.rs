use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use tokio_postgres::Row;

use super::super::rules::after;
use super::super::{Entered, JobId, NewJob};
use super::columns::{Columns, id, line, sole};
use super::setback::Setback;

/// Deciding on jobs that are to be entered, one after the other, with what the database has of them. It has locked
/// their lines and unique keys before it said that.
pub(super) struct Ledger<'a> {
    pub(super) now: i64,
    /// Lines whose rows were made to be locked: maybe nobody stands in them.
    pub(super) made: Vec<Vec<u8>>,
    known: HashSet<JobId>,
    holders: HashMap<Vec<u8>, Holder>,
    /// Lines that have got somebody new.
    lines: HashSet<Vec<u8>>,
    pub(super) new: Columns<'a>,
    /// The queues of those that are new; whether one of them may be due earlier than what was seen there.
    pub(super) queues: BTreeMap<&'a str, bool>,
    /// Unique keys that are held now: by whom, and until when at least.
    held: BTreeMap<Vec<u8>, (JobId, i64)>,
}

/// Who holds a unique key.
#[derive(Clone, Copy)]
struct Holder {
    job: JobId,
    until: i64,
    is_open: bool,
}

impl<'a> Ledger<'a> {
    /// From the rows of [`KNOWN`](super::enter::KNOWN) and [`HOLDERS`](super::enter::HOLDERS).
    pub(super) fn new(known: &Row, holders: &[Row], made: Vec<Vec<u8>>) -> Self {
        let ids: Vec<&[u8]> = known.get(1);
        let mut ledger = Self {
            now: known.get(0),
            made,
            known: ids.into_iter().map(id).collect(),
            holders: HashMap::new(),
            lines: HashSet::new(),
            new: Columns::default(),
            queues: BTreeMap::new(),
            held: BTreeMap::new(),
        };
        for row in holders {
            let holder = Holder { job: id(row.get(1)), until: row.get(2), is_open: row.get(3) };
            ledger.holders.insert(row.get::<_, &[u8]>(0).to_vec(), holder);
        }
        ledger
    }

    /// Decides on the next one.
    pub(super) fn decide(&mut self, job: &'a NewJob) -> Entered {
        if self.known.contains(&job.id) {
            return Entered::Known;
        }
        if let Some(unique) = &job.unique
            && let Some(sole) = sole(job)
        {
            if let Some(holder) = self.holders.get(&sole)
                && (holder.until > self.now || holder.is_open)
            {
                return Entered::Duplicate(holder.job);
            }
            let until = after(self.now, unique.window);
            self.holders.insert(sole.clone(), Holder { job: job.id, until, is_open: true });
            self.held.insert(sole, (job.id, until));
        }
        self.known.insert(job.id);
        let behind = line(job).is_some_and(|line| !self.lines.insert(line));
        self.new.push(job, behind);
        *self.queues.entry(&job.queue).or_default() |= super::columns::is_late(job);
        Entered::New
    }

    /// A job is over, so it holds its unique key for no longer than its window.
    pub(super) fn is_over(&mut self, job: JobId, sole: Option<&[u8]>) {
        if let Some(holder) = sole.and_then(|sole| self.holders.get_mut(sole))
            && holder.job == job
        {
            holder.is_open = false;
        }
    }

    /// Whether all that were new have been entered: somebody else may have entered one of them just now.
    pub(super) fn agrees(&self, entered: &[Row]) -> Result<(), Setback> {
        if entered.len() == self.new.len() { Ok(()) } else { Err(Setback::Crossed) }
    }

    /// The unique keys that are held now, column by column.
    pub(super) fn held(&self) -> (Vec<&[u8]>, Vec<Vec<u8>>, Vec<i64>) {
        let mut columns = (Vec::new(), Vec::new(), Vec::new());
        for (sole, (job, until)) in &self.held {
            columns.0.push(&**sole);
            columns.1.push(super::columns::bytes(*job));
            columns.2.push(*until);
        }
        columns
    }
}

/// What jobs that are to be entered have in common with others: it is locked before anything is decided.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) ids: Vec<Vec<u8>>,
    pub(super) lines: BTreeSet<Vec<u8>>,
    pub(super) soles: BTreeSet<Vec<u8>>,
}

impl Shared {
    pub(super) fn of<'a>(jobs: impl IntoIterator<Item = &'a NewJob>) -> Self {
        let mut shared = Self::default();
        for job in jobs {
            shared.ids.push(super::columns::bytes(job.id));
            shared.lines.extend(line(job));
            shared.soles.extend(sole(job));
        }
        shared
    }
}
