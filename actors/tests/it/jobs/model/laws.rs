//! What holds of what a driver says at any time, whatever was asked of it before.

use std::collections::{BTreeMap, BTreeSet};

use actors::jobs::JobId;
use actors::jobs::driver::{JobRecord, JobState, Owners, QueueCounts};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::same;

/// Asserts the laws of what was said at one moment; `revived` are those that were dead or cancelled and lived again.
pub(super) fn hold(
    records: &[JobRecord],
    counts: &[QueueCounts],
    owners: &Owners,
    revived: &BTreeSet<JobId>,
) -> TestCaseResult {
    let seqs = records.iter().map(|record| record.seq);
    prop_assert!(seqs.is_sorted_by(|a, b| a > b), "not the latest first: {records:?}");
    let ids: BTreeSet<JobId> = records.iter().map(|record| record.id).collect();
    same("how many ids there are", &ids.len(), &records.len())?;
    for record in records {
        is_whole(record)?;
    }
    each_is_counted_once(records, counts)?;
    each_that_runs_is_with_an_owner(records, owners)?;
    no_two_hold_a_key(records, revived)
}

/// Whether the parts of a record go together.
fn is_whole(record: &JobRecord) -> TestCaseResult {
    let is_running = record.state == JobState::Running;
    prop_assert_eq!(record.owner.is_some(), is_running, "{:?}", record);
    prop_assert_eq!(record.over_at.is_some(), record.state.is_over(), "{:?}", record);
    prop_assert_eq!(record.dead.is_some(), record.state == JobState::Dead, "{:?}", record);
    // A take is counted before the job can do harm, and none is a crash without having been an attempt.
    prop_assert!(!is_running || (record.attempt > 0 && record.crashes > 0 && record.taken_at.is_some()), "{record:?}");
    prop_assert!(record.crashes <= record.attempt, "{record:?}");
    prop_assert!(record.output.is_none() || record.state == JobState::Done, "{record:?}");
    Ok(())
}

/// Whether each job is in one state of one queue, and nothing else is counted.
fn each_is_counted_once(records: &[JobRecord], counts: &[QueueCounts]) -> TestCaseResult {
    let mut by_state: BTreeMap<(&str, JobState), u64> = BTreeMap::new();
    for record in records {
        *by_state.entry((&*record.queue, record.state)).or_default() += 1;
    }
    let mut counted = BTreeMap::new();
    for queue in counts {
        let numbers = [queue.waiting, queue.running, queue.done, queue.dead, queue.cancelled];
        for (state, number) in JobState::ALL.into_iter().zip(numbers) {
            if number > 0 {
                counted.insert((&*queue.queue, state), number);
            }
        }
        prop_assert!(queue.ready <= queue.waiting, "{queue:?}");
        prop_assert_eq!(queue.lag.is_some(), queue.ready > 0, "{:?}", queue);
    }
    same("the counts of what is listed", &counted, &by_state)?;
    prop_assert!(counts.is_sorted_by(|a, b| a.queue < b.queue), "{counts:?}");
    Ok(())
}

/// Whether nobody has a job who is not there, and each key has one that runs at most.
fn each_that_runs_is_with_an_owner(records: &[JobRecord], owners: &Owners) -> TestCaseResult {
    let mut running: BTreeMap<&str, u64> = owners.all.iter().map(|seen| (&*seen.owner, 0)).collect();
    let mut keys = BTreeSet::new();
    for record in records.iter().filter(|record| record.state == JobState::Running) {
        let has = record.owner.as_deref().and_then(|owner| running.get_mut(owner));
        let Some(has) = has else {
            return Err(TestCaseError::fail(format!("with nobody who is there: {record:?}")));
        };
        *has += 1;
        if let Some(key) = &record.key {
            prop_assert!(keys.insert((&record.queue, key)), "another one of its key runs: {record:?}");
        }
    }
    let seen: BTreeMap<&str, u64> = owners.all.iter().map(|seen| (&*seen.owner, seen.running)).collect();
    same("how many jobs each has", &seen, &running)?;
    let leads = owners.leader.as_ref().is_none_or(|leader| running.contains_key(&*leader.owner));
    prop_assert!(leads, "the leader is gone: {owners:?}");
    Ok(())
}

/// Whether of those that are not over no two have the same unique key. One that lives again may be there beside.
fn no_two_hold_a_key(records: &[JobRecord], revived: &BTreeSet<JobId>) -> TestCaseResult {
    let mut held = BTreeSet::new();
    for record in records.iter().filter(|record| !record.state.is_over() && !revived.contains(&record.id)) {
        if let Some(unique) = &record.unique {
            prop_assert!(held.insert((&record.queue, unique)), "another one has its unique key: {record:?}");
        }
    }
    Ok(())
}
