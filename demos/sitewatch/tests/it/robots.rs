//! What `robots.txt` permits.

use std::time::Duration;

use proptest::prelude::*;
use sitewatch::robots::Robots;

fn allows(body: &str, path: &str) -> bool {
    Robots::parse(body.as_bytes(), "sitewatch").allows(path)
}

/// Whether a single rule's path matches.
fn matches(pattern: &str, path: &str) -> bool {
    !allows(&format!("user-agent: *\ndisallow: {pattern}"), path)
}

#[test]
fn without_a_rule_that_matches_everything_is_permitted() {
    for body in [
        "",
        "User-agent: *",
        "User-agent: *\nDisallow:",
        "Disallow: /",
        "nonsense\n:\n: /\n#",
        "User-agent: other\nDisallow: /",
    ] {
        assert!(allows(body, "/a"), "{body:?}");
    }
}

#[test]
fn the_groups_that_name_the_crawler_replace_those_for_all() {
    let body = "User-agent: *\nDisallow: /all\n\nUser-agent: SiteWatch\nDisallow: /named\n\
                User-agent: other\nDisallow: /other\nuser-agent: sitewatch/2.0\nDisallow: /again";
    assert!(allows(body, "/all"));
    assert!(!allows(body, "/named"));
    assert!(!allows(body, "/again"), "all groups that name it are one");
    assert!(allows(body, "/other"));
}

#[test]
fn a_group_that_names_the_crawler_and_has_no_rules_permits_everything() {
    assert!(allows("User-agent: *\nDisallow: /\nUser-agent: sitewatch\nDisallow:", "/x"));
    assert!(allows("User-agent: *\nDisallow: /\nUser-agent: sitewatch", "/x"));
}

#[test]
fn several_agents_share_the_rules_that_follow() {
    let body = "User-agent: other\nCrawl-delay: 5\nSitemap: s\n\nUser-agent: sitewatch\nDisallow: /x\nUser-agent: third\nDisallow: /y";
    assert!(!allows(body, "/x"));
    assert!(allows(body, "/y"));
    let shared = "User-agent: sitewatch\nnonsense: 1\nUser-agent: other\nDisallow: /x";
    assert!(!allows(shared, "/x"), "an unknown line does not end the list of agents");
}

#[test]
fn the_agent_is_its_product_token_and_no_part_of_another() {
    let body = b"User-agent: sitewatch\nDisallow: /";
    assert!(!Robots::parse(body, "SiteWatch/0.1 (+https://example.com)").allows("/x"));
    assert!(Robots::parse(body, "sitewatch-extra").allows("/x"));
    assert!(Robots::parse(body, "site").allows("/x"));
    assert!(Robots::parse(b"User-agent: \nDisallow: /", "").allows("/x"), "no agent names nobody");
    assert!(!Robots::parse(b"User-agent: * # all\nDisallow: /", "").allows("/x"));
}

#[test]
fn the_longest_match_decides_and_a_tie_permits() {
    let body = "user-agent: *\ndisallow: /a/\nallow: /a/b\ndisallow: /a/b/c\nallow: /tie\ndisallow: /tie";
    assert!(!allows(body, "/a/x"));
    assert!(allows(body, "/a/b/x"));
    assert!(!allows(body, "/a/b/c/d"));
    assert!(allows(body, "/tie"));
    assert!(allows("user-agent: *\ndisallow: /*.php\nallow: /x.php5", "/x.php5"));
    assert!(!allows("user-agent: *\nallow: /x\ndisallow: /*.php", "/x.php"));
}

#[test]
fn a_path_matches_from_its_beginning_with_stars_and_an_end() {
    for (pattern, path, expected) in [
        ("/fish", "/fish", true),
        ("/fish", "/fish.html?x", true),
        ("/fish", "/Fish", false),
        ("/fish", "/catfish", false),
        ("/fish/", "/fish", false),
        ("/fish*", "/fish", true),
        ("/*.php", "/a/b.php?x", true),
        ("/*.php$", "/a/b.php", true),
        ("/*.php$", "/a/b.php?x", false),
        ("/*.php$", "/a.php/b.php", true),
        ("/a*b*c$", "/a-b-bc", true),
        ("/a*b*c$", "/a-c-b", false),
        ("/a*bb*b$", "/abbb", true),
        ("/a*bb*b$", "/abb", false),
        ("/$", "/", true),
        ("/$", "/a", false),
        ("*", "/x", true),
        ("*/x", "/a/x", true),
        ("**/x", "/x", true),
        ("$", "/", false),
        ("/a$b$", "/a$b", true),
        ("/a$b$", "/a$bc", false),
        ("fish", "/x/fish", false),
        ("fish", "/fish", true),
        ("/a$b", "/a$b", true),
        ("/a?b=c", "/a?b=c&d", true),
    ] {
        assert_eq!(matches(pattern, path), expected, "{pattern} on {path}");
    }
}

