//! What the fuzz targets assert, for every seed and for some hundreds of inputs of our own.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use proptest::prelude::*;

use super::checks;

/// Runs a check on each of its seeds, of which there are at least so many.
fn seeds(target: &str, least: usize, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let seeds: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(seeds.len() >= least, "{} seeds in {}", seeds.len(), folder.display());
    for seed in seeds {
        let bytes = fs::read(&seed).unwrap();
        assert!(catch_unwind(|| check(&bytes)).is_ok(), "{} says why", seed.display());
    }
}

#[test]
fn every_seed_is_read_as_it_should() {
    seeds("html", 15, checks::html);
    seeds("url", 19, |bytes| checks::url(std::str::from_utf8(bytes).unwrap()));
    seeds("robots", 7, checks::robots);
    seeds("sitemap", 13, checks::sitemap);
}

/// Bytes in which what means something comes more often than by chance.
fn soup(pieces: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => prop::sample::select(pieces).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
        1 => any::<char>().prop_map(|c| c.to_string().into_bytes()),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

const HTML: &[&str] = &[
    "<a href=",
    "<a ",
    "href='",
    "'",
    "\"",
    ">",
    "</a>",
    "<",
    "&amp;",
    "&",
    "<!--",
    "-->",
    "<svg>",
    "</svg>",
    "<template>",
    "<script>",
    "</script>",
    "<title>",
    "<![CDATA[",
    "]]>",
    "<img srcset=\"",
    ", ",
    " 2x",
    "alt=x ",
    "<base href=",
    "<meta charset=",
    "utf-16",
    "<meta http-equiv=refresh content='0;url=",
    "\0",
    "\r\n",
    "\r",
    "\u{feff}",
    "日",
];

const URL: &[&str] = &[
    "http:",
    "https:",
    "//",
    "/",
    "\\",
    "..",
    ".",
    "%2e",
    "%2F",
    "%5c",
    "%00",
    "%",
    "#",
    "?",
    "@",
    ":",
    ":80",
    "[::1]",
    "127.1",
    "0x7f",
    "localhost",
    "folder.invalid",
    "example.org",
    "é",
    "１",
    "\u{200d}",
    "\t",
    "\n",
    " ",
    "data:",
    "javascript:",
    "mailto:",
    "tel:",
    "file:",
    "blob:",
    "index.html",
    "a",
];

const ROBOTS: &[&str] = &[
    "user-agent: *",
    "User-Agent:sitewatch",
    "disallow: ",
    "allow:",
    "crawl-delay: ",
    "sitemap: ",
    "/",
    "*",
    "$",
    "%2A",
    "%7e",
    "#",
    "\n",
    "\r",
    ":",
    " ",
    "a",
    "\0",
    "é",
    "\u{feff}",
    "?",
];

const SITEMAP: &[&str] = &[
    "<urlset>",
    "</urlset>",
    "<sitemapindex>",
    "<sitemap>",
    "<url>",
    "</url>",
    "<loc>",
    "</loc>",
    "<loc/>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "&amp;",
    "&x;",
    "&#65;",
    "&",
    "<?xml ",
    "?>",
    "<!DOCTYPE urlset [",
    "<!ENTITY x \"",
    "\">",
    "]>",
    "<s:",
    "\"",
    "é",
    "\n",
    "https://a",
    " ",
    "\u{feff}",
    "\0",
];

proptest! {
    #[test]
    fn any_page_is_read_the_same_by_every_reader(first in any::<u8>(), body in soup(HTML)) {
        checks::html(&[&[first], &body[..]].concat());
    }

    #[test]
    fn any_link_leads_to_a_target_or_says_why_not(pieces in prop::collection::vec(prop::sample::select(URL), 0..12)) {
        checks::url(&pieces.concat());
    }

    #[test]
    fn any_text_is_a_link(text in ".*") {
        checks::url(&text);
    }

    #[test]
    fn any_robots_txt_is_understood_however_its_lines_end(body in soup(ROBOTS)) {
        checks::robots(&body);
    }

    #[test]
    fn any_sitemap_is_read_or_refused_in_few_words(body in soup(SITEMAP)) {
        checks::sitemap(&body);
        checks::sitemap(&[b"<urlset>", &body[..]].concat());
    }
}
