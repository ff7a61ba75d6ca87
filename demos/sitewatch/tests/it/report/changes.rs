use sitewatch::report::{Changes, Links, Reason, Report, Summary, Verdict};

use super::samples::link;

fn broken(links: &[(u32, &str)], stopped: bool) -> Report {
    let gone = Verdict::new(Reason::MissingFile);
    let mut kept = Links::default();
    kept.extend(links.iter().map(|(line, name)| link("a.html", *line, name, &gone)));
    let stopped = stopped.then(|| "SIGINT".to_owned());
    Report::new("docs", Summary { stopped, ..Summary::default() }, kept, Vec::new())
}

fn names(changes: &[sitewatch::report::Change]) -> Vec<&str> {
    changes.iter().map(|change| change.link.as_str()).collect()
}

#[test]
fn a_link_that_moved_within_its_page_is_the_same() {
    let changes = Changes::between(&broken(&[(1, "x"), (2, "x")], false), &broken(&[(7, "x")], false));
    assert!(changes.is_empty());
    assert_eq!(changes.still_broken(), 1, "as many as the later report counts");
}

#[test]
fn what_broke_and_what_was_repaired_is_told_apart_and_listed_once() {
    let before = broken(&[(1, "old"), (2, "stays")], false);
    let after = broken(&[(2, "stays"), (3, "new"), (4, "new")], false);
    let changes = Changes::between(&before, &after);
    assert_eq!(names(changes.broken()), ["new"]);
    assert_eq!(names(changes.repaired()), ["old"]);
    let mut out = Vec::new();
    changes.write(&mut out).unwrap();
    let expected =
        "1 newly broken:\n  a.html: new  missing-file\n1 repaired:\n  a.html: old  missing-file\n1 broken as before\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn a_partial_check_repairs_nothing_and_proves_nothing_new() {
    let (whole, partial) = (broken(&[(1, "x")], false), broken(&[], true));
    assert!(Changes::between(&whole, &partial).is_empty());
    assert!(Changes::between(&partial, &whole).is_empty());
    let mut out = Vec::new();
    Changes::between(&whole, &partial).write(&mut out).unwrap();
    let expected = "nothing changed; 0 broken as before\nPARTIAL: stopped early (SIGINT); there may be more\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}