#[test]
fn percent_encoding_does_not_make_a_difference() {
    for (pattern, path) in [
        ("/foo/bar/ツ", "/foo/bar/%E3%83%84"),
        ("/foo/bar/%E3%83%84", "/foo/bar/%e3%83%84"),
        ("/foo/bar/%E3%83%84", "/foo/bar/ツ"),
        ("/foo/bar/%62%61%7A", "/foo/bar/baz"),
        ("/~u", "/%7Eu"),
        ("/a%2A", "/a*b"),
        ("/a%24", "/a$"),
        ("/a%24$", "/a$"),
        ("/100%", "/100%"),
        ("/%zz", "/%zz"),
    ] {
        assert!(matches(pattern, path), "{pattern} on {path}");
    }
    assert!(!matches("/a%2Fb", "/a/b"), "a reserved character is not the same encoded");
    assert!(!matches("/a%2Ab", "/a--b"), "nor is an encoded star a star");
}

#[test]
fn lines_may_end_and_be_spaced_in_any_way() {
    let body = "\u{feff}USER-AGENT :sitewatch # us\r  disallow\t: /a # no\r\nDisallow:/b\n\n\nDisallow: /c";
    for path in ["/a", "/b", "/c"] {
        assert!(!allows(body, path), "{path}");
    }
    assert!(allows(body, "/d"));
}

#[test]
fn what_is_beyond_500_kib_is_not_read_and_no_line_is_cut() {
    let head = "user-agent: *\ndisallow: /a\n#";
    let rule = "\ndisallow: /b";
    let fits = 500 * 1024 - head.len() - rule.len();
    let within = format!("{head}{}{rule}", "x".repeat(fits));
    assert!(!allows(&within, "/bcd"));
    let cut = format!("{head}{}{rule}cd\n", "x".repeat(fits));
    assert!(allows(&cut, "/b"), "half of /bcd would forbid /b");
    assert!(!allows(&cut, "/a"));
    assert!(allows(&"x".repeat(600 * 1024), "/a"));
}

#[test]
fn the_robots_file_itself_is_always_permitted() {
    assert!(Robots::disallow_all().allows("/robots.txt"));
    for path in ["/", "/x", "", "x", "/robots.txt2"] {
        assert!(!Robots::disallow_all().allows(path), "{path}");
        assert!(Robots::allow_all().allows(path), "{path}");
    }
    assert!(Robots::disallow_all().sitemaps().is_empty());
}

#[test]
fn the_crawl_delay_is_the_longest_in_the_crawlers_own_group() {
    let delay = |body: &str| Robots::parse(body.as_bytes(), "sitewatch").crawl_delay();
    let body = "user-agent: *\ncrawl-delay: 9\nuser-agent: sitewatch\nCrawl-Delay: 0.5\ncrawl-delay: 2\ndisallow:\nuser-agent: x\ncrawl-delay: 7";
    assert_eq!(delay(body), Some(Duration::from_secs(2)), "a delay is for the agents before it");
    let body = "user-agent: *\ncrawl-delay: 9\ndisallow:\nuser-agent: sitewatch\nCrawl-Delay: 0.5\ncrawl-delay: 2\ndisallow:\nuser-agent: x\ncrawl-delay: 7";
    assert_eq!(delay(body), Some(Duration::from_secs(2)));
    for nonsense in ["", "x", "-1", "NaN", "inf", "1e400", "1 s"] {
        assert_eq!(delay(&format!("user-agent: *\ncrawl-delay: {nonsense}")), None, "{nonsense}");
    }
}

#[test]
fn sitemaps_are_for_everyone() {
    let body = b"Sitemap: https://a/1.xml\nuser-agent: other\nSITEMAP:https://a/2.xml # two\nsitemap:\n";
    assert_eq!(Robots::parse(body, "sitewatch").sitemaps(), ["https://a/1.xml", "https://a/2.xml"]);
}

/// The meaning of a pattern, spelt out: tries every way to place the stars.
fn matches_by_trying(pattern: &[u8], path: &[u8]) -> bool {
    match pattern {
        [] => true,
        [b'$'] => path.is_empty(),
        [b'*', rest @ ..] => (0..=path.len()).any(|skip| matches_by_trying(rest, &path[skip..])),
        [byte, rest @ ..] => path.first() == Some(byte) && matches_by_trying(rest, &path[1..]),
    }
}

proptest! {
    #[test]
    fn a_pattern_means_what_trying_every_way_finds(pattern in "/[ab*]{0,8}[$]?", path in "/[ab]{0,10}") {
        prop_assert_eq!(matches(&pattern, &path), matches_by_trying(pattern.as_bytes(), path.as_bytes()));
    }

    #[test]
    fn any_bytes_are_a_robots_file(body in prop::collection::vec(any::<u8>(), 0..500), path in ".*") {
        let robots = Robots::parse(&[b"user-agent: *\ndisallow: ", &body[..]].concat(), "x");
        let _ = robots.allows(&path);
    }
}
