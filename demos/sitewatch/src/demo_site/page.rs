//! The pages, as HTML.
use std::fmt::Write as _;

use super::site::Shared;
use super::{DemoSiteBuilder, Fault};

/// How many pages lie below one.
const BREADTH: u32 = 10;

/// How many pages of the tree there are to one with a broken link, and which of so many it is.
const SCATTERED: (u32, u32) = (50, 7);

pub(super) const STYLE: &str = "\
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 2rem auto; padding: 0 1rem; }
dt { font-weight: 600; }
dd { margin: 0 0 .75rem; }
";

/// So that pages differ as those of a real site do.
const SAID: [&str; 5] = [
    "A link is a promise that somebody else has to keep.",
    "What is written once is read for years, and what it refers to moves on.",
    "Whoever reads this page may have come from a search, and knows nothing of the one before.",
    "Addresses that are never reused are the cheapest kindness to readers.",
    "Most pages are found by way of other pages, and lost the same way.",
];

/// The address of a page of the tree.
pub(super) fn address(page: u32) -> String {
    if page == 0 { "/".to_owned() } else { format!("/pages/{page}/") }
}

/// A page of the tree: up, down, to its neighbours, and to a place on one far away.
pub(super) fn tree(settings: &DemoSiteBuilder, page: u32) -> String {
    let pages = settings.pages;
    let mut main = String::new();
    for said in SAID.iter().cycle().skip(page as usize % SAID.len()).take(3) {
        let _ = writeln!(main, "<p>{said}</p>");
    }
    let first = page * BREADTH + 1;
    let below: Vec<u32> = (first..first + BREADTH).filter(|below| *below < pages).collect();
    if !below.is_empty() {
        main += "<h2 id=below>Below this page</h2>\n<ul>\n";
        for below in below {
            let _ = writeln!(main, "<li><a href=\"{}\">Page {below}</a></li>", address(below));
        }
        main += "</ul>\n";
    }
    main += "<h2 id=about>About this page</h2>\n<nav>\n";
    let far = (page * 7 + 3) % pages;
    let _ = writeln!(main, "<a href=\"{}#about\">What page {far} is about</a>", address(far));
    if page > 0 {
        let (up, before) = ((page - 1) / BREADTH, page - 1);
        let _ = writeln!(main, "<a rel=up href=\"{}\">Up</a>", address(up));
        let _ = writeln!(main, "<a rel=prev href=\"{}\">Before</a>", address(before));
    }
    if page + 1 < pages {
        let _ = writeln!(main, "<a rel=next href=\"{}\">Next</a>", address(page + 1));
    }
    main += "<a href=\"#top\">Top</a>\n";
    if !settings.faults.is_empty() && page == 0 {
        main += "<a href=\"/faults/\">What is wrong with this site</a>\n";
    }
    if settings.faults.contains(Fault::Scattered) && page % SCATTERED.0 == SCATTERED.1 {
        let _ = writeln!(main, "<a href=\"/pages/{page}/gone\">More</a>");
    }
    main += "</nav>\n";
    frame(&if page == 0 { "A demo site".to_owned() } else { format!("Page {page}") }, &main)
}

/// The list of the faults.
pub(super) fn faults(site: &Shared) -> String {
    let mut main = "<dl>\n".to_owned();
    for fault in site.settings.faults.iter() {
        let _ = writeln!(main, "<dt><a href=\"/faults/{fault}/\">{fault}</a></dt><dd>{}.</dd>", fault.about());
    }
    main += "</dl>\n";
    if site.settings.control {
        let base = &site.base;
        main += "<p>These mend <code>missing</code> and <code>typo</code>, and break them again:</p>\n";
        let _ = writeln!(main, "<pre>curl -X POST {base}/_control/fix\ncurl -X POST {base}/_control/break</pre>");
    }
    main += "<p><a href=\"/\">The first page</a></p>\n";
    frame("What is wrong with this site", &main)
}

/// The page of one fault.
pub(super) fn fault(site: &Shared, fault: Fault) -> String {
    let target = match fault {
        Fault::Typo if !site.is_mended() => "/faults/typo/taget".to_owned(),
        Fault::Scattered => "/faults/scattered/gone".to_owned(),
        Fault::RedirectChain => "/faults/redirect-chain/1".to_owned(),
        Fault::MissingFragment => "/faults/missing-fragment/target#nowhere".to_owned(),
        Fault::Schemes => "mailto:webmaster@example.org".to_owned(),
        Fault::Private => "/private/".to_owned(),
        Fault::Malformed => "http://[nowhere/".to_owned(),
        Fault::Calendar => "/calendar/2026/11/".to_owned(),
        other => format!("/faults/{other}/target"),
    };
    let mut main = format!("<p>What is wrong: {}.</p>\n<p><a href=\"{target}\">The link</a></p>\n", fault.about());
    if fault == Fault::Schemes {
        main += "<p><a href=\"tel:+49301234567\">Call</a> <a href=\"javascript:void(0)\">Script</a>\n\
                 <a href=\"data:text/plain,hello\">Data</a> <a href=\"ftp://ftp.example.org/\">Files</a></p>\n";
    }
    main += "<p><a href=\"/faults/\">All faults</a></p>\n";
    frame(fault.as_str(), &main)
}

/// A month of a calendar, and the way to the next.
pub(super) fn month(year: u32, month: u32) -> String {
    let (next, after) = if month == 12 { (year.saturating_add(1), 1) } else { (year, month + 1) };
    let main = format!("<p>Nothing happens.</p>\n<p><a rel=next href=\"/calendar/{next}/{after:02}/\">Next</a></p>\n");
    frame(&format!("{year}-{month:02}"), &main)
}

/// A page with nothing wrong.
pub(super) fn plain(title: &str) -> String {
    frame(title, "<p>Nothing is wrong here.</p>\n<p><a href=\"/\">The first page</a></p>\n")
}

fn frame(title: &str, main: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n\
         <meta name=viewport content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=stylesheet href=\"/style.css\">\n</head>\n<body id=top>\n<main>\n<h1>{title}</h1>\n{main}</main>\n\
         </body>\n</html>\n"
    )
}
