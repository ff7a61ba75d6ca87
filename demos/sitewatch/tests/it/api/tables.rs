//! What people see, to the letter.

use proptest::prelude::*;
use sitewatch::cli::remote::{Align, Cell, Color, Status, Table, runs, sites, summary, troubled};
use sitewatch::service::{Readiness, RunState};

use crate::api_fake::{self, now, run};

#[test]
fn sites_are_a_table() {
    assert_eq!(
        sites(&api_fake::sites(), now()).text(None, false),
        "\
SITE  HEALTH   BROKEN  ACTIVITY             LAST CHECK        NEXT          SCHEDULE  TARGET
blog  failing       0  paused               failed 5 min ago  when resumed  every 6h  https://example.org/blog/
docs  broken        2  checking, 120 pages  5 min ago         in 5 h        every 6h  https://example.org/docs/
"
    );
}

#[test]
fn the_last_column_is_cut_to_the_terminal() {
    assert_eq!(
        troubled(&api_fake::sites(), now()).text(Some(60), false),
        "\
SITE  HEALTH   BROKEN  LAST CHECK        WHY
blog  failing       0  failed 5 min ago  the start page can…
docs  broken        2  5 min ago
"
    );
    // Where there is no room at all, lines break as they will.
    let narrow = troubled(&api_fake::sites(), now()).text(Some(10), false);
    assert!(narrow.contains("  the start page…\n"), "{narrow}");
}

#[test]
fn runs_are_a_table() {
    let mut long = run(1_207, "docs", RunState::Done);
    long.numbers.elapsed_ms = 3_780_000;
    let mut skipped = run(7, "blog", RunState::Skipped);
    skipped.why = Some("the run before it\nstill goes on".to_owned());
    assert_eq!(
        runs(&[long, run(8, "blog", RunState::Failed), skipped, run(6, "docs", RunState::Running)]).text(None, false),
        // Without a continuation, which would take the blank.
        " RUN  SITE  BEGAN                 STATE         TOOK  PAGES   LINKS  BROKEN  NEW  FIXED  WHY
1207  docs  2026-11-26 14:53:00Z  done     1 h 3 min  1,200  34,000       2    1      4
   8  blog  2026-11-26 14:53:00Z  failed   1 min 5 s  1,200  34,000       2    1      4  the start page can't be fetched: no answer in time
   7  blog  2026-11-26 14:53:00Z  skipped                                                the run before it still goes on
   6  docs  2026-11-26 14:53:00Z  running
"
    );
}

#[test]
fn colours_are_around_words_and_not_around_blanks() {
    let mut table = Table::new([("A", Align::Left), ("B", Align::Right)]);
    table.push([Cell::new("x").color(Color::Red), Cell::new("1").color(Color::Green)]);
    table.push([Cell::new("long"), Cell::new("12")]);
    let expected =
        "\u{1b}[2mA\u{1b}[0m      \u{1b}[2mB\u{1b}[0m\n\u{1b}[31mx\u{1b}[0m      \u{1b}[32m1\u{1b}[0m\nlong  12\n";
    assert_eq!(table.text(None, true), expected);
}

#[test]
fn columns_are_flush_whatever_is_in_them() {
    let mut table = Table::new([("NAME", Align::Left), ("WHY", Align::Left)]);
    for name in ["漢字", "café", "e\u{301}", "a\u{1b}[2Jb", "\u{202e}x"] {
        table.push([Cell::new(name), Cell::new("|")]);
    }
    assert_eq!(
        table.text(None, false),
        "\
NAME         WHY
漢字         |
café         |
e\u{301}            |
a\\u{1b}[2Jb  |
\\u{202e}x    |
"
    );
}

#[test]
fn a_column_without_text_and_a_table_without_rows_are_nothing() {
    let mut table = Table::new([("A", Align::Left), ("B", Align::Left), ("C", Align::Left)]);
    assert_eq!((table.is_empty(), table.text(None, true).as_str()), (true, ""));
    table.push([Cell::new("1"), Cell::new(""), Cell::new("3")]);
    assert_eq!(table.text(None, false), "A  C\n1  3\n");
}

#[test]
fn a_status_says_why_the_service_is_not_ready_or_a_check_does_not_get_on() {
    let reasons = vec!["the database does not answer".to_owned(), "the disk is full".to_owned()];
    let mut status = Status { readiness: Some(Readiness { ready: false, reasons }), sites: api_fake::sites() };
    assert_eq!(
        summary(&status),
        "the service is not ready: the database does not answer; the disk is full\n2 sites: 1 broken, 1 failing\n"
    );
    status.sites.clear();
    assert!(!status.is_well());
    status.readiness = Some(Readiness { ready: false, reasons: Vec::new() });
    assert_eq!(summary(&status), "the service is not ready\n0 sites\n");
    let reasons = vec!["docs: no worker takes its jobs".to_owned()];
    status.readiness = Some(Readiness { ready: true, reasons });
    let said = "a check does not get on: docs: no worker takes its jobs\n0 sites\n";
    assert_eq!((summary(&status).as_str(), status.is_well()), (said, false));
    status.readiness = Some(Readiness { ready: true, reasons: Vec::new() });
    assert_eq!((summary(&status).as_str(), status.is_well()), ("0 sites\n", true));
    status.readiness = None;
    assert_eq!((summary(&status).as_str(), status.is_well()), ("0 sites\n", true));
}

proptest! {
    #[test]
    fn no_line_is_wider_than_the_terminal_and_none_ends_in_blanks(
        rows in prop::collection::vec(("[a-z]{0,6}", "[a-z 漢é]{0,40}"), 1..8),
        width in 26_usize..60,
    ) {
        use unicode_width::UnicodeWidthStr;
        let mut table = Table::new([("A", Align::Right), ("B", Align::Left)]);
        for (left, right) in &rows {
            table.push([Cell::new(left), Cell::new(right)]);
        }
        for line in table.text(Some(width), false).lines() {
            prop_assert!(line.width() <= width, "{line:?}");
            prop_assert_eq!(line.trim_end(), line);
        }
    }
}
