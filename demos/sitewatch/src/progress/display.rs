use std::fmt;
use std::io::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use super::{Meter, Snapshot};
use crate::report::text::plural;
use crate::report::{Grouped, Took};

/// Shows how far a check has come: a bar, plain lines, or nothing.
///
/// Whoever drives the check calls [`draw`](Self::draw) every [`period`](Self::period). Failing writes are
/// ignored: that nobody sees the progress is no reason to end a check.
pub struct Display {
    kind: Kind,
    pages: Meter,
    started: Instant,
}

enum Kind {
    Bar(ProgressBar),
    Lines(Box<dyn Write + Send>),
    Silent,
}

impl Display {
    /// A bar that is redrawn in place, for terminals.
    #[must_use]
    pub fn bar(target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::with_draw_target(Some(1), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:12} {wide_msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self::new(Kind::Bar(bar))
    }

    /// A line now and then, for logs.
    #[must_use]
    pub fn lines(out: Box<dyn Write + Send>) -> Self {
        Self::new(Kind::Lines(out))
    }

    /// Nothing at all.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(Kind::Silent)
    }

    fn new(kind: Kind) -> Self {
        Self { kind, pages: Meter::new(Duration::from_secs(5)), started: Instant::now() }
    }

    /// How often to draw: a bar ten times a second, a line every five seconds.
    #[must_use]
    pub fn period(&self) -> Duration {
        match self.kind {
            Kind::Bar(_) => Duration::from_millis(100),
            Kind::Lines(_) => Duration::from_secs(5),
            Kind::Silent => Duration::from_secs(3600),
        }
    }

    /// Shows these counts.
    pub fn draw(&mut self, now: Snapshot) {
        let line = self.line(now);
        match &mut self.kind {
            Kind::Bar(bar) => {
                // How much of what is known is done: in a crawl the rest is not known.
                bar.update(|state| {
                    state.set_len((now.pages + now.queued).max(1));
                    state.set_pos(now.pages);
                });
                bar.set_message(line);
            }
            Kind::Lines(out) => {
                let _ = writeln!(out, "{line}").and_then(|()| out.flush());
            }
            Kind::Silent => {}
        }
    }

    /// In 66 characters for all but very large sites, so that it fits beside the bar.
    fn line(&mut self, now: Snapshot) -> String {
        let pages = plural(now.pages, "page", "pages");
        let rate = Grouped(self.pages.rate(now.pages));
        let links = plural(now.links, "link", "links");
        let (broken, queued) = (Grouped(now.broken), Grouped(now.queued));
        format!("{pages} ({rate}/s), {links}, {broken} broken, {queued} queued, {}", Took(self.started.elapsed()))
    }

    /// Says something beside the progress, on a line of its own; nothing if silent.
    pub fn say(&mut self, message: &str) {
        match &mut self.kind {
            Kind::Bar(bar) => bar.println(message),
            Kind::Lines(out) => {
                let _ = writeln!(out, "{message}").and_then(|()| out.flush());
            }
            Kind::Silent => {}
        }
    }

    /// Takes the bar off the screen.
    pub fn finish(&mut self) {
        if let Kind::Bar(bar) = &self.kind {
            bar.finish_and_clear();
        }
    }
}

/// A check that panics or is dropped leaves no half-drawn bar behind.
impl Drop for Display {
    fn drop(&mut self) {
        self.finish();
    }
}

impl fmt::Debug for Display {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Bar(_) => "bar",
            Kind::Lines(_) => "lines",
            Kind::Silent => "silent",
        };
        f.debug_struct("Display").field("kind", &kind).finish_non_exhaustive()
    }
}
