//! What holds for any string from the web.
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};
use quick_xml::events::Event as Xml;
use sitewatch::report::{Format, LinkResult, Reason, Report, Style, Verdict};

use super::samples::{report, written};

const ALL: Style = Style { all: true, color: false, quiet: false };

/// Any string, with what is special somewhere more often than by chance.
fn foreign() -> impl Strategy<Value = String> {
    let special = proptest::sample::select(vec![
        "|",
        "`",
        "``",
        "\\",
        "\\|",
        "<",
        ">",
        "&",
        "\"",
        "'",
        "]]>",
        "-->",
        "\0",
        "\u{1b}[",
        "\n",
        "\r",
        "\u{ffff}",
        "\u{202e}",
        "<code>",
        "&amp;",
        "@a",
        "#1",
        "*",
        "_",
        "~~",
        "![](x)",
        "http://a.b",
        "é",
        "👩‍👧",
        "ש",
        " ",
        "%",
    ]);
    let piece = prop_oneof![special.prop_map(str::to_owned), any::<char>().prop_map(String::from)];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn one_row(page: &str, text: &str, link: &str, detail: &str) -> Report {
    let verdict = Verdict::new(Reason::Failed).detail(detail).redirects([link]);
    report([LinkResult { page, line: 1, column: 2, text, link, url: link, verdict: &verdict }])
}

proptest! {
    #[test]
    fn json_gives_every_string_back(page in foreign(), text in foreign(), link in foreign(), detail in foreign()) {
        let json: serde_json::Value = serde_json::from_str(&written(&one_row(&page, &text, &link, &detail), Format::Json, ALL))?;
        let row = &json["links"][0];
        prop_assert_eq!(row["page"].as_str(), Some(&*page));
        prop_assert_eq!(row["text"].as_str(), Some(&*text));
        prop_assert_eq!(row["link"].as_str(), Some(&*link));
        prop_assert_eq!(row["redirects"][0].as_str(), Some(&*link));
    }

    #[test]
    fn junit_is_well_formed_and_holds_only_what_xml_may(page in foreign(), text in foreign(), link in foreign(), detail in foreign()) {
        let xml = written(&one_row(&page, &text, &link, &detail), Format::Junit, ALL);
        let forbidden = |c: &char| matches!(c, '\u{fffe}' | '\u{ffff}') || (c.is_control() && *c != '\n');
        prop_assert_eq!(xml.chars().find(forbidden), None);
        let mut reader = quick_xml::Reader::from_str(&xml);
        let mut cases = 0;
        loop {
            match reader.read_event()? {
                Xml::Start(tag) | Xml::Empty(tag) => {
                    for attribute in tag.attributes() {
                        attribute?.normalized_value(quick_xml::XmlVersion::Implicit1_0)?;
                    }
                    cases += u32::from(tag.name().as_ref() == "testcase");
                }
                Xml::Eof => break,
                _ => {}
            }
        }
        prop_assert_eq!(cases, 2);
    }

    #[test]
    fn markdown_keeps_its_table_and_lets_nothing_format_or_link(page in foreign(), text in foreign(), link in foreign(), detail in foreign()) {
        let markdown = written(&one_row(&page, &text, &link, &detail), Format::Markdown, ALL);
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_GFM;
        let (mut cells, mut rows) = (0, 0);
        for event in Parser::new_ext(&markdown, options) {
            match event {
                Event::Start(Tag::TableCell) => cells += 1,
                Event::Start(Tag::TableRow) => rows += 1,
                Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. }) => {
                    prop_assert!(false, "{}", markdown);
                }
                Event::InlineHtml(tag) => prop_assert!(matches!(&*tag, "<code>" | "</code>"), "{tag}"),
                _ => {}
            }
        }
        prop_assert_eq!((cells, rows), (8, 1), "{}", markdown);
    }

    #[test]
    fn people_get_one_line_per_link_and_no_control_characters(page in foreign(), text in foreign(), link in foreign(), detail in foreign()) {
        let human = written(&one_row(&page, &text, &link, &detail), Format::Human, ALL);
        let listing = human.split("\n\n").next().unwrap_or_default();
        prop_assert_eq!(listing.lines().count(), 2, "{}", human);
        prop_assert_eq!(human.chars().find(|c| c.is_control() && *c != '\n'), None);
    }
}

#[test]
fn a_comment_fits_github_however_much_is_broken() {
    let verdict = Verdict::new(Reason::HttpStatus(404));
    let link = "|".repeat(200);
    let mut many = Vec::new();
    for line in 1..5_000 {
        many.push(LinkResult {
            page: "a.html",
            line,
            column: 1,
            text: "👩‍👧",
            link: &link,
            url: &link,
            verdict: &verdict,
        });
    }
    let report = report(many);
    let orphans = (0..5_000).map(|n| format!("{n}{link}")).collect();
    let (summary, mut links) = (report.summary().clone(), sitewatch::report::Links::default());
    links.extend(report.links().iter());
    let report = Report::new(link.repeat(100), summary, links, orphans);
    let markdown = written(&report, Format::Markdown, Style::default());
    assert!(markdown.encode_utf16().count() < 65_536);
    assert!(markdown.contains("more that don't fit into a comment."));
    assert!(written(&report, Format::Markdown, ALL).len() > 5_000 * 200);
}
