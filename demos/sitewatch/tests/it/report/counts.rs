use std::collections::BTreeSet;

use sitewatch::report::{Counts, LinkResult, Links, Reason, Report, Status, Summary, Verdict};

use super::samples::link;

#[test]
fn every_link_is_counted_under_exactly_one_status() {
    let mut counts = Counts::default();
    for (links, reason) in (1..).zip(Reason::PLAIN) {
        counts.add(reason, links);
    }
    counts.add(Reason::HttpStatus(503), 1_000);
    let parts = [Status::Ok, Status::Redirected, Status::Broken, Status::Skipped].map(|status| counts.of(status));
    assert_eq!(counts.total(), 1_000 + (1..=Reason::PLAIN.len() as u64).sum::<u64>());
    assert_eq!(parts.iter().sum::<u64>(), counts.total());
    assert_eq!(counts.reasons().count(), Reason::PLAIN.len(), "all but ok, and a status");
}

#[test]
fn parts_of_a_check_add_up_in_any_order() {
    let part = |reason| {
        let mut part = Counts::default();
        part.add(reason, 3);
        part.add(Reason::Tel, 0);
        part
    };
    let (mut ab, mut ba) = (part(Reason::Ok), part(Reason::Excluded));
    ab += &part(Reason::Excluded);
    ba += &part(Reason::Ok);
    assert_eq!(ab, ba);
    assert_eq!((ab.total(), ab.of(Status::Skipped), ab.reasons().count()), (6, 3, 1));
}

#[test]
fn codes_are_distinct_and_read_back() {
    let reasons = || Reason::PLAIN.into_iter().chain([Reason::HttpStatus(404), Reason::HttpStatus(999)]);
    let codes: BTreeSet<String> = reasons().map(|reason| reason.code().to_string()).collect();
    assert_eq!(codes.len(), reasons().count());
    for reason in reasons() {
        assert_eq!(reason.code().to_string().parse(), Ok(reason));
    }
    for wrong in ["", "OK", "http-", "http-4", "http-+04", "http-40x", "missing fragment"] {
        assert_eq!(wrong.parse::<Reason>().unwrap_err().0, wrong);
    }
}

#[test]
fn the_order_of_links_does_not_depend_on_the_order_of_arrival() {
    let (gone, moved) = (Verdict::new(Reason::MissingFile), Verdict::new(Reason::MovedPermanently));
    let words = |text, url| LinkResult { text, url, ..link("b", 2, "x", &gone) };
    let sorted = [
        link("a", 9, "x", &gone),
        link("a", 10, "x", &gone),
        link("b", 1, "y", &gone),
        words("", "u"),
        words("t", "u"),
        words("", "v"),
        link("b", 2, "y", &moved),
        link("b", 2, "y", &gone),
        link("c", 0, "", &gone),
    ];
    for rotation in 0..sorted.len() {
        let mut links = Links::default();
        let (end, start) = sorted.split_at(rotation);
        links.extend(start.iter().chain(end).rev().copied());
        let report = Report::new("", Summary::default(), links, Vec::new());
        assert_eq!(report.links().iter().collect::<Vec<_>>(), sorted);
        let pages: Vec<_> = report.links().by_page().map(|page| (page.page(), page.iter().count())).collect();
        assert_eq!(pages, [("a", 2), ("b", 6), ("c", 1)]);
    }
}

#[test]
fn a_verdict_without_more_to_say_is_its_reason_in_words() {
    assert_eq!(Verdict::from(Reason::HttpStatus(418)).to_string(), "418 I'm a teapot");
    assert_eq!(Verdict::from(Reason::HttpStatus(999)).to_string(), "HTTP status 999");
    let verdict = Verdict::new(Reason::Dns).detail("no record for example.invalid");
    assert_eq!(verdict.to_string(), "the host name does not resolve: no record for example.invalid");
}
