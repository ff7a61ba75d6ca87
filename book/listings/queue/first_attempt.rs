//! Two stages, two bounded channels, one cycle.
use std::collections::HashSet;
use std::time::Duration;

use book::site;
use book::timeline::Timeline;
use patterns_core::cancel::move_on_after;
use patterns_core::outcome::BoxError;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::sleep;

// ANCHOR: stages
async fn fetch(
    mut links: Receiver<u32>,
    pages: Sender<u32>,
    timeline: Timeline,
) {
    while let Some(page) = links.recv().await {
        timeline.works("fetch", format!("asks for page {page}"));
        sleep(Duration::from_millis(10)).await;
        timeline.waits("fetch", format!("for room, to hand page {page} on"));
        if pages.send(page).await.is_err() {
            return;
        }
        timeline.rests("fetch");
    }
}

async fn parse(
    site: u32,
    mut pages: Receiver<u32>,
    links: Sender<u32>,
    timeline: Timeline,
) -> Result<(), BoxError> {
    let mut seen = HashSet::from([1]);
    links.send(1).await?;
    while let Some(page) = pages.recv().await {
        timeline.works("parse", format!("reads page {page}"));
        sleep(Duration::from_millis(2)).await;
        for link in site::links(page, site) {
            if seen.insert(link) {
                timeline
                    .waits("parse", format!("for room, to put link {link}"));
                links.send(link).await?;
            }
        }
        timeline.rests("parse");
    }
    Ok(())
}
// ANCHOR_END: stages

// ANCHOR: crawl
async fn crawl(site: u32, bound: usize, timeline: &Timeline) -> bool {
    let (put_link, links) = mpsc::channel(bound);
    let (put_page, pages) = mpsc::channel(bound);
    let both = async {
        tokio::join!(
            fetch(links, put_page, timeline.clone()),
            parse(site, pages, put_link, timeline.clone())
        )
    };
    move_on_after(Duration::from_secs(60), both).await.is_some()
}
// ANCHOR_END: crawl

/// What happens with a bound of four on a site of forty pages.
pub async fn with_a_bound_of_four() -> Timeline {
    let timeline = Timeline::new();
    crawl(40, 4, &timeline).await;
    timeline
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn main() -> Result<(), BoxError> {
    let timeline = with_a_bound_of_four().await;
    print!("{timeline}");
    println!();
    for (site, bound) in [(40, 4), (40, 16), (400, 16), (400, 128)] {
        let timeline = Timeline::new();
        let ended = if crawl(site, bound, &timeline).await {
            "ended"
        } else {
            "not ended"
        };
        let bars = timeline.recording().bars;
        let read = bars
            .iter()
            .filter(|bar| bar.lane == "parse" && !bar.waits())
            .count();
        let stuck = if bars.iter().any(|bar| bar.to.is_none()) {
            "stuck"
        } else {
            "idle"
        };
        println!(
            "bound {bound:>3}: {read:>3} of {site:>3} pages read; after a minute {ended}, {stuck}"
        );
    }
    Ok(())
}
