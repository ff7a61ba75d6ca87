//! How fast pages are read and scanned: `cargo run --release -p sitewatch --example scan_speed -- FOLDER`.
//!
//! Reads every `.html` file of a folder into a reused buffer, finds its links and anchors, and prints
//! the rate for one thread and for two. Run it twice: the first run also fills the page cache.

#![allow(clippy::print_stdout, reason = "it prints its result")]

use std::error::Error;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sitewatch::html::{self, Link, Visitor};

/// What was found; the sum of the lengths keeps the compiler from leaving work out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    bytes: usize,
    links: usize,
    anchors: usize,
    lengths: usize,
}

impl Visitor for Count {
    fn link(&mut self, link: Link<'_>) {
        self.links += 1;
        self.lengths += link.href.len();
    }

    fn anchor(&mut self, id: &str) {
        self.anchors += 1;
        self.lengths += id.len();
    }

    fn base(&mut self, href: &str) {
        self.lengths += href.len();
    }
}

impl Count {
    fn add(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            links: self.links + other.links,
            anchors: self.anchors + other.anchors,
            lengths: self.lengths + other.lengths,
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("which folder?")?;
    let mut files = Vec::new();
    list(Path::new(&folder), &mut files)?;
    for threads in [1, 2] {
        let (count, elapsed) = measure(&files, threads)?;
        let rate = count.bytes as f64 / 1e6 / elapsed.as_secs_f64();
        println!(
            "{threads} thread(s): {} files, {:.0} MB, {} links, {} anchors in {:.2} s: {rate:.0} MB/s",
            files.len(),
            count.bytes as f64 / 1e6,
            count.links,
            count.anchors,
            elapsed.as_secs_f64(),
        );
    }
    Ok(())
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            list(&entry.path(), files)?;
        } else if entry.path().extension().is_some_and(|extension| extension == "html") {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// The threads take the next file from one counter, so neither waits for the other at the end.
#[allow(clippy::disallowed_methods, reason = "what is measured is real time, without a runtime")]
fn measure(files: &[PathBuf], threads: usize) -> std::io::Result<(Count, Duration)> {
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    let counts = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(files, &next))).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("scanning never panics"))
            .collect::<std::io::Result<Vec<_>>>()
    })?;
    Ok((counts.into_iter().fold(Count::default(), Count::add), start.elapsed()))
}

fn work(files: &[PathBuf], next: &AtomicUsize) -> std::io::Result<Count> {
    let mut count = Count::default();
    let mut buffer = Vec::new();
    while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
        buffer.clear();
        File::open(path)?.read_to_end(&mut buffer)?;
        count.bytes += buffer.len();
        html::scan(&html::decode(&buffer, None), &mut count);
    }
    Ok(count)
}
