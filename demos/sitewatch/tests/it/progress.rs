use std::io;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressDrawTarget, TermLike};
use parking_lot::Mutex;
use sitewatch::cli::Sink;
use sitewatch::progress::{Display, Meter, ProgressState, Snapshot};

use crate::cli::Capture;

const BUSY: Snapshot = Snapshot { pages: 1_500, links: 90_000, broken: 3, queued: 500, bytes: 1 << 20 };

#[tokio::test(start_paused = true)]
async fn plain_lines_say_how_far_and_how_fast() {
    let out = Capture::default();
    let mut display = Display::lines(Box::new(Sink::new(out.clone())));
    display.draw(Snapshot::default());
    tokio::time::sleep(display.period()).await;
    display.draw(BUSY);
    display.say("SIGINT: stopping");
    let expected = "0 pages (0/s), 0 links, 0 broken, 0 queued, 0 ms\n\
                    1,500 pages (300/s), 90,000 links, 3 broken, 500 queued, 5.0 s\n\
                    SIGINT: stopping\n";
    assert_eq!(out.text(), expected);
}

#[tokio::test(start_paused = true)]
async fn the_rate_forgets_what_is_long_ago() {
    let mut meter = Meter::new(Duration::from_secs(5));
    let mut count = 0;
    for second in 0..60 {
        count += if second < 30 { 1_000 } else { 10 };
        meter.rate(count);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(meter.rate(count), 8, "ten a second over the last five, the last second without any");
}

#[test]
fn counting_from_many_threads_loses_nothing() {
    let progress = ProgressState::default();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                (0..1_000).for_each(|_| {
                    progress.add_pages(1);
                    progress.add_links(2);
                    progress.add_broken(3);
                    progress.add_bytes(4);
                })
            });
        }
    });
    let expected = Snapshot { pages: 4_000, links: 8_000, broken: 12_000, bytes: 16_000, queued: 0 };
    assert_eq!(progress.snapshot(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_bar_stays_on_its_line_and_leaves_nothing_behind() {
    let screen = Screen::default();
    let mut display = Display::bar(ProgressDrawTarget::term_like(Box::new(screen.clone())));
    display.draw(BUSY);
    let drawn = screen.0.lock().drawn.clone();
    let line = drawn.last().unwrap();
    assert!(line.starts_with("=========>   1,500 pages (0/s), 90,000 links, 3 broken, 500 queued, "), "{line:?}");
    assert!(line.trim_end().chars().count() <= 80, "{line:?}");
    drop(display);
    assert_eq!(screen.0.lock().line, "", "also if the check was dropped");
}

/// As much of a terminal as a bar needs.
#[derive(Clone, Debug, Default)]
struct Screen(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    line: String,
    drawn: Vec<String>,
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        80
    }
    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        let mut lines = self.0.lock();
        lines.line.push_str(text);
        if !text.trim().is_empty() {
            let line = lines.line.clone();
            lines.drawn.push(line);
        }
        Ok(())
    }
    fn clear_line(&self) -> io::Result<()> {
        self.0.lock().line.clear();
        Ok(())
    }
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}
