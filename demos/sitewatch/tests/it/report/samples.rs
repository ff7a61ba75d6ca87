use std::time::Duration;

use sitewatch::report::{Format, LinkResult, Links, Reason, Report, Style, Summary, Verdict};

/// A row, in few words.
pub(super) fn link<'a>(page: &'a str, line: u32, link: &'a str, verdict: &'a Verdict) -> LinkResult<'a> {
    LinkResult { page, line, column: 5, text: "", link, url: link, verdict }
}

/// A report whose summary counts just its links.
pub(super) fn report<'a>(links: impl IntoIterator<Item = LinkResult<'a>>) -> Report {
    let mut summary = Summary { pages: 1, ..Summary::default() };
    let mut kept = Links::default();
    for link in links {
        summary.counts.add(link.verdict.reason, 1);
        kept.push(link);
    }
    Report::new("docs", summary, kept, Vec::new())
}

pub(super) fn written(report: &Report, format: Format, style: Style) -> String {
    let mut out = Vec::new();
    report.write(format, style, &mut out).expect("a Vec takes everything");
    String::from_utf8(out).expect("every format is UTF-8")
}

/// Everything that is hard to write down, in every status.
pub(super) fn awkward() -> Report {
    let long = format!("https://example.com/{}?end", "0123456789".repeat(1_000));
    let rows = [
        (
            "b.html",
            12,
            8,
            "the \"old\" manual",
            "https://example.com/gone",
            "https://example.com/gone",
            Verdict::new(Reason::HttpStatus(404)),
        ),
        (
            "b.html",
            12,
            30,
            "a | b ` c",
            "x|y`z\\|",
            "https://example.com/x|y`z\\|",
            Verdict::new(Reason::HttpStatus(999)),
        ),
        (
            "b.html",
            13,
            1,
            "<b onclick='x'>&amp;</b>",
            "?a=1&b=<2>",
            "https://example.com/?a=1&b=<2>",
            Verdict::new(Reason::Tls).detail("certificate expired on \"2020-01-01\""),
        ),
        (
            "b.html",
            14,
            1,
            "clear\u{1b}[2J\u{7}\0\u{9b}31m",
            "\u{1b}]0;title\u{7}",
            "%1B]0;title%07",
            Verdict::new(Reason::MalformedUrl),
        ),
        ("b.html", 15, 1, "  several\n\t lines\r\n", "a b\nc", "a%20bc", Verdict::new(Reason::MissingFile)),
        ("b.html", 16, 1, "👩‍👩‍👧 café naïve", "#überblick", "b.html#überblick", Verdict::new(Reason::MissingFragment)),
        ("b.html", 17, 1, "שלום עולם", "/עברית", "https://example.com/עברית", Verdict::new(Reason::Dns)),
        ("b.html", 18, 1, "\u{202e}gpj.exe", "\u{2066}evil\u{2069}", "evil", Verdict::new(Reason::Refused)),
        ("b.html", 19, 1, "long", &long, &long, Verdict::new(Reason::Timeout)),
        (
            "b.html",
            20,
            1,
            "*bold* _it_ @octocat #1",
            "/][)(*_~",
            "https://example.com/][)(*_~",
            Verdict::new(Reason::RedirectLoop).redirects(["https://example.com/1", "https://example.com/2"]),
        ),
        ("a \"quoted\" <page>|x.html", 0, 0, "", "", "", Verdict::new(Reason::MalformedUrl).detail("empty")),
        (
            "c.html",
            1,
            1,
            "moved",
            "http://example.com",
            "http://example.com/",
            Verdict::new(Reason::MovedPermanently).redirects(["https://example.com/"]),
        ),
        ("c.html", 2, 1, "mail", "mailto:a@b.c", "mailto:a@b.c", Verdict::new(Reason::Mailto)),
        ("c.html", 3, 1, "fine", "b.html", "b.html", Verdict::new(Reason::Ok)),
    ];
    let mut summary =
        Summary { pages: 3, ignored_fragments: 4, elapsed: Duration::from_millis(1_234), ..Summary::default() };
    let mut links = Links::default();
    for (page, line, column, text, link, url, verdict) in &rows {
        summary.counts.add(verdict.reason, 1);
        links.push(LinkResult { page, line: *line, column: *column, text, link, url, verdict });
    }
    summary.counts.add(Reason::Ok, 100);
    summary.stopped = Some("SIGINT".to_owned());
    Report::new("https://example.com/", summary, links, vec!["z|z.html".to_owned(), "lonely \u{1b}[1m.html".to_owned()])
}
