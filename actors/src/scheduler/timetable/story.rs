//! What a schedule remembers of its instants, and what it can foresee.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::super::clock::{later, span};
use super::super::rule::{Rule, jitter};
use super::super::store::FiringRecord;
use super::super::{Explanation, RunEnd, SkipReason, Upcoming};

/// How many runs ahead it is looked whether the schedule still has one at an instant.
const FORESIGHT: u64 = 10_000;

/// The instants of a schedule, past and to come.
#[derive(Clone, Debug)]
pub(in crate::scheduler) struct Story {
    name: Arc<str>,
    rule: Rule,
    jitter: Duration,
    /// The first instant that it had.
    first: Option<Timestamp>,
    /// The latest, in the order in which they were decided. At most `limit`.
    records: VecDeque<Record>,
    limit: usize,
}

/// What is known of an instant, or of all instants from one to another.
#[derive(Clone, Debug)]
struct Record {
    first: Timestamp,
    last: Timestamp,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Committing,
    Queued,
    Running { number: u64, since: Timestamp, late: Duration },
    Over(Explanation),
}

/// What a schedule is about to do.
#[derive(Clone, Copy, Debug)]
pub(in crate::scheduler) struct Outlook {
    pub(super) next: Option<Upcoming>,
    pub(super) paused: bool,
    pub(super) left: Option<u64>,
}

impl Story {
    pub(super) fn new(name: Arc<str>, rule: Rule, jitter: Duration, first: Option<Timestamp>, limit: usize) -> Self {
        Self { name, rule, jitter, first, records: VecDeque::new(), limit }
    }

    pub(super) fn rule(&self) -> &Rule {
        &self.rule
    }

    /// What the store knows of earlier lives.
    pub(super) fn remember(&mut self, recent: Vec<FiringRecord>) {
        for record in recent {
            let ended = record.outcome.map(|outcome| outcome.to_string());
            self.set(record.instant, What::Over(Explanation::Earlier { ended }));
        }
    }

    /// This instant, with its jitter: less than `next` is away, so that runs keep their order.
    pub(super) fn upcoming(&self, instant: Timestamp, next: Option<Timestamp>) -> Upcoming {
        if self.jitter.is_zero() {
            return Upcoming { instant, starts: instant };
        }
        let most = next.map_or(self.jitter, |next| self.jitter.min(span(instant, next)));
        let starts = later(instant, jitter(&self.name, instant, most)).unwrap_or(instant);
        Upcoming { instant, starts }
    }

    pub(super) fn committing(&mut self, at: Timestamp) {
        self.set(at, What::Committing);
    }

    pub(super) fn queued(&mut self, at: Timestamp) {
        self.set(at, What::Queued);
    }

    pub(super) fn running(&mut self, at: Timestamp, number: u64, since: Timestamp, late: Duration) {
        self.set(at, What::Running { number, since, late });
    }

    pub(super) fn ran(&mut self, number: u64, now: Timestamp, ended: RunEnd) {
        let is_it = |record: &&mut Record| matches!(record.what, What::Running { number: n, .. } if n == number);
        let Some(record) = self.records.iter_mut().rev().find(is_it) else { return };
        if let What::Running { since, late, .. } = record.what {
            let took = span(since, now);
            record.what = What::Over(Explanation::Ran { began: since, late, took, ended });
        }
    }

    pub(super) fn skipped(&mut self, at: Timestamp, reason: SkipReason) {
        self.set(at, What::Over(Explanation::Skipped(reason)));
    }

    pub(super) fn interrupted(&mut self, at: Timestamp, again: bool) {
        self.set(at, What::Over(Explanation::Interrupted { again }));
    }

    /// All instants from one to another.
    pub(super) fn passed(&mut self, first: Timestamp, last: Timestamp, how: Explanation) {
        self.push(Record { first, last, what: What::Over(how) });
    }

    /// What is known of a single instant replaces what was known.
    fn set(&mut self, at: Timestamp, what: What) {
        let known = self.records.iter_mut().rev().find(|record| record.first == at && record.last == at);
        match known {
            Some(record) => record.what = what,
            None => self.push(Record { first: at, last: at, what }),
        }
    }

    fn push(&mut self, record: Record) {
        if self.records.len() >= self.limit {
            // Rather one that is over than one that runs, of which the end would be lost.
            let over = self.records.iter().position(|record| matches!(record.what, What::Over(_)));
            self.records.remove(over.unwrap_or(0));
        }
        self.records.push_back(record);
    }

    /// The next `most` instants, if the schedule is not paused for them.
    pub(in crate::scheduler) fn preview(&self, outlook: Outlook, most: usize) -> Vec<Upcoming> {
        let left = outlook.left.map_or(most, |left| usize::try_from(left).unwrap_or(usize::MAX).min(most));
        let following = |before: &Upcoming| {
            let instant = self.rule.after(before.instant)?;
            Some(self.upcoming(instant, self.next_but_one(instant)))
        };
        std::iter::successors(outlook.next, following).take(left).collect()
    }

    /// Only jitter wants to know.
    fn next_but_one(&self, instant: Timestamp) -> Option<Timestamp> {
        if self.jitter.is_zero() { None } else { self.rule.after(instant) }
    }

    pub(in crate::scheduler) fn explain(&self, outlook: Outlook, at: Timestamp) -> Explanation {
        let is_instant = self.rule.contains(at);
        // A record of many is of those among them that are instants.
        let is_it = |record: &&Record| {
            let one = record.first == record.last;
            record.first <= at && at <= record.last && (one || is_instant)
        };
        if let Some(record) = self.records.iter().rev().find(is_it) {
            return record.what.explain();
        }
        if !is_instant {
            return Explanation::NotAnInstant { reading: self.rule.reading(at), next: self.rule.after(at) };
        }
        match (outlook.next, self.first) {
            (_, Some(first)) if at < first => Explanation::BeforeTheFirst { first },
            (Some(next), _) if at < next.instant => Explanation::NotRemembered,
            (Some(next), _) if self.is_within(next.instant, at, outlook.left) => {
                let upcoming = self.upcoming(at, self.next_but_one(at));
                if outlook.paused { Explanation::Paused(upcoming) } else { Explanation::Due(upcoming) }
            }
            (None, _) if self.records.iter().any(|record| at < record.last) => Explanation::NotRemembered,
            _ => Explanation::AfterTheLast,
        }
    }

    /// Whether `at` is among the first `left` instants from `next` on.
    fn is_within(&self, next: Timestamp, at: Timestamp, left: Option<u64>) -> bool {
        let Some(left) = left.filter(|left| *left <= FORESIGHT) else { return true };
        let mut instants = std::iter::successors(Some(next), |instant| self.rule.after(*instant));
        (0..left).any(|_| instants.next().is_some_and(|instant| instant == at))
    }
}

impl What {
    fn explain(&self) -> Explanation {
        match self {
            Self::Committing => Explanation::Committing,
            Self::Queued => Explanation::Queued,
            Self::Running { since, late, .. } => Explanation::Running { since: *since, late: *late },
            Self::Over(explanation) => explanation.clone(),
        }
    }
}
