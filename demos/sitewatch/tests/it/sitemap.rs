//! The pages that a sitemap names.

use proptest::prelude::*;
use sitewatch::sitemap::{Sitemap, SitemapError};

fn pages(sitemap: &str) -> Vec<String> {
    let sitemap = Sitemap::parse(sitemap.as_bytes()).unwrap();
    assert!(sitemap.indexes.is_empty());
    sitemap.pages
}

fn error(sitemap: &[u8]) -> String {
    Sitemap::parse(sitemap).unwrap_err().to_string()
}

#[test]
fn pages_come_in_order_decoded_and_trimmed() {
    let sitemap =
        "<?xml version='1.0' encoding='UTF-8'?>\n<!-- c --><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>
        <url><loc>\n https://a/?x=1&amp;y=&#x41;&#66;\n</loc><lastmod>2024</lastmod></url>
        <url><priority>1</priority><loc><![CDATA[https://a/<b>&c]]></loc></url>
        <url><loc/></url><url><loc> </loc></url><url/>
    </urlset>\n";
    assert_eq!(pages(sitemap), ["https://a/?x=1&y=AB", "https://a/<b>&c"]);
}

#[test]
fn an_index_names_further_sitemaps() {
    let sitemap =
        Sitemap::parse(b"<sitemapindex><sitemap><loc>https://a/1.xml</loc></sitemap></sitemapindex>").unwrap();
    assert_eq!(sitemap.indexes, ["https://a/1.xml"]);
    assert!(sitemap.pages.is_empty());
}

#[test]
fn a_prefix_is_the_same_for_root_and_entries_and_other_prefixes_are_extensions() {
    let sitemap = "<s:urlset xmlns:s='x' xmlns:image='y'><s:url><s:loc>https://a/</s:loc>\
        <image:image><image:loc>https://a/i.png</image:loc></image:image><loc>no</loc></s:url><url><loc>no</loc></url></s:urlset>";
    assert_eq!(pages(sitemap), ["https://a/"]);
}

#[test]
fn a_loc_elsewhere_is_no_page() {
    assert_eq!(pages("<urlset><loc>no</loc><x><loc>no</loc></x><url><x><loc>no</loc></x></url></urlset>"), [""; 0]);
}

#[test]
fn plain_text_has_one_url_a_line() {
    assert_eq!(pages("\u{feff}https://a/1\r\n\r\n  HTTP://a/2 \n"), ["https://a/1", "HTTP://a/2"]);
    assert_eq!(error(b"https://a/1\n\nftp://a"), "line 3: \"ftp://a\" is no http or https URL");
    assert_eq!(error(b"https://a/1 https://a/2"), "line 1: \"https://a/1 https://a/2\" is no http or https URL");
    let long = format!("https://a\n{}", "ä".repeat(1000));
    assert_eq!(error(long.as_bytes()), format!("line 2: \"{}\" is no http or https URL", "ä".repeat(60)));
}

#[test]
fn utf16_is_read_if_it_has_a_mark() {
    let utf16: Vec<u8> = "\u{feff}https://a/ä".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(Sitemap::parse(&utf16).unwrap().pages, ["https://a/ä"]);
}

#[test]
fn what_is_not_well_formed_gets_one_sentence_with_its_place() {
    for (sitemap, sentence) in [
        ("<urlset>\n<url>", "line 2, column 6: the file ends before `</url>`"),
        ("<urlset>\n <url></loc>", "line 2, column 7: expected `</url>`, but `</loc>` was found"),
        ("<urlset>\né<loc", "line 2, column 2: tag not closed: `>` not found before end of input"),
        ("<urlset>&nbsp;</urlset>", "line 1, column 9: unknown character reference `&nbsp;`"),
        ("<urlset>&#xd800;</urlset>", "line 1, column 9: unknown character reference `&#xd800;`"),
        (
            "<urlset><url><loc>https://a/?b&c</loc></url></urlset>",
            "line 1, column 31: a `&` that begins no character reference: write it as `&amp;`",
        ),
        ("<urlset/>x", "line 1, column 10: text outside the root element"),
        ("<urlset/><urlset/>", "line 1, column 10: a second root element `<urlset>`"),
        ("<!-- only -->", "line 1, column 14: there is no element"),
        ("</urlset>", "line 1, column 1: close tag `</urlset>` does not match any open tag"),
    ] {
        assert_eq!(error(sitemap.as_bytes()), sentence, "{sitemap}");
    }
}

#[test]
fn what_is_no_sitemap_is_named() {
    assert_eq!(
        error(b"<!doctype html>\n<html><p>Not found"),
        "its root element is <html>, not <urlset> or <sitemapindex>"
    );
    assert_eq!(error(b"<rss/>"), "its root element is <rss>, not <urlset> or <sitemapindex>");
    assert_eq!(error(b" \n"), "it is empty");
    assert_eq!(error(b"\x1f\x8b\x08"), "it is compressed with gzip, and can't be decompressed");
    assert_eq!(error(b"<urlset>\n\xc3\xa9\xff"), "line 2, column 2: not UTF-8");
}

#[test]
fn an_empty_urlset_has_no_pages() {
    assert_eq!(pages("<urlset/>"), [""; 0]);
    assert_eq!(pages("<urlset></urlset>"), [""; 0]);
}

#[test]
fn fifty_thousand_urls_are_the_most() {
    let text = |count| "https://a/\n".repeat(count);
    let xml = |count| format!("<urlset>{}</urlset>", "<url><loc>https://a/</loc></url>".repeat(count));
    for sitemap in [text(50_000), xml(50_000)] {
        assert_eq!(pages(&sitemap).len(), 50_000);
    }
    for sitemap in [text(50_001), xml(50_001)] {
        assert_eq!(Sitemap::parse(sitemap.as_bytes()), Err(SitemapError::TooManyUrls));
    }
}

#[test]
fn fifty_mebibytes_are_the_most() {
    let limit = 50 * 1024 * 1024;
    let mut sitemap = b"https://a/".to_vec();
    sitemap.resize(limit, b'\n');
    assert_eq!(Sitemap::parse(&sitemap).unwrap().pages.len(), 1);
    sitemap.push(b'\n');
    assert_eq!(Sitemap::parse(&sitemap), Err(SitemapError::TooLarge { bytes: limit + 1 }));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "<urlset>", "</urlset>", "<url>", "</url>", "<loc>", "</loc>", "<loc/>", "<![CDATA[", "]]>", "<!--", "-->", "&amp;", "&",
            "<?x", "?>", "<!DOCTYPE", "[", ">", "<", "\"", "é", "\n", "https://a", " ",
        ]), 0..30),
    ) {
        let text = pieces.concat();
        let _ = Sitemap::parse(text.as_bytes());
        let _ = Sitemap::parse(format!("<urlset>{text}").as_bytes());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Sitemap::parse(&bytes);
    }

    #[test]
    fn every_url_that_is_written_is_read(urls in prop::collection::vec("https://[a-z<>&\"'é]{1,20}", 0..20)) {
        let entries: String = urls
            .iter()
            .map(|url| format!("<url><loc>{}</loc></url>", quick_xml::escape::escape(url)))
            .collect();
        prop_assert_eq!(pages(&format!("<urlset>{entries}</urlset>")), urls);
    }
}
