use tokio_postgres::types::ToSql;

use super::super::rules::{length, level, nanos};
use super::super::{Due, JobId, NewJob};

/// An id, or a hash, as it is kept.
pub(super) fn bytes(id: JobId) -> Vec<u8> {
    id.as_u128().to_be_bytes().to_vec()
}

/// The id that is kept as this; of what is none, another.
pub(super) fn id(bytes: &[u8]) -> JobId {
    let bits = bytes.try_into().map(u128::from_be_bytes);
    JobId::from_u128(bits.unwrap_or_default())
}

/// The line that a job stands in.
pub(super) fn line(job: &NewJob) -> Option<Vec<u8>> {
    job.key.as_ref().map(|key| bytes(JobId::of(&["line", &job.queue, key])))
}

/// What there is to be only one of.
pub(super) fn sole(job: &NewJob) -> Option<Vec<u8>> {
    job.unique.as_ref().map(|unique| bytes(JobId::of(&["sole", &job.queue, &unique.key])))
}

/// Jobs that are to be entered, column by column.
#[derive(Default)]
pub(super) struct Columns<'a> {
    pub(super) ids: Vec<Vec<u8>>,
    queues: Vec<&'a str>,
    kinds: Vec<&'a str>,
    payloads: Vec<&'a str>,
    keys: Vec<Option<&'a str>>,
    lines: Vec<Option<Vec<u8>>>,
    behind: Vec<bool>,
    unique_keys: Vec<Option<&'a str>>,
    soles: Vec<Option<Vec<u8>>>,
    levels: Vec<i16>,
    due: Vec<i64>,
    due_after: Vec<bool>,
    expires: Vec<Option<i64>>,
    expires_after: Vec<bool>,
    told: Vec<bool>,
}

/// Numbers are given out in the order of the batch, and rows made in that of their ids, so that two batches with the
/// same ids do not wait for each other.
pub(super) const ENTER: &str = "
    with clock as materialized (
        select (extract(epoch from clock_timestamp()) * 1000000000)::bigint as now
    ), numbered as materialized (
        select nextval('durable_job_seq') as seq, given.*
        from unnest(
            $1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::boolean[], $8::text[],
            $9::bytea[], $10::smallint[], $11::bigint[], $12::boolean[], $13::bigint[], $14::boolean[], $15::boolean[]
        ) with ordinality as given (
            id, queue, kind, payload, key, line, behind, unique_key,
            sole, priority, due, due_after, expires, expires_after, told, nth
        )
        order by given.nth
    )
    insert into durable_job (
        seq, id, queue, kind, payload, key, line, place, behind, unique_key, sole, priority, state,
        due, expires, told, entered_at
    )
    select
        n.seq, n.id, n.queue, n.kind, n.payload, n.key, n.line, n.seq,
        n.behind or n.line is not null and exists (
            select from durable_job j where j.line = n.line and j.state in ('waiting', 'running')
        ),
        n.unique_key, n.sole, n.priority, 'waiting',
        case when n.due_after then least(clock.now::numeric + n.due, 9223372036854775807)::bigint else n.due end,
        case when n.expires_after then least(clock.now::numeric + n.expires, 9223372036854775807)::bigint
            else n.expires end,
        n.told, clock.now
    from clock cross join numbered n
    order by n.id, n.nth
    on conflict (id) do nothing
    returning id";

impl<'a> Columns<'a> {
    /// `behind`: somebody in the same batch is before it in its line.
    pub(super) fn push(&mut self, job: &'a NewJob, behind: bool) {
        let (due, due_after) = point(job.due);
        let expires = job.expires.map(point);
        self.ids.push(bytes(job.id));
        self.queues.push(&job.queue);
        self.kinds.push(&job.kind);
        self.payloads.push(&job.payload);
        self.keys.push(job.key.as_deref());
        self.lines.push(line(job));
        self.behind.push(behind);
        self.unique_keys.push(job.unique.as_ref().map(|unique| &*unique.key));
        self.soles.push(sole(job));
        self.levels.push(level(job.priority));
        self.due.push(due);
        self.due_after.push(due_after);
        self.expires.push(expires.map(|(expires, _)| expires));
        self.expires_after.push(expires.is_some_and(|(_, after)| after));
        self.told.push(job.told);
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// For the statement that enters them.
    pub(super) fn values(&self) -> [&(dyn ToSql + Sync); 15] {
        [
            &self.ids,
            &self.queues,
            &self.kinds,
            &self.payloads,
            &self.keys,
            &self.lines,
            &self.behind,
            &self.unique_keys,
            &self.soles,
            &self.levels,
            &self.due,
            &self.due_after,
            &self.expires,
            &self.expires_after,
            &self.told,
        ]
    }
}

/// As it is kept, or how long it is until then, and which of these.
fn point(due: Due) -> (i64, bool) {
    match due {
        Due::After(wait) => (length(wait), true),
        Due::At(at) => (nanos(at), false),
    }
}

/// Whether it may be due earlier than jobs that were seen already.
pub(super) fn is_late(job: &NewJob) -> bool {
    matches!(job.due, Due::At(_))
}
