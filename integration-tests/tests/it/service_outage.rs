//! The service while its database is away, and while there is no room for it: what is under way waits, says why, and is
//! gone on with.
#![cfg(unix)]

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use integration_tests::sitewatch::Service;
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

use crate::pool_support::{blocking, millis, postgres};
use crate::service_crashes::{BOUND, LIMIT, asked_for, assert_same, begin, requests, runs, site, undisturbed, within};

/// How long the database is away: by default shorter than it takes to be sure. `OUTAGE=60` says otherwise, in seconds.
fn outage() -> Duration {
    let wanted = std::env::var("OUTAGE").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(wanted.unwrap_or(10))
}

/// How many requests are under way at most, each time that the check is gone on with.
const AT_ONCE: u64 = 8;

/// Whether it is ready, and what it says about that.
async fn readiness(service: &Service) -> (u16, String) {
    let reply = service.ask("GET", "/readyz", &[], "").await.unwrap();
    (reply.status, reply.text())
}

async fn assert_alive(service: &Service) {
    let asked = Instant::now();
    let health = service.ask("GET", "/healthz", &[], "").await.unwrap();
    assert_eq!((health.status, &*health.text()), (200, "ok\n"));
    assert!(asked.elapsed() < Duration::from_secs(3), "it took {:?} to say that it lives", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_in_the_middle_of_a_check_is_waited_for_and_nothing_is_lost() {
    const PAGES: u32 = 2_000;
    let Some(server) = postgres("a server that is away in the middle of a check").await else { return };
    let outage = outage();
    let scenario = async {
        let site = site(PAGES).await;
        let calm = undisturbed(&site, PAGES).await;
        let service = begin(&site, &server.url("application_name=sitewatch")).await;
        asked_for(&site, 500).await;
        let id = service.id();

        let server = blocking(move || {
            let mut server = server;
            server.kill();
            server
        })
        .await;
        let killed = Instant::now();
        let missed = within(outage / 2, async || readiness(&service).await.0 == 503).await;
        assert!(missed, "nobody misses it; it said: {}", service.said());
        // What was under way has arrived by now, and can't be kept; nothing more is asked for.
        sleep(millis(1_000)).await;
        let stalled = requests(&site);
        assert!(stalled < u64::from(2 * PAGES), "the check was at its end already");
        while killed.elapsed() < outage {
            let (status, reasons) = readiness(&service).await;
            assert_eq!(status, 503, "{reasons}");
            assert!(reasons.contains("database"), "{reasons}");
            assert!(!reasons.contains("secret"), "it tells the password: {reasons}");
            assert_alive(&service).await;
            // It can't know what is in the database, and says so.
            let page = service.ask("GET", "/", &[], "").await.unwrap();
            assert!([200, 503].contains(&page.status), "{}", page.head);
            assert!(page.text().contains("</html>"), "{}", page.text());
            sleep(millis(500)).await;
        }
        assert_eq!(requests(&site), stalled, "it asks for what it can't keep");

        let server = blocking(move || {
            let mut server = server;
            server.restart().expect("it comes back");
            server
        })
        .await;
        let ready = within(BOUND, async || readiness(&service).await.0 == 200).await;
        assert!(ready, "{:?}; it said: {}", readiness(&service).await, service.said());
        let (run, again) = assert_same(&calm, &service, &site, BOUND).await;
        assert_eq!(service.id(), id, "the same process");
        let resumed = run["resumed"].as_u64().unwrap();
        assert!(again <= resumed * AT_ONCE, "{again} answers were lost: {run}");
        server
    };
    let server = timeout(LIMIT + outage, scenario).await.expect("the scenario hangs");
    blocking(move || drop(server)).await;
}

/// A disk of its own. Gone when dropped.
struct Disk(TempDir);

impl Disk {
    /// `None` where we may not mount one.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]).arg(folder.path());
        mount.output().is_ok_and(|output| output.status.success()).then(|| Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Leaves no room on it.
    fn fill(&self) {
        let mut file = File::create(self.filler()).unwrap();
        let zeros = vec![0; 65_536];
        while file.write(&zeros).is_ok_and(|written| written > 0) {}
    }

    fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily, as somebody who was killed may not be gone yet.
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}

/// A disk that can be filled. Nowhere is it a fault that we may not mount one, so this never fails.
fn disk(test: &str) -> Option<Disk> {
    let disk = Disk::mount();
    if disk.is_none() {
        let _ = writeln!(io::stderr(), "SKIPPED {test}: needs a tmpfs, and mount does not let us");
    }
    disk
}

fn says_that_it_is_full(text: &str) -> bool {
    text.contains("no space") || text.contains("is full")
}

// The disk is filled from without, once there is a check: a small one would be full before there is anything to lose.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_a_check_with_its_reason_and_more_room_lets_it_go_on() {
    const PAGES: u32 = 3_000;
    let Some(disk) = disk("a full disk stops a check") else { return };
    let scenario = async {
        let site = site(PAGES).await;
        let calm = undisturbed(&site, PAGES).await;
        let service = begin(&site, disk.path().join("sitewatch.db").to_str().unwrap()).await;
        asked_for(&site, 200).await;
        let id = service.id();

        disk.fill();
        let stopped = within(BOUND, async || says_that_it_is_full(&service.said())).await;
        assert!(stopped, "it said: {}", service.said());
        let told = within(BOUND, async || {
            let (status, reasons) = readiness(&service).await;
            status == 503 && says_that_it_is_full(&reasons)
        })
        .await;
        assert!(told, "{:?}; it said: {}", readiness(&service).await, service.said());
        // It asks for nothing that it can't keep, lives, and has lost nothing.
        sleep(millis(1_000)).await;
        let stalled = requests(&site);
        sleep(millis(2_000)).await;
        assert_eq!(requests(&site), stalled, "it asks for what it can't keep");
        assert_alive(&service).await;
        let left = runs(&service).await;
        assert!(matches!(&*left, [run] if run["state"] == "running"), "{left:?}");

        disk.make_room();
        // Whoever looks after what was left goes round each minute, and looks each half a minute whether it is time.
        let (run, again) = assert_same(&calm, &service, &site, 3 * BOUND).await;
        assert_eq!(service.id(), id, "the same process");
        let resumed = run["resumed"].as_u64().unwrap();
        assert!(resumed > 0, "it was never stopped: {run}");
        assert!(again <= resumed * AT_ONCE, "{again} answers were lost: {run}");
        let ready = within(BOUND, async || readiness(&service).await.0 == 200).await;
        assert!(ready, "{:?}; it said: {}", readiness(&service).await, service.said());
    };
    timeout(LIMIT, scenario).await.expect("the scenario hangs");
}
