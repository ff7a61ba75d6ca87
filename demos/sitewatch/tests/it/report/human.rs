use sitewatch::report::{Format, LinkResult, Links, Reason, Report, Style, Summary, Verdict};

use super::samples::{link, report, written};

fn human(report: &Report, style: Style) -> String {
    written(report, Format::Human, style)
}

#[test]
fn a_page_with_many_broken_links_shows_the_first_and_counts_the_rest() {
    let gone = Verdict::new(Reason::MissingFile);
    let names: Vec<String> = (0..332).map(|number| format!("n{number}")).collect();
    let many = report((1..).zip(&names).map(|(line, name)| link("a.html", line, name, &gone)));
    let text = human(&many, Style::default());
    assert!(text.contains("a.html  332 broken"));
    assert!(text.contains(" n19\n") && !text.contains(" n20\n"), "{text}");
    assert!(text.contains("... and 312 more on this page"));
    assert!(text.contains("--all"));

    let all = human(&many, Style { all: true, ..Style::default() });
    assert!(all.contains(" n331\n") && !all.contains("more on this page"));
}

#[test]
fn one_more_than_the_limit_is_listed_and_not_counted() {
    let gone = Verdict::new(Reason::MissingFile);
    let text = human(&report((1..=21).map(|line| link("a.html", line, "x", &gone))), Style::default());
    assert!(!text.contains("more on this page"), "{text}");
}

#[test]
fn a_hundred_thousand_broken_links_stay_readable() {
    let gone = Verdict::new(Reason::MissingFragment);
    let rows: Vec<(String, u32, String)> = (0..2_000)
        .flat_map(|page| {
            (1..=60).map(move |line| (format!("src/{page:04}.html"), line, format!("#{line}-{}", line + 2)))
        })
        .collect();
    let many = report(rows.iter().map(|(page, line, link)| LinkResult {
        page,
        line: *line,
        column: 1,
        text: "",
        link,
        url: link,
        verdict: &gone,
    }));
    let text = human(&many, Style::default());
    assert!(text.lines().count() < 1_200, "{} lines", text.lines().count());
    assert!(text.contains("... and 117,000 more broken links on 1,950 more pages"));
    assert!(text.contains("120,000 of 120,000 missing fragments look like #1-3."));
    assert!(text.contains(r"--ignore-fragment '^\d+-\d+$'"));
    assert!(text.trim_end().ends_with("120,000 broken among 120,000 links on 1 page of docs, in 0 ms"));
}

#[test]
fn fragments_without_a_common_shape_get_no_hint() {
    let gone = Verdict::new(Reason::MissingFragment);
    let rows: Vec<String> = (0..400)
        .map(|number| if number % 2 == 0 { format!("#line-{number}") } else { format!("#{number}-{number}") })
        .collect();
    let even = report(rows.iter().map(|fragment| link("a.html", 1, fragment, &gone)));
    assert!(!human(&even, Style::default()).contains("--ignore-fragment"));

    let quotes: Vec<String> = (0..400).map(|number| format!("#'{number}")).collect();
    let unsafe_in_a_shell = report(quotes.iter().map(|fragment| link("a.html", 1, fragment, &gone)));
    assert!(!human(&unsafe_in_a_shell, Style::default()).contains("--ignore-fragment"));
}

#[test]
fn the_most_frequent_targets_are_named() {
    let gone = Verdict::new(Reason::HttpStatus(410));
    let rows =
        (1..=12).map(|line| link("a.html", line, if line % 3 == 0 { "https://a/" } else { "https://b/" }, &gone));
    let text = human(&report(rows), Style::default());
    let targets = text.split("Most frequent broken targets\n").nth(1).unwrap();
    assert!(targets.starts_with("          8  https://b/\n          4  https://a/\n\n"), "{targets}");
}

