//! What happens to the machines.
use std::time::Duration;

use actors::jobs::{Ended, Job, JobId, JobQueue, Ticket};
use patterns_core::outcome::BoxError;
use tokio::time::sleep;

use super::kinds::{Ask, HOSTS, PAGES, SLOW, Site, Visit};
use super::machine::Machine;
use crate::{Stage, ms};

/// Tickets of the visits, with which page of which host it is.
pub(super) type Visits = Vec<(String, Ticket<Visit>)>;

pub(super) async fn put_visits(
    stage: &Stage,
    lead: &JobQueue,
) -> Result<Visits, BoxError> {
    stage.scene("three machines, four pages of each of six hosts; one machine is killed");
    let (mut names, mut entries) = (Vec::new(), Vec::new());
    // ANCHOR: put
    for page in 1..=PAGES {
        for (host, _) in HOSTS {
            let visit = Visit { host: host.to_owned(), page };
            // Once, however often it is put; and of each host one at a time.
            let id = JobId::of(&["visit", host, &page.to_string()]);
            entries.push(visit.entry().id(id).key(host));
            names.push(format!("{host}/{page}"));
        }
    }
    let tickets = lead.put_all(entries).await?;
    // ANCHOR_END: put
    let visits = names.into_iter().zip(tickets);
    visits.map(|(name, ticket)| Ok((name, ticket?))).collect()
}

pub(super) async fn killed(
    stage: &Stage,
    machine: &Machine,
    site: &Site,
    visits: Visits,
) -> Result<(), BoxError> {
    stage.works("machine b", "is there");
    sleep(ms(38)).await;
    let has = machine.queue.status().running.len();
    machine.kill();
    stage.fails("machine b", "killed");
    say!(stage, "machine b is killed, with {has} jobs");
    let mut twice = Vec::new();
    for (name, ticket) in visits {
        match ticket.ended().await? {
            Ended::Done(1) => {}
            Ended::Done(attempt) => twice.push((name, attempt)),
            other => return Err(format!("{name}: {other:?}").into()),
        }
    }
    say!(stage, "all are done; as a second attempt: {twice:?}");
    // Others did, and only what the machine had.
    let twice: Vec<_> = twice.iter().map(|(name, _)| &**name).collect();
    assert!(twice.len() <= has && has <= 2);
    assert!(!stage.is_virtual() || twice == ["c.example/1", "d.example/1"]);
    assert!(!stage.is_virtual() || site.requests() == 26);
    Ok(())
}

pub(super) async fn rate(
    stage: &Stage,
    lead: &JobQueue,
    site: &Site,
) -> Result<(), BoxError> {
    stage.scene("one host, 10 requests per second from all machines together");
    let entries = (1..=12).map(|page| Ask { page }.entry());
    for ticket in lead.put_all(entries).await? {
        ticket?.ended().await?;
    }
    let asked = site.asked.lock().clone();
    let spans: Vec<_> = asked.windows(2).map(|w| w[1] - w[0]).collect();
    let all: Duration = spans.iter().sum();
    say!(stage, "{} requests within {} ms", asked.len(), all.as_millis());
    assert_eq!(asked.len(), 12);
    // A timer may be late by some milliseconds, and the next is not then.
    assert!(all >= ms(1050), "{spans:?}");
    Ok(())
}

/// Puts a job that takes a minute the first time that it is begun.
pub(super) async fn put_slow(
    lead: &JobQueue,
) -> Result<Ticket<Visit>, BoxError> {
    let visit = Visit { host: SLOW.to_owned(), page: 1 };
    Ok(lead.put(&visit).await?)
}

pub(super) async fn cut_off(
    stage: &Stage,
    machine: &Machine,
    ticket: &Ticket<Visit>,
) -> Result<(), BoxError> {
    stage.scene("machine c is cut off, goes on for a while, and comes back");
    assert_eq!(machine.queue.status().running.len(), 1, "it has the job");
    machine.cut(true);
    stage.fails("machine c", "cut off");
    say!(stage, "machine c is cut off");
    let ended = ticket.ended().await?;
    say!(stage, "machine d has done it: {ended:?}");
    assert_eq!(ended, Ended::Done(2));
    machine.cut(false);
    sleep(ms(700)).await;
    let status = machine.queue.status();
    let lost = status.deliveries.lost;
    say!(stage, "machine c is back: {lost} job is not its own any more");
    assert_eq!((lost, status.running.len()), (1, 0));
    Ok(())
}
