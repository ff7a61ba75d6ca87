use crate::harness::{Measured, Options, Row, Target, Verdict};
use crate::rows;

fn measure(row: Row, rounds: usize) -> Measured {
    crate::harness::measure(row, rounds, 4)
}

/// A row of constants: ours costs 6.
fn row(target: Target) -> Row {
    Row::new("row", "ns", target).ours("ours", || 6.0).peer("fast", || 8.0).peer("slow", || 80.0).limit("limit", || 1.0)
}

#[test]
fn a_ratio_is_that_to_the_fastest_peer() {
    assert_eq!(measure(row(Target::Ratio(0.75)), 1).verdict(), Verdict::Holds);
    assert_eq!(measure(row(Target::Ratio(0.74)), 1).verdict(), Verdict::Missed);
}

#[test]
fn an_absolute_target_needs_no_peer() {
    let row = |limit| Row::new("row", "ns", Target::Absolute(limit)).ours("ours", || 6.0);
    assert_eq!(measure(row(6.0), 1).verdict(), Verdict::Holds);
    assert_eq!(measure(row(5.9), 1).verdict(), Verdict::Missed);
}

#[test]
fn the_warm_up_is_not_counted_and_the_middle_is_the_median() {
    for (rounds, median) in [(3, 3.0), (4, 3.5)] {
        let mut repetition = 0.0;
        let counts = move || {
            repetition += 1.0;
            repetition
        };
        let measured = measure(Row::new("row", "ns", Target::Absolute(1.0)).ours("ours", counts), rounds);
        // Disturbed repetitions are redone, and count on.
        let ours = measured.ours();
        assert!(ours.min >= 2.0 && ours.median >= median && ours.max >= rounds as f64 + 1.0);
    }
}

#[test]
fn a_result_holds_what_is_needed_to_repeat_it() {
    let text = measure(row(Target::Ratio(1.0)), 1).json("a machine", "a command").unwrap();
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let keys: Vec<_> = file.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["command", "date", "machine", "results", "versions"]);
    let versions = file["versions"].as_object().unwrap();
    assert!(versions.contains_key("rustc") && versions.contains_key("async-channel"), "{versions:?}");
    let expected = serde_json::json!({
        "row": "row", "implementation": "fast", "kind": "peer", "unit": "ns", "min": 8.0, "median": 8.0, "max": 8.0,
    });
    assert_eq!(file["results"][1], expected);
}

#[test]
fn few_rounds_are_not_written() {
    let options = options(&["--rounds", "4", "queue"]);
    assert_eq!(options.command(), "cargo run --release -p benches -- --rounds 4 queue");
    assert!(measure(row(Target::Ratio(1.0)), 4).refused().unwrap().contains("4 rounds are too few"));
}

#[test]
fn words_select_rows_and_none_selects_all() {
    assert!(options(&[]).selects("queue_1p1c_ct"));
    assert!(options(&["retry", "1p1c"]).selects("queue_1p1c_ct"));
    assert!(!options(&["retry"]).selects("queue_1p1c_ct"));
    for wrong in [&["--rounds", "0"][..], &["--rounds"], &["--round", "3"], &["--tries", "x"]] {
        assert!(Options::parse(wrong.iter().map(ToString::to_string)).is_err(), "{wrong:?}");
    }
}

#[test]
fn every_row_has_the_name_that_selects_it_ours_and_what_its_target_needs() {
    for (name, build) in rows::ALL {
        // A row that is skipped here says so when it is run.
        let Ok(row) = build() else { continue };
        assert_eq!(row.name, *name);
        let kinds: Vec<_> = row.entries.iter().map(|entry| entry.kind.as_str()).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == "ours").count(), 1, "{name}");
        assert!(kinds.contains(&"peer") || matches!(row.target, Target::Absolute(_)), "{name}");
    }
}

fn options(args: &[&str]) -> Options {
    Options::parse(args.iter().map(ToString::to_string)).unwrap().unwrap()
}