#[test]
fn what_is_not_listed_is_counted_with_a_hint_how_to_see_it() {
    let (moved, mail) = (Verdict::new(Reason::MovedPermanently), Verdict::new(Reason::Mailto));
    let rows = [link("a.html", 1, "x", &moved), link("a.html", 2, "mailto:x@y.z", &mail)];
    let text = human(&report(rows), Style::default());
    assert!(
        text.contains("Besides: 1 redirected (moved-permanently 1); 1 skipped (mailto 1).\nTo see every link: --all.")
    );
    assert!(text.starts_with("Besides"), "nothing is broken, so nothing is listed: {text}");
    assert!(human(&report(rows), Style { all: true, ..Style::default() }).contains("mailto:x@y.z"));
}

#[test]
fn quiet_says_nothing_when_nothing_is_broken_but_still_that_it_is_partial() {
    let quiet = Style { quiet: true, ..Style::default() };
    let mut summary = Summary::default();
    summary.counts.add(Reason::Ok, 1);
    assert_eq!(human(&Report::new("docs", summary.clone(), Links::default(), vec![]), quiet), "");
    summary.stopped = Some("SIGTERM".to_owned());
    let partial = human(&Report::new("docs", summary, Links::default(), vec![]), quiet);
    assert_eq!(partial, "PARTIAL: stopped early (SIGTERM); this is what was checked until then\n");
}

#[test]
fn there_are_no_escape_sequences_without_colours_whatever_a_page_contains() {
    let text = human(&super::samples::awkward(), Style { all: true, ..Style::default() });
    let offending = text.chars().find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c));
    assert_eq!(offending, None);
}

#[test]
fn many_pages_that_nothing_links_to_are_cut_short() {
    let orphans: Vec<String> = (0..50).map(|number| format!("{number:02}.html")).collect();
    let report = Report::new("docs", Summary::default(), Links::default(), orphans);
    let text = human(&report, Style::default());
    assert!(text.contains("50 pages that nothing links to\n  00.html\n"));
    assert!(text.contains("  19.html\n  ... and 30 more\n"));
    assert!(human(&report, Style { all: true, ..Style::default() }).contains("  49.html\n"));
}

#[test]
fn a_long_chain_of_redirects_is_folded_in_its_middle() {
    let chain = |length: u32| (1..=length).map(|hop| format!("https://example.com/{hop}"));
    for (length, expected) in [
        (
            5,
            "x → https://example.com/1 → https://example.com/2 → https://example.com/3 → https://example.com/4 → https://example.com/5",
        ),
        (
            12,
            "x → https://example.com/1 → https://example.com/2 → … 8 more … → https://example.com/11 → https://example.com/12",
        ),
    ] {
        let far = Verdict::new(Reason::TooManyRedirects).redirects(chain(length));
        let text = human(&report([link("a.html", 1, "x", &far)]), Style::default());
        assert!(text.contains(&format!("  1:5       too-many-redirects  {expected}\n")), "{text}");
    }
}

#[test]
fn a_site_that_was_never_checked_is_not_said_to_have_nothing_broken() {
    let never = Summary { never: true, stopped: Some("no check came to its end yet".to_owned()), ..Summary::default() };
    let failed = Summary { failed: Some("connection\u{1b} refused".to_owned()), ..never.clone() };
    for (summary, expected) in [
        (never, "never checked to its end\n"),
        (failed, "never checked to its end; the last check failed: connection\\u{1b} refused\n"),
    ] {
        for quiet in [false, true] {
            let style = Style { quiet, ..Style::default() };
            assert_eq!(human(&Report::new("docs", summary.clone(), Links::default(), vec![]), style), expected);
        }
    }
}

#[test]
fn what_an_older_check_found_is_said_to_be_that() {
    let gone = Verdict::new(Reason::HttpStatus(404));
    let mut kept = Links::default();
    kept.push(link("a.html", 1, "x", &gone));
    let mut summary = Summary { pages: 1, failed: Some("connection refused".to_owned()), ..Summary::default() };
    summary.counts.add(gone.reason, 1);
    let text = human(&Report::new("docs", summary, kept, vec![]), Style::default());
    let first =
        "the last check failed: connection refused; this is what the last one that came to its end found\n\na.html";
    assert!(text.starts_with(first), "{text}");
    assert!(text.ends_with("1 broken among 1 link on 1 page of docs, in 0 ms\n"), "{text}");
}
